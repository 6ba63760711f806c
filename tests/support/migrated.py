"""A SQLite database at this release's schema, for less than migrating it anew: a copy of one that was."""

import tempfile
from pathlib import Path
from typing import Final

from app.db.engine import Database
from app.db.migrate import migrate

__all__ = ["migrated_database"]

_template: Final[list[bytes]] = []


async def migrated_database(path: Path) -> Database:
    """A new database in the file ``path``; ``close`` it."""
    if not _template:
        _template.append(await _migrated())
    _write(path, _template[0])
    return Database(f"sqlite+aiosqlite:///{path}")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate(database)
        await database.close()  # the last connection takes the write-ahead log into the file
        return path.read_bytes()
