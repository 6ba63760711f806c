"""How agents belong to queues, as clients write and see it in an agent's ``queues``: a queue's name, or an object."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import AgentQueueRow, AgentRow, QueueRow
from app.fields import Name
from app.problems import FieldError, invalid
from app.resources import Change, resolve

__all__ = ["MembershipPart", "Penalty", "Position", "each_once", "in_short", "memberships", "memberships_stored"]

Penalty = Annotated[int, Field(ge=0, le=100)]
Position = Annotated[int, Field(ge=0, le=10_000)]


class MembershipPart(BaseModel):
    """``penalty`` is the agent's tier: lower ones are offered a call first. ``position``: its place in top-down lists."""

    model_config = ConfigDict(extra="forbid")

    queue: Name
    penalty: Penalty = 0
    position: Position = 0
    enabled: bool = True


_HOW: Final = ("penalty", "position", "enabled")
Written = Sequence[str | MembershipPart]


def each_once(value: Written) -> list[MembershipPart]:
    """As objects, by queue. Raises ``ValueError`` where a queue is given in two ways."""
    found: dict[str, MembershipPart] = {}
    for each in value:
        part = MembershipPart(queue=each) if isinstance(each, str) else each
        if found.setdefault(part.queue, part) != part:
            raise ValueError(f"queue {part.queue!r} is given twice")
    return [found[queue] for queue in sorted(found)]


def in_short(parts: Sequence[MembershipPart]) -> list[str | MembershipPart]:
    """A name where there is nothing else to say."""
    return [part.queue if part == MembershipPart(queue=part.queue) else part for part in parts]


async def memberships(session: AsyncSession, agents: Sequence[str]) -> dict[str, list[str | MembershipPart]]:
    """By agent, as clients see them."""
    query = (
        select(AgentQueueRow, col(QueueRow.name))
        .join(QueueRow, col(QueueRow.id) == col(AgentQueueRow.queue_id))
        .where(col(AgentQueueRow.agent_id).in_(agents))
        .order_by(col(QueueRow.name))
    )
    found: dict[str, list[MembershipPart]] = defaultdict(list)
    for row, name in await session.execute(query):
        part = MembershipPart(queue=name, penalty=row.penalty, position=row.position, enabled=row.enabled)
        found[row.agent_id].append(part)
    return defaultdict(list, {agent: in_short(parts) for agent, parts in found.items()})


async def memberships_stored(change: Change, row: AgentRow, written: Written | None) -> None:
    """Replace the agent's memberships. None, every queue: those that say how the agent belongs to a queue stay."""
    session, mine = change.session, col(AgentQueueRow.agent_id) == row.id
    if written is None:
        plain = (col(AgentQueueRow.penalty) == 0, col(AgentQueueRow.position) == 0, col(AgentQueueRow.enabled))
        await session.execute(delete(AgentQueueRow).where(mine, *plain))
        return
    parts = each_once(written)
    ids = await resolve(change, QueueRow, {part.queue: ("queues", i) for i, part in enumerate(parts)})
    rows = {ids[part.queue]: part for part in parts}
    if len(rows) != len(parts):
        raise invalid([FieldError("queues", "a queue is given twice, by name and by id")])
    await session.execute(delete(AgentQueueRow).where(mine))
    session.add_all(
        AgentQueueRow(agent_id=row.id, queue_id=queue, **part.model_dump(include=set(_HOW)))
        for queue, part in sorted(rows.items())
    )
    await session.flush()
