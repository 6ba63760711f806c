"""Compiles the hot path with mypyc: ``python scripts/compile.py FOLDER`` leaves the extension modules there, at their paths,
and beside them a list of what they were made of.

Run by ``hatch_build.py``, in the build's environment, which has mypy, setuptools and gcc. All modules become one group:
calls between them are plain C calls, a module left out costs its callers too. So everything of the hot packages is
compiled, new modules as well, but for what ``LEFT_OUT`` names with its reason.

Between two datagrams other programs have had the processor's caches, so what a call costs is above all how much code it
touches. ``CALLYARD_TRAINER`` names a Python that has the service's dependencies: with it all is compiled twice, the second
time with what the first has learned of ``scripts/training.py``.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from types import MethodType
from typing import Any, Final

from acyclic import acyclic, marked
from borrowing import let_go_too_soon
from mypyc.build import mypycify
from native_init import with_native_init
from recursion import recursive
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

__all__ = ["COMPILED", "LEFT_OUT", "compile_into", "modules"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_PACKAGES: Final = ("app", "b2bua", "media", "queues", "sipcore")

COMPILED: Final = (
    "sipcore/**/*.py",
    "queues/**/*.py",
    "b2bua/**/*.py",
    "app/admission.py",
    "app/callcenter*.py",
    "app/callcenter/**/*.py",
    "app/callers.py",
    "app/chronicle.py",
    "app/core.py",
    "app/configuration.py",
    "app/db/fact_batch.py",
    "app/directory.py",
    "app/events/hub.py",
    "app/facts.py",
    "app/instants.py",
    "app/journal/codec.py",
    "app/live_call.py",
    "app/journal/lmdb.py",
    "app/metrics/durations.py",
    "app/metrics/metrics.py",
    "app/priority_rules/table.py",
    "app/projections/*.py",
    "app/registrations/desk.py",
    "app/runtime.py",
    "app/segments.py",
    "app/vocabulary.py",
    "app/workplace.py",
    "media/session.py",  # its Session is a Timed, and compiled classes take no interpreted subclasses
)
"""What is compiled, as globs: the path of a datagram, from the drained socket to the journal and the projections."""

LEFT_OUT: Final = {
    "*/__init__.py": "nothing in it but names",
    "app/projections/access.py": "FastAPI reads the signatures of what handlers depend on; a compiled function has none",
    "app/projections/views.py": "msgspec.Structs: C already, and their options mean nothing to mypyc",
    "app/projections/today.py": "SQLAlchemy columns are what its types do not say",
    "sipcore/net/receiver.py": "its exception is an OSError, see sipcore/errors.py",
    "sipcore/dmq/wire.py": "msgspec.Structs, as above",
    "queues/strategies/*.py": "users write more of them: a protocol that is asked for while running, classes to inherit",
    "sipcore/errors.py": "a compiled class that extends Exception loses its class attributes",
}
"""Globs of what is not compiled though ``COMPILED`` matches it, and why."""


RECURSIVE: Final = {
    "app/journal/codec.py _each_text": "as deep as the type of a row",
    "app/journal/codec.py _share": "as above",
    "app/metrics/metrics.py _flat": "as deep as /internals",
    "sipcore/message/fields.py NameAddr._bare": "once: what it hands on begins with its <",
    "sipcore/message/fields.py NameAddr._token_display": "as above",
    "sipcore/message/fields.py NameAddr.parse": "as above",
}
"""What may come back to itself, and what bounds it: compiled code overflows its stack where Python raises RecursionError."""

_UNTRIED: Final = (3, 13)  # a Python that frees deep structures in another way than cold.h knows
_LIST: Final = "app/compiled.json"  # read by app/release.py

_FLAGS: Final = ("-fvisibility=hidden", "-fno-plt", "-include", str(_ROOT / "scripts" / "cold.h"))
_LEARN: Final = ("-fprofile-generate",)
_LEARNED: Final = ("-fprofile-use", "-fprofile-partial-training", "-fprofile-correction", "-Wno-missing-profile")


def modules() -> list[str]:
    """The files to be compiled, relative to the repository."""
    found = {path.relative_to(_ROOT).as_posix() for pattern in COMPILED for path in _ROOT.glob(pattern)}
    return sorted(each for each in found if not any(fnmatch(each, pattern) for pattern in LEFT_OUT))


def compile_into(target: Path) -> None:
    """Raises ``SystemExit`` with the reason where a module does not compile, setuptools' errors where the C does not."""
    _refuse_recursion()
    _refuse_borrowing()
    with tempfile.TemporaryDirectory(prefix="callyard-compile-") as folder, contextlib.chdir(folder):
        for package in _PACKAGES:
            shutil.copytree(_ROOT / package, package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        digests = {name: _digest(Path(name)) for name in modules()}
        _rewrite(digests)
        # Types are judged by `make types`; here a library without types, or without pydantic's plugin, is no error.
        Path("mypy.ini").write_text(
            "[mypy]\nignore_missing_imports = True\nfollow_imports = silent\ndisallow_subclassing_any = True\n"
        )
        extensions = mypycify(["--config-file=mypy.ini", *digests], opt_level="2", debug_level="0", multi_file=True)
        trainer = os.environ.get("CALLYARD_TRAINER")
        if trainer is not None:
            _build(extensions, Path.cwd(), *_LEARN)
            _train(trainer)
        _build(extensions, target, *(() if trainer is None else _LEARNED))
    digests |= {library.name: _digest(library) for library in target.glob("*.so")}
    Path(target, _LIST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _rewrite(names: Iterable[str]) -> None:
    """The copies, here: as mypyc makes the most of them."""
    sources = {
        _dotted(path): path.read_text(encoding="utf-8") for each in _PACKAGES for path in Path(each).rglob("*.py")
    }
    found = acyclic(sources, map(_dotted, map(Path, names))) if sys.version_info < _UNTRIED else set()
    for path in map(Path, names):
        module = _dotted(path)
        text = marked(with_native_init(sources[module]), sorted(name for where, name in found if where == module))
        path.write_text(text, encoding="utf-8")


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _build(extensions: list[Extension], target: Path, *flags: str) -> None:
    for extension in extensions:
        others = [each for each in extension.extra_compile_args if each not in (*_FLAGS, *_LEARN, *_LEARNED)]
        extension.extra_compile_args = [*others, *_FLAGS, *flags]
        extension.extra_link_args = [each for each in flags if each in _LEARN]
    build = _Build(Distribution({"name": "callyard", "ext_modules": extensions}))
    build.build_lib, build.build_temp, build.force = str(target), "objects", True
    build.ensure_finalized()
    build.run()


def _train(python: str) -> None:
    """Run the extensions that are beside their sources, here. What they learn is left beside their objects."""
    path = os.pathsep.join([str(Path.cwd()), str(_ROOT)])
    command = [python, "-P", str(_ROOT / "scripts" / "training.py")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": path})
    if not list(Path("objects").rglob("*.gcda")):
        sys.exit("the training has left nothing: CALLYARD_TRAINER did not run these extensions")


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _refuse_recursion() -> None:
    found = {f"{name} {each}" for name in modules() for each in recursive((_ROOT / name).read_text(encoding="utf-8"))}
    if found != RECURSIVE.keys():
        new, gone = sorted(found - RECURSIVE.keys()), sorted(RECURSIVE.keys() - found)
        sys.exit(f"recursive, and RECURSIVE names no bound: {new}; named there, and not recursive: {gone}")


def _refuse_borrowing() -> None:
    found = {name: let_go_too_soon((_ROOT / name).read_text(encoding="utf-8")) for name in modules()}
    if any(found.values()):
        lines = ", ".join(f"{name}:{line}" for name, lines in found.items() for line in lines)
        sys.exit(f"mypyc would let go of what is added to too soon, compute what is added before: {lines}")


class _Build(build_ext):
    """setuptools' own, with a C compiler for each processor."""

    def build_extensions(self) -> None:
        self.compiler.compile = MethodType(_compile_all, self.compiler)
        super().build_extensions()


def _compile_all(
    self: Any,  # noqa: ANN401 - a setuptools compiler; what is used of it is for its subclasses
    sources: list[str],
    output_dir: str | None = None,
    macros: list[Any] | None = None,
    include_dirs: list[str] | None = None,
    debug: bool = False,  # noqa: FBT001, FBT002 - as setuptools calls it
    extra_preargs: list[str] | None = None,
    extra_postargs: list[str] | None = None,
    depends: list[str] | None = None,
) -> list[str]:
    """``CCompiler.compile``, its loop over the files in threads."""
    macros, objects, extra, preprocessor, build = self._setup_compile(
        output_dir, macros, include_dirs, sources, depends, extra_postargs
    )
    common = self._get_cc_args(preprocessor, debug, extra_preargs)

    def one(made: str) -> None:
        source, suffix = build[made]
        self._compile(made, source, suffix, common, extra, preprocessor)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, [made for made in objects if made in build]))
    return list(objects)


if __name__ == "__main__":
    compile_into(Path(sys.argv[1]).resolve())
