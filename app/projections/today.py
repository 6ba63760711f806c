"""Today's counts after a restart: recomputed from the stored facts and from those still in the journal's outbox."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import QUEUED, CallEventRow, CallRow, QueueSegmentRow
from app.facts import CallEvent, CallRecord, Fact, QueueSegment, WrapUp, decode
from app.journal.port import Journal
from app.projections.day import Day, midnight
from app.projections.live import LiveView

__all__ = ["load_today"]

_PAGE: Final = 500
_COUNTED: Final = ("queued", "connected", "requeued")


async def load_today(view: LiveView, database: Database, journal: Journal, now: float) -> None:
    """Give ``view`` today's counts. Call it when the view is configured, before any new fact is applied.

    A fact may be in the database and in the outbox at once (stored, not marked yet): it counts once.
    """
    day = view.day_from((), now)
    start_ms = round(midnight(now) * 1000)
    async with database.read() as session:
        segments = await _count_segments(session, day, start_ms)
        recorded = await _count_records(session, day, start_ms)
        await _count_open(session, day, start_ms)
    for fact in _outbox(journal):
        known = fact.call in recorded if isinstance(fact, CallEvent | CallRecord) else fact.id in segments
        if not known:
            day.apply(fact)
    view.adopt(day)


async def _count_segments(session: AsyncSession, day: Day, start_ms: int) -> set[str]:
    """The parts of calls in several queues, also of calls that go on. Returns their ids."""
    query = sa.select(QueueSegmentRow.__table__).where(col(QueueSegmentRow.entered_at) >= start_ms)  # type: ignore[attr-defined]  # SQLModel sets it
    counted: set[str] = set()
    async for row in await session.stream(query.execution_options(yield_per=_PAGE)):
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
        values["entered_at"], values["left_at"] = row.entered_at / 1000, row.left_at / 1000
        values["to"] = values.pop("to_queue")
        day.apply(QueueSegment(**values))
        counted.add(row.id)
    return counted


async def _count_records(session: AsyncSession, day: Day, start_ms: int) -> set[str]:
    """The calls of today that have their record."""
    entered = sa.func.coalesce(col(CallRow.queued_at), col(CallRow.arrived_at))
    # A call that arrived yesterday may have entered its queue today, not the other way round.
    query = sa.select(CallRow.__table__).where(col(CallRow.ended_at) >= start_ms, entered >= start_ms)  # type: ignore[attr-defined]  # SQLModel sets it
    recorded: set[str] = set()
    async for row in await session.stream(query.execution_options(yield_per=_PAGE)):
        for fact in _facts(row):
            day.apply(fact)
        recorded.add(row.call)
    return recorded


async def _count_open(session: AsyncSession, day: Day, start_ms: int) -> None:
    """The calls of today that go on."""
    event, call = CallEventRow, CallRow
    ended = sa.exists().where(col(call.call) == col(event.call))
    going_on = sa.select(col(event.call)).where(QUEUED, col(event.time) >= start_ms, ~ended)
    query = (
        sa.select(col(event.id), col(event.time), col(event.kind), col(event.call), col(event.queue))
        .where(col(event.call).in_(going_on), col(event.time) >= start_ms, col(event.kind).in_(_COUNTED))
        .order_by(col(event.time), col(event.id))
    )
    async for row in await session.stream(query.execution_options(yield_per=_PAGE)):
        day.apply(CallEvent(row.id, row.time / 1000, row.kind, row.call, queue=row.queue))


def _facts(row: sa.Row[Any]) -> Iterator[Fact]:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    wrap_up_ms = values.pop("wrap_up_ms")
    for name in ("arrived_at", "queued_at", "answered_at", "ended_at"):
        values[name] = None if values[name] is None else values[name] / 1000
    yield CallRecord(**values)
    if wrap_up_ms is not None:
        yield WrapUp(row.id, row.ended_at / 1000, row.call, row.agent or "", wrap_up_ms)


def _outbox(journal: Journal) -> Iterator[Fact]:
    after = 0
    while batch := journal.outbox(after, _PAGE):
        after = batch[-1][0]
        for _, data in batch:
            with suppress(msgspec.MsgspecError):  # the facts writer says so
                yield from decode(data)
