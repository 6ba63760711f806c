"""Which calls a report is about: query parameters as one value, and as SQL."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import AgentRow, CallRow, ConfigRow, QueueRow
from app.facts import Outcome
from app.problems import FieldError, invalid

__all__ = ["CallFilter", "UsesFilter", "id_of", "interval", "ms"]

From = Annotated[datetime | None, Query(alias="from", description="RFC 3339; from this moment on.")]
To = Annotated[datetime | None, Query(description="RFC 3339; before this moment.")]
Ref = Annotated[str | None, Query(max_length=64, description="Name or id.")]
OutcomeFilter = Annotated[Outcome | None, Query(description="How it ended.")]
CallerFilter = Annotated[str | None, Query(max_length=256, description="Part of the caller's address.")]
OverflowFilter = Annotated[
    Literal[
        "emergency", "holiday", "closed", "none_logged_in", "none_ready", "queue_full", "expected_wait", "max_wait",
        "callback",
    ] | None,
    Query(description="Why the queue did not take it, or let it go."),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallFilter:
    """``start`` and ``end`` (exclusive) are milliseconds since the epoch and look at the arrival."""

    start: int | None
    end: int | None
    queue: str | None
    agent: str | None
    outcome: str | None
    caller: str | None
    overflow_cause: str | None = None

    async def conditions(self, session: AsyncSession) -> list[sa.ColumnElement[bool]]:
        """Raises the ``validation`` problem for a queue or agent that never was."""
        found: list[sa.ColumnElement[bool]] = []
        if self.start is not None:
            found.append(col(CallRow.arrived_at) >= self.start)
        if self.end is not None:
            found.append(col(CallRow.arrived_at) < self.end)
        if self.queue is not None:
            found.append(col(CallRow.queue) == await id_of(session, QueueRow, "queue", self.queue))
        if self.agent is not None:
            found.append(col(CallRow.agent) == await id_of(session, AgentRow, "agent", self.agent))
        if self.outcome is not None:
            found.append(col(CallRow.outcome) == self.outcome)
        if self.caller is not None:
            found.append(col(CallRow.caller).contains(self.caller, autoescape=True))
        if self.overflow_cause is not None:
            found.append(col(CallRow.overflow_cause) == self.overflow_cause)
        return found


def ms(moment: datetime | None, field: str) -> int | None:
    """Milliseconds since the epoch. Raises the ``validation`` problem for a time without its offset."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise invalid([FieldError(field, "give the time zone: Z, or an offset such as +01:00", "query")])
    return round(moment.astimezone(UTC).timestamp() * 1000)


def interval(start: datetime | None, end: datetime | None) -> tuple[int | None, int | None]:
    """Raises the ``validation`` problem for an interval that ends before it starts."""
    start_ms, end_ms = ms(start, "from"), ms(end, "to")
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise invalid([FieldError("to", "it is before `from`", "query")])
    return start_ms, end_ms


async def id_of(session: AsyncSession, table: type[ConfigRow], field: str, ref: str) -> str:
    """The id behind a name or id; an id is taken as it is where 36 long, for its object may have been deleted."""
    columns: Any = table.__table__.c  # type: ignore[attr-defined]  # every ConfigRow subclass is a table
    query = sa.select(columns.id).where(sa.or_(columns.id == ref, columns.name == ref))
    found: str | None = (await session.execute(query)).scalar_one_or_none()
    if found is not None:
        return found
    if len(ref) == 36 and ref.count("-") == 4:
        return ref
    raise invalid([FieldError(field, f"there is no {field} {ref!r}", "query")])


async def _filter(
    start: From = None,
    to: To = None,
    queue: Ref = None,
    agent: Ref = None,
    outcome: OutcomeFilter = None,
    caller: CallerFilter = None,
    overflow_cause: OverflowFilter = None,
) -> CallFilter:
    start_ms, end_ms = interval(start, to)
    return CallFilter(start_ms, end_ms, queue, agent, outcome, caller, overflow_cause)


UsesFilter = Annotated[CallFilter, Depends(_filter)]
