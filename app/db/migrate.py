"""Bring a database to this release's schema with Alembic, at start and without a command of its own.

The scripts lie in ``migrations/`` of the source tree, or in ``app/migrations`` of an installed wheel. A new one is made
from the tables by ``python -m app.db.migrate "what changes"``.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

import app
from app.db.engine import Database, DatabaseError

__all__ = ["migrate", "new_revision", "scripts_folder"]


def scripts_folder() -> Path:
    """Where the migration scripts are. Raises ``DatabaseError`` where the installation lacks them."""
    package = Path(app.__file__).parent
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise DatabaseError(f"migrations are missing beside {package}: the installation is incomplete")


async def migrate(database: Database) -> None:
    """Upgrade to the newest revision. Raises ``DatabaseError``, also on a newer release's database."""
    await database.check()
    try:
        async with database.engine.execution_options(callyard_writes=True).connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()
    except (SQLAlchemyError, CommandError) as error:
        reason = " ".join(str(error).split())
        raise DatabaseError(f"database {database.shown} cannot be brought to this schema: {reason}") from None


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


async def new_revision(message: str, number: str) -> None:
    """Write the script that leads from the newest revision to the tables as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/scratch.db")
        await migrate(database)
        async with database.engine.connect() as connection:
            await connection.run_sync(
                lambda sync: command.revision(_config(sync), message, autogenerate=True, rev_id=number)
            )
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m app.db.migrate")
    parser.add_argument("number", help="the new revision's number, such as 0002")
    parser.add_argument("message")
    given = parser.parse_args()
    asyncio.run(new_revision(given.message, given.number))
