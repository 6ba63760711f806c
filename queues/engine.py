"""The queue engine's one door: commands and time in, outputs and rows to journal out.

Pure and synchronous: no I/O, no clock, no randomness of its own. Every command either happens whole or is answered
``[Refused]`` with nothing changed. Always enqueue first, then match: nobody overtakes; after every command and every
``expire`` no ready ticket waits beside an agent who is open and eligible for it.
"""

from collections.abc import Callable, Iterable

from queues import views
from queues.commands import (
    Abandon,
    AssignTicket,
    CallbackReached,
    CallEnded,
    CloseQueue,
    Command,
    Connected,
    EndWrapUp,
    Enqueue,
    EnqueueCallback,
    ExtendWrapUp,
    HoldOffer,
    MoveToFront,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
    OpenQueue,
    OutsideCalls,
    ReleaseTicket,
    RequeueTicket,
    ReserveTicket,
    ReturnOffer,
    SetDisposition,
    SetOpening,
    SetPriority,
    SetReachable,
    SetReady,
    SetStatus,
    SetWrapUp,
    Withdraw,
)
from queues.floor import restoring
from queues.floor.deadlines import DELAY, PAUSE, PLACE, RELAX, RESERVED, RING, RING_STEP, WRAP_UP
from queues.floor.decisions import DecisionLog, DecisionRules
from queues.floor.floor import MINIMUM_DELAY, Floor
from queues.floor.snapshot import agent_row, door_changes, offer_row, ticket_row, waits_key, waits_row
from queues.handlers import (
    agent_commands,
    callback_commands,
    configuring,
    dispatch_commands,
    door_commands,
    offer_commands,
    pausing,
    ticket_commands,
)
from queues.insight.expected_wait import expected_wait, remaining_wait
from queues.insight.explain import Explanation, StillWaiting, explain, why_waiting
from queues.matching import reserving
from queues.matching.flowing import flow_out
from queues.matching.matching import settle
from queues.model import AgentId, FailureCause, OfferId, OverflowCause, QueueId, TicketId
from queues.outputs import CancelReason, Change, Output, QueueChanged, Refused
from queues.views import AgentView, OfferView, TicketView

__all__ = ["Engine"]


