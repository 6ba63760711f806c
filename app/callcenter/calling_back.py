"""Callbacks (virtual hold): a caller hangs up and keeps the place in line; when its turn comes it is dialled.

The customer comes first, unless the queue says otherwise (``agent_first``): an agent is held by the offer while the customer
rings; when it answers it is parked, and that agent is rung for it as for any caller. From then on it is a call like any other.
"""

from typing import Final

from app.callback import Callback, CallbackSource
from app.callback_policy import CallbackPolicy
from app.callcenter.agent_first import AgentFirst
from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.leaving import Leaving
from app.callcenter.offering import Offering
from app.commands import RequestCallback
from app.configuration import Queue
from app.facts import CallEvent, CallEventKind
from app.live_call import LiveCall, waiting_list
from app.vocabulary import failure_word
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.floor.deadlines import Deadlines
from queues.model import OfferId, Overflow, QueueId, TicketId
from queues.outputs import RefusalReason, Refused

__all__ = ["CallingBack"]

_READY: Final = 0
_EXPIRY: Final = 1
_GRACE: Final = 10.0  # seconds beyond the ringing: for the media session
_AFTER_RESTART: Final = 40.0  # seconds: a customer who rang when we went down is not dialled before that call is gone


class CallingBack:
    """``limit``: callbacks at once. ``dirty``: those whose rows changed."""

    __slots__ = (
        "_agent_first",
        "_deadlines",
        "_desk",
        "_leaving",
        "_limit",
        "_offering",
        "_timers",
        "callbacks",
        "dirty",
        "of_board",
        "of_engine",
    )

    def __init__(self, desk: Desk, offering: Offering, leaving: Leaving, limit: int) -> None:
        self._desk = desk
        self._offering = offering
        self._leaving = leaving
        self._agent_first = AgentFirst(desk, self)
        offering.turn, leaving.ticket_gone = self.turn, self.ticket_ended
        offering.over = self._agent_first.over
        leaving.flowing_out.offer_callback = self.overflowed
        self._limit = limit
        self._deadlines = Deadlines()
        self._timers: dict[str, list[int]] = {}
        self.callbacks: dict[str, Callback] = {}
        self.dirty: dict[str, None] = {}
        self.of_board: OfBoard = {
            from_board.DtmfReceived: self._key,
            from_board.OriginationFailed: _nothing,
            from_board.OriginationRinging: _nothing,
        }
        self.of_engine: OfEngine = {}

    # ------------------------------------------------------------------ taking

    def request(self, command: RequestCallback, now: float) -> Refused | None:
        """Somebody asks for a callback by REST: at the end of the line."""
        found = self._queue(command.queue)
        if found is None:
            return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {command.queue}")
        refused = self._refusal(found, command.number)
        if refused is None:
            self._take(found, command.id, command.number, command.priority, "rest", now, now, command.not_before)
        return refused

    def offered(self, call: LiveCall, source: CallbackSource, joined_at: float, now: float) -> bool:
        """A caller may be called back instead of waiting. False: it cannot; one who is expected already is content."""
        queue = self._queue(call.queue)
        if queue is None or queue.callback is None or not call.number:
            return False
        if self._expected(queue.routing.id, call.number) is None:
            if self._refusal(queue, call.number) is not None:
                return False
            self._take(queue, self._desk.ids(), call.number, call.priority, source, joined_at, now, None)
        return True

    def _key(self, call: LiveCall, event: from_board.DtmfReceived, now: float) -> None:
        """The caller pressed the key for it while waiting."""
        desk, queue = self._desk, self._queue(call.queue)
        policy = queue.callback if queue is not None else None
        ticket = desk.engine.ticket_view(TicketId(call.id))
        if policy is None or policy.key != event.digit or ticket is None or ticket.agent is not None:
            return
        if call.overflow is not None or self._answered(ticket.offers):
            return
        if self.offered(call, "key", ticket.joined_at, now):
            self._leaving.leave_for_callback(call, policy.sound, now)

    def overflowed(self, call: LiveCall, overflow: Overflow, now: float) -> None:
        """The queue's overflow offers a callback instead of a place in line. A caller whom nobody can call is hung up."""
        joined_at = call.joined_at if call.joined_at is not None else now
        queue = self._queue(call.queue)
        policy = queue.callback if queue is not None else None
        taken = self.offered(call, "overflow", joined_at, now)
        sound = overflow.sound or (policy.sound if policy is not None else None)
        self._leaving.take_leave(call, sound if taken else None, now)

    def _answered(self, offers: tuple[OfferId, ...]) -> bool:
        views = [self._desk.engine.offer_view(offer) for offer in offers]
        return any(view is not None and view.answered for view in views)

    def _refusal(self, queue: Queue, number: str) -> Refused | None:
        name = queue.routing.name
        if queue.callback is None:
            return _impossible(f"queue {name} does not call back")
        if len(self.callbacks) >= self._limit:
            return _impossible(f"{self._limit} callbacks are waiting already")
        if self._expected(queue.routing.id, number) is not None:
            return _impossible(f"queue {name} is to call {number} back already")
        return None

    def _expected(self, queue: str, number: str) -> Callback | None:
        return next((one for one in self.callbacks.values() if one.number == number and one.queue == queue), None)

    def _take(
        self, queue: Queue, callback_id: str, number: str, priority: int, source: CallbackSource, joined_at: float,
        now: float, not_before: float | None,
    ) -> None:  # fmt: skip
        policy = queue.callback
        if policy is None:
            return
        expires_at = max(now, not_before or now) + policy.expires_seconds
        one = Callback(
            callback_id, queue.routing.id, number, priority, source, now, joined_at, expires_at
        )  # fmt: skip
        self.callbacks[one.id] = one
        self.note(one, "callback_taken", now, cause=source)
        ticket = to_engine.EnqueueCallback(TicketId(one.id), QueueId(one.queue), priority, joined_at, ready=False)
        self._desk.tell_engine(ticket, now)
        self._arm(one, expires_at, _EXPIRY)
        self._schedule(one, policy, not_before or now, now)

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        return self._deadlines.next()

    def expire(self, now: float) -> None:
        while (due := self._deadlines.pop_due(now)) is not None:
            kind, key = due
            one = self.callbacks.get(key)
            if one is None:
                continue
            if kind == _READY:
                self._desk.tell_engine(to_engine.SetReady(TicketId(key)), now)
            elif not one.dialling:
                self._give_up(one, "callback_expired", now)

    def _schedule(self, one: Callback, policy: CallbackPolicy, earliest: float, now: float) -> None:
        """Its turn may come from the first instant on at which the customer may be dialled."""
        at = one.next_at = policy.next_instant(max(earliest, now), self._desk.directory.calendars)
        if at <= now:
            self._desk.tell_engine(to_engine.SetReady(TicketId(one.id)), now)
        else:
            self._arm(one, at, _READY)

    def _arm(self, one: Callback, at: float, kind: int) -> None:
        self._timers.setdefault(one.id, []).append(self._deadlines.arm(at, kind, one.id))

    # ------------------------------------------------------------------ its turn

    def turn(self, output: from_engine.MakeOffer, now: float) -> bool:
        """An agent is held for the callback: the customer is dialled. False: this ticket is none of ours."""
        one = self.callbacks.get(output.ticket)
        if one is None:
            return False
        policy = self.policy_of(one)
        one.offer, one.agent = output.offer, output.agent
        if policy is None:
            self._give_up(one, "callback_failed", now, cause="callbacks are off")
        elif one.dialling:
            self._hold(one, policy, now)  # the agent before went away meanwhile
        elif one.next_at is not None and one.next_at > now:  # the engine offers anew what rang before a restart
            self._return(one, output.offer, now)
        elif policy.next_instant(now, self._desk.directory.calendars) > now:
            self._return(one, output.offer, now)
            self._schedule(one, policy, now, now)
        elif policy.first == "agent":
            self._agent_first.begin(one, output, policy, now)
        else:
            self._dial(one, policy, now)
        return True

    def _return(self, one: Callback, offer: OfferId, now: float) -> None:
        """The agent is free again, for others: the customer may not be dialled yet."""
        one.offer = one.agent = None
        self._desk.tell_engine(to_engine.ReturnOffer(offer), now)

    def _dial(self, one: Callback, policy: CallbackPolicy, now: float) -> None:
        desk = self._desk
        one.dialling, one.agent_first, one.attempts = True, False, one.attempts + 1
        self._hold(one, policy, now)
        self.note(one, "callback_dialled", now, agent=one.agent)
        host = desk.board.host
        queue = desk.directory.queues.get(one.queue)
        command = to_board.Originate(
            CallId(one.id), to_board.Target(policy.uri.replace("{number}", one.number)), f"<sip:{policy.shown}@{host}>",
            f"<sip:{one.number}@{host}>", waiting_list(queue, greeting=False), now + policy.ring_seconds,
        )  # fmt: skip
        desk.tell_board(command, now)

    def _hold(self, one: Callback, policy: CallbackPolicy, now: float) -> None:
        if one.offer is not None:
            until = now + policy.ring_seconds + _GRACE
            self._desk.tell_engine(to_engine.HoldOffer(OfferId(one.offer), until), now)

    def heard(self, event: object, now: float) -> None:
        """What the switchboard says of a call that rings at the customer, or at the agent first."""
        one = self.callbacks.get(getattr(event, "call", ""))
        if one is None or not one.dialling:
            return
        if one.agent_first:
            self._agent_first.hear(one, event, now)
            return
        match event:
            case from_board.CallParked():
                self._reached(one, now)
            case from_board.OriginationFailed():
                self.missed(one, failure_word(event), now)
            case from_board.CallEnded():
                self.missed(one, event.cause, now)

    def _reached(self, one: Callback, now: float) -> None:
        """The customer is there, with music: the agent who was held for it is rung now."""
        desk = self._desk
        call = self.begin_call(one, now)
        queue = self._queue(call.queue)
        call.parked = True
        desk.note(call, "parked", now)
        desk.tell_engine(to_engine.CallbackReached(TicketId(one.id)), now)
        offer = desk.engine.offer_view(OfferId(one.offer)) if one.offer is not None else None
        if offer is not None:
            until = now + (queue.routing.ring_seconds if queue is not None else offer.ring_until - now)
            desk.tell_engine(to_engine.HoldOffer(offer.offer, until), now)
            ring = from_engine.MakeOffer(offer.offer, offer.ticket, QueueId(one.queue), offer.agent, until)
            self._offering.ring(ring, now)

    def begin_call(self, one: Callback, now: float) -> LiveCall:
        """The customer is there: a call like any other, no callback any more."""
        desk = self._desk
        ticket = desk.engine.ticket_view(TicketId(one.id))
        one.queue = ticket.queue if ticket is not None else one.queue  # it may have flowed on
        queue = self._queue(one.queue)
        call = LiveCall(
            one.id, "", one.number, queue.routing.name if queue is not None else "", one.queue, one.priority, now,
            has_offer=True, queued_at=now, number=one.number, entered_at=now, joined_at=now,
        )  # fmt: skip
        desk.calls[call.id] = call
        self.note(one, "callback_done", now, agent=one.agent)
        self._forget(one)
        desk.note(call, "arrived", now)
        desk.note(call, "queued", now)
        return call

    def missed(self, one: Callback, cause: str, now: float) -> None:
        desk, policy = self._desk, self.policy_of(one)
        one.dialling = False
        self.note(one, "callback_missed", now, agent=one.agent, cause=cause)
        if one.offer is None or desk.tell_engine(to_engine.ReturnOffer(OfferId(one.offer)), now) is not None:
            desk.tell_engine(to_engine.SetReady(TicketId(one.id), ready=False), now)
        one.offer = one.agent = None
        if policy is None or one.attempts >= policy.attempts:
            self._give_up(one, "callback_failed", now, cause=cause)
        elif now >= one.expires_at:
            self._give_up(one, "callback_expired", now)
        else:
            self._schedule(one, policy, now + policy.retry_seconds, now)

    # ------------------------------------------------------------------ the end

    def cancel(self, callback_id: str, now: float) -> Refused | None:
        one = self.callbacks.get(callback_id)
        if one is None:
            return Refused(RefusalReason.UNKNOWN_TICKET, f"no callback {callback_id} is waiting")
        self._give_up(one, "callback_cancel", now)
        return None

    def ticket_ended(self, ticket: str, now: float) -> None:
        """The engine gave the ticket up: its queue is gone."""
        one = self.callbacks.get(ticket)
        if one is not None:
            self._give_up(one, "callback_failed", now, cause="withdrawn")

    def _give_up(self, one: Callback, kind: CallEventKind, now: float, cause: str | None = None) -> None:
        self.note(one, kind, now, cause=cause)
        self._forget(one)
        if one.dialling:
            self._desk.tell_board(to_board.HangUp(CallId(one.id), "cancelled"), now)
        if one.offer is not None:  # also one that the agent has answered already
            self._desk.tell_engine(to_engine.ReturnOffer(OfferId(one.offer)), now)
        self._desk.tell_engine(to_engine.Withdraw(TicketId(one.id)), now)

    def _forget(self, one: Callback) -> None:
        del self.callbacks[one.id]
        self.dirty[one.id] = None
        for timer in self._timers.pop(one.id, ()):
            self._deadlines.disarm(timer)

    # ------------------------------------------------------------------ what is kept, and told

    def restore(self, rows: dict[str, Callback], now: float) -> None:
        """After the engine's rows: whom we were dialling is dialled anew, when the call that we lost is surely gone."""
        for key, one in rows.items():
            self.callbacks[key] = one
            self._arm(one, max(one.expires_at, now), _EXPIRY)
            policy = self.policy_of(one)
            if policy is None:
                self._give_up(one, "callback_failed", now, cause="callbacks are off")
                continue
            self._desk.tell_engine(to_engine.SetReady(TicketId(key), ready=False), now)
            waits = _AFTER_RESTART if one.dialling else 0.0
            one.dialling, one.agent_first, one.offer, one.agent, one.leg = False, False, None, None, None
            self._schedule(one, policy, max(one.next_at or 0.0, now + waits), now)

    def take_changes(self) -> list[tuple[str, str, object | None]]:
        changes: list[tuple[str, str, object | None]] = [
            ("live_callback", key, self.callbacks.get(key)) for key in self.dirty
        ]
        self.dirty.clear()
        return changes

    def retold(self) -> list[CallEvent]:
        """Those that wait, for projections that begin now."""
        return [
            CallEvent(
                "", one.requested_at, "callback_taken", one.id, one.queue, cause=one.source, caller=one.number,
                position=one.attempts, priority=one.priority,
            )
            for one in self.callbacks.values()
        ]  # fmt: skip

    def note(
        self, one: Callback, kind: CallEventKind, now: float, *, agent: str | None = None, cause: str | None = None
    ) -> None:
        """A step of the callback's life: a fact, and a row to journal."""
        self.touch(one)
        self._desk.chronicle.facts.append(
            CallEvent(
                self._desk.ids(), now, kind, one.id, one.queue, agent, cause=cause, caller=one.number,
                position=one.attempts, priority=one.priority,
            )
        )  # fmt: skip

    def touch(self, one: Callback) -> None:
        """Its row changed."""
        self.dirty[one.id] = None

    def _queue(self, queue: str) -> Queue | None:
        return self._desk.directory.queues.get(queue)

    def policy_of(self, one: Callback) -> CallbackPolicy | None:
        queue = self._queue(one.queue)
        return queue.callback if queue is not None else None


def _nothing(call: LiveCall, event: object, now: float) -> None:
    """Said of calls that ring at a customer only, which are none yet."""
    del call, event, now


def _impossible(detail: str) -> Refused:
    return Refused(RefusalReason.NOT_POSSIBLE_NOW, detail)
