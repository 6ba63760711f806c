"""Where the benchmarks write: one section each in ``bench/RESULTS.md``, with the machine that was measured."""

import platform
import sysconfig
from pathlib import Path
from typing import Final

__all__ = ["FILE", "interpreter", "machine", "table", "write_section"]

FILE: Final = Path(__file__).parent / "RESULTS.md"
_TITLE: Final = "# What the benchmarks measured\n\nWritten by `make bench`; do not edit by hand.\n"


def machine() -> str:
    """The processor's model and count, and what runs on it."""
    cpus = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    model = f"{len(cpus)} × {cpus[0]}" if cpus else platform.machine()
    return f"{model}, Linux {platform.release().partition('-')[0]}, {interpreter()}"


def interpreter() -> str:
    """Its version and, as far as it tells, how it was built: a profile-guided build is worth some percent."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    guided = ", profile-guided" if "--enable-optimizations" in flags else ""
    return f"CPython {platform.python_version()} ({platform.python_compiler()}{guided})"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_section(name: str, text: str, file: Path = FILE) -> None:
    """Replaces the section ``name``, or appends it; the other sections stay as they are."""
    before = file.read_text() if file.exists() else _TITLE
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    section = f"{begin}{text.rstrip()}\n{end}"
    if begin in before and end in before:
        head, _, rest = before.partition(begin)
        file.write_text(head + section + rest.partition(end)[2])
    else:
        file.write_text(f"{before.rstrip()}\n\n{section}")
