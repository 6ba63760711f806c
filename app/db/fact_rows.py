"""Facts as rows: SQLAlchemy Core ``executemany`` statements that may be repeated without harm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.agent_tables import AgentEventRow, CallDispositionRow
from app.db.statement import Statement, Values
from app.db.tables import AgentIntervalRow, CallEventRow, CallRow, QueueSegmentRow
from app.facts import values_of

__all__ = ["Batch", "FactStore", "Item", "item_of", "to_ms"]

_CALLS: Final[sa.Table] = CallRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_EVENTS: Final[sa.Table] = CallEventRow.__table__  # type: ignore[attr-defined]  # as above
_INTERVALS: Final[sa.Table] = AgentIntervalRow.__table__  # type: ignore[attr-defined]  # as above
_AGENT_EVENTS: Final[sa.Table] = AgentEventRow.__table__  # type: ignore[attr-defined]  # as above
_DISPOSITIONS: Final[sa.Table] = CallDispositionRow.__table__  # type: ignore[attr-defined]  # as above
_SEGMENTS: Final[sa.Table] = QueueSegmentRow.__table__  # type: ignore[attr-defined]  # as above

_DISPOSED_AT: Final = list(_DISPOSITIONS.columns.keys()).index("time")
_BEFORE_WRAP_UP: Final = list(_CALLS.columns.keys()).index("wrap_up_ms")


_NUL: Final = b"\0"

Item = tuple[int, str, list[Any]]
"""A fact of the outbox: its sequence number, its kind, its fields' values in their order (``app.facts.values_of``)."""


def to_ms(instant: float) -> int:
    """Seconds since the epoch as the tables keep them."""
    return round(instant * 1000)


def item_of(sequence: int, data: bytes) -> Item:
    """Raises ``msgspec.MsgspecError`` on bytes that are no fact."""
    kind, values = values_of(data)
    if _NUL in data:  # PostgreSQL takes no NUL in a text, and a peer's display name may hold one; a number often does
        values = [each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in values]
    return sequence, kind, values


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
    def of(cls, items: Iterable[Item]) -> Self:
        batch = cls()
        for _, kind, values in items:
            batch.add(kind, values)
        return batch

    def add(self, kind: str, values: list[Any]) -> None:
        if kind == "call_event":  # half of all
            self.events.append((values[0], to_ms(values[1]), *values[2:]))
        elif kind == "agent_interval":
            fact_id, agent, state, start, end, *others = values
            self.intervals.append((fact_id, agent, state, to_ms(start), to_ms(end), *others))
        elif kind == "call_record":
            self.calls[values[1]] = _call(values, self.wrap_ups.pop(values[1], None))
        elif kind == "wrap_up":
            self._wrapped_up(values[2], values[4])
        elif kind == "agent_event":
            self.agent_events.append((values[0], to_ms(values[1]), *values[2:]))
        elif kind == "disposition":
            self._disposed(values)
        elif kind == "queue_segment":
            *before, entered_at, left_at = values[:6]
            self.segments.append((*before, to_ms(entered_at), to_ms(left_at), *values[6:]))

    def _wrapped_up(self, call: str, wrap_up_ms: int) -> None:
        row = self.calls.get(call)
        if row is None:
            self.wrap_ups[call] = wrap_up_ms
        else:
            self.calls[call] = (*row[:_BEFORE_WRAP_UP], wrap_up_ms, *row[_BEFORE_WRAP_UP + 1 :])

    def _disposed(self, values: list[Any]) -> None:
        fact_id, time, call, *others = values
        time_ms = to_ms(time)
        known = self.dispositions.get(call)
        if known is None or known[_DISPOSED_AT] <= time_ms:  # type: ignore[operator]  # an integer column
            self.dispositions[call] = (call, fact_id, time_ms, *others)


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


def _call(values: list[Any], wrap_up_ms: int | None) -> Values:
    fact_id, call, sip_call_id, caller, called, queue, agent, *instants = values[:11]
    outcome, cause, wait_ms, ring_ms, talk_ms, *others = values[11:]
    return (
        call, fact_id, sip_call_id, caller, called, queue, agent, *map(_ms, instants), outcome, cause, wait_ms, ring_ms,
        talk_ms, wrap_up_ms, *others,
    )  # fmt: skip


def _ms(instant: float | None) -> int | None:
    return None if instant is None else to_ms(instant)
