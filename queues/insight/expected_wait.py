"""How long a call will wait: what the queue has learnt (``waits``), asked about a place in its line.

A call that waits already is taken for one that arrives now and meets as many as are before it.
"""

from queues.floor.floor import Floor
from queues.lines.lines import Ticket
from queues.lines.waits import AT_ONCE
from queues.model import QueueId, TicketId, TicketState

__all__ = ["enter", "expected_wait", "length_met", "remaining_wait"]


def expected_wait(floor: Floor, queue: QueueId, priority: int, now: float, position: int | None = None) -> float | None:
    """Seconds that a call entering the queue now may expect to wait until it is connected; None: nothing is known.

    ``position``: of a call that waits there already.
    """
    if queue not in floor.lines:
        return None
    return _ask(floor, queue, priority, length_met(floor, queue, priority, now) if position is None else position, now)


def enter(floor: Floor, ticket: Ticket, position: int, now: float) -> float | None:
    """The ticket is about to take this position: what it meets there is remembered. Returns what it may expect, seconds."""
    ticket.met = AT_ONCE if floor.agents.best(ticket.line) is not None else position
    return _ask(floor, ticket.line.config.id, ticket.priority, ticket.met, now)


def length_met(floor: Floor, queue: QueueId, priority: int, now: float) -> int:
    """What a call of this priority meets on entering: its position, or ``AT_ONCE`` where an agent is open for it."""
    lines = floor.lines[queue]
    if floor.agents.best(lines.base) is not None:
        return AT_ONCE
    return lines.ahead_of_newcomer(priority, now) + 1


def remaining_wait(floor: Floor, ticket_id: TicketId, now: float) -> float | None:
    """Seconds that a ticket not connected yet has still to wait; None for any other, or where nothing is known."""
    ticket = floor.tickets.get(ticket_id)
    if ticket is None or ticket.state is TicketState.CONNECTED:
        return None
    lines = ticket.line.queue
    return _ask(floor, lines.config.id, ticket.priority, lines.position(ticket.place), now)


def _ask(floor: Floor, queue: QueueId, priority: int, length: int, now: float) -> float | None:
    lines, waits = floor.lines.get(queue), floor.waits.get(queue)
    if lines is None or waits is None:
        return None
    head = lines.head()
    return waits.expected(priority, length, head.joined_at if head is not None else None, now)
