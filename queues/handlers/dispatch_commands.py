"""A supervisor's hand in the lines: this call to that agent, to another queue, to the front, back into line."""

from dataclasses import dataclass

from queues.agents.agent import Agent
from queues.commands import AssignTicket, MoveToFront, ReleaseTicket, RequeueTicket, ReserveTicket
from queues.floor.floor import Floor
from queues.handlers.ticket_commands import leave_agent, unconnected, unknown
from queues.lines.lines import Lines, Ticket
from queues.lines.reservation import Reservation
from queues.lines.waits import UNSEEN
from queues.model import AgentId, AgentStatus, TicketId, TicketState
from queues.outputs import CancelReason, RefusalReason, Refused, TicketRequeued

__all__ = ["DispatchCommand", "carry_out"]

DispatchCommand = AssignTicket | ReserveTicket | ReleaseTicket | RequeueTicket | MoveToFront


def carry_out(floor: Floor, command: DispatchCommand, now: float) -> Refused | None:
    match command:
        case AssignTicket():
            return _assign(floor, command, now)
        case ReserveTicket():
            return _reserve(floor, command, now)
        case ReleaseTicket():
            return _release(floor, command.ticket)
        case RequeueTicket():
            return _requeue(floor, command, now)
        case MoveToFront():
            return _to_front(floor, command.ticket, now)


@dataclass(slots=True)
class _Pair:
    ticket: Ticket
    agent: Agent


def _assign(floor: Floor, command: AssignTicket, now: float) -> Refused | None:
    pair = _pair(floor, command.ticket, command.agent)
    if isinstance(pair, Refused):
        return pair
    agent = pair.agent
    if any(offer in agent.offers for offer in pair.ticket.offers):
        return None  # it rings there already
    if command.at_once and not agent.open:
        state = agent.routing_state().value.replace("_", " ")
        return _impossible(f"agent {agent.config.name} cannot take a call now ({state})")
    _keep(floor, pair, Reservation(agent.config.id, command.until, first=True, holds=False), now)
    return None


def _reserve(floor: Floor, command: ReserveTicket, now: float) -> Refused | None:
    pair = _pair(floor, command.ticket, command.agent)
    if isinstance(pair, Refused):
        return pair
    if command.until <= now:
        return _impossible("a reservation ends in the future")
    _keep(floor, pair, Reservation(pair.agent.config.id, command.until, first=True, holds=True), now)
    return None


def _pair(floor: Floor, ticket_id: TicketId, agent_id: AgentId) -> _Pair | Refused:
    """A ticket that can be offered anew, and an agent who is there. A supervisor's word goes above skills and tiers."""
    ticket = _movable(floor, ticket_id)
    if isinstance(ticket, Refused):
        return ticket
    agent = floor.agents.configured(agent_id)
    if agent is None:
        return Refused(RefusalReason.UNKNOWN_AGENT, f"there is no agent {agent_id}")
    if agent.status is AgentStatus.LOGGED_OUT:
        return _impossible(f"agent {agent.config.name} is logged out")
    return _Pair(ticket, agent)


def _keep(floor: Floor, pair: _Pair, reservation: Reservation, now: float) -> None:
    ticket = pair.ticket
    floor.withdraw_offers(ticket, CancelReason.REASSIGNED, now)
    if ticket.state is TicketState.OFFERED:
        floor.back_in_line(ticket)
    floor.reserve(ticket, pair.agent, reservation)


def _release(floor: Floor, ticket_id: TicketId) -> Refused | None:
    ticket = unconnected(floor, ticket_id)
    if isinstance(ticket, Refused):
        return ticket
    if ticket.reservation is None:
        return _impossible(f"ticket {ticket_id} is kept for nobody")
    floor.unreserve(ticket)
    return None


def _requeue(floor: Floor, command: RequeueTicket, now: float) -> Refused | None:
    ticket = floor.tickets.get(command.ticket)
    if ticket is None:
        return unknown(command.ticket)
    lines = floor.lines.get(command.queue if command.queue is not None else ticket.line.config.id)
    if lines is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {command.queue or ticket.line.config.name}")
    refused = _no_move(floor, ticket, lines)
    if refused is not None:
        return refused
    if ticket.state is TicketState.CONNECTED:
        leave_agent(floor, ticket, now)
        ticket.ready = command.ready
    floor.withdraw_offers(ticket, CancelReason.REASSIGNED, now)
    _move(floor, ticket, lines, now)
    floor.outputs.append(TicketRequeued(ticket.id, lines.config.id, ticket.joined_at, lines.position(ticket.place)))
    return None


def _no_move(floor: Floor, ticket: Ticket, lines: Lines) -> Refused | None:
    config = lines.config
    if floor.answered(ticket):
        return _impossible(f"an agent has answered ticket {ticket.id}")
    if ticket.state is not TicketState.CONNECTED and lines is ticket.line.queue:
        return _impossible(f"ticket {ticket.id} waits in queue {config.name} already")
    if config.max_length is not None and len(lines.waiting) >= config.max_length and lines is not ticket.line.queue:
        return Refused(RefusalReason.QUEUE_FULL, f"queue {config.name} holds its {config.max_length} calls already")
    return None


def _move(floor: Floor, ticket: Ticket, lines: Lines, now: float) -> None:
    """Into the line, with the time of joining that it has; the queue's ``max_wait`` begins anew (a callback has none)."""
    floor.unreserve(ticket)
    if ticket.state is TicketState.WAITING:
        ticket.line.queue.remove(ticket)
    floor.deadlines.disarm(ticket.timer)
    ticket.state, ticket.line = TicketState.WAITING, lines.base
    ticket.met, ticket.entered_at, ticket.visited = UNSEEN, now, ()  # it waited in two lines
    max_wait = lines.config.max_wait
    ticket.flow_out_at = now + max_wait if max_wait is not None and not ticket.callback else None
    floor.admit(ticket, now)


def _to_front(floor: Floor, ticket_id: TicketId, now: float) -> Refused | None:
    """By as much priority as it takes to stand before the first in line."""
    ticket = unconnected(floor, ticket_id)
    if isinstance(ticket, Refused):
        return ticket
    priority = ticket.line.queue.first_priority(ticket)
    if priority is not None:
        if ticket.state is TicketState.WAITING:
            ticket.line.queue.set_priority(ticket, priority)
        else:
            ticket.priority = priority
            floor.place(ticket, now)
        ticket.met = UNSEEN
        floor.touch_line(ticket.line)
        floor.dirty.tickets[ticket.id] = None
    return None


def _movable(floor: Floor, ticket_id: TicketId) -> Ticket | Refused:
    ticket = unconnected(floor, ticket_id)
    if isinstance(ticket, Ticket) and floor.answered(ticket):
        return _impossible(f"an agent has answered ticket {ticket_id}")
    return ticket


def _impossible(detail: str) -> Refused:
    return Refused(RefusalReason.NOT_POSSIBLE_NOW, detail)