class Engine:
    """``ids`` makes the ids of offers, ``uniform`` numbers in [0, 1) for strategies by chance; ``decisions``
    says how many of them are kept to be explained (None: none).

    ``now`` is seconds since the epoch; an earlier one counts as the latest seen.
    """

    __slots__ = ("_floor", "_now")

    def __init__(
        self, ids: Callable[[], str], uniform: Callable[[], float], decisions: DecisionRules | None = None
    ) -> None:
        self._floor = Floor(ids, uniform, DecisionLog(decisions) if decisions is not None else None)
        self._now = 0.0

    def handle(self, command: Command, now: float) -> list[Output]:
        now = self._advance(now)
        refused = self._carry_out(command, now)
        if refused is not None:
            return [refused]
        return settle(self._floor, now)

    def next_deadline(self) -> float | None:
        return self._floor.deadlines.next()

    def expire(self, now: float) -> list[Output]:
        """Carry out every deadline at or before ``now``."""
        now = self._advance(now)
        outputs: list[Output] = []
        while self._expire_due(now):
            outputs += settle(self._floor, now)
        return outputs

    def take_changes(self, *, offers: bool = True) -> list[Change]:
        """Rows of ``snapshot`` to replace, or delete (None), since the last call; each row once, as it is now.

        ``offers`` False: without those of the offers, which a restart has no use for.
        """
        floor, dirty = self._floor, self._floor.dirty
        changes: list[Change] = []
        for ticket_id in dirty.tickets:
            ticket = floor.tickets.get(ticket_id)
            changes.append(("ticket", ticket_id, None if ticket is None else ticket_row(ticket)))
        for agent_id in dirty.agents:
            agent = floor.agents.configured(agent_id)
            changes.append(("agent", agent_id, None if agent is None else agent_row(agent)))
        if offers and dirty.offers:
            for offer_id in dirty.offers:
                offer = floor.offers.get(offer_id)
                changes.append(("offer", offer_id, None if offer is None else offer_row(offer)))
        if dirty.waits:
            for queue, priority in dirty.waits:
                waits = floor.waits.get(queue)
                row = None if waits is None else waits_row(queue, waits, priority)
                changes.append(("waits", waits_key(queue, priority), row))
        if dirty.queues or floor.places.dirty:
            changes += door_changes(floor.doors, floor.places, dirty)
        dirty.clear()
        return changes

    def restore(self, rows: Iterable[tuple[str, str, object]], now: float) -> list[Output]:
        """Take up the live state of an engine that is no more: give the configuration first, then all of its rows.

        ``take_changes`` only afterwards (before, it would overwrite the rows of the agents). See ``restoring``.
        """
        now = self._advance(now)
        restoring.restore(self._floor, rows, now)
        while self._expire_due(now):
            pass
        return settle(self._floor, now) + self.expire(now)

    # --- what may be read

    def agent_view(self, agent: AgentId) -> AgentView | None:
        found = self._floor.agents.configured(agent)
        return None if found is None else views.agent_view(found)

    def ticket_view(self, ticket: TicketId) -> TicketView | None:
        return views.ticket_view(self._floor, ticket)

    def offer_view(self, offer: OfferId) -> OfferView | None:
        return views.offer_view(self._floor, offer)

    def agents(self) -> list[AgentId]:
        """Every configured agent."""
        return [agent.config.id for agent in self._floor.agents.agents.values() if not agent.removed]

    def eligible(self, queue: QueueId) -> list[AgentId]:
        """The agents who may serve the queue, whatever their state."""
        return [agent.config.id for agent in self._floor.agents.agents.values() if queue in agent.serves]

    def waiting(self, queue: QueueId) -> list[TicketId]:
        """The queue's waiting tickets in the order in which they will be served, ready or not."""
        lines = self._floor.lines.get(queue)
        return [] if lines is None else [ticket.id for ticket in lines.in_order()]

    def depth(self, queue: QueueId) -> int:
        """How many tickets wait in the queue."""
        lines = self._floor.lines.get(queue)
        return 0 if lines is None else len(lines.waiting)

    def position(self, ticket: TicketId) -> int | None:
        """From 1, among the queue's waiting tickets; an offered ticket has the place it would fall back to."""
        return views.position(self._floor, ticket)

    def expected_wait(self, queue: QueueId, priority: int, now: float, position: int | None = None) -> float | None:
        """Seconds until a call that enters the queue now (or is at ``position``) is connected; None: nothing is known."""
        return expected_wait(self._floor, queue, priority, now, position)

    def remaining_wait(self, ticket: TicketId, now: float) -> float | None:
        """Seconds until a ticket that waits or is offered is connected."""
        return remaining_wait(self._floor, ticket, now)

    def explain(self, ticket: TicketId, now: float) -> list[Explanation]:
        """Why each of the ticket's offers went to whom it went, the first one first; also for a while after its end."""
        return explain(self._floor, ticket, now)

    def why_waiting(self, ticket: TicketId, now: float) -> StillWaiting | None:
        """What keeps every agent from a ticket that waits; None for any other."""
        return why_waiting(self._floor, ticket, now)

    def closure(self, queue: QueueId) -> QueueChanged | None:
        """That the queue takes no calls now, and why; None: it does, or there is none."""
        door = self._floor.doors.get(queue)
        cause = None if door is None else door.shut()
        if door is None or cause is None:
            return None
        return QueueChanged(queue, cause, door.closure.reason if door.closure is not None else "")

    def counts(self) -> dict[str, int]:
        """tickets_waiting, tickets_offered, tickets_connected, offers, agents, deadlines."""
        return views.counts(self._floor)

    # ---

    def _advance(self, now: float) -> float:
        if now < self._now:
            return self._now
        self._now = now
        return now

    def _carry_out(self, command: Command, now: float) -> Refused | None:
        # Not ``match``: its class patterns ask the metaclass of each even when compiled, isinstance compares two pointers.
        if isinstance(command, (OfferRinging, OfferAnswered, Connected, OfferFailed)):
            return offer_commands.carry_out(self._floor, command, now)
        if isinstance(command, (Enqueue, CallEnded, SetReady, Abandon, Withdraw, SetPriority, SetWrapUp)):
            return ticket_commands.carry_out(self._floor, command, now)
        if isinstance(command, (SetStatus, SetReachable, EndWrapUp, ExtendWrapUp, OutsideCalls, SetDisposition)):
            return agent_commands.carry_out(self._floor, command, now)
        if isinstance(command, (SetOpening, CloseQueue, OpenQueue)):
            return door_commands.carry_out(self._floor, command, now)
        if isinstance(command, (AssignTicket, ReserveTicket, ReleaseTicket, RequeueTicket, MoveToFront)):
            return dispatch_commands.carry_out(self._floor, command, now)
        if isinstance(command, (EnqueueCallback, HoldOffer, ReturnOffer, CallbackReached)):
            return callback_commands.carry_out(self._floor, command, now)
        return configuring.carry_out(self._floor, command, now)

    def _expire_due(self, now: float) -> bool:
        """Carry out the deadlines that are due, without matching. Were there any?"""
        due = self._floor.deadlines.pop_due(now)
        found = due is not None
        while due is not None:
            kind, key = due
            if kind == RING:
                self._ring_timed_out(OfferId(key), now)
            elif kind == WRAP_UP:
                self._floor.end_wrap_up(self._floor.agents.agents[AgentId(key)], now)
            elif kind == DELAY:
                self._floor.end_delay(self._floor.agents.agents[AgentId(key)], now)
            elif kind == PAUSE:
                pausing.limit_reached(self._floor, self._floor.agents.agents[AgentId(key)], now)
            elif kind == PLACE:
                self._floor.places.forget(key)
            elif kind == RING_STEP:
                self._floor.ringing.stepped(self._floor.tickets[TicketId(key)], now)
            elif kind == RESERVED:
                reserving.expire(self._floor, TicketId(key))
            elif kind == RELAX:
                self._floor.move(self._floor.tickets[TicketId(key)], now)
            else:
                flow_out(self._floor, self._floor.tickets[TicketId(key)], OverflowCause.MAX_WAIT, now)
            due = self._floor.deadlines.pop_due(now)
        return found

    def _ring_timed_out(self, offer_id: OfferId, now: float) -> None:
        offer = self._floor.offers[offer_id]
        queue = offer.ticket.line.config
        rest = max(queue.delays.no_answer, MINIMUM_DELAY)
        self._floor.withdraw(offer, CancelReason.RING_TIMEOUT)
        if pausing.count_miss(self._floor, offer.agent, queue, FailureCause.NO_ANSWER):
            rest = 0.0
        self._floor.fail_offer(offer, FailureCause.NO_ANSWER, now, rest=rest)
