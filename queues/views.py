"""What may be read of the engine: values for projections and REST, never live objects."""

from dataclasses import dataclass

from queues.agents.agent import Agent
from queues.floor.floor import Floor
from queues.model import AgentId, AgentStatus, OfferId, QueueId, RoutingState, TicketId, TicketState

__all__ = ["AgentView", "OfferView", "TicketView", "agent_view", "counts", "offer_view", "position", "ticket_view"]


@dataclass(frozen=True, slots=True)
class AgentView:
    """``since``: the instant at which the present routing state began."""

    agent: AgentId
    status: AgentStatus
    pending_status: AgentStatus | None
    routing_state: RoutingState
    since: float
    pause_reason: str | None
    active: int
    capacity: int
    wrap_up_until: float | None
    reachable: bool
    ticket: TicketId | None
    outside_calls: int = 0
    pause_overdue: bool = False
    forced_by: str | None = None
    uncoded: tuple[TicketId, ...] = ()  # calls in wrap-up that need a disposition


@dataclass(frozen=True, slots=True)
class TicketView:
    ticket: TicketId
    queue: QueueId
    state: TicketState
    priority: int  # the ticket's own, without the queue's
    joined_at: float
    ready: bool
    offers: tuple[OfferId, ...]
    agent: AgentId | None  # whom it is connected to
    reserved_for: AgentId | None = None
    reserved_until: float | None = None


@dataclass(frozen=True, slots=True)
class OfferView:
    offer: OfferId
    ticket: TicketId
    agent: AgentId
    made_at: float
    ring_until: float
    answered: bool


def agent_view(agent: Agent) -> AgentView:
    shown = agent.told.picture
    return AgentView(
        agent.config.id, shown.status, shown.pending_status, shown.state, agent.told.since, shown.pause_reason,
        shown.active, shown.capacity, shown.wrap_up_until, agent.reachable, shown.ticket,
        shown.outside_calls, shown.pause_overdue, shown.forced_by,
        tuple(call.ticket for call in agent.wrap_up.calls if call.uncoded) if agent.wrap_up is not None else (),
    )  # fmt: skip


def ticket_view(floor: Floor, ticket_id: TicketId) -> TicketView | None:
    ticket = floor.tickets.get(ticket_id)
    if ticket is None:
        return None
    kept = ticket.reservation
    return TicketView(
        ticket.id, ticket.line.config.id, ticket.state, ticket.priority, ticket.joined_at, ticket.ready,
        ticket.offers, ticket.agent, kept.agent if kept is not None else None, kept.until if kept is not None else None,
    )  # fmt: skip


def offer_view(floor: Floor, offer_id: OfferId) -> OfferView | None:
    offer = floor.offers.get(offer_id)
    if offer is None:
        return None
    return OfferView(
        offer.id, offer.ticket.id, offer.agent.config.id, offer.made_at, offer.ring_until, offer.answered
    )  # fmt: skip


def position(floor: Floor, ticket_id: TicketId) -> int | None:
    ticket = floor.tickets.get(ticket_id)
    if ticket is None or ticket.state is TicketState.CONNECTED:
        return None
    return ticket.line.queue.position(ticket.place)


def counts(floor: Floor) -> dict[str, int]:
    waiting = sum(len(lines.waiting) for lines in floor.lines.values())
    connected = sum(len(agent.calls) for agent in floor.agents.agents.values())
    return {
        "tickets_waiting": waiting,
        "tickets_offered": len(floor.tickets) - waiting - connected,
        "tickets_connected": connected,
        "offers": len(floor.offers),
        "agents": len(floor.agents.agents),
        "deadlines": len(floor.deadlines),
    }
