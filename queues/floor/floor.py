"""The floor of the call centre: everything that lives, and the transitions that keep it consistent.

Commands and deadlines change it through these methods only; ``matching`` then brings together whoever became free with
whoever waits. Nothing here refuses: that is decided before.
"""

from collections.abc import Callable, Iterable
from typing import Final

from queues.agents.agent import Agent, Spell, WrapUp
from queues.agents.agent_table import AgentTable
from queues.floor.deadlines import DELAY, MAX_WAIT, PAUSE, RELAX, RESERVED, RING, WRAP_UP, Deadlines
from queues.floor.decisions import RUNNERS_UP, Chooser, Decision, DecisionLog
from queues.floor.doors import Door
from queues.floor.offer import Offer
from queues.floor.places import Places
from queues.floor.ringing import Ringing
from queues.floor.snapshot import Dirty
from queues.lines.lines import Line, Lines, Ticket
from queues.lines.reservation import Reservation
from queues.lines.waits import UNSEEN, QueueWaits
from queues.model import (
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    Overflow,
    OverflowCause,
    QueueId,
    TicketId,
    TicketState,
)
from queues.outputs import (
    CancelReason,
    DispositionGiven,
    MakeOffer,
    OfferEnded,
    OfferResult,
    Output,
    ReservationEnded,
    TicketEnded,
    TicketReserved,
    TicketResult,
    TurnedAway,
    WithdrawOffer,
)
from queues.rules.agent_rules import NO_CODE, PauseReason, PauseReasonId, WrappedCall

__all__ = ["MINIMUM_DELAY", "Floor"]

MINIMUM_DELAY: Final = 1.0
"""Seconds: an agent whose offer failed is left alone at least so long, whatever is configured."""


