"""Which Callyard this is: its version, and whether its hot path runs as C extensions or interpreted (docs/adr/0007).

The compiled wheel carries a list, ``compiled.json``: the SHA-256 of each source that was compiled and of the library that
was made of them all. An extension is loaded whatever has become of the source beside it, and extensions of two builds in
one process would trust each other's memory. So before the service starts, ``build`` compares: a mixture does not start.
"""

import json
import platform
import sys
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

__all__ = ["LIST", "Build", "BuildError", "build", "release"]

LIST: Final = "app/compiled.json"
"""What was compiled, relative to where the packages are."""

_PACKAGES: Final = ("app", "b2bua", "media", "queues", "sipcore")
_FOLDER: Final = Path(__file__).resolve().parent.parent


class BuildError(Exception):
    """The extensions and the sources are not of one build."""


@dataclass(frozen=True, slots=True)
class Build:
    """``modules``: how many are compiled, 0 where the service runs interpreted."""

    modules: int

    @property
    def kind(self) -> str:
        return "compiled" if self.modules else "interpreted"

    def __str__(self) -> str:
        return f"{release()} ({self.kind}, Python {platform.python_version()})"


def release() -> str:
    """This distribution's version; "0" where it runs from a tree that was never installed."""
    try:
        return version("callyard")
    except PackageNotFoundError:
        return "0"


def build(folder: Path = _FOLDER) -> Build:
    """What runs from ``folder``. Raises ``BuildError`` naming the file that is not of the same build as the rest."""
    listed = _listed(folder)
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file() or sha256(path.read_bytes()).hexdigest() != digest:
            raise BuildError(f"{path} is not of the same build as the rest; {_REMEDY}")
    sources = {folder / name for name in listed if name.endswith(".py")}
    for source in sources:
        if not any(source.with_suffix(suffix).is_file() for suffix in EXTENSION_SUFFIXES):
            raise BuildError(f"{source} is not compiled for {sys.implementation.cache_tag}; {_REMEDY}")
    for package in _PACKAGES:
        for extension in (folder / package).rglob("*.so"):
            if extension.with_name(extension.name.partition(".")[0] + ".py") not in sources:
                raise BuildError(f"{extension} is left over from another build; {_REMEDY}")
    return Build(len(sources))


def _listed(folder: Path) -> dict[str, str]:
    """File → SHA-256, empty where nothing was compiled."""
    try:
        content: dict[str, str] = json.loads((folder / LIST).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BuildError(f"{folder / LIST}: {error}; {_REMEDY}") from error
    return content


_REMEDY: Final = "install callyard's wheel anew, into an empty virtual environment"
