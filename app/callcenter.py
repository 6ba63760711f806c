"""The one place that speaks both vocabularies: calls and legs (``b2bua``) here, tickets and offers (``queues``) there.

Pure, like both: events and time in, commands to the two engines and facts out. A call's ticket has the call's id, an offer's
leg the offer's id, so that nothing has to be translated but words.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from app.chronicle import Chronicle, retold
from app.configuration import Agent, ConfigObject, ObjectKind, Queue
from app.directory import Directory
from app.facts import CallEventKind, Fact
from app.instants import earliest
from app.live_call import LiveCall, waiting_list
from app.vocabulary import drop_reason, failure_cause
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.call import CallState
from b2bua.commands import CallId, LegId
from b2bua.switchboard import Switchboard
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.engine import Engine
from queues.model import (
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    Overflow,
    OverflowAction,
    QueueId,
    TicketId,
)  # fmt: skip
from queues.outputs import Refused, TicketResult
from sipcore.events import Event, RequestReceived

__all__ = ["CallCenter"]

_STILL_WAITING = (from_engine.CancelReason.RING_TIMEOUT, from_engine.CancelReason.AGENT_GONE)
_FORWARD_RING_SECONDS = 60.0


class CallCenter:
    """``ids`` makes UUIDv7s. ``chronicle.facts`` fills as things happen; the runtime takes and clears it each turn."""

    def __init__(self, engine: Engine, board: Switchboard, directory: Directory, ids: Callable[[], str]) -> None:
        self.chronicle = Chronicle(ids)
        self.calls: dict[str, LiveCall] = {}
        self._engine = engine
        self._board = board
        self._directory = directory
        self._ids = ids
        self._work: deque[Any] = deque()  # CallEvent and Output
        self._dirty: dict[str, None] = {}
        # Who hears what, of a call that is live and of the engine; of the rest nothing has to be done.
        self._of_board: dict[type, Callable[[LiveCall, Any, float], None]] = {
            from_board.CallParked: self._parked,
            from_board.ParkFailed: self._park_failed,
            from_board.PlayFinished: self._played,
            from_board.LegRinging: self._ringing,
            from_board.LegAnswered: self._answered,
            from_board.LegBridged: self._bridged,
            from_board.LegFailed: self._leg_failed,
            from_board.CallEnded: self._ended,
        }
        self._of_engine: dict[type, Callable[[Any, float], None]] = {
            from_engine.MakeOffer: self._offer,
            from_engine.WithdrawOffer: self._withdraw,
            from_engine.TicketQueued: self._queued,
            from_engine.TicketEnded: self._ticket_ended,
            from_engine.OfferEnded: self._offer_ended,
            from_engine.AgentChanged: self.chronicle.agent_changed,
        }

    # ------------------------------------------------------------------ in

    def arrive(self, event: RequestReceived, queue: str, priority: int, now: float) -> None:
        """An admitted INVITE for this queue (its id)."""
        call_id = self._ids()
        arrived = self._board.arrive(event, CallId(call_id), now)
        for each in arrived:
            if isinstance(each, from_board.CallArrived):
                self._arrived(each, queue, priority, now)
        self._run(now)
        call = self.calls.get(call_id)
        if call is not None and call.offer is None and not call.parked and call.forward is None:
            self._park(call, now)
            self._run(now)

    def sip(self, event: Event, now: float) -> None:
        """What the endpoint reports of dialogs and transactions of ours."""
        self._work.extend(self._board.receive(event, now))
        self._run(now)

    def expire(self, now: float) -> None:
        self._work.extend(self._board.expire(now))
        self._work.extend(self._engine.expire(now))
        self._run(now)

    def next_deadline(self) -> float | None:
        return earliest(self._board.next_deadline(), self._engine.next_deadline())

    def tell_engine(self, command: to_engine.Command, now: float) -> Refused | None:
        """A command of REST or presence; what it brings about is carried out before this returns."""
        outputs = self._engine.handle(command, now)
        refused = next((output for output in outputs if isinstance(output, Refused)), None)
        if refused is None:
            self._work.extend(outputs)
            self._run(now)
        return refused

    def media_vanished(self, alive: frozenset[str], now: float) -> None:
        """Media servers other than ``alive`` are gone, with their sessions."""
        self._tell_board(to_board.MediaVanished(alive), now)
        self._run(now)

    def hang_up(self, call_id: str, now: float) -> bool:
        """End a live call. False: there is none of this id."""
        if call_id not in self.calls:
            return False
        self._tell_board(to_board.HangUp(CallId(call_id), "hangup"), now)
        self._run(now)
        return True

    def set_priority(self, call_id: str, priority: int, now: float) -> Refused | None:
        refused = self.tell_engine(to_engine.SetPriority(TicketId(call_id), priority), now)
        call = self.calls.get(call_id)
        if refused is None and call is not None:
            call.priority = priority
            self._note(call, "priority_changed", now)
        return refused

    def configure(self, item: ConfigObject, now: float) -> None:
        """A queue or an agent is added or changed (the directory has it already)."""
        if isinstance(item, Queue):
            self.tell_engine(to_engine.ConfigureQueue(item.routing), now)
        elif isinstance(item, Agent):
            is_new = self._engine.agent_view(item.routing.id) is None
            self.tell_engine(to_engine.ConfigureAgent(item.routing), now)
            self.tell_engine(to_engine.SetReachable(item.routing.id, self._directory.is_reachable(item)), now)
            if is_new:
                self.begin(item, now)

    def begin(self, agent: Agent, now: float) -> None:
        """An agent that was never seen before takes up the status that its configuration names."""
        self.tell_engine(to_engine.SetStatus(agent.routing.id, AgentStatus(agent.initial_status)), now)

    def unconfigure(self, kind: ObjectKind, item_id: str, now: float) -> None:
        if kind == "queue":
            self.tell_engine(to_engine.RemoveQueue(QueueId(item_id)), now)
        elif kind == "agent":
            self.tell_engine(to_engine.RemoveAgent(AgentId(item_id)), now)

    def presence(self, aor: str, now: float) -> None:
        """Registrations of this address-of-record changed."""
        for agent_id in self._directory.registered(aor):
            reachable = self._directory.is_reachable(self._directory.agents[agent_id])
            self.tell_engine(to_engine.SetReachable(AgentId(agent_id), reachable), now)

    # ------------------------------------------------------------------ both vocabularies

    def _run(self, now: float) -> None:
        """Carry out what the two engines said, and what they say to that, until both are silent."""
        work = self._work
        while work:
            said = work.popleft()
            of_call = self._of_board.get(type(said))
            if of_call is not None:
                call = self.calls.get(said.call)
                if call is not None:
                    of_call(call, said, now)
                continue
            of_engine = self._of_engine.get(type(said))
            if of_engine is not None:
                of_engine(said, now)

    def _tell_board(self, command: to_board.Command, now: float) -> None:
        self._work.extend(self._board.handle(command, now))

    def _tell_engine(self, command: to_engine.Command, now: float) -> bool:
        """Whether the engine took it; outputs are queued up."""
        outputs = self._engine.handle(command, now)
        if outputs and isinstance(outputs[0], Refused):
            return False
        self._work.extend(outputs)
        return True

    # ------------------------------------------------------------------ a call arrives and waits

    def _arrived(self, event: from_board.CallArrived, queue_id: str, priority: int, now: float) -> None:
        call = LiveCall(
            event.call, event.sip_call_id, event.caller, event.called, queue_id, priority, now, event.has_offer
        )
        self.calls[call.id] = call
        self._note(call, "arrived", now)
        queue = self._directory.queues[queue_id]
        call.greeting = queue.greeting is not None
        ready = call.has_offer and not call.greeting
        if not self._tell_engine(to_engine.Enqueue(TicketId(call.id), QueueId(queue_id), priority, ready), now):
            call.outcome = "rejected"
            self._note(call, "rejected", now, cause="queue_full")
            self._flow_out(call, queue.routing.overflow, now, status=486)

    def _park(self, call: LiveCall, now: float) -> None:
        queue = self._directory.queues.get(call.queue)
        call.parked = True
        playlist = waiting_list(queue, greeting=call.greeting)
        early = queue.early_media_max_seconds if queue is not None and queue.early_media else None
        self._tell_board(to_board.Park(CallId(call.id), playlist, early if call.has_offer else None), now)

    def _queued(self, output: from_engine.TicketQueued, now: float) -> None:
        call = self.calls[output.ticket]
        call.queued_at = output.joined_at
        self._note(call, "queued", now, position=output.position)

    def _parked(self, call: LiveCall, _: from_board.CallParked, now: float) -> None:
        self._note(call, "parked", now)
        if not call.greeting:
            self._tell_engine(to_engine.SetReady(TicketId(call.id)), now)

    def _park_failed(self, call: LiveCall, event: from_board.ParkFailed, now: float) -> None:
        """The caller hears ring-back instead, and can still be served (without an offer of its own it cannot)."""
        self._note(call, "park_failed", now, cause=event.detail)
        call.greeting = False
        if call.has_offer or self._board.state_of(CallId(call.id)) is CallState.PARKED:
            self._tell_engine(to_engine.SetReady(TicketId(call.id)), now)
        else:
            self._tell_board(to_board.Reject(CallId(call.id), 480), now)

    def _played(self, call: LiveCall, _: from_board.PlayFinished, now: float) -> None:
        """The greeting is over: music, and the first offer."""
        if call.greeting:
            call.greeting = False
            self._touch(call)
            playlist = waiting_list(self._directory.queues.get(call.queue), greeting=False)
            self._tell_board(to_board.Play(CallId(call.id), playlist), now)
            self._tell_engine(to_engine.SetReady(TicketId(call.id)), now)

    # ------------------------------------------------------------------ offers

    def _offer(self, output: from_engine.MakeOffer, now: float) -> None:
        call, agent = self.calls.get(output.ticket), self._directory.agents.get(output.agent)
        target = self._directory.target(agent) if agent is not None else None
        if call is None or agent is None or target is None:
            self._tell_engine(to_engine.OfferFailed(output.offer, FailureCause.UNREACHABLE), now)
            return
        call.offers += 1
        call.offer, call.offer_agent, call.offered_at = output.offer, output.agent, now
        self._note(call, "offered", now, agent=output.agent, offer=output.offer)
        self._tell_board(to_board.Dial(CallId(call.id), LegId(output.offer), target, agent.offer), now)

    def _withdraw(self, output: from_engine.WithdrawOffer, now: float) -> None:
        reason = drop_reason(output.reason)
        self._tell_board(to_board.DropLeg(CallId(output.ticket), LegId(output.offer), reason), now)
        call = self.calls.get(output.ticket)
        if call is not None and output.reason in _STILL_WAITING:
            self._after_straight(call, now)

    def _after_straight(self, call: LiveCall, now: float) -> None:
        """A straight offer failed: the caller is parked now, while the next agent may be ringing already."""
        if not call.parked and self._board.state_of(CallId(call.id)) is CallState.ARRIVED:
            self._park(call, now)

    def _ringing(self, call: LiveCall, event: from_board.LegRinging, now: float) -> None:
        leg = event.leg
        if leg == call.forward:
            return
        self._tell_engine(to_engine.OfferRinging(OfferId(leg)), now)
        self.chronicle.note(call, "ringing", now, agent=call.offer_agent, offer=leg)

    def _answered(self, call: LiveCall, event: from_board.LegAnswered, now: float) -> None:
        leg, following = event.leg, self._work[0] if self._work else None
        if leg == call.forward or (isinstance(following, from_board.LegBridged) and following.leg == leg):
            return  # bridged in the same breath: to say that is enough
        if not self._tell_engine(to_engine.OfferAnswered(OfferId(leg)), now):
            self._tell_board(to_board.DropLeg(CallId(call.id), leg), now)

    def _bridged(self, call: LiveCall, event: from_board.LegBridged, now: float) -> None:
        leg = event.leg
        if leg == call.forward:
            return
        if not self._tell_engine(to_engine.Connected(OfferId(leg)), now):
            self._tell_board(to_board.DropLeg(CallId(call.id), leg), now)
            return
        call.connected_at, call.agent, call.outcome = now, call.offer_agent, "answered"
        call.ring_ms = round((now - call.offered_at) * 1000) if call.offered_at is not None else 0
        self._note(call, "connected", now, agent=call.agent, offer=leg)

    def _leg_failed(self, call: LiveCall, event: from_board.LegFailed, now: float) -> None:
        leg = event.leg
        if leg == call.forward:
            self._tell_board(to_board.HangUp(CallId(call.id), "overflow_failed"), now)
            return
        self._after_straight(call, now)
        self._tell_engine(to_engine.OfferFailed(OfferId(leg), failure_cause(event.cause)), now)

    def _offer_ended(self, output: from_engine.OfferEnded, now: float) -> None:
        call = self.calls.get(output.ticket)
        if call is None or output.result is from_engine.OfferResult.CONNECTED:
            return
        if call.offer == output.offer:
            call.ring_ms = round(output.ring_seconds * 1000)
            call.offer = call.offer_agent = call.offered_at = None
        cause = output.cause.value if output.cause is not None else output.result.value
        self._note(call, "offer_ended", now, agent=output.agent, offer=output.offer, cause=cause)

    # ------------------------------------------------------------------ the end

    def _ticket_ended(self, output: from_engine.TicketEnded, now: float) -> None:
        call = self.calls.get(output.ticket)
        if call is None:
            return
        if output.result is TicketResult.FLOWED_OUT:
            call.outcome, call.left_queue_at = "flowed_out", now
            self._note(call, "flowed_out", now)
            self._flow_out(call, output.overflow or Overflow(), now, status=480)
        elif output.result is TicketResult.WITHDRAWN:
            call.left_queue_at = now
            self._note(call, "withdrawn", now)
            self._tell_board(to_board.HangUp(CallId(call.id), "withdrawn"), now)

    def _flow_out(self, call: LiveCall, overflow: Overflow, now: float, status: int) -> None:
        if overflow.action is OverflowAction.URI and overflow.uri:
            call.forward = self._ids()
            self._touch(call)
            target = to_board.Target(overflow.uri)
            until = now + _FORWARD_RING_SECONDS
            self._tell_board(to_board.Dial(CallId(call.id), LegId(call.forward), target, "late", until), now)
        else:
            self._tell_board(to_board.Reject(CallId(call.id), status), now)

    def _ended(self, call: LiveCall, event: from_board.CallEnded, now: float) -> None:
        ticket = TicketId(call.id)
        if call.connected_at is not None:
            self._tell_engine(to_engine.CallEnded(ticket), now)
        elif event.by == "caller":
            if self._tell_engine(to_engine.Abandon(ticket), now):
                self._note(call, "abandoned", now, agent=call.offer_agent)
        else:
            self._tell_engine(to_engine.Withdraw(ticket), now)
        queue = self._directory.queues.get(call.queue)
        self.chronicle.record(call, event.by, event.cause, queue, now)
        del self.calls[call.id]
        self._touch(call)

    # ------------------------------------------------------------------ what is kept

    def _note(
        self, call: LiveCall, kind: CallEventKind, now: float, *, agent: str | None = None, offer: str | None = None,
        cause: str | None = None, position: int | None = None,
    ) -> None:  # fmt: skip
        """A step of the call's life: a fact, and a row to journal."""
        self._touch(call)
        self.chronicle.note(call, kind, now, agent=agent, offer=offer, cause=cause, position=position)

    def _touch(self, call: LiveCall) -> None:
        self._dirty[call.id] = None

    def take_changes(self) -> list[tuple[str, str, object | None]]:
        """Rows to journal of the table ``live_call``, the engine's and the switchboard's."""
        # Offers do not survive a restart: the engine forgets them, the switchboard cancels their legs.
        changes: list[tuple[str, str, object | None]] = self._engine.take_changes(offers=False)
        if self._dirty:
            calls = self.calls
            changes += [("live_call", call_id, calls.get(call_id)) for call_id in self._dirty]
            self._dirty.clear()
        changes += self._board.take_changes()
        return changes

    # ------------------------------------------------------------------ restart

    def restore(self, rows: Iterable[tuple[str, str, object]], now: float) -> None:
        """Take up the journal's rows; the configuration has been given before. What cannot go on is ended."""
        everything = list(rows)
        self.calls = {key: row for table, key, row in everything if isinstance(row, LiveCall) and table == "live_call"}
        for call in self.calls.values():
            call.offer = call.offer_agent = call.offered_at = None
        outputs = self._engine.restore([r for r in everything if r[0] in ("ticket", "agent", "offer")], now)
        living = set(self._board.restore([r for r in everything if r[0] in ("call", "invite")], now))
        for call in list(self.calls.values()):
            if CallId(call.id) not in living:
                self._ended(call, from_board.CallEnded(CallId(call.id), "system", "restart"), now)
            elif self._board.state_of(CallId(call.id)) is CallState.ARRIVED:
                call.parked = False
        self._work.extend(outputs)
        self._run(now)
        for call in list(self.calls.values()):
            if not call.parked and call.forward is None and call.offer is None and call.connected_at is None:
                self._park(call, now)
            elif call.forward is not None and self._board.state_of(CallId(call.id)) is not CallState.BRIDGED:
                queue = self._directory.queues.get(call.queue)
                self._flow_out(call, queue.routing.overflow if queue is not None else Overflow(), now, status=480)
        self._run(now)

    def retold(self) -> Iterable[Fact]:
        """The calls and agents there are, for projections that begin now."""
        views = [self._engine.agent_view(agent) for agent in self._engine.agents()]
        return retold(self.calls.values(), [view for view in views if view is not None])