class Floor:
    __slots__ = (
        "_offer_ids", "agents", "deadlines", "decisions", "dirty", "doors", "leaving", "lines", "offers", "outputs",
        "pause_reasons", "places", "ringing", "sequence", "shown_agents", "staff", "tickets", "touched_agents",
        "touched_lines", "waits",
    )  # fmt: skip

    def __init__(
        self, offer_ids: Callable[[], str], uniform: Callable[[], float], decisions: DecisionLog | None = None
    ) -> None:
        self.agents = AgentTable(uniform)
        self.lines: dict[QueueId, Lines] = {}
        self.tickets: dict[TicketId, Ticket] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.waits: dict[QueueId, QueueWaits] = {}
        self.pause_reasons: dict[PauseReasonId, PauseReason] = {}
        self.deadlines = Deadlines()
        self.ringing = Ringing(self.deadlines)
        self.dirty = Dirty()
        self.doors: dict[QueueId, Door] = {}
        self.staff = self.agents.staff
        self.decisions = decisions  # None: decisions are not explained
        self.places = Places(self.deadlines)
        self.leaving: list[Ticket] = []  # in no line: they were to flow out while a bridge was built, and it failed
        self.outputs: list[Output] = []
        self.sequence = 0  # counts arrivals and connections
        self._offer_ids = offer_ids
        self.touched_agents: dict[AgentId, Agent] = {}
        self.shown_agents: dict[AgentId, Agent] = {}
        self.touched_lines: dict[Line, None] = {}

    # --- what changed

    def touch(self, agent: Agent) -> None:
        """The agent may have become open, or no longer be: it leaves the rosters until it is settled."""
        if agent.stamp:
            self.agents.unlist(agent)
        self.touched_agents[agent.config.id] = agent

    def show(self, agent: Agent) -> None:
        """What is told of the agent may have changed; but not whether it is open."""
        self.shown_agents[agent.config.id] = agent

    def touch_line(self, line: Line) -> None:
        """The line may have a ready ticket, or agents, that it had not."""
        self.touched_lines[line] = None

    def touch_tiers(self, queues: Iterable[QueueId]) -> None:
        """Somebody is not there any more: with tiers that open by emptiness others may be asked now."""
        for queue in queues:
            lines = self.lines[queue]
            if lines.tiered:
                for line in lines:
                    self.touch_line(line)
                self.ringing.stir(queue)

    # --- tickets

    def place(self, ticket: Ticket, now: float) -> None:
        """Give a ticket that stands in no line the place that is due to it now, and see to when that changes."""
        if ticket.doomed is TicketResult.WITHDRAWN:
            return  # its queue is gone, it will stand in no line again
        relaxes_at = ticket.line.queue.assign(ticket, now)
        self.deadlines.disarm(ticket.relax_timer)
        ticket.relax_timer = self.deadlines.arm(relaxes_at, RELAX, ticket.id) if relaxes_at is not None else 0

    def join(self, ticket: Ticket) -> None:
        """The ticket waits in the line that it was given."""
        self.agents.know(ticket.line)
        ticket.line.queue.add(ticket)
        self.touch_line(ticket.line)

    def admit(self, ticket: Ticket, now: float) -> None:
        """A new (or restored) ticket takes the place that is due to it now."""
        self.place(ticket, now)
        self.take_in(ticket)

    def take_in(self, ticket: Ticket) -> None:
        """A ticket that was given its place waits there, for ``max_wait`` at most."""
        self.tickets[ticket.id] = ticket
        if ticket.flow_out_at is not None:
            ticket.timer = self.deadlines.arm(ticket.flow_out_at, MAX_WAIT, ticket.id)
        self.join(ticket)
        self.dirty.tickets[ticket.id] = None

    def move(self, ticket: Ticket, now: float) -> None:
        """What the ticket needs has changed, by time or configuration."""
        waits = ticket.state is TicketState.WAITING
        if waits:
            ticket.line.queue.remove(ticket)
        self.place(ticket, now)
        if waits:
            self.join(ticket)
        else:
            self.ringing.weigh(ticket)

    def end_ticket(
        self, ticket: Ticket, result: TicketResult, overflow: Overflow | None = None,
        cause: OverflowCause | None = None, turned_away: tuple[TurnedAway, ...] = (),
    ) -> None:  # fmt: skip
        """The ticket is over; its offers were ended before. ``overflow``, ``cause``: of one that flows out."""
        self._end_reservation(ticket)
        if ticket.state is TicketState.WAITING:
            ticket.line.queue.remove(ticket)
        self.deadlines.disarm(ticket.timer)
        self.deadlines.disarm(ticket.relax_timer)
        del self.tickets[ticket.id]
        self.dirty.tickets[ticket.id] = None
        queue = ticket.line.config.id
        self.outputs.append(TicketEnded(ticket.id, queue, result, overflow, cause, turned_away))

    def learn_wait(self, ticket: Ticket, now: float) -> None:
        """The ticket is connected: what it waited is what the next ones of its class may expect."""
        waits = self.waits.get(ticket.line.config.id)
        if waits is not None and ticket.met != UNSEEN:
            due = waits.learn(ticket.priority, ticket.met, ticket.entered_at, now)
            if due is not None:
                self.dirty.waits[ticket.line.config.id, due] = None

    def answered(self, ticket: Ticket) -> bool:
        """Is a bridge being built for it?"""
        return any(self.offers[offer].answered for offer in ticket.offers)

    def dismiss(self, ticket: Ticket, result: TicketResult, reason: CancelReason, now: float) -> None:
        """End a ticket that is not connected, at once; but where an agent has answered, only if the bridge fails."""
        if self.answered(ticket):
            ticket.doomed = result
            self.deadlines.disarm(ticket.timer)
            return
        self.withdraw_offers(ticket, reason, now)
        self.end_ticket(ticket, result)

    def back_in_line(self, ticket: Ticket) -> None:
        """An offer failed: with no other pending the ticket waits again, in the place it always had."""
        self.dirty.tickets[ticket.id] = None
        if ticket.offers:
            return
        if ticket.doomed is TicketResult.FLOWED_OUT:
            self.leaving.append(ticket)
            return
        if ticket.doomed is not None:
            self.end_ticket(ticket, ticket.doomed)
            return
        ticket.state = TicketState.WAITING
        self.join(ticket)

    # --- reservations

    def reserve(self, ticket: Ticket, agent: Agent, reservation: Reservation, *, tell: bool = True) -> None:
        """Keep a waiting ticket for the agent, instead of for whom it was kept before."""
        self._end_reservation(ticket)
        ticket.reservation = reservation
        if reservation.until is not None:
            reservation.timer = self.deadlines.arm(reservation.until, RESERVED, ticket.id)
        agent.reserved[ticket.id] = reservation.holds
        ticket.line.queue.relist(ticket)
        self.touch(agent)
        self.dirty.tickets[ticket.id] = None
        if tell:
            self.outputs.append(TicketReserved(ticket.id, reservation.agent, reservation.until))

    def unreserve(self, ticket: Ticket) -> None:
        """Give the ticket back to all, if it was kept for one agent."""
        reservation = ticket.reservation
        if reservation is None:
            return
        self._end_reservation(ticket)
        if ticket.state is TicketState.WAITING:
            ticket.line.queue.relist(ticket)
            self.touch_line(ticket.line)
        self.outputs.append(ReservationEnded(ticket.id, reservation.agent))

    def _end_reservation(self, ticket: Ticket) -> None:
        reservation = ticket.reservation
        if reservation is None:
            return
        ticket.reservation = None
        self.deadlines.disarm(reservation.timer)
        self.dirty.tickets[ticket.id] = None
        agent = self.agents.agents.get(reservation.agent)
        if agent is not None:
            del agent.reserved[ticket.id]
            self.touch(agent)

    # --- offers

    def make_offer(self, ticket: Ticket, agent: Agent, now: float) -> None:
        offer_id = OfferId(self._offer_ids())
        if self.decisions is not None:
            self._note_decision(self.decisions, offer_id, ticket, agent, now)
        ticket.alone = ticket.reservation is not None or ticket.callback
        self._end_reservation(ticket)
        ring_until = now + ticket.line.config.ring_seconds
        timer = self.deadlines.arm(ring_until, RING, offer_id)
        self.offers[offer_id] = Offer(offer_id, ticket, agent, now, ring_until, timer)
        if ticket.state is TicketState.WAITING:
            ticket.line.queue.remove(ticket)
            ticket.state = TicketState.OFFERED
        ticket.offers = (*ticket.offers, offer_id)
        if not ticket.alone:
            self.ringing.offered(ticket, now)
        self.agents.picked(agent, ticket.line.config.id)
        agent.offers[offer_id] = False
        self.touch(agent)
        self.dirty.tickets[ticket.id] = None
        self.dirty.offers[offer_id] = None
        config = agent.config
        self.outputs.append(MakeOffer(offer_id, ticket.id, ticket.line.config.id, config.id, ring_until))

    def _note_decision(self, log: DecisionLog, offer: OfferId, ticket: Ticket, agent: Agent, now: float) -> None:
        line, chooser = ticket.line, Chooser.AGENT
        runners_up: tuple[AgentId, ...] | None = ()
        if ticket.reservation is not None:
            chooser = Chooser.RESERVATION
        elif agent.stamp:  # in the rosters: the call was looking for somebody
            chooser = Chooser.CALL
            runners_up = self.agents.runners_up(line, agent, RUNNERS_UP) if log.wants_names(now) else None
        log.note(
            Decision(
                offer, ticket.id, line.config.id, agent.config.id, now, ticket.joined_at, chooser, line.needs,
                self.agents.serving(line), log.change, runners_up,
            )
        )  # fmt: skip

    def close_offer(self, offer: Offer, result: OfferResult, cause: FailureCause | None, now: float) -> None:
        """Take the offer out of the tables and say how it ended; ticket and agent go their ways by the caller."""
        ticket, agent = offer.ticket, offer.agent
        del self.offers[offer.id]
        self.deadlines.disarm(offer.timer)
        ticket.offers = tuple(other for other in ticket.offers if other != offer.id)
        self.ringing.closed(ticket)
        del agent.offers[offer.id]
        self.touch(agent)
        self.dirty.offers[offer.id] = None
        ring_seconds = now - offer.made_at
        self.outputs.append(OfferEnded(offer.id, ticket.id, agent.config.id, result, cause, ring_seconds))

    def withdraw(self, offer: Offer, reason: CancelReason) -> None:
        """Say that the agent's phone is to stop ringing; ``close_offer`` follows."""
        self.outputs.append(WithdrawOffer(offer.id, offer.ticket.id, offer.agent.config.id, reason))

    def withdraw_offers(
        self, ticket: Ticket, reason: CancelReason, now: float, *, winner: OfferId | None = None
    ) -> None:
        """Cancel the ticket's offers but the winner's; these agents keep their place in the idle list."""
        for offer_id in ticket.offers:
            if offer_id != winner:
                offer = self.offers[offer_id]
                self.withdraw(offer, reason)
                self.close_offer(offer, OfferResult.CANCELLED, None, now)
                self.emptied(offer.agent, now)

    def fail_offer(self, offer: Offer, cause: FailureCause, now: float, *, rest: float) -> None:
        """The agent did not take the call: it is left alone for ``rest`` seconds; the ticket waits on."""
        agent = offer.agent
        self.close_offer(offer, OfferResult.FAILED, cause, now)
        if rest > 0 and not agent.removed:
            self.set_delay(agent, max(now + rest, agent.delay.until if agent.delay is not None else 0.0))
        self.agents.now_idle(agent, now)
        self.emptied(agent, now)
        self.back_in_line(offer.ticket)

    def lose_offers(self, agent: Agent, now: float) -> None:
        """The agent cannot be rung any more: its offers that were not answered fail."""
        for offer_id in list(agent.offers):
            offer = self.offers[offer_id]
            if not offer.answered:
                self.withdraw(offer, CancelReason.AGENT_GONE)
                self.fail_offer(offer, FailureCause.UNREACHABLE, now, rest=0.0)

    def retract_offers(self, agent: Agent, now: float) -> None:
        """Its offers that were not answered are withdrawn, through no fault of the agent's; the tickets wait on."""
        for offer_id in list(agent.offers):
            offer = self.offers[offer_id]
            if not offer.answered:
                self.withdraw(offer, CancelReason.AGENT_GONE)
                self.close_offer(offer, OfferResult.CANCELLED, None, now)
                self.back_in_line(offer.ticket)

    # --- agents

    def set_delay(self, agent: Agent, until: float) -> None:
        if agent.delay is not None:
            self.deadlines.disarm(agent.delay.timer)
        agent.delay = Spell(until, self.deadlines.arm(until, DELAY, agent.config.id))
        self.touch(agent)

    def set_wrap_up(
        self, agent: Agent, until: float, calls: tuple[WrappedCall, ...], latest: float | None = None
    ) -> None:
        if agent.wrap_up is not None:
            self.deadlines.disarm(agent.wrap_up.timer)
        agent.wrap_up = WrapUp(until, self.deadlines.arm(until, WRAP_UP, agent.config.id), calls, latest)
        self.touch(agent)

    def end_wrap_up(self, agent: Agent, now: float) -> None:
        """A call that still needs a disposition gets ``NO_CODE``."""
        if agent.wrap_up is not None:
            self.deadlines.disarm(agent.wrap_up.timer)
            for call in agent.wrap_up.calls:
                if call.uncoded:
                    self.outputs.append(DispositionGiven(call.ticket, call.queue, agent.config.id, NO_CODE))
            agent.wrap_up = None
            self.agents.now_idle(agent, now)
            self.touch(agent)

    def end_delay(self, agent: Agent, now: float) -> None:
        if agent.delay is not None:
            self.deadlines.disarm(agent.delay.timer)
            agent.delay = None
            self.agents.now_idle(agent, now)
            self.touch(agent)

    def intend(self, agent: Agent, status: AgentStatus, pause_reason: str | None, now: float) -> None:
        """The agent's status from now on; a status asked for earlier is forgotten."""
        if status is AgentStatus.AVAILABLE and agent.status is not status:
            self.agents.now_idle(agent, now)
            agent.misses = 0
        if agent.status is not status or status is not AgentStatus.PAUSED or agent.pause_reason != pause_reason:
            agent.paused_at = now if status is AgentStatus.PAUSED else None
        if agent.status is AgentStatus.LOGGED_OUT and status is not AgentStatus.LOGGED_OUT:
            agent.tally.log_in()
        agent.status = status
        agent.pause_reason = pause_reason if status is AgentStatus.PAUSED else None
        agent.pending = None
        agent.forced_by = None
        self.time_pause(agent, agent.paused_at)
        self.touch(agent)

    def time_pause(self, agent: Agent, paused_at: float | None) -> None:
        """Watch the limit of the pause (None: there is none) that began at that instant."""
        self.deadlines.disarm(agent.pause_timer)
        agent.paused_at = paused_at
        agent.pause_timer = 0
        agent.pause_overdue = False
        if paused_at is None:
            return
        for reason in self.pause_reasons.values():
            if reason.name == agent.pause_reason and reason.limit_seconds is not None:
                agent.pause_timer = self.deadlines.arm(paused_at + reason.limit_seconds, PAUSE, agent.config.id)

    def emptied(self, agent: Agent, now: float) -> None:
        """An offer or call is over: with nothing left in hand, a status asked for meanwhile takes effect."""
        if agent.pending is not None and not agent.offers and not agent.calls:
            status, reason = agent.pending
            self.intend(agent, status, reason, now)
