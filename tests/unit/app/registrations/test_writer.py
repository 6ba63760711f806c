"""Written behind on SQLite: what comes back, what is coalesced, outages, rows that no database takes, an older journal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db.engine import Database
from app.journal.codec import RowCodec
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.journal_tables import TABLES
from app.registrations.journalled import (
    BindingsRow,
    JournalledBinding,
    JournalledSource,
    forget_journalled,
    journalled_bindings,
)
from app.registrations.writer import RegistrationWriter
from tests.support import written_behind
from tests.support.migrated import migrated_database
from tests.support.written_behind import ONE, added, gone


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await migrated_database(tmp_path / "test.db")
    yield database
    await database.close()


async def test_everything_comes_back(database: Database) -> None:
    await written_behind.everything_comes_back(database)


async def test_only_the_latest_is_written(database: Database) -> None:
    await written_behind.only_the_latest_is_written(database)


async def test_an_outage_is_ridden_out(database: Database) -> None:
    async def rename(one: str, other: str) -> None:
        async with database.engine.begin() as connection:
            await connection.execute(sa.text(f"ALTER TABLE {one} RENAME TO {other}"))

    await written_behind.outage(
        database, lambda: rename("registrations", "elsewhere"), lambda: rename("elsewhere", "registrations")
    )


async def test_what_no_database_takes_holds_up_nobody(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    writer = RegistrationWriter(database)
    writer.note(added(replace(ONE, ruid="bad", cseq=2**70)))
    writer.note(added(ONE))
    assert await writer.flush()
    assert (writer.counters["refused"], len(writer)) == (1, 0)
    assert await writer.load(1000.0) == [ONE]
    assert "the registration bad cannot be stored" in caplog.text


async def test_what_is_removed_while_it_is_written_is_removed_there_too(database: Database) -> None:
    writer = RegistrationWriter(database)
    writer.note(added(ONE))
    writing = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)  # up to its first wait for the database
    assert len(writer) == 1
    writer.note(gone(ONE))
    assert len(writer) == 2
    assert await writing
    assert await writer.load(1000.0) == [ONE]
    assert await writer.flush()
    assert await writer.load(1000.0) == []


async def test_the_task_writes_and_stops_with_everything_written(database: Database) -> None:
    writer = RegistrationWriter(database, interval=3600.0)
    writer.start()
    writer.note(added(ONE))
    await writer.stop()
    assert await writer.load(1000.0) == [ONE]


async def test_an_older_journal_s_bindings_are_taken_over_once(database: Database) -> None:
    source = JournalledSource(ONE.source.hop, ONE.source.listener, 3)
    old = JournalledBinding(ONE.aor, ONE.contact, 2000.5, "c-1", 7, source, 0.5, ONE.path, "Phone")
    expired = replace(old, contact="sip:ana@10.0.0.8", expires_at=1.0)
    journal = MemoryJournal()
    codec = RowCodec(TABLES)
    journal.append(Turn(codec.encode_all([("bindings", ONE.aor, BindingsRow((old, expired)))]), []))
    rows = [(row.table, row.key, codec.decode(row)) for row in journal.load()]
    writer = RegistrationWriter(database)
    (taken,) = found = journalled_bindings(rows, await writer.load(1000.0), 1000.0)
    assert (taken.contact, taken.source.flow, taken.expires_at) == (ONE.contact, 0, 2000.5)
    await writer.store(found)
    assert await writer.load(1000.0) == found
    assert journalled_bindings(rows, found, 1000.0) == []
    forget_journalled(journal)
    forget_journalled(journal)
    assert list(journal.load()) == []
