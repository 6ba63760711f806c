"""Finished calls from the database: pages of them, all of them, and their counts by queue."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.agent_tables import CallDispositionRow
from app.db.engine import Database
from app.db.tables import QUEUED, AgentRow, CallEventRow, CallRow, QueueRow, QueueSegmentRow
from app.projections.day import Counts
from app.reports.filters import CallFilter

__all__ = ["counts_by_queue", "every_call", "page_of_calls", "recorded_call", "segments_of"]

_CALLS: Final[sa.Table] = CallRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_EVENTS: Final[sa.Table] = CallEventRow.__table__  # type: ignore[attr-defined]  # as above
_SEGMENTS: Final[sa.Table] = QueueSegmentRow.__table__  # type: ignore[attr-defined]  # as above
_BATCH: Final = 200

Key = tuple[int, str]
"""(arrived_at in milliseconds, call id): what the newest-first order goes by."""


async def page_of_calls(
    session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]], before: Key | None, limit: int
) -> Sequence[sa.Row[Any]]:
    """Rows of ``calls`` with ``queue_name``, ``agent_name`` and the disposition, newest first, older than ``before``."""
    columns = _CALLS.c
    query = (
        sa.select(_CALLS, col(QueueRow.name).label("queue_name"), col(AgentRow.name).label("agent_name"))
        .add_columns(
            col(CallDispositionRow.code).label("disposition"), col(CallDispositionRow.note).label("disposition_note")
        )
        .select_from(_CALLS)
        .outerjoin(QueueRow, col(QueueRow.id) == columns.queue)
        .outerjoin(AgentRow, col(AgentRow.id) == columns.agent)
        .outerjoin(CallDispositionRow, col(CallDispositionRow.call) == columns.call)
        .where(*conditions)
        .order_by(columns.arrived_at.desc(), columns.call.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(sa.tuple_(columns.arrived_at, columns.call) < sa.tuple_(*before))
    return (await session.execute(query)).all()


async def recorded_call(session: AsyncSession, call: str) -> sa.Row[Any] | None:
    """The row of this finished call, as in ``page_of_calls``."""
    rows = await page_of_calls(session, [_CALLS.c.call == call], None, 1)
    return rows[0] if rows else None


async def segments_of(session: AsyncSession, call: str) -> Sequence[sa.Row[Any]]:
    """Rows of ``queue_segments`` with ``queue_name``, ``to_name`` and ``agent_name``, in order."""
    segments = _SEGMENTS.c
    to = QueueRow.__table__.alias("to_queues")  # type: ignore[attr-defined]  # SQLModel sets it on every table
    query = (
        sa.select(
            _SEGMENTS,
            col(QueueRow.name).label("queue_name"),
            to.c.name.label("to_name"),
            col(AgentRow.name).label("agent_name"),
        )
        .select_from(_SEGMENTS)
        .outerjoin(QueueRow, col(QueueRow.id) == segments.queue)
        .outerjoin(to, to.c.id == segments.to_queue)
        .outerjoin(AgentRow, col(AgentRow.id) == segments.agent)
        .where(segments.call == call)
        .order_by(segments.number)
    )
    return (await session.execute(query)).all()


async def every_call(database: Database, report: CallFilter) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    """All that match, in batches; no batch holds the loop or the database for long."""
    before: Key | None = None
    while True:
        async with database.read() as session:
            rows = await page_of_calls(session, await report.conditions(session), before, _BATCH)
        if not rows:
            return
        yield rows
        before = rows[-1].arrived_at, rows[-1].call


async def counts_by_queue(
    session: AsyncSession, start: int, end: int, queue: str | None
) -> list[tuple[str, str | None, Counts]]:
    """(queue id, its name, its counts) of the calls that entered it in [start, end), milliseconds; sorted by name.

    ``Counts.offered`` includes calls without a record yet.
    """
    counts: dict[str, Counts] = {}
    for row in await session.execute(_recorded(start, end)):
        counts[row.queue] = _counts(row)
    for query, name in ((_open(start, end), "offered"), (_rejected(start, end), "rejected")):
        for row in await session.execute(query):
            into = counts.setdefault(row.queue, Counts())
            setattr(into, name, getattr(into, name) + row.calls)
    names = {row.id: row.name for row in await session.execute(sa.select(col(QueueRow.id), col(QueueRow.name)))}
    for queue_id in names:
        counts.setdefault(queue_id, Counts())
    chosen = [(item, names.get(item), counts[item]) for item in counts if queue in (None, item)]
    return sorted(chosen, key=lambda item: (item[1] or "", item[0]))


def _parts() -> sa.Subquery:
    """The queue's view: a call of one queue by its record, one of several by its segments (refusals are not in it)."""
    calls, segments = _CALLS.c, _SEGMENTS.c
    alone = sa.select(
        calls.queue, calls.queued_at.label("entered_at"), calls.outcome, calls.wait_ms, calls.talk_ms, calls.wrap_up_ms,
        calls.within_threshold, calls.short_abandon,
    ).where(calls.segments == 1, calls.queued_at.is_not(None))  # fmt: skip
    among = (
        sa.select(
            segments.queue,
            segments.entered_at,
            segments.outcome,
            segments.wait_ms,
            segments.talk_ms,
            calls.wrap_up_ms,
            segments.within_threshold,
            segments.short_abandon,
        )
        .select_from(_SEGMENTS)
        .outerjoin(_CALLS, calls.call == segments.call)
        .where(segments.outcome != "rejected")
    )
    return sa.union_all(alone, among).subquery("parts")


