"""A distribution with entry points, as ``pip install`` would leave it: a module and its ``dist-info`` in a folder."""

from pathlib import Path

__all__ = ["install"]


def install(folder: Path, source: str, group: str, points: dict[str, str], *, name: str = "acme-strategies") -> Path:
    """``points``: entry points by name, as ``module:object`` of the module ``acme_strategies``, whose text is ``source``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "acme_strategies.py").write_text(source, "utf-8")
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", "utf-8")
    lines = [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
