"""``/api/v1/queues/{queue}/members``: which agents belong to a queue, and how."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import col

from app.agents.membership import Penalty, Position
from app.agents.service import AGENTS
from app.auth.access import ADMIN, READ
from app.db.tables import AgentQueueRow, AgentRow
from app.fields import Name
from app.paging import Cursor, Limit, Page, after_cursor, page_of
from app.problems import Problem
from app.queues.service import QUEUES
from app.resources import Body, Change, changing
from app.services import UsesServices

__all__ = ["MemberBody", "MemberView", "router"]

router = APIRouter(prefix="/queues", tags=["queues"])


class MemberBody(Body):
    """``agent`` by name or id; ``penalty`` is its tier, lower ones are offered a call first."""

    agent: Name
    penalty: Penalty = 0
    position: Position = 0
    enabled: bool = True


class MemberView(BaseModel):
    """``named`` False: the agent serves every queue, and this one in the default way."""

    agent: str
    agent_id: str
    penalty: int
    position: int
    enabled: bool
    named: bool


@router.get("/{ref}/members", dependencies=[READ])
async def list_members(services: UsesServices, ref: str, limit: Limit = 50, cursor: Cursor = None) -> Page[MemberView]:
    """Those the queue is named for, and those who serve every queue, whether they have the skills or not."""
    after = after_cursor(cursor)
    async with services.database.read() as session:
        queue = await QUEUES.find(session, ref)
        here = (col(AgentQueueRow.agent_id) == col(AgentRow.id)) & (col(AgentQueueRow.queue_id) == queue.id)
        query = (
            select(AgentRow, AgentQueueRow)
            .join(AgentQueueRow, here, isouter=True)
            .where(or_(col(AgentRow.serves_all), col(AgentQueueRow.agent_id).is_not(None)), col(AgentRow.id) > after)
            .order_by(col(AgentRow.id))
            .limit(limit + 1)
        )
        found = [_view(agent, member) for agent, member in await session.execute(query)]
    return page_of(found, [view.agent_id for view in found], limit)


@router.put("/{ref}/members", dependencies=[ADMIN])
async def put_member(services: UsesServices, ref: str, body: MemberBody) -> MemberView:
    """Let the agent belong to the queue in this way, whatever it was before."""
    async with changing(services) as change:
        queue = await QUEUES.find(change.session, ref)
        agent = await AGENTS.find(change.session, body.agent, lock=True)
        member = await change.session.get(AgentQueueRow, (agent.id, queue.id))
        if member is None:
            member = AgentQueueRow(agent_id=agent.id, queue_id=queue.id)
        member.penalty, member.position, member.enabled = body.penalty, body.position, body.enabled
        change.session.add(member)
        await _changed(change, agent)
        return _view(agent, member)


@router.delete("/{ref}/members", status_code=204, dependencies=[ADMIN])
async def delete_member(
    services: UsesServices, ref: str, agent: Annotated[str, Query(description="name or id")]
) -> None:
    """The agent does not belong to the queue any more; one that serves every queue does so in the default way again."""
    async with changing(services) as change:
        queue = await QUEUES.find(change.session, ref)
        found = await AGENTS.find(change.session, agent, lock=True)
        member = await change.session.get(AgentQueueRow, (found.id, queue.id))
        if member is None:
            raise Problem("not-found", f"Agent {found.name!r} is not named as a member of queue {queue.name!r}.")
        await change.session.delete(member)
        await _changed(change, found)


async def _changed(change: Change, agent: AgentRow) -> None:
    agent.version += 1
    agent.updated_at = change.now_ms
    await change.session.flush()
    change.touched.setdefault(AGENTS, []).append(agent)


def _view(agent: AgentRow, member: AgentQueueRow | None) -> MemberView:
    if member is None:
        return MemberView(agent=agent.name, agent_id=agent.id, penalty=0, position=0, enabled=True, named=False)
    return MemberView(
        agent=agent.name, agent_id=agent.id, penalty=member.penalty, position=member.position, enabled=member.enabled,
        named=True,
    )  # fmt: skip