def _recorded(start: int, end: int) -> sa.Select[Any]:
    calls = _parts().c
    answered, abandoned = calls.outcome == "answered", calls.outcome == "abandoned"
    in_time, short = calls.within_threshold.is_(sa.true()), calls.short_abandon.is_(sa.true())

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    def total(of: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        # bigint sums are numeric in PostgreSQL; milliseconds of any interval fit a bigint.
        return sa.cast(sa.func.coalesce(sa.func.sum(sa.case((answered, of), else_=0)), 0), sa.BigInteger)

    columns: list[sa.ColumnElement[Any]] = [
        sa.func.count().label("offered"),
        count(answered).label("answered"),
        count(answered & in_time).label("answered_in_time"),
        count(abandoned).label("abandoned"),
        count(abandoned & in_time).label("abandoned_in_time"),
        count(abandoned & short).label("short_abandoned"),
        count(calls.outcome == "flowed_out").label("flowed_out"),
        count(calls.outcome.in_(("system", "rejected"))).label("system"),
        total(calls.wait_ms).label("wait_ms"),
        total(calls.talk_ms).label("talk_ms"),
        total(sa.func.coalesce(calls.wrap_up_ms, 0)).label("wrap_up_ms"),
    ]
    return (
        sa.select(calls.queue)
        .add_columns(*columns)
        .where(calls.entered_at >= start, calls.entered_at < end, calls.queue.is_not(None))
        .group_by(calls.queue)
    )


def _open(start: int, end: int) -> sa.Select[Any]:
    """A call that goes on counts where it is: it may have been moved since it came in. What it has left has a segment."""
    events = _EVENTS.c
    calls = (
        sa.select(
            events.call, events.time, sa.func.coalesce(_moved_to(events.call, events.time), events.queue).label("queue")
        )
        .where(QUEUED, events.time >= start, events.time < end, events.queue.is_not(None))
        .where(~sa.exists().where(_CALLS.c.call == events.call))
        .subquery("open")
    ).c
    segments = _SEGMENTS.c
    queue = segments.queue.concat("")  # so that SQLite looks for the call, not through all that the queue has had since
    left = sa.exists().where(segments.call == calls.call, queue == calls.queue, segments.entered_at >= calls.time)
    return (
        sa.select(calls.queue, sa.func.count(sa.distinct(calls.call)).label("calls")).where(~left).group_by(calls.queue)
    )


def _moved_to(call: sa.ColumnElement[str], since: sa.ColumnElement[int]) -> sa.ScalarSelect[Any]:
    later = _EVENTS.alias("later").c
    return (
        sa.select(later.queue)
        .where(later.call == call, later.time >= since, later.kind == "requeued")
        .order_by(later.time.desc(), later.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _rejected(start: int, end: int) -> sa.Select[Any]:
    calls, segments = _CALLS.c, _SEGMENTS.c
    alone = sa.select(calls.queue, calls.arrived_at).where(calls.queued_at.is_(None), calls.segments == 1)
    among = sa.select(segments.queue, segments.entered_at).where(segments.outcome == "rejected")
    refused = sa.union_all(alone, among).subquery("refused").c
    return (
        sa.select(refused.queue, sa.func.count().label("calls"))
        .where(refused.arrived_at >= start, refused.arrived_at < end, refused.queue.is_not(None))
        .group_by(refused.queue)
    )


def _counts(row: sa.Row[Any]) -> Counts:
    counts = Counts()
    for name in (
        "offered", "answered", "answered_in_time", "abandoned", "abandoned_in_time", "short_abandoned", "flowed_out",
        "system", "wait_ms", "talk_ms", "wrap_up_ms",
    ):  # fmt: skip
        setattr(counts, name, int(getattr(row, name)))
    counts.handled = counts.answered
    return counts
