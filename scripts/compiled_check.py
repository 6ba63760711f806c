"""Refuses a compiled build that could crash: ``PYTHON -P scripts/compiled_check.py``, PYTHON that of its environment.

Three things are looked at, for each extension module (docs/adr/0007, "What can crash"):

- It is one that the build's own list names, and sources and extensions are of one build (``app.release``).
- It can be imported first of all, by itself: in a circle of imports compiled code would meet a class that is not there yet.
- Its classes have an instance dictionary of their own making, or none. A compiled class keeps its attributes at fixed
  places. Where it inherits a dictionary from an interpreted class, without mypyc having known of that, the dictionary is
  looked for in memory that is something else.
"""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import app
from app.release import BuildError, build

__all__ = ["misplaced", "not_by_itself"]

_PACKAGES: Final = ("app", "b2bua", "media", "queues", "sipcore")
_OTHERS: Final = (
    "alembic",
    "fastapi",
    "httpx",
    "lmdb",
    "msgspec",
    "prometheus_client",
    "sqlmodel",
    "uvicorn",
    "uvloop",
)
"""Imported once, so that each of our modules need only be imported with ours."""


def misplaced(kinds: Iterable[type]) -> list[str]:
    """Classes with a dictionary that is not theirs, a line for each class and base."""
    return [
        f"{kind.__module__}.{kind.__qualname__} has the dictionary of {base.__module__}.{base.__qualname__}"
        for kind in kinds
        if _is_compiled(kind)
        for base in kind.__mro__[1:]
        if not _is_compiled(base) and (base.__dictoffset__ < 0 or base.__dictoffset__ == kind.__dictoffset__ != 0)
    ]


def not_by_itself(names: Iterable[str]) -> list[str]:
    """Modules that cannot be imported first of all, a line for each."""
    for other in _OTHERS:
        import_module(other)
    return [f"{name} cannot be imported by itself: {how}" for name in names if (how := _imported_alone(name))]


def _imported_alone(name: str) -> str:
    """How the import ended in a process of its own, "" if it went well."""
    child = os.fork()
    if not child:
        try:
            import_module(name)
        except BaseException:  # noqa: BLE001 - the child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return "" if code == 0 else "exception" if code > 0 else f"signal {-code}"


def _is_compiled(kind: type) -> bool:
    return "__mypyc_attrs__" in vars(kind)


def _extensions(folder: Path) -> list[str]:
    paths = [path for package in _PACKAGES for path in sorted((folder / package).rglob("*.so"))]
    return [".".join(path.with_name(path.name.partition(".")[0]).relative_to(folder).parts) for path in paths]


def _classes(names: Iterable[str]) -> Iterator[type]:
    for name in names:
        for each in vars(import_module(name)).values():
            if isinstance(each, type) and each.__module__ == name:
                yield each


def _faults() -> list[str]:
    names = _extensions(Path(app.__path__[0]).parent)
    try:
        if not names or build().modules != len(names):
            return ["this environment has no compiled build"]
    except BuildError as error:
        return [str(error)]
    return not_by_itself(names) or misplaced(_classes(names))


if __name__ == "__main__":
    sys.exit("\n".join(_faults()) or None)
