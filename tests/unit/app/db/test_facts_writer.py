"""Facts reach the database once, whatever fails on the way; today's counts can be read back from there."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from sqlalchemy.dialects import postgresql

from app.db.engine import Database
from app.db.fact_batch import Batch
from app.db.fact_rows import FactStore
from app.db.facts_writer import FactsWriter
from app.db.tables import AgentIntervalRow, CallEventRow, CallRow, metadata
from app.facts import AgentInterval, CallEvent, CallRecord, Fact, QueueSegment, decode, encode, encode_stored
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.projections.day import midnight
from app.projections.live import LiveView
from app.projections.today import load_today
from app.reports.repository import counts_by_queue
from tests.unit.app.histories import NOON, SCRIPTS, Story, queue, told


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/facts.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


def journal_of(facts: Sequence[Fact]) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(Turn([], [encode(fact) for fact in facts]))
    return journal


def writer_of(journal: MemoryJournal, database: Database, **options: Any) -> FactsWriter:
    return FactsWriter(journal, database, lambda: NOON + 100, **options)


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Callable[[Batch], bool]) -> None:
    """The database takes no batch of which that is true."""
    whole = FactStore.write

    def picky(store: FactStore, connection: sa.Connection, batch: Batch) -> set[str]:
        if refused(batch):
            raise sa.exc.DataError("insert", {}, ValueError("not this"))
        return whole(store, connection, batch)

    monkeypatch.setattr(FactStore, "write", picky)


def story() -> Story:
    story = Story()
    story.waits("c1", NOON)
    story.talks("c1", NOON + 1)
    story.ends("c1", "answered", NOON, NOON + 3, wait=1, talk=2)
    story.facts.append(AgentInterval(story.new_id(), "a1", "idle", NOON - 9.5, NOON + 1, call="c1"))
    return story


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    async with database.read() as session:
        return [dict(row._mapping) for row in await session.execute(sa.select(table.__table__))]


async def test_every_fact_has_its_row(database: Database) -> None:
    facts = story()
    facts.wrapped_up("c1", NOON + 10, 7.5)
    journal = journal_of(facts.facts)
    writer = writer_of(journal, database, batch=4)
    assert writer.backlog() == (11, 100.0)
    writer.start()
    await writer.stop()
    assert journal.counts()["outbox"] == 0
    assert writer.counters == {"stored": 11, "refused": 0, "failures": 0, "outages": 0}
    assert writer.backlog() == (0, 0.0)
    (call,) = await rows(database, CallRow)
    assert (call["arrived_at"], call["wait_ms"], call["wrap_up_ms"]) == (round(NOON * 1000), 1000, 7500)
    assert len(await rows(database, CallEventRow)) == 8
    (interval,) = await rows(database, AgentIntervalRow)
    assert (interval["start"], interval["end"]) == (round((NOON - 9.5) * 1000), round((NOON + 1) * 1000))


async def test_shipping_twice_changes_nothing(database: Database) -> None:
    facts = story()
    facts.wrapped_up("c1", NOON + 10, 7.5)
    await writer_of(journal_of(facts.facts), database).ship()
    before = [await rows(database, table) for table in (CallRow, CallEventRow, AgentIntervalRow)]
    await writer_of(journal_of(facts.facts[:-1]), database).ship()  # the wrap-up stays, too
    assert [await rows(database, table) for table in (CallRow, CallEventRow, AgentIntervalRow)] == before


@pytest.mark.parametrize("batch", [1, 3, 200])
async def test_a_wrap_up_before_its_call_is_not_lost(database: Database, batch: int) -> None:
    facts = Story()
    facts.wrapped_up("c1", NOON + 10, 7.5)
    facts.facts += story().facts
    journal = journal_of(facts.facts)
    writer = writer_of(journal, database, batch=batch)
    while await writer.ship():
        pass
    assert [call["wrap_up_ms"] for call in await rows(database, CallRow)] == [7500]
    assert journal.counts()["outbox"] == 0


async def test_a_wrap_up_without_a_call_stays_in_the_journal(database: Database) -> None:
    facts = Story()
    facts.wrapped_up("c1", NOON + 10, 7.5)
    journal = journal_of(facts.facts)
    await writer_of(journal, database).ship()
    assert journal.counts()["outbox"] == 1
    journal.append(Turn([], [encode(fact) for fact in story().facts]))
    await writer_of(journal, database).ship()  # after a restart
    assert [call["wrap_up_ms"] for call in await rows(database, CallRow)] == [7500]
    assert journal.counts()["outbox"] == 0


async def test_an_outage_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> set[str]:
        raise ConnectionRefusedError(111, "Connection refused")

    journal = journal_of(story().facts)
    writer = writer_of(journal, database)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(FactStore, "write", away)
        pauses = []
        for _ in range(12):
            assert not await writer.ship()
            pauses.append(writer.pause())
    assert pauses[:3] == [0.25, 0.5, 1.0]
    assert pauses[-1] == 30.0
    assert journal.counts()["outbox"] == 10
    assert len(caplog.records) == 1
    await writer.ship()
    assert journal.counts()["outbox"] == 0
    assert writer.counters == {"stored": 10, "refused": 0, "failures": 12, "outages": 1}
    assert writer.pause() == 0.2


async def test_a_defect_does_not_end_the_shipping(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> set[str]:
        raise TypeError("a defect")

    journal = journal_of(story().facts)
    writer = writer_of(journal, database)
    monkeypatch.setattr(FactStore, "write", broken)
    writer.start()
    await writer.stop()
    assert journal.counts()["outbox"] == 10
    assert writer.counters["failures"] == 1


async def test_a_fact_that_is_refused_does_not_hold_up_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, lambda batch: any(event[2] == "ringing" for event in batch.events))
    journal = journal_of(story().facts)
    journal.append(Turn([], [b"\xc1 from a later release"]))
    writer = writer_of(journal, database)
    assert not await writer.ship()
    assert writer.counters == {"stored": 9, "refused": 2, "failures": 0, "outages": 0}
    assert journal.counts()["outbox"] == 2
    assert not await writer.ship()
    assert writer.counters["refused"] == 2


async def test_of_many_facts_the_one_that_is_refused_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def has_it(batch: Batch) -> bool:
        sizes.append(len(batch.events))
        return any(event[4] == "q777" for event in batch.events)

    refuse(monkeypatch, has_it)
    facts = Story()
    for n in range(1000):
        facts.step(f"c{n}", "queued", NOON + n, queue=f"q{n}")
    journal = journal_of(facts.facts)
    writer = writer_of(journal, database, batch=2000)
    assert not await writer.ship()
    assert writer.counters == {"stored": 999, "refused": 1, "failures": 0, "outages": 0}
    ((_, left),) = journal.outbox(0, 9)
    (refused,) = decode(left)
    assert isinstance(refused, CallEvent)
    assert refused.queue == "q777"
    assert sizes[0] == 1000  # one transaction, though the loop turns meanwhile
    assert len(sizes) < 25


async def test_a_turn_stays_whole_until_all_of_it_is_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has a fact that is refused, one a wrap-up whose call has no record yet."""
    refuse(monkeypatch, lambda batch: any(event[4] == "q7" for event in batch.events))
    early, late = Story(), Story()
    early.wrapped_up("c1", NOON + 10, 7.5)
    for n in range(9):
        early.step(f"x{n}", "queued", NOON + n)
        late.step(f"y{n}", "queued", NOON + n, queue=f"q{n}")
    journal = MemoryJournal()
    for story_so_far in (early, late):
        journal.append(Turn([], encode_stored(story_so_far.facts)))
    writer = writer_of(journal, database)
    await writer.ship()
    assert [sequence for sequence, _ in journal.outbox(0, 9)] == [1, 2]
    assert writer.counters == {"stored": 17, "refused": 1, "failures": 0, "outages": 0}
    assert len(await rows(database, CallEventRow)) == 17
    journal.append(Turn([], encode_stored(story().facts)))
    await writer.ship()
    assert [sequence for sequence, _ in journal.outbox(0, 9)] == [2]
    assert [call["wrap_up_ms"] for call in await rows(database, CallRow)] == [7500]


