"""Tickets and the lines they stand in. A line holds the waiting tickets of one queue: the same needs, one order.

The order is priority (high first), then the time of joining, then the sequence of arrival; it never changes by an offer
that fails. Ready tickets are also in a heap with lazy deletion, so that the head is found in O(log n).
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final

from queues.model import AgentId, OfferId, OverflowCause, QueueConfig, QueueId, TicketId, TicketState
from queues.outputs import TicketResult
from queues.reservation import Reservation
from queues.waits import UNSEEN

__all__ = ["Line", "Place", "Ticket"]

_SLACK: Final = 64

Place = tuple[int, float, int]
"""Sorts tickets across lines: negated effective priority, joined_at, arrival sequence."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A place in line. ``doomed``: how it ends should the bridge that is being built fail (``doomed_by``: for which cause).

    ``entered_at``: when it came into this queue; ``visited``: the queues that it flowed out of before.
    """

    id: TicketId
    line: "Line"
    priority: int
    joined_at: float
    sequence: int
    ready: bool
    flow_out_at: float | None = None
    state: TicketState = TicketState.WAITING
    offers: tuple[OfferId, ...] = ()
    met: int = UNSEEN  # how many it met on entering its queue (see ``waits``)
    entered_at: float = 0.0
    agent: AgentId | None = None  # whom it is connected to
    call_order: int = 0  # among the connected: an agent's calls are told oldest first
    doomed: TicketResult | None = None
    wrap_up_seconds: float | None = None  # after this call; None: the agent's or the queue's
    coded: bool = False  # it has a disposition
    doomed_by: OverflowCause | None = None
    timer: int = 0  # of max_wait
    phones: int = 0  # how many may ring at once, where it is more than one that may (``ringing``)
    ring_step: int = 0
    ring_timer: int = 0  # of the next step
    connected_at: float | None = None
    reservation: Reservation | None = None  # kept for one agent: not in the heap
    stamp: int = 0  # of its entry in the line's heap, 0 when it has none
    visited: tuple[QueueId, ...] = ()
    caller: str | None = None

    @property
    def place(self) -> Place:
        return (-self.line.config.priority - self.priority, self.joined_at, self.sequence)

    @property
    def for_all(self) -> bool:
        """May whoever is open for its line be offered it?"""
        return self.ready and self.reservation is None


class Line:
    """The waiting tickets of a queue: all of them in ``waiting``, the ready ones also in the heap."""

    __slots__ = ("_dead", "_heap", "_last_stamp", "_of_priority", "config", "waiting")

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self.waiting: dict[TicketId, Ticket] = {}
        self._of_priority: dict[int, int] = {}
        self._heap: list[tuple[int, float, int, int, Ticket]] = []
        self._last_stamp = 0
        self._dead = 0

    def add(self, ticket: Ticket) -> None:
        self.waiting[ticket.id] = ticket
        self._of_priority[ticket.priority] = self._of_priority.get(ticket.priority, 0) + 1
        if ticket.for_all:
            self._push(ticket)

    def remove(self, ticket: Ticket) -> None:
        del self.waiting[ticket.id]
        left = self._of_priority[ticket.priority] - 1
        if left:
            self._of_priority[ticket.priority] = left
        else:
            del self._of_priority[ticket.priority]
        self._unpush(ticket)

    def set_ready(self, ticket: Ticket, *, ready: bool) -> None:
        ticket.ready = ready
        self.relist(ticket)

    def relist(self, ticket: Ticket) -> None:
        """Whether it may be offered to all has changed."""
        if ticket.for_all and not ticket.stamp:
            self._push(ticket)
        elif not ticket.for_all:
            self._unpush(ticket)

    def set_priority(self, ticket: Ticket, priority: int) -> None:
        self.remove(ticket)
        ticket.priority = priority
        self.add(ticket)

    def head(self) -> Ticket | None:
        """The ready ticket to serve first."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if entry[4].stamp == entry[3]:
                return entry[4]
            heappop(heap)
            self._dead -= 1
        return None

    def last_position(self, priority: int) -> int:
        """The position, from 1, of the last waiting ticket of this priority."""
        return sum(count for other, count in self._of_priority.items() if other >= priority)

    def in_order(self) -> list[Ticket]:
        return sorted(self.waiting.values(), key=_place)

    def _push(self, ticket: Ticket) -> None:
        self._last_stamp += 1
        ticket.stamp = self._last_stamp
        heappush(self._heap, (-ticket.priority, ticket.joined_at, ticket.sequence, ticket.stamp, ticket))

    def _unpush(self, ticket: Ticket) -> None:
        if not ticket.stamp:
            return
        ticket.stamp = 0
        heap = self._heap
        if heap[0][4] is ticket:  # nearly always: served from the head
            heappop(heap)
            return
        self._dead += 1
        if 2 * self._dead > len(heap) + _SLACK:
            self._heap = [entry for entry in heap if entry[4].stamp == entry[3]]
            heapify(self._heap)
            self._dead = 0


def _place(ticket: Ticket) -> Place:
    return ticket.place
