"""Tickets and the lines they stand in. A line holds the waiting tickets of one queue that need the same of an agent.

The order within a queue is that of points: priority (the queue's and the call's own) plus ageing times wait; among equals
the earlier to join is first. All tickets of a queue age alike, so that their order never changes by time, nor by an offer
that fails. Ready tickets are also in the heap of their line, with lazy deletion, and lines listed by their heads: the first
ticket that an agent may serve is found without a look at those behind the heads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import floor
from typing import Final

from queues.lines.heads import Headed, Heads, Place
from queues.lines.needs import Needs, needs_after, next_step, steps_of
from queues.lines.ranking import Ranking
from queues.lines.reservation import Reservation
from queues.lines.waits import UNSEEN
from queues.model import AgentId, OfferId, OverflowCause, QueueConfig, QueueId, TicketId, TicketState
from queues.outputs import TicketResult
from queues.rules.requirements import OpenWhen, RelaxationStep, Requirement

__all__ = ["Line", "Lines", "Place", "Ticket", "Urgency", "urgency"]

_SLACK: Final = 64
_HAIR: Final = 1e-3
"""Points: differences below are rounding."""
_LAST: Final = 1 << 62
"""A sequence number after all that are given out."""

Urgency = tuple[float, float, float, int]
"""Sorts tickets across queues: negated points now, negated wait by the queue's weight, joined_at, arrival sequence."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A place in line. ``doomed``: how it ends should the bridge that is being built fail (``doomed_by``: for which cause).

    ``entered_at``: when it came into this queue; ``visited``: the queues that it flowed out of before.
    ``requirements``: the call's own, beside the queue's. ``line`` and ``place`` follow from configuration and time.
    """

    id: TicketId
    line: "Line"
    priority: int
    joined_at: float
    sequence: int
    ready: bool
    flow_out_at: float | None = None
    requirements: tuple[Requirement, ...] = ()
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
    relax_timer: int = 0
    phones: int = 0  # how many may ring at once, where it is more than one that may (``ringing``)
    ring_step: int = 0
    ring_timer: int = 0  # of the next step
    connected_at: float | None = None
    reservation: Reservation | None = None  # kept for one agent: not in the heap
    callback: bool = False  # it has no call yet: its caller is dialled when its turn comes
    alone: bool = False  # offered as a callback or by reservation: no other phone is to join in
    stamp: int = 0  # of its entry in the line's heap; negated that of its last one, when it has none
    visited: tuple[QueueId, ...] = ()
    caller: str | None = None
    place: Place = (0.0, 0.0, 0)

    @property
    def for_all(self) -> bool:
        """May whoever is open for its line be offered it?"""
        return self.ready and self.reservation is None


class Line(Headed):
    """Waiting tickets of ``queue`` with the same ``needs``. ``head``: the ready one to serve first.

    ``audience``: the agents who may serve them; ``reach``: those too who may where tiers open by emptiness.
    """

    __slots__ = ("audience", "dead", "head", "listed", "needs", "queue", "rest", "size")

    def __init__(self, queue: "Lines", needs: Needs) -> None:
        super().__init__()
        self.queue = queue
        self.needs = needs
        self.size = 0
        self.head: Ticket | None = None
        self.rest: list[tuple[Place, int, Ticket]] = []  # a heap of the other ready ones
        self.dead = 0  # entries of the heap that are void
        self.listed: Ticket | None = None  # the head that the queue knows
        self.audience = 0

    @property
    def config(self) -> QueueConfig:
        return self.queue.config

    def place(self) -> Place:
        assert self.listed is not None
        return self.listed.place

    def push(self, ticket: Ticket) -> None:
        stamp = ticket.stamp = 1 - ticket.stamp  # its own numbers: void entries of it may be left in other queues
        head = self.head
        if head is None:
            self.head = ticket
        elif ticket.place < head.place:
            self.head = ticket
            heappush(self.rest, (head.place, head.stamp, head))
        else:
            heappush(self.rest, (ticket.place, stamp, ticket))

    def unpush(self, ticket: Ticket) -> None:
        ticket.stamp = -ticket.stamp
        if self.head is ticket:
            self.head = self._following()
            return
        self.dead += 1
        if 2 * self.dead > len(self.rest) + _SLACK:
            self.rest = [entry for entry in self.rest if entry[2].stamp == entry[1]]
            heapify(self.rest)
            self.dead = 0

    def _following(self) -> Ticket | None:
        """The next one, out of the heap."""
        while self.rest:
            _, stamp, ticket = heappop(self.rest)
            if ticket.stamp == stamp:
                return ticket
            self.dead -= 1
        return None


class Lines:
    """The lines of one queue: that of its own needs (``base``) always, others while somebody stands in them.

    ``alone``: the base line is the only one; else ``heads`` lists those that have somebody to offer. ``pace``: places of
    tickets can be compared across queues of the same pace, as they gain points, and wait, at the same rate. ``tiered``:
    tiers may open by emptiness.
    """

    __slots__ = (
        "_of_needs", "_order", "_shared", "_steps", "alone", "base", "config", "heads", "pace", "tiered", "waiting",
    )  # fmt: skip
    __deletable__ = ("base",)  # for mypyc, which wants to know what ``close`` does

    def __init__(self, config: QueueConfig, top_tier: int = 0) -> None:
        self.waiting: dict[TicketId, Ticket] = {}
        self._order: Ranking[Place] = Ranking()
        self._shared: dict[tuple[str, int], tuple[str, int]] = {}  # what needs are made of, each once
        self.heads: Heads[Line] = Heads()
        self.configure(config, top_tier)

    def configure(self, config: QueueConfig, top_tier: int) -> None:
        """``top_tier``: the highest that the queue's agents have. Whoever waits is taken out before, and placed anew."""
        self.config = config
        self.pace = (config.ageing, config.weight)
        self.tiered = config.tier_rules is not None and config.tier_rules.open_when is not OpenWhen.NEVER
        self._steps: tuple[RelaxationStep, ...] = steps_of(config, top_tier)
        self.base = Line(self, needs_after(config, (), (), 0.0, 0.0))
        self._of_needs: dict[Needs, Line] = {self.base.needs: self.base}
        self.alone = True
        self.heads.clear()

    def close(self) -> None:
        """The queue is gone: its lines refer to it, it no longer to them."""
        self._of_needs.clear()
        self.heads.clear()
        del self.base

    def __iter__(self) -> Iterator[Line]:
        return iter(self._of_needs.values())

    # --- a ticket's place

    def assign(self, ticket: Ticket, now: float) -> float | None:
        """Line and place of a ticket that stands in none. Returns the instant at which its needs change next."""
        joined_at = ticket.joined_at
        ticket.place = self._place(ticket)
        ticket.line = self.line_for(ticket.requirements, joined_at, now)
        return next_step(self._steps, joined_at, now) if self._steps else None

    def line_for(self, own: tuple[Requirement, ...], joined_at: float, now: float) -> Line:
        """The line of a call with these requirements of its own; one of which nobody stands in is not kept."""
        if not own and not self._steps:
            return self.base
        needs = needs_after(self.config, self._steps, own, joined_at, now)
        return self._of_needs.get(needs) or Line(self, self._sharing(needs))

    def add(self, ticket: Ticket) -> None:
        """The ticket waits, in its line and place."""
        line = ticket.line
        if not line.size and line is not self.base:
            line = ticket.line = self._open(line)
        line.size += 1
        self.waiting[ticket.id] = ticket
        self._order.add(ticket.place)
        if ticket.for_all:
            self._push(ticket)

    def remove(self, ticket: Ticket) -> None:
        """The ticket waits no longer, or is about to be placed anew."""
        del self.waiting[ticket.id]
        self._order.discard(ticket.place)
        line = ticket.line
        if ticket.stamp > 0:
            line.unpush(ticket)
        line.size -= 1
        if not line.size and line is not self.base:
            self._drop(line)
        else:
            self._list(line)

    def set_ready(self, ticket: Ticket, *, ready: bool) -> None:
        ticket.ready = ready
        self.relist(ticket)

    def relist(self, ticket: Ticket) -> None:
        """Whether it may be offered to all has changed."""
        if ticket.for_all and ticket.stamp <= 0:
            self._push(ticket)
        elif not ticket.for_all and ticket.stamp > 0:
            ticket.line.unpush(ticket)
            self._list(ticket.line)

    def set_priority(self, ticket: Ticket, priority: int) -> None:
        """Of a ticket that waits; it takes effect at once."""
        self.remove(ticket)
        ticket.priority = priority
        ticket.place = self._place(ticket)
        self.add(ticket)

    # --- what is asked

    def first_priority(self, ticket: Ticket) -> int | None:
        """The lowest priority that puts the ticket before all who wait; None: nobody is before it."""
        first = self._order.first()
        if first is None or not first < ticket.place:
            return None
        return floor(ticket.place[0] + ticket.priority - first[0] + _HAIR) + 1

    def head(self) -> Ticket | None:
        """The ready ticket of the queue to serve first."""
        first = self.base if self.alone else self.heads.first()
        return first.head if first is not None else None

    def position(self, place: Place) -> int:
        """From 1, among the waiting tickets, of the one in this place or of one that would take it."""
        return self._order.before(place) + 1

    def ahead_of_newcomer(self, priority: int, now: float) -> int:
        """How many of those who wait are served before a call of this priority that comes now."""
        config = self.config
        return self._order.before((config.ageing * now - config.priority - priority, now, _LAST))

    def in_order(self) -> list[Ticket]:
        return sorted(self.waiting.values(), key=_place_of)

    # ---

    def _place(self, ticket: Ticket) -> Place:
        config = self.config
        points = config.ageing * ticket.joined_at - config.priority - ticket.priority
        return points, ticket.joined_at, ticket.sequence

    def _open(self, line: Line) -> Line:
        """The line of these needs that is in use from now on."""
        found = self._of_needs.get(line.needs)
        if found is not None:
            return found
        self._of_needs[line.needs] = line
        if self.alone:
            self.alone = False
            self._list(self.base)
        return line

    def _drop(self, line: Line) -> None:
        del self._of_needs[line.needs]
        self._list(line)
        if len(self._of_needs) == 1:
            self.alone = True
            self.heads.clear()
            self.base.listed = None

    def _push(self, ticket: Ticket) -> None:
        ticket.line.push(ticket)
        self._list(ticket.line)

    def _list(self, line: Line) -> None:
        """Enter the line under its present head; a queue with one line needs no such list."""
        if self.alone or line.head is line.listed:
            return
        if line.listed is not None:
            self.heads.remove(line)
        line.listed = line.head
        if line.listed is not None:
            self.heads.add(line)

    def _sharing(self, needs: Needs) -> Needs:
        """The same needs, of parts that are in memory once."""
        shared = self._shared
        return needs._replace(requirements=tuple(map(shared.setdefault, needs.requirements, needs.requirements)))


def urgency(ticket: Ticket, now: float) -> Urgency:
    points, joined_at, sequence = ticket.place
    config = ticket.line.queue.config
    return points - config.ageing * now, config.weight * (joined_at - now), joined_at, sequence


def _place_of(ticket: Ticket) -> Place:
    return ticket.place
