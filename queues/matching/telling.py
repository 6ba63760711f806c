"""What the world is told of agents: once a turn each, the difference since the last time."""

from queues.agents.agent import Agent, Picture
from queues.floor.floor import Floor
from queues.outputs import AgentChanged

__all__ = ["tell"]


def tell(floor: Floor, agent: Agent, now: float) -> None:
    """Say what became of the agent since it was last told of; forget one who is gone and has nothing in hand any more."""
    offer = agent.first_offer()
    offered = floor.offers[offer].ticket.id if offer is not None else None
    picture = agent.picture(offered)
    told, decisions = agent.told, floor.decisions
    floor.dirty.agents[agent.config.id] = None
    if decisions is not None:
        decisions.follow(agent, picture.state)
    if picture.differs(told.picture):
        floor.outputs.append(_changed(agent, picture))
        if picture.state is not told.picture.state:
            told.since = now
        told.picture = picture
        told.at = now
    if agent.removed and not agent.offers and not agent.calls and not agent.reserved:
        floor.agents.forget(agent)


def _changed(agent: Agent, picture: Picture) -> AgentChanged:
    before = agent.told.picture
    return AgentChanged(
        agent.config.id, picture.status, picture.pause_reason, picture.pending_status, picture.state, before.state,
        agent.told.at, before.pause_reason, picture.ticket, before.ticket, picture.active, picture.capacity,
        picture.wrap_up_until, picture.outside_calls, picture.pause_overdue, picture.forced_by,
    )  # fmt: skip
