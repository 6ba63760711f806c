"""Commands about tickets: entering, leaving, and what happens to them while they wait."""

from queues.commands import Abandon, CallEnded, Enqueue, SetPriority, SetReady, SetWrapUp, Withdraw
from queues.floor.floor import Floor
from queues.handlers import wrap_ups
from queues.insight.expected_wait import enter
from queues.lines.lines import Ticket
from queues.lines.waits import UNSEEN
from queues.matching import reserving
from queues.matching.admitting import Caller, Route, route
from queues.model import QueueId, TicketId, TicketState
from queues.outputs import CancelReason, RefusalReason, Refused, TicketQueued, TicketResult

__all__ = ["TicketCommand", "carry_out", "leave_agent", "unconnected", "unknown"]

TicketCommand = Enqueue | SetReady | SetPriority | Abandon | Withdraw | CallEnded | SetWrapUp


def carry_out(floor: Floor, command: TicketCommand, now: float) -> Refused | None:
    if isinstance(command, Enqueue):
        return _enqueue(floor, command, now)
    if isinstance(command, CallEnded):
        return _call_ended(floor, command.ticket, now)
    if isinstance(command, SetReady):
        return _set_ready(floor, command, now)
    if isinstance(command, Abandon):
        return _leave(floor, command.ticket, TicketResult.ABANDONED, CancelReason.ABANDONED, now)
    if isinstance(command, Withdraw):
        return _leave(floor, command.ticket, TicketResult.WITHDRAWN, CancelReason.WITHDRAWN, now)
    if isinstance(command, SetPriority):
        return _set_priority(floor, command, now)
    return wrap_ups.set_seconds(floor, command)


def _enqueue(floor: Floor, command: Enqueue, now: float) -> Refused | None:
    if command.ticket in floor.tickets:
        return Refused(RefusalReason.DUPLICATE_TICKET, f"ticket {command.ticket} is in a queue already")
    door = floor.doors.get(command.queue)
    if door is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {command.queue}")
    found = route(floor, door, Caller(command.priority, command.ready, command.requirements), now)
    if found.queue is None:
        away = found.turned_away
        reason = RefusalReason(away[0].cause.value)
        detail = f"queue {door.config.name} does not take the call: {reason.replace('_', ' ')}"
        return Refused(reason, detail, found.overflow, away)
    _admit(floor, command, found, found.queue, now)
    return None


def _admit(floor: Floor, command: Enqueue, found: Route, queue: QueueId, now: float) -> None:
    """Into the queue that takes the call; a caller whose place was kept has it."""
    lines = floor.lines[queue]
    config = lines.config
    flow_out_at = now + config.max_wait if config.max_wait is not None else None
    caller = command.caller if config.place_return_seconds > 0 else None
    kept = floor.places.take(queue, caller) if caller is not None else None
    joined_at = now if kept is None else kept
    floor.sequence += 1
    ticket = Ticket(command.ticket, lines.base, command.priority, joined_at, floor.sequence, command.ready, flow_out_at)
    ticket.wrap_up_seconds, ticket.caller = command.wrap_up_seconds, command.caller
    ticket.requirements, ticket.entered_at = command.requirements, now
    floor.place(ticket, now)
    position, expected = 0, None  # an old place says nothing of what new callers wait
    if kept is None:
        position = lines.position(ticket.place)
        expected = enter(floor, ticket, position, now)
    floor.take_in(ticket)
    floor.outputs.append(TicketQueued(command.ticket, queue, joined_at, position, expected, found.turned_away))
    if queue == command.queue:
        reserving.prefer(floor, ticket, command.preferred, now)


def unconnected(floor: Floor, ticket_id: TicketId) -> Ticket | Refused:
    """A ticket that waits or is offered."""
    ticket = floor.tickets.get(ticket_id)
    if ticket is None:
        return unknown(ticket_id)
    if ticket.state is TicketState.CONNECTED:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, f"ticket {ticket_id} is connected to an agent")
    return ticket


def unknown(ticket_id: TicketId) -> Refused:
    return Refused(RefusalReason.UNKNOWN_TICKET, f"there is no ticket {ticket_id}")


def _set_ready(floor: Floor, command: SetReady, now: float) -> Refused | None:
    ticket = unconnected(floor, command.ticket)
    if isinstance(ticket, Refused):
        return ticket
    if ticket.ready is command.ready:
        return None
    if ticket.state is TicketState.WAITING:
        ticket.line.queue.set_ready(ticket, ready=command.ready)
        floor.touch_line(ticket.line)
    ticket.ready = command.ready
    if command.ready:
        reserving.begin(floor, ticket, now)
    floor.ringing.weigh(ticket)
    floor.dirty.tickets[ticket.id] = None
    return None


def _set_priority(floor: Floor, command: SetPriority, now: float) -> Refused | None:
    ticket = unconnected(floor, command.ticket)
    if isinstance(ticket, Refused):
        return ticket
    if ticket.state is TicketState.WAITING:
        ticket.line.queue.set_priority(ticket, command.priority)
    else:
        ticket.priority = command.priority
        floor.place(ticket, now)
    ticket.met = UNSEEN  # it waited in two classes
    floor.dirty.tickets[ticket.id] = None
    return None


def _leave(floor: Floor, ticket_id: TicketId, result: TicketResult, reason: CancelReason, now: float) -> Refused | None:
    """Also while an agent's answer is on its way: one owner decides, the late answer is dropped by its receiver."""
    ticket = unconnected(floor, ticket_id)
    if isinstance(ticket, Refused):
        return ticket
    floor.withdraw_offers(ticket, reason, now)
    floor.end_ticket(ticket, result)
    config = ticket.line.config
    if result is TicketResult.ABANDONED and ticket.caller is not None and config.place_return_seconds > 0:
        floor.places.keep(config.id, ticket.caller, ticket.joined_at, now + config.place_return_seconds)
    return None


def _call_ended(floor: Floor, ticket_id: TicketId, now: float) -> Refused | None:
    ticket = floor.tickets.get(ticket_id)
    if ticket is None:
        return unknown(ticket_id)
    if ticket.state is not TicketState.CONNECTED:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, f"ticket {ticket_id} is not connected")
    leave_agent(floor, ticket, now)
    floor.end_ticket(ticket, TicketResult.COMPLETED)
    return None


def leave_agent(floor: Floor, ticket: Ticket, now: float) -> None:
    """A connected ticket's agent has done with it, and wraps up."""
    if ticket.agent is None:
        return
    agent = floor.agents.agents[ticket.agent]
    ticket.agent, ticket.call_order = None, 0
    del agent.calls[ticket.id]
    if ticket.connected_at is not None:
        talked = now - ticket.connected_at
        agent.tally.talk_seconds += talked
        ticket.connected_at = None
    floor.agents.now_idle(agent, now)
    wrap_ups.begin(floor, agent, ticket, now)
    ticket.coded, ticket.wrap_up_seconds = False, None
    floor.touch(agent)
    floor.emptied(agent, now)
