"""Facts as rows: SQLAlchemy Core ``executemany`` statements that may be repeated without harm."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, Self, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from app.db.tables import AgentIntervalRow, CallEventRow, CallRow
from app.facts import AgentInterval, AgentState, CallEvent, CallRecord, Fact, QueueDepth, WrapUp

__all__ = ["Batch", "FactStore", "to_ms"]

_CALLS: Final[sa.Table] = CallRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_EVENTS: Final[sa.Table] = CallEventRow.__table__  # type: ignore[attr-defined]  # as above
_INTERVALS: Final[sa.Table] = AgentIntervalRow.__table__  # type: ignore[attr-defined]  # as above

Values = dict[str, Any]


def to_ms(instant: float) -> int:
    """Seconds since the epoch as the tables keep them."""
    return round(instant * 1000)


@dataclass(slots=True)
class Batch:
    """Rows by table, and the wrap-ups of calls whose row is not in this batch."""

    calls: dict[str, Values] = field(default_factory=dict)
    events: list[Values] = field(default_factory=list)
    intervals: list[Values] = field(default_factory=list)
    wrap_ups: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: list[Fact]) -> Self:
        batch = cls()
        for fact in facts:
            batch.add(fact)
        return batch

    def add(self, fact: Fact) -> None:
        match fact:
            case CallEvent():
                self.events.append(_event(fact))
            case CallRecord():
                row = _call(fact)
                row["wrap_up_ms"] = self.wrap_ups.pop(fact.call, None)
                self.calls[fact.call] = row
            case WrapUp():
                if fact.call in self.calls:
                    self.calls[fact.call]["wrap_up_ms"] = fact.wrap_up_ms
                else:
                    self.wrap_ups[fact.call] = fact.wrap_up_ms
            case AgentInterval():
                self.intervals.append(_interval(fact))
            case AgentState() | QueueDepth():
                pass  # not stored; an earlier release may have left one in the outbox
            case _:
                assert_never(fact)


class _Statement:
    """A Core statement compiled once for the dialect, executed by position for many rows.

    Going through Core's parameter processing for every row would cost more than all else that the loop does for a fact;
    the columns are integers, texts and booleans, which both drivers take as they are.
    """

    def __init__(self, statement: sa.Insert | sa.Update, dialect: sa.Dialect, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._values = itemgetter(*(compiled.positiontup or ()))

    async def many(self, connection: AsyncConnection, rows: Iterable[Values]) -> None:
        values = [self._values(row) for row in rows]
        if values:
            await connection.exec_driver_sql(self._sql, values)


class FactStore:
    """Writes batches through a connection that is in a transaction."""

    def __init__(self, dialect: sa.Dialect) -> None:
        insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
        calls = insert(_CALLS)
        kept: dict[str, Any] = {
            column.name: calls.excluded[column.name] for column in _CALLS.columns if not column.primary_key
        }
        kept["wrap_up_ms"] = sa.func.coalesce(calls.excluded.wrap_up_ms, _CALLS.c.wrap_up_ms)
        self._calls = _Statement(
            calls.on_conflict_do_update(index_elements=["call"], set_=kept), dialect, _CALLS.columns.keys()
        )
        self._events, self._intervals = (
            _Statement(insert(table).on_conflict_do_nothing(index_elements=["id"]), dialect, table.columns.keys())
            for table in (_EVENTS, _INTERVALS)
        )
        self._wrap_up = _Statement(
            sa.update(_CALLS).where(_CALLS.c.call == sa.bindparam("of_call")).values(wrap_up_ms=sa.bindparam("ms")),
            dialect,
            (),
        )

    async def write(self, connection: AsyncConnection, batch: Batch) -> set[str]:
        """Returns the calls whose wrap-up could not be stored since they have no row yet."""
        await self._events.many(connection, batch.events)
        await self._intervals.many(connection, batch.intervals)
        await self._calls.many(connection, batch.calls.values())
        return await self._wrap_ups(connection, batch.wrap_ups)

    async def _wrap_ups(self, connection: AsyncConnection, wrap_ups: Mapping[str, int]) -> set[str]:
        if not wrap_ups:
            return set()
        query = sa.select(_CALLS.c.call).where(_CALLS.c.call.in_(list(wrap_ups)))
        known = set((await connection.execute(query)).scalars())
        await self._wrap_up.many(connection, [{"of_call": call, "ms": wrap_ups[call]} for call in known])
        return wrap_ups.keys() - known


def _event(event: CallEvent) -> Values:
    return {
        "id": event.id, "time": to_ms(event.time), "kind": event.kind, "call": event.call, "queue": event.queue,
        "agent": event.agent, "offer": event.offer, "cause": _text(event.cause), "position": event.position,
        "caller": _text(event.caller), "called": _text(event.called), "priority": event.priority,
    }  # fmt: skip


def _call(record: CallRecord) -> Values:
    return {
        "call": record.call, "id": record.id, "sip_call_id": _text(record.sip_call_id),
        "caller": _text(record.caller), "called": _text(record.called), "queue": record.queue, "agent": record.agent,
        "arrived_at": to_ms(record.arrived_at), "queued_at": _ms(record.queued_at),
        "answered_at": _ms(record.answered_at), "ended_at": to_ms(record.ended_at), "outcome": record.outcome,
        "cause": _text(record.cause), "wait_ms": record.wait_ms, "ring_ms": record.ring_ms, "talk_ms": record.talk_ms,
        "offers": record.offers, "priority": record.priority, "within_threshold": record.within_threshold,
        "short_abandon": record.short_abandon, "ended_by": record.ended_by,
    }  # fmt: skip


def _interval(interval: AgentInterval) -> Values:
    return {
        "id": interval.id, "agent": interval.agent, "state": interval.state, "start": to_ms(interval.start),
        "end": to_ms(interval.end), "pause_reason": _text(interval.pause_reason), "call": interval.call,
    }  # fmt: skip


def _ms(instant: float | None) -> int | None:
    return None if instant is None else to_ms(instant)


def _text(text: str | None) -> str | None:
    """PostgreSQL takes no NUL in a text, and a peer's display name may hold one."""
    return text.replace("\0", "\ufffd") if text and "\0" in text else text
