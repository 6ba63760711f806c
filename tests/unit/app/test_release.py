"""What runs, and that extensions and sources of different builds do not run together."""

import json
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from app.release import LIST, Build, BuildError, build

SUFFIX = EXTENSION_SUFFIXES[0]
LIBRARY = f"abc__mypyc{SUFFIX}"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with one compiled module and one that is not."""
    (tmp_path / "app").mkdir()
    (tmp_path / "queues").mkdir()
    (tmp_path / "queues" / "engine.py").write_text("x = 1\n")
    (tmp_path / "queues" / "strategy.py").write_text("y = 1\n")
    (tmp_path / "queues" / f"engine{SUFFIX}").write_bytes(b"a small extension")
    (tmp_path / LIBRARY).write_bytes(b"a large library")
    names = ("queues/engine.py", LIBRARY)
    listed = {name: sha256((tmp_path / name).read_bytes()).hexdigest() for name in names}
    (tmp_path / LIST).write_text(json.dumps(listed))
    return tmp_path


def test_the_compiled_build(installed: Path) -> None:
    assert build(installed) == Build(1)
    assert build(installed).kind == "compiled"


def test_the_interpreted_build(tmp_path: Path) -> None:
    assert build(tmp_path) == Build(0)
    assert build(tmp_path).kind == "interpreted"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("queues/engine.py", "x = 2\n", "engine.py is not of the same build"),  # a newer source was copied over it
        (LIBRARY, "another", "not of the same build"),
        ("queues/engine.py", None, "engine.py is not of the same build"),
        (f"queues/engine{SUFFIX}", None, "engine.py is not compiled for"),
        (f"queues/strategy{SUFFIX}", "older", "left over from another build"),
        (LIST, None, "left over from another build"),
        (LIST, "{", "compiled.json: Expecting"),
    ],
)
def test_a_mixture_is_refused(installed: Path, name: str, content: str | None, words: str) -> None:
    path = installed / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(BuildError, match=f"{words}.*install callyard's wheel anew"):
        build(installed)
