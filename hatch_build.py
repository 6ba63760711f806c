"""The wheel's build hook: with ``CALLYARD_COMPILE=1`` in the environment the hot path goes into it as C extensions, too.

Without it, and in editable installs always, this hook does nothing: the wheel is pure Python (docs/adr/0007).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["CompileHook"]

_REQUIRED = ["msgspec>=0.19", "mypy[mypyc]==2.4.1", "setuptools>=77"]


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds what ``scripts/compile.py`` makes; the sources stay in the wheel, for tracebacks."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return _REQUIRED if _wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not _wanted():
            return
        self._folder = tempfile.TemporaryDirectory(prefix="callyard-extensions-")
        target = Path(self._folder.name)
        subprocess.run([sys.executable, Path(self.root, "scripts", "compile.py"), target], check=True)  # noqa: S603 - ours
        for built in filter(Path.is_file, target.rglob("*")):
            build_data["force_include"][str(built)] = str(built.relative_to(target))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _wanted() -> bool:
    return os.environ.get("CALLYARD_COMPILE") == "1"
