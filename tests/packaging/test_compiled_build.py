"""What the compiled build does to the sources, and what it refuses (docs/adr/0007), without a compiler."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent

SOURCE = '''
from dataclasses import dataclass, field

@dataclass(frozen=True, slots=True)
class Base:
    name: str

@dataclass(slots=True)
class Call(Base):
    """A call."""
    steps: list[str] = field(default_factory=list)
    offers: int = 0
    ended: bool = field(init=False, default=False)

    def step(self, name: str) -> None:
        self.steps.append(name)
'''


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))


def test_dataclasses_get_their_constructor_in_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten: str = script("native_init")["with_native_init"](SOURCE)
    names: dict[str, Any] = {"__name__": "rewritten"}
    monkeypatch.setitem(sys.modules, "rewritten", type(sys)("rewritten"))
    exec(compile(rewritten, "rewritten", "exec"), names)
    call = names["Call"]("c1", offers=2)
    call.step("arrived")
    assert repr(call) == "Call(name='c1', steps=['arrived'], offers=2, ended=False)"
    assert names["Call"]("c2").steps == []
    assert hash(names["Base"]("x")) == hash(names["Base"]("x"))
    assert "def __init__(self, name: str, steps: list[str] | None = None, offers: int = 0) -> None:" in rewritten
    lines = [source.splitlines().index("class Call(Base):") for source in (SOURCE, rewritten)]
    assert lines[0] == lines[1], "tracebacks name the lines of the source"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(): g()\ndef g(): pass\n", []),
        ("def f(): f()\n", ["f"]),
        ("def f(): g()\ndef g(): h()\ndef h(): f()\n", ["f", "g", "h"]),
        ("class A:\n def m(self): self.n()\n def n(self): self.m()\n", ["A.m", "A.n"]),
        ("class A:\n @classmethod\n def m(cls): return A.m()\n", ["A.m"]),
        ("class A:\n def m(self): loop.call_later(1, self.m)\n", []),  # handed on, not called
        ("class A:\n def m(self): self.b.m()\n", []),
        ("class A:\n def m(self):\n  def later(): self.m()\n  self.b.call(later, lambda: self.m())\n", []),
        ("class A:\n def m(self):\n  def now(): self.m()\n  now()\n", ["A.m", "A.m.now"]),
        ("def f():\n def g(): g()\n g()\n", ["f.g"]),
    ],
)
def test_recursion_is_seen(source: str, found: list[str]) -> None:
    assert script("recursion")["recursive"](source) == found


def test_the_container_is_given_all_that_its_build_needs() -> None:
    build = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[0]
    copied = {name for line in build.splitlines() if line.startswith("COPY ") for name in line.split()[1:-1]}
    packages = {"app", "b2bua", "media", "migrations", "queues", "sipcore"}
    assert copied == packages | {"bench", "scripts", "pyproject.toml", "constraints.txt", "hatch_build.py", "README.md"}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert not copied & set(ignored)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("walk.told += len(found)\n", [1]),
        ("walk.told += count - 1\n", [1]),
        ("walk.told += feed.count\nself.told += len(found)\ntold[1] += len(found)\n", []),
        ("def f():\n    self.walk.told += [each for each in found]\n", [2]),
    ],
)
def test_what_is_let_go_too_soon_is_seen(source: str, lines: list[int]) -> None:
    assert script("borrowing")["let_go_too_soon"](source) == lines


MODEL = """
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable, NamedTuple, NewType

Id = NewType("Id", str)
Pair = tuple[str, int]
LIMIT: Final = -1

class State(Enum):
    ON = 1

class Hop(NamedTuple):
    host: str
    port: int

class Header:
    def __init__(self, name: str, pairs: list[Pair] | None = None) -> None:
        self.name = name
        self.pairs = pairs
        self.mark = LIMIT

@dataclass
class Message:
    headers: dict[Id, "Header"]
    state: State
    hop: Hop

@dataclass
class Request(Message):
    def set(self, body: bytes) -> None:
        self.body = body

@dataclass
class Leg:
    call: "Call"

@dataclass
class Call:
    legs: list[Leg] = field(default_factory=list)

@dataclass
class Node:
    below: "Node | None"

@dataclass
class Holder:
    anything: Any

@dataclass
class Caller:
    back: Callable[[], None]

@dataclass
class Base:
    name: str

@dataclass
class Derived(Base):
    held: list[Node]

@dataclass
class User:
    base: Base

class Positional:
    def __init__(self, back: Callable[[], None], /) -> None:
        self.back = back

class Untold:
    def __init__(self) -> None:
        self.parts = compute()
"""


def test_classes_without_cycles_are_found() -> None:
    found: set[tuple[str, str]] = script("acyclic")["acyclic"]({"model": MODEL, "other": ""}, ["model"])
    assert {name for _, name in found} == {"Header", "Message", "Request"}, "a Derived may come where a Base is said"


def test_what_is_not_compiled_may_hold_anything() -> None:
    sources = {"model": MODEL, "other": "from model import Message\nclass Own(Message):\n    pass\n"}
    found: set[tuple[str, str]] = script("acyclic")["acyclic"](sources, ["model"])
    assert {name for _, name in found} == {"Header"}


def test_the_mark_moves_no_line() -> None:
    source = '"""Doc."""\n\nimport os\n\n__all__ = []\n\n\nclass A:\n    pass\n\n\n@dataclass\nclass B:\n    pass\n'
    result: str = script("acyclic")["marked"](source, ["A", "B"])
    lines = result.splitlines()
    assert (lines[1], lines[3]) == ("MYPY = False", "if MYPY: from mypy_extensions import mypyc_attr")
    assert lines[6] == lines[10] == "@mypyc_attr(acyclic=True, free_list_len=1)"
    assert all(after == before for before, after in zip(source.splitlines(), lines, strict=True) if before)
