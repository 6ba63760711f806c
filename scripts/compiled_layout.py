"""Imports every extension module beside ``app`` and refuses a class that would crash: ``PYTHON -P scripts/compiled_layout.py``.

A compiled class keeps its attributes at fixed places. Where it inherits an instance dictionary from an interpreted class,
without mypyc having known of that, the dictionary is looked for in memory that is something else. So a compiled class has
a dictionary of its own making, or none.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import app

__all__ = ["misplaced"]

_PACKAGES: Final = ("app", "b2bua", "media", "queues", "sipcore")


def misplaced(kinds: Iterator[type]) -> list[str]:
    """What is wrong, a line for each class and base."""
    return [
        f"{kind.__module__}.{kind.__qualname__} has the dictionary of {base.__module__}.{base.__qualname__}"
        for kind in kinds
        if _is_compiled(kind)
        for base in kind.__mro__[1:]
        if not _is_compiled(base) and (base.__dictoffset__ < 0 or base.__dictoffset__ == kind.__dictoffset__ != 0)
    ]


def _is_compiled(kind: type) -> bool:
    return "__mypyc_attrs__" in vars(kind)


def _classes(folder: Path) -> Iterator[type]:
    for package in _PACKAGES:
        for path in sorted((folder / package).rglob("*.so")):
            name = ".".join(path.with_name(path.name.partition(".")[0]).relative_to(folder).parts)
            for each in vars(import_module(name)).values():
                if isinstance(each, type) and each.__module__ == name:
                    yield each


if __name__ == "__main__":
    sys.exit("\n".join(misplaced(_classes(Path(app.__path__[0]).parent))) or None)
