"""Facts on PostgreSQL: stored once, however often they are shipped; counted from there; kept over an outage."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.db.engine import Database
from app.db.facts_writer import FactsWriter
from app.db.migrate import migrate
from app.db.tables import AgentIntervalRow, CallEventRow, CallRow
from app.facts import AgentInterval, encode
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.projections.live import LiveView
from app.projections.today import load_today
from app.reports.repository import counts_by_queue
from tests.support.postgres import Postgres
from tests.unit.app.histories import NOON, Story, queue


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[tuple[Postgres, Database]]:
    with Postgres() as running:
        database = Database(running.url)
        await migrate(database)
        yield running, database
        await database.close()


def _journal() -> MemoryJournal:
    story = Story()
    story.waits("c1", NOON)
    story.talks("c1", NOON + 1)
    story.ends("c1", "answered", NOON, NOON + 3, wait=1, talk=2)
    story.wrapped_up("c1", NOON + 10, 7.5)
    story.waits("c2", NOON + 4)
    story.facts.append(AgentInterval(story.new_id(), "a1", "idle", NOON - 9.5, NOON + 1, call="c1"))
    journal = MemoryJournal()
    journal.append(Turn([], [encode(fact) for fact in story.facts]))
    return journal


async def _rows(database: Database) -> list[list[Any]]:
    async with database.read() as session:
        tables: list[Any] = [CallRow, CallEventRow, AgentIntervalRow]
        return [sorted(map(tuple, await session.execute(sa.select(table.__table__)))) for table in tables]


async def test_stored_once_and_counted_from_there(postgres: tuple[Postgres, Database]) -> None:
    running, database = postgres
    journal = _journal()
    writer = FactsWriter(journal, database, lambda: NOON + 100)
    await asyncio.to_thread(running.stop)
    assert not await writer.ship()
    assert writer.counters["outages"] == 1
    await asyncio.to_thread(running.start)
    while journal.counts()["outbox"]:
        await writer.ship()
    stored = await _rows(database)
    assert [len(rows) for rows in stored] == [1, 11, 1]
    await FactsWriter(_journal(), database, lambda: NOON + 100).ship()
    assert await _rows(database) == stored

    view = LiveView(NOON)
    view.configure(queue())
    await load_today(view, database, journal, NOON + 100)
    stats = view.queue_stats("q1", NOON + 100)
    assert stats is not None
    assert (stats.today.offered, stats.today.answered, stats.today.in_progress) == (2, 1, 1)
    assert stats.today.average_handle_time_seconds == 9.5
    async with database.read() as session:
        ((_, _, counts),) = await counts_by_queue(session, round(NOON * 1000), round(NOON * 1000) + 5000, "q1")
    assert (counts.offered, counts.answered, counts.wrap_up_ms) == (2, 1, 7500)

    story = Story()
    story.step("c2", "requeued", NOON + 6, queue="q2")
    journal.append(Turn([], [encode(fact) for fact in story.facts]))
    await writer.ship()
    async with database.read() as session:
        found = await counts_by_queue(session, round(NOON * 1000), round(NOON * 1000) + 5000, None)
    assert [(queue_id, counts.offered) for queue_id, _, counts in found] == [("q1", 1), ("q2", 1)]
