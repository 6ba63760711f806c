"""Facts into their tables: SQLAlchemy Core ``executemany`` statements that may be repeated without harm."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db.agent_tables import AgentEventRow, CallDispositionRow
from app.db.fact_batch import Batch
from app.db.statement import Statement
from app.db.tables import AgentIntervalRow, CallEventRow, CallRow, QueueSegmentRow

__all__ = ["FactStore"]

_CALLS: Final[sa.Table] = CallRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_EVENTS: Final[sa.Table] = CallEventRow.__table__  # type: ignore[attr-defined]  # as above
_INTERVALS: Final[sa.Table] = AgentIntervalRow.__table__  # type: ignore[attr-defined]  # as above
_AGENT_EVENTS: Final[sa.Table] = AgentEventRow.__table__  # type: ignore[attr-defined]  # as above
_DISPOSITIONS: Final[sa.Table] = CallDispositionRow.__table__  # type: ignore[attr-defined]  # as above
_SEGMENTS: Final[sa.Table] = QueueSegmentRow.__table__  # type: ignore[attr-defined]  # as above


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
            Statement(insert(table).on_conflict_do_nothing(), dialect, table.columns.keys())
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

    def write(self, connection: sa.Connection, batch: Batch) -> set[str]:
        """Returns the calls whose wrap-up could not be stored since they have no row yet."""
        self._events.many(connection, batch.events)
        self._intervals.many(connection, batch.intervals)
        self._segments.many(connection, batch.segments)
        self._calls.many(connection, batch.calls())
        if batch.agent_events:
            self._agent_events.many(connection, batch.agent_events)
        if batch.dispositions:
            self._dispositions.many(connection, batch.dispositions.values())
        return self._wrap_ups(connection, batch.wrap_ups)

    def _wrap_ups(self, connection: sa.Connection, wrap_ups: Mapping[str, int]) -> set[str]:
        if not wrap_ups:
            return set()
        query = sa.select(_CALLS.c.call).where(_CALLS.c.call.in_(list(wrap_ups)))
        known = set(connection.execute(query).scalars())
        self._wrap_up.many(connection, [(call, wrap_ups[call]) for call in known])
        return wrap_ups.keys() - known
