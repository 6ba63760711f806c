"""What the commands share: settings from the parsed arguments, and a database brought to this release's schema."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.db.engine import Database
from app.db.migrate import migrate
from app.settings import Settings, load_settings

__all__ = ["opened_database", "settings_of"]


def settings_of(given: argparse.Namespace) -> Settings:
    """Raises ``SettingsError``."""
    flags = {name.removeprefix("set_"): value for name, value in vars(given).items() if name.startswith("set_")}
    return load_settings(flags, given.settings)


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    """Raises ``DatabaseError``."""
    database = Database(settings.database_url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()