def test_statements_for_postgresql() -> None:
    store = FactStore(postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
    assert "ON CONFLICT DO NOTHING" in store._events._sql
    assert "ON CONFLICT (call) DO UPDATE" in store._calls._sql
    assert "coalesce(excluded.wrap_up_ms, calls.wrap_up_ms)" in store._calls._sql
    assert (store._events._places, store._intervals._places, store._calls._places) == (None, None, None)
    assert store._wrap_up._places == [1, 0]
    assert "$2" in store._wrap_up._sql


async def test_nul_in_a_text(database: Database) -> None:
    facts = Story()
    facts.step("c1", "arrived", NOON, caller="a\0b")
    await writer_of(journal_of(facts.facts), database).ship()
    assert [event["caller"] for event in await rows(database, CallEventRow)] == ["a\ufffdb"]


@given(SCRIPTS)
@settings(max_examples=15, deadline=None, derandomize=True)
async def test_a_restart_does_not_zero_todays_counts(
    script: list[tuple[str, int, int, str, int | None, int, float]],
) -> None:
    facts = told(script)
    view = _view()
    for fact in facts:
        view.apply(fact)
    database = Database("sqlite+aiosqlite:///:memory:")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    journal = journal_of(facts)
    # A third is stored and marked, a third stored only, a third in the outbox alone.
    third = len(facts) // 3
    await writer_of(journal, database, batch=max(third, 1)).ship()
    stored_only = journal_of(facts[: 2 * third])
    while await writer_of(stored_only, database).ship():
        pass
    restarted = _view()
    await load_today(restarted, database, journal, NOON + 2000)
    await database.close()
    for queue_id in ("q1", "q2"):
        before, after = (each.queue_stats(queue_id, NOON + 2000) for each in (view, restarted))
        assert before is not None
        assert after is not None
        assert after.today == before.today


async def test_a_restart_knows_the_queue_that_a_call_was_moved_to(database: Database) -> None:
    facts = Story()
    facts.waits("c1", NOON)
    facts.step("c1", "requeued", NOON + 1, queue="q2")
    await writer_of(journal_of(facts.facts), database).ship()
    view = _view()
    await load_today(view, database, MemoryJournal(), NOON + 2000)
    offered = [stats.today.offered for each in ("q1", "q2") if (stats := view.queue_stats(each, NOON + 2000))]
    assert offered == [0, 1]


async def test_a_report_counts_a_call_that_was_moved_where_it_is(database: Database) -> None:
    facts = Story()
    for call in ("c1", "c2", "c3", "c4", "c5"):
        facts.waits(call, NOON)
    for call in ("c2", "c3", "c4"):
        facts.step(call, "requeued", NOON + 1, queue="q2")
    facts.step("c3", "requeued", NOON + 2, queue="q1")
    facts.facts.append(
        QueueSegment(facts.new_id(), "c4", 1, "q2", NOON, NOON + 3, "flowed_out", "max_wait", 3000, to="q3")
    )
    facts.step("c4", "queued", NOON + 3, queue="q3")
    facts.facts.append(
        QueueSegment(facts.new_id(), "c5", 1, "q1", NOON, NOON + 3, "flowed_out", "max_wait", 3000, to="q2")
    )
    facts.step("c5", "queued", NOON + 3, queue="q2")
    facts.step("c5", "requeued", NOON + 4, queue="q1")  # back to where it came from
    await writer_of(journal_of(facts.facts), database).ship()
    async with database.read() as session:
        found = await counts_by_queue(session, round(NOON * 1000), 2**50, None)
    assert {queue: (counts.offered, counts.flowed_out) for queue, _, counts in found} == {
        "q1": (4, 1), "q2": (2, 1), "q3": (1, 0),
    }  # fmt: skip


@given(SCRIPTS)
@settings(max_examples=15, deadline=None, derandomize=True)
async def test_reports_reconcile_with_the_live_counts(
    script: list[tuple[str, int, int, str, int | None, int, float]],
) -> None:
    view, facts = _view(), told(script)
    for fact in facts:
        view.apply(fact)
    database = Database("sqlite+aiosqlite:///:memory:")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await writer_of(journal_of(facts), database).ship()
    async with database.read() as session:
        start = round(midnight(NOON) * 1000)
        found = {queue: counts for queue, _, counts in await counts_by_queue(session, start, 2**50, None)}
    await database.close()
    for queue_id, counts in found.items():
        stats = view.queue_stats(queue_id, NOON + 2000)
        assert stats is not None
        today = stats.today
        # A caller who talks is answered for the live picture at once, for the report when its record is written.
        talking = today.offered - today.in_progress - counts.ended
        assert (counts.offered, counts.abandoned, counts.flowed_out, counts.system, counts.rejected) == (
            today.offered, today.abandoned, today.flowed_out, today.system, today.rejected,
        )  # fmt: skip
        assert counts.answered + talking == today.answered
        assert talking >= 0
        assert counts.average_handle_time_seconds == today.average_handle_time_seconds
    assert found.keys() >= {fact.queue for fact in facts if isinstance(fact, CallRecord) and fact.arrived_at >= NOON}


def _view() -> LiveView:
    view = LiveView(NOON)
    view.configure(queue())
    view.configure(queue("q2", "sales"))
    return view
