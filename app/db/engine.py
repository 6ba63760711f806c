"""The database's engine and its two kinds of session: one that reads, one that writes in a single transaction; and rows by
the hundred, written by a function that is handed the connection.

SQLite runs in WAL mode with foreign keys on. A writing session begins with ``BEGIN IMMEDIATE``, so that it waits for
the write lock at its start (``busy_timeout``) instead of failing half-way when it turns from reading to writing.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

__all__ = ["FAILURES", "Database", "DatabaseError"]

# What a statement or a connection may fail with. asyncpg's own errors pass SQLAlchemy unwrapped while it connects.
FAILURES: Final[tuple[type[Exception], ...]] = (DBAPIError, ConnectionError, asyncpg.PostgresError)
_WRITES = "callyard_writes"
_BUSY_MS = 10_000
_CHECKPOINT_PAGES = 4000  # 16 MB of log: a page that is written again and again is copied into the file less often
_T = TypeVar("_T")


class DatabaseError(Exception):
    """The database cannot be opened; the text is one line that says which and why, without its password."""


class Database:
    """One engine. ``read()`` and ``write()`` hand out sessions; objects stay usable after the commit."""

    def __init__(self, url: str) -> None:
        """Raises ``DatabaseError`` where the URL is no URL or its folder cannot be made. Connects to nothing yet."""
        self.url = _parsed(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_folder(self.url)
        self.engine: AsyncEngine = create_async_engine(self.url)
        self._writing = self.engine.execution_options(**{_WRITES: True})
        # PostgreSQL's default level shows each statement another state; a SQLite transaction sees one anyway.
        self._reading = (
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._direct: Engine | None = None  # past the asyncio driver, where it is SQLite and in a file
        if self.is_sqlite:
            # Most columns of a fact are NULL. The driver looks for what might adapt None, each time, by two exceptions.
            sqlite3.register_adapter(NoneType, lambda none: none)
            sqlite3.register_adapter(bool, int)
            _listen(self.engine.sync_engine)
            if not _in_memory(self.url):
                direct = create_engine(self.url.set(drivername="sqlite"))
                _listen(direct)
                self._direct = direct.execution_options(**{_WRITES: True})

    @property
    def shown(self) -> str:
        """The URL without its password, for messages."""
        return self.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database; whatever it changes is rolled back."""
        async with AsyncSession(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed together at the end, or not at all where the block raises."""
        async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    async def transact(self, work: Callable[[Connection], _T]) -> _T:
        """What ``work`` says, which writes through a connection in one transaction; if it raises, nothing is written.

        On SQLite it runs in a thread, so it touches nothing of the loop's. In one go: the asyncio driver would carry every
        statement to its thread and back in several steps, of 0.1 ms each.
        """
        if self._direct is not None:
            return await asyncio.to_thread(_transacted, self._direct, work)
        async with self._writing.begin() as connection:
            return await connection.run_sync(work)

    async def check(self) -> None:
        """Connect once. Raises ``DatabaseError``."""
        try:
            async with self.engine.connect():
                pass
        except (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseError(f"database {self.shown}: {_reason(error)}") from None

    async def close(self) -> None:
        if self._direct is not None:
            self._direct.dispose()
        await self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise DatabaseError("database_url is no SQLAlchemy URL") from None


def _in_memory(url: URL) -> bool:
    return not url.database or url.database == ":memory:"


def _make_folder(url: URL) -> None:
    if _in_memory(url):
        return
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"database folder {folder}: {error.strerror}") from None


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split()) or type(cause).__name__


def _transacted(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    with engine.begin() as connection:
        return work(connection)


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _tune_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no common type
    connection.isolation_level = None  # transactions begin by _begin_sqlite, not behind our back
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
