"""Facts as rows: SQLAlchemy Core ``executemany`` statements that may be repeated without harm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.agent_tables import AgentEventRow, CallDispositionRow
from app.db.statement import Statement, Values
from app.db.tables import AgentIntervalRow, CallEventRow, CallRow, QueueSegmentRow
from app.facts import (
    AgentEvent,
    AgentInterval,
    AgentState,
    CallEvent,
    CallRecord,
    Disposition,
    Fact,
    QueueSegment,
    QueueState,
    WrapUp,
)

__all__ = ["Batch", "FactStore", "to_ms"]

_CALLS: Final[sa.Table] = CallRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_EVENTS: Final[sa.Table] = CallEventRow.__table__  # type: ignore[attr-defined]  # as above
_INTERVALS: Final[sa.Table] = AgentIntervalRow.__table__  # type: ignore[attr-defined]  # as above
_AGENT_EVENTS: Final[sa.Table] = AgentEventRow.__table__  # type: ignore[attr-defined]  # as above
_DISPOSITIONS: Final[sa.Table] = CallDispositionRow.__table__  # type: ignore[attr-defined]  # as above
_SEGMENTS: Final[sa.Table] = QueueSegmentRow.__table__  # type: ignore[attr-defined]  # as above

_DISPOSED_AT: Final = list(_DISPOSITIONS.columns.keys()).index("time")
_BEFORE_WRAP_UP: Final = list(_CALLS.columns.keys()).index("wrap_up_ms")


def to_ms(instant: float) -> int:
    """Seconds since the epoch as the tables keep them."""
    return round(instant * 1000)


@dataclass(slots=True)
class Batch:
    """Rows by table, and the wrap-ups of calls whose row is not in this batch."""

    calls: dict[str, Values] = field(default_factory=dict)
    events: list[Values] = field(default_factory=list)
    intervals: list[Values] = field(default_factory=list)
    segments: list[Values] = field(default_factory=list)
    wrap_ups: dict[str, int] = field(default_factory=dict)
    agent_events: list[Values] = field(default_factory=list)
    dispositions: dict[str, Values] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Self:
        batch = cls()
        for fact in facts:
            batch.add(fact)
        return batch

    def add(self, fact: Fact) -> None:
        if isinstance(fact, CallEvent):  # half of all
            self.events.append(_event(fact))
        elif isinstance(fact, AgentInterval):
            self.intervals.append(_interval(fact))
        elif isinstance(fact, CallRecord):
            self.calls[fact.call] = _call(fact, self.wrap_ups.pop(fact.call, None))
        elif isinstance(fact, WrapUp):
            self._wrapped_up(fact.call, fact.wrap_up_ms)
        elif isinstance(fact, AgentEvent):
            self.agent_events.append(_agent_event(fact))
        elif isinstance(fact, Disposition):
            known = self.dispositions.get(fact.call)
            if known is None or known[_DISPOSED_AT] <= to_ms(fact.time):  # type: ignore[operator]  # an integer column
                self.dispositions[fact.call] = _disposition(fact)
        elif isinstance(fact, QueueSegment):
            self.segments.append(_segment(fact))
        elif not isinstance(fact, AgentState | QueueState):  # not stored; an earlier release may have left one
            assert_never(fact)

    def _wrapped_up(self, call: str, wrap_up_ms: int) -> None:
        row = self.calls.get(call)
        if row is None:
            self.wrap_ups[call] = wrap_up_ms
        else:
            self.calls[call] = (*row[:_BEFORE_WRAP_UP], wrap_up_ms, *row[_BEFORE_WRAP_UP + 1 :])


class FactStore:
    """Writes batches through a connection that is in a transaction."""

    def __init__(self, dialect: sa.Dialect) -> None:
        insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
        calls = insert(_CALLS)
        kept: dict[str, Any] = {
            column.name: calls.excluded[column.name] for column in _CALLS.columns if not column.primary_key
        }
        kept["wrap_up_ms"] = sa.func.coalesce(calls.excluded.wrap_up_ms, _CALLS.c.wrap_up_ms)
        self._calls = Statement(
            calls.on_conflict_do_update(index_elements=["call"], set_=kept), dialect, _CALLS.columns.keys()
        )
        self._events, self._intervals, self._agent_events, self._segments = (
            Statement(insert(table).on_conflict_do_nothing(index_elements=["id"]), dialect, table.columns.keys())
            for table in (_EVENTS, _INTERVALS, _AGENT_EVENTS, _SEGMENTS)
        )
        given = insert(_DISPOSITIONS)
        newer: dict[str, Any] = {
            column.name: given.excluded[column.name] for column in _DISPOSITIONS.columns if not column.primary_key
        }
        # An older word that is shipped again does not replace a newer one.
        latest = given.on_conflict_do_update(
            index_elements=["call"], set_=newer, where=_DISPOSITIONS.c.time <= given.excluded.time
        )
        self._dispositions = Statement(latest, dialect, _DISPOSITIONS.columns.keys())
        self._wrap_up = Statement(
            sa.update(_CALLS).where(_CALLS.c.call == sa.bindparam("of_call")).values(wrap_up_ms=sa.bindparam("ms")),
            dialect,
            ("of_call", "ms"),
        )

    async def write(self, connection: AsyncConnection, batch: Batch) -> set[str]:
        """Returns the calls whose wrap-up could not be stored since they have no row yet."""
        await self._events.many(connection, batch.events)
        await self._intervals.many(connection, batch.intervals)
        await self._segments.many(connection, batch.segments)
        await self._calls.many(connection, batch.calls.values())
        if batch.agent_events:
            await self._agent_events.many(connection, batch.agent_events)
        if batch.dispositions:
            await self._dispositions.many(connection, batch.dispositions.values())
        return await self._wrap_ups(connection, batch.wrap_ups)

    async def _wrap_ups(self, connection: AsyncConnection, wrap_ups: Mapping[str, int]) -> set[str]:
        if not wrap_ups:
            return set()
        query = sa.select(_CALLS.c.call).where(_CALLS.c.call.in_(list(wrap_ups)))
        known = set((await connection.execute(query)).scalars())
        await self._wrap_up.many(connection, [(call, wrap_ups[call]) for call in known])
        return wrap_ups.keys() - known


def _event(event: CallEvent) -> Values:
    cause, caller, called = event.cause, event.caller, event.called
    if cause is not None or caller is not None or called is not None:
        cause, caller, called = _text(cause), _text(caller), _text(called)
    return (
        event.id, round(event.time * 1000), event.kind, event.call, event.queue, event.agent, event.offer, cause,
        event.position, caller, called, event.priority,
    )  # fmt: skip


def _call(record: CallRecord, wrap_up_ms: int | None) -> Values:
    return (
        record.call, record.id, _text(record.sip_call_id), _text(record.caller), _text(record.called), record.queue,
        record.agent, to_ms(record.arrived_at), _ms(record.queued_at), _ms(record.answered_at), to_ms(record.ended_at),
        record.outcome, _text(record.cause), record.wait_ms, record.ring_ms, record.talk_ms, wrap_up_ms, record.offers,
        record.priority, record.within_threshold, record.short_abandon, record.ended_by, record.expected_wait_ms,
        record.segments, record.overflow_cause,
    )  # fmt: skip


def _segment(segment: QueueSegment) -> Values:
    return (
        segment.id, segment.call, segment.number, segment.queue, to_ms(segment.entered_at), to_ms(segment.left_at),
        segment.outcome, _text(segment.cause), segment.wait_ms, segment.talk_ms, segment.agent, segment.to,
        segment.within_threshold, segment.short_abandon,
    )  # fmt: skip


def _interval(interval: AgentInterval) -> Values:
    return (
        interval.id, interval.agent, interval.state, round(interval.start * 1000), round(interval.end * 1000),
        _text(interval.pause_reason), interval.call,
    )  # fmt: skip


def _agent_event(event: AgentEvent) -> Values:
    return (
        event.id, to_ms(event.time), event.kind, event.agent, event.status, _text(event.pause_reason), event.queue,
        event.cause, event.misses, _text(event.actor), _text(event.address),
    )  # fmt: skip


def _disposition(fact: Disposition) -> Values:
    return (fact.call, fact.id, to_ms(fact.time), fact.queue, fact.agent, _text(fact.code), _text(fact.note))


def _ms(instant: float | None) -> int | None:
    return None if instant is None else to_ms(instant)


def _text(text: str | None) -> str | None:
    """PostgreSQL takes no NUL in a text, and a peer's display name may hold one."""
    return text.replace("\0", "\ufffd") if text and "\0" in text else text
