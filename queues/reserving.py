"""Tickets kept for one agent: by a supervisor's word (assign, reserve) or because the caller knows that agent.

A reserved ticket keeps its place in line, but is offered to its agent only. The reservation ends with its time, with an
offer (whatever becomes of that), and when the agent is gone; the ticket is everybody's then.
"""

from queues.agent_table import Agent
from queues.floor import Floor
from queues.lines import Ticket, urgency
from queues.model import AgentStatus, TicketId, TicketState

__all__ = ["expire", "preferred", "serve"]


def serve(floor: Floor, agent: Agent, now: float) -> None:
    """The agent's own tickets: given back if it is gone, offered if it is the agent's turn to take them first."""
    for ticket in [floor.tickets[ticket_id] for ticket_id in agent.reserved]:
        if is_void(agent, ticket):
            floor.unreserve(ticket)
        elif _is_first(ticket) and offerable(ticket) and agent.free:
            floor.make_offer(ticket, agent, now)


def preferred(floor: Floor, agent: Agent, now: float) -> Ticket | None:
    """The first in line of the tickets that are kept for the agent without a claim to be its next."""
    own = [floor.tickets[ticket_id] for ticket_id in agent.reserved]
    return min((ticket for ticket in own if offerable(ticket)), key=lambda ticket: urgency(ticket, now), default=None)


def offerable(ticket: Ticket) -> bool:
    return ticket.ready and ticket.state is TicketState.WAITING


def is_void(agent: Agent, ticket: Ticket) -> bool:
    """The agent will not come for it. One that a supervisor named may be away for a moment."""
    reservation = ticket.reservation
    if reservation is None or agent.removed or agent.status is AgentStatus.LOGGED_OUT:
        return True
    return not reservation.first and not agent.reachable


def expire(floor: Floor, ticket_id: TicketId) -> None:
    """Its time is over: the ticket is everybody's."""
    floor.unreserve(floor.tickets[ticket_id])


def _is_first(ticket: Ticket) -> bool:
    return ticket.reservation is not None and ticket.reservation.first
