"""Several phones for one ticket (ring-all, ring-progressively): how many may ring now, and who could do with more.

A ticket rings from its first offer until it is answered, or none of its phones rings any more: then it waits again, and
the next ringing begins with step 0. One that may have more phones than it has is *short*: an agent who becomes open, and
whom no waiting ticket needs, joins in (``joining``).
"""

from queues.floor.deadlines import RING_STEP, Deadlines
from queues.lines.lines import Ticket
from queues.model import QueueId, TicketId
from queues.strategies import RingsSeveral, rings_several

__all__ = ["Ringing"]


class Ringing:
    """``short``: by queue, tickets that could do with more phones; ``stirred``: queues to look at because of them."""

    __slots__ = ("_deadlines", "short", "stirred")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.short: dict[QueueId, dict[TicketId, Ticket]] = {}
        self.stirred: dict[QueueId, None] = {}

    def wants(self, ticket: Ticket) -> bool:
        return len(ticket.offers) < ticket.phones and ticket.ready

    def offered(self, ticket: Ticket, now: float) -> None:
        """An offer was made for the ticket."""
        strategy = rings_several(ticket.line.config.strategy)
        if strategy is not None and len(ticket.offers) == 1:
            self._begin(ticket, strategy, 0, now)
        else:
            self.weigh(ticket)

    def stepped(self, ticket: Ticket, now: float) -> None:
        """The ticket's next step is due."""
        ticket.ring_timer = 0
        strategy = rings_several(ticket.line.config.strategy)
        if strategy is not None:
            self._begin(ticket, strategy, ticket.ring_step + 1, now)

    def closed(self, ticket: Ticket) -> None:
        """One of the ticket's offers is over: another phone may take its place."""
        if ticket.offers:
            self.weigh(ticket)
        else:
            self.stop(ticket)

    def stop(self, ticket: Ticket) -> None:
        """Answered, or over: no phone joins any more."""
        if ticket.phones:
            self._deadlines.disarm(ticket.ring_timer)
            ticket.phones = ticket.ring_step = ticket.ring_timer = 0
            self._weigh(ticket)

    def weigh(self, ticket: Ticket) -> None:
        """Phones, readiness or needs of the ticket changed: it may be short, or no longer be; others may suit it now."""
        if ticket.phones:
            self._weigh(ticket)

    def stir(self, queue: QueueId) -> None:
        """Other agents of the queue may be asked now."""
        if queue in self.short:
            self.stirred[queue] = None

    def reconfigured(self, ticket: Ticket, now: float) -> None:
        """The queue of a ticket that rings, unanswered, has other settings now: they hold from this step on."""
        if ticket.alone:
            return
        self._deadlines.disarm(ticket.ring_timer)
        ticket.ring_timer = 0
        strategy = rings_several(ticket.line.config.strategy)
        if strategy is not None:
            self._begin(ticket, strategy, ticket.ring_step, now)
        else:
            self.stop(ticket)

    def _begin(self, ticket: Ticket, strategy: RingsSeveral, step: int, now: float) -> None:
        config = ticket.line.config
        ticket.ring_step = step
        ticket.phones = max(strategy.phones(step, config), 1)
        if strategy.phones(step + 1, config) > ticket.phones:
            ticket.ring_timer = self._deadlines.arm(now + config.ring_step_seconds, RING_STEP, ticket.id)
        self._weigh(ticket)

    def _weigh(self, ticket: Ticket) -> None:
        """Enter the ticket among those that could do with more, or take it out."""
        queue = ticket.line.config.id
        if len(ticket.offers) < ticket.phones:
            self.short.setdefault(queue, {})[ticket.id] = ticket
            self.stirred[queue] = None
            return
        tickets = self.short.get(queue)
        if tickets is not None and tickets.pop(ticket.id, None) is not None and not tickets:
            del self.short[queue]
