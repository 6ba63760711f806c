"""Tickets kept for one agent: by a supervisor's word (assign, reserve) or because the caller knows that agent.

A reserved ticket keeps its place in line, but is offered to its agent only. The reservation ends with its time, with an
offer (whatever becomes of that), and when the agent is gone; the ticket is everybody's then.
"""

from queues.agents.agent import Agent
from queues.floor.deadlines import RESERVED
from queues.floor.floor import Floor
from queues.lines.lines import Ticket, urgency
from queues.lines.reservation import Reservation
from queues.model import AgentId, AgentStatus, TicketId, TicketState

__all__ = ["begin", "expire", "prefer", "preferred", "serve"]


def serve(floor: Floor, agent: Agent, now: float) -> None:
    """The agent's own tickets: given back if it is gone, offered if it is the agent's turn to take them first."""
    for ticket in [floor.tickets[ticket_id] for ticket_id in agent.reserved]:
        if is_void(floor, agent, ticket):
            floor.unreserve(ticket)
        elif offerable(ticket) and _may_be_next(agent, ticket):
            floor.make_offer(ticket, agent, now)


def preferred(floor: Floor, agent: Agent, now: float) -> Ticket | None:
    """The first in line of the tickets that are kept for the agent without a claim to be its next."""
    own = [floor.tickets[ticket_id] for ticket_id in agent.reserved]
    return min((ticket for ticket in own if offerable(ticket)), key=lambda ticket: urgency(ticket, now), default=None)


def prefer(floor: Floor, ticket: Ticket, agent_id: AgentId | None, now: float) -> None:
    """Keep a new ticket for the agent who knows its caller, if the queue wants that and the agent can be expected."""
    policy = ticket.line.config.sticky
    agent = floor.agents.configured(agent_id) if agent_id is not None and policy is not None else None
    if agent is None or policy is None or not floor.agents.may_serve(agent, ticket.line):
        return
    if agent.status is AgentStatus.LOGGED_OUT or not agent.reachable:
        return
    if policy.wait_seconds > 0 or agent.free:
        until = now + policy.wait_seconds if ticket.ready else None
        later = policy.wait_seconds if not ticket.ready else None
        kept = Reservation(agent.config.id, until, first=False, holds=False, seconds=later)
        floor.reserve(ticket, agent, kept)


def begin(floor: Floor, ticket: Ticket, now: float) -> None:
    """The ticket is ready: its agent may take it, and the time that it is kept begins."""
    reservation = ticket.reservation
    if reservation is None:
        return
    if reservation.seconds is not None:
        reservation.until, reservation.seconds = now + reservation.seconds, None
        reservation.timer = floor.deadlines.arm(reservation.until, RESERVED, ticket.id)
        floor.dirty.tickets[ticket.id] = None
    floor.touch(floor.agents.agents[reservation.agent])


def offerable(ticket: Ticket) -> bool:
    return ticket.ready and ticket.state is TicketState.WAITING


def is_void(floor: Floor, agent: Agent, ticket: Ticket) -> bool:
    """The agent will not come for it. One that a supervisor named may be away for a moment."""
    reservation = ticket.reservation
    if reservation is None or agent.removed or agent.status is AgentStatus.LOGGED_OUT:
        return True
    return not reservation.first and not (agent.reachable and floor.agents.may_serve(agent, ticket.line))


def expire(floor: Floor, ticket_id: TicketId) -> None:
    """Its time is over: the ticket is everybody's."""
    floor.unreserve(floor.tickets[ticket_id])


def _may_be_next(agent: Agent, ticket: Ticket) -> bool:
    """Before all others; but a slot that is held for another ticket is not taken."""
    kept = ticket.reservation
    return kept is not None and kept.first and (agent.free if kept.holds else agent.open)
