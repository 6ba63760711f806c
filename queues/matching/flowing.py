"""Waiting tickets that leave their queue for a cause of its own: into another queue, their time of joining kept, or away.

A ticket for which a bridge is being built leaves only if that fails.
"""

from queues.floor.deadlines import MAX_WAIT
from queues.floor.doors import Door
from queues.floor.floor import Floor
from queues.lines.lines import Lines, Ticket
from queues.lines.waits import UNSEEN
from queues.matching.admitting import Caller, onward
from queues.model import OverflowCause, QueueId, TicketState
from queues.outputs import CancelReason, TicketMoved, TicketQueued, TicketResult, TurnedAway

__all__ = ["check_staff", "flow_out", "flow_out_all", "leave_doomed", "watch_max_wait"]


def flow_out(floor: Floor, ticket: Ticket, cause: OverflowCause, now: float) -> None:
    """The ticket, which is not connected, leaves its queue for this cause; a callback stays."""
    if ticket.callback:
        return
    if floor.answered(ticket):
        if ticket.doomed is None:  # the first cause counts, and a queue that is gone has no other
            ticket.doomed, ticket.doomed_by = TicketResult.FLOWED_OUT, cause
            floor.deadlines.disarm(ticket.timer)  # max_wait, over meanwhile, would be another cause
        return
    reason = CancelReason.TIMED_OUT if cause is OverflowCause.MAX_WAIT else CancelReason.FLOWED_OUT
    floor.withdraw_offers(ticket, reason, now)
    _leave(floor, ticket, cause, now)


def flow_out_all(floor: Floor, queue: QueueId, cause: OverflowCause, now: float) -> None:
    """Everybody who is not connected leaves the queue."""
    for ticket in [ticket for ticket in floor.tickets.values() if ticket.line.config.id == queue]:
        if ticket.state is not TicketState.CONNECTED:
            flow_out(floor, ticket, cause, now)


def leave_doomed(floor: Floor, now: float) -> None:
    """Tickets that were to leave while a bridge was being built, which failed."""
    while floor.leaving:
        ticket = floor.leaving.pop()
        cause = ticket.doomed_by or OverflowCause.MAX_WAIT
        ticket.doomed = ticket.doomed_by = None
        _leave(floor, ticket, cause, now)


def check_staff(floor: Floor, now: float) -> None:
    """Where the last agent went and the queue says so, those who wait leave it."""
    staff = floor.staff
    _note_presence(floor)
    while staff.emptied:
        for queue in staff.take_emptied():
            cause = _unstaffed(floor, floor.doors.get(queue))
            if cause is not None:
                flow_out_all(floor, queue, cause, now)
        _note_presence(floor)


def _note_presence(floor: Floor) -> None:
    """Where somebody is not there any more, and tiers open by emptiness, others may be asked now."""
    for agent in floor.touched_agents.values():
        served = agent.counted[0]
        if floor.agents.note_presence(agent):
            floor.touch_tiers(served)


def watch_max_wait(floor: Floor, ticket: Ticket) -> None:
    """Be woken when the ticket's time in its queue is over."""
    if ticket.flow_out_at is not None:
        ticket.timer = floor.deadlines.arm(ticket.flow_out_at, MAX_WAIT, ticket.id)


def _unstaffed(floor: Floor, door: Door | None) -> OverflowCause | None:
    if door is None or not door.config.limits.also_waiting:
        return None
    limits, queue = door.config.limits, door.config.id
    if limits.none_logged_in and not floor.staff.logged_in(queue):
        return OverflowCause.NONE_LOGGED_IN
    if limits.none_ready and not floor.staff.ready(queue):
        return OverflowCause.NONE_READY
    return None


def _leave(floor: Floor, ticket: Ticket, cause: OverflowCause, now: float) -> None:
    door = floor.doors.get(ticket.line.config.id)
    if door is None:  # the queue was removed meanwhile
        floor.end_ticket(ticket, TicketResult.WITHDRAWN)
        return
    visited = (*ticket.visited, door.config.id)
    onto = onward(floor, door, cause, Caller(ticket.priority, ticket.ready, ticket.requirements), now, visited)
    if onto.queue is None:
        floor.end_ticket(ticket, TicketResult.FLOWED_OUT, onto.overflow, cause, onto.turned_away)
    else:
        floor.outputs.append(TicketMoved(ticket.id, door.config.id, onto.queue, cause))
        _move(floor, ticket, floor.lines[onto.queue], onto.turned_away, now)
        ticket.visited = visited


def _move(floor: Floor, ticket: Ticket, lines: Lines, turned_away: tuple[TurnedAway, ...], now: float) -> None:
    """Into another line, in the place that its time of joining gives; ``max_wait`` begins anew."""
    if ticket.state is TicketState.WAITING:
        ticket.line.queue.remove(ticket)
    floor.deadlines.disarm(ticket.timer)
    ticket.timer = 0
    ticket.state = TicketState.WAITING
    ticket.line, ticket.entered_at, ticket.met = lines.base, now, UNSEEN
    config = lines.config
    ticket.flow_out_at = now + config.max_wait if config.max_wait is not None else None
    watch_max_wait(floor, ticket)
    floor.place(ticket, now)
    floor.join(ticket)
    floor.dirty.tickets[ticket.id] = None
    floor.outputs.append(TicketQueued(ticket.id, config.id, ticket.joined_at, 0, None, turned_away))
