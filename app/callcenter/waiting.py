"""A call arrives, takes its place in a queue and is parked; and what it hears there."""

from app.callcenter.announcing import Announcing
from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.leaving import Leaving
from app.directory import Entry
from app.live_call import LiveCall, waiting_list
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.call import CallState
from b2bua.commands import CallId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import AgentId, Overflow, OverflowCause, QueueId, TicketId

__all__ = ["Waiting"]


class Waiting:
    __slots__ = ("_announcing", "_desk", "_leaving", "of_board", "of_engine")

    def __init__(self, desk: Desk, leaving: Leaving, announcing: Announcing) -> None:
        self._desk = desk
        self._announcing = announcing
        self._leaving = leaving
        self.of_board: OfBoard = {
            from_board.CallParked: self._parked,
            from_board.ParkFailed: self._park_failed,
            from_board.PlayFinished: self._played,
        }
        self.of_engine: OfEngine = {from_engine.TicketQueued: self._queued, from_engine.TicketMoved: self._moved}

    def arrived(self, event: from_board.CallArrived, number: str, entry: Entry, now: float) -> None:
        """``number``: by which the caller is known again, "" for nobody's."""
        desk = self._desk
        queue_id, priority = entry.queue, entry.priority
        call = LiveCall(
            event.call, event.sip_call_id, event.caller, event.called, queue_id, priority, now, event.has_offer,
            number=number,
        )  # fmt: skip
        desk.calls[call.id] = call
        desk.note(call, "arrived", now)
        call.greeting = desk.directory.queues[queue_id].greeting is not None
        ready = call.has_offer and not call.greeting
        enqueue = to_engine.Enqueue(
            TicketId(call.id),
            QueueId(queue_id),
            priority,
            ready,
            caller=number or None,
            requirements=entry.requirements,
        )
        sticky = desk.directory.queues[queue_id].routing.sticky
        if sticky is not None and number:
            agent = desk.memory.last_agent(number, queue_id, sticky, now)
            enqueue.preferred = AgentId(agent) if agent is not None else None
        refused = desk.tell_engine(enqueue, now)
        if refused is not None:
            self._refused(call, refused, now)

    def _refused(self, call: LiveCall, refused: from_engine.Refused, now: float) -> None:
        """No queue takes the call."""
        desk, away = self._desk, refused.turned_away
        call.outcome = "rejected"
        if len(away) > 1:
            desk.turned_away(call, away, now)
        else:
            desk.note(call, "rejected", now, cause=refused.reason.value)
        cause = away[-1].cause if away else OverflowCause.CLOSED
        self._leaving.flowing_out.begin(call, refused.overflow or Overflow(), cause, now)

    def park(self, call: LiveCall, now: float) -> None:
        queue = self._desk.directory.queues.get(call.queue)
        call.parked = True
        playlist = waiting_list(queue, greeting=call.greeting)
        early = queue.early_media_max_seconds if queue is not None and queue.early_media else None
        self._desk.tell_board(to_board.Park(CallId(call.id), playlist, early if call.has_offer else None), now)

    def after_straight(self, call: LiveCall, offer: str, now: float) -> None:
        """A straight offer failed: the caller is parked now, while the next agent may be ringing already.

        Where other phones were rung with it, the caller goes on hearing them.
        """
        if call.ringing.keys() - {offer}:
            return
        if not call.parked and self._desk.board.state_of(CallId(call.id)) is CallState.ARRIVED:
            self.park(call, now)

    def _queued(self, output: from_engine.TicketQueued, now: float) -> None:
        call = self._desk.calls.get(output.ticket)
        if call is None:
            return  # a callback: it has no call yet
        if output.turned_away:
            self._desk.turned_away(call, output.turned_away, now)
        before, call.queue = call.queue, output.queue
        first = call.queued_at is None
        call.entered_at, call.joined_at = now, output.joined_at
        if first:
            call.queued_at = now
        if output.expected_wait is not None:
            call.expected_wait_ms = round(output.expected_wait * 1000)
        self._desk.note(call, "queued", now, position=output.position or None)
        if first and before != call.queue:
            self._greeted_elsewhere(call, now)
        elif before != call.queue:
            self._retune(call, before, now)
            self._announcing.begin(call, now)

    def _moved(self, output: from_engine.TicketMoved, now: float) -> None:
        """Another queue takes the caller over; ``TicketQueued`` follows."""
        call = self._desk.calls.get(output.ticket)
        if call is None:
            return  # a callback: it has no call yet
        self._desk.note(call, "flowed_out", now, cause=output.cause.value)
        self._desk.chronicle.flowed_out(call, output.cause, now, output.to)

    def _greeted_elsewhere(self, call: LiveCall, now: float) -> None:
        """The queue that took the call is not the one that was called: it greets callers who are to be greeted anyway."""
        queue = self._desk.directory.queues.get(call.queue)
        if call.greeting and (queue is None or queue.greeting is None):
            call.greeting = False
            if call.has_offer:
                self._desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)

    def _retune(self, call: LiveCall, before: str, now: float) -> None:
        """The music of the caller's new queue; a greeting that is being played is played to its end."""
        queues, state = self._desk.directory.queues, self._desk.board.state_of(CallId(call.id))
        playlist = waiting_list(queues.get(call.queue), greeting=False)
        self._announcing.begin(call, now)
        if state is CallState.ARRIVED:
            self.after_straight(call, "", now)
        elif call.greeting or playlist.sounds == waiting_list(queues.get(before), greeting=False).sounds:
            return
        elif state is CallState.PARKED:
            self._desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
        else:
            call.retune = True

    def _parked(self, call: LiveCall, _: from_board.CallParked, now: float) -> None:
        self._desk.note(call, "parked", now)
        if call.overflow is not None:
            self._leaving.flowing_out.parked(call, now)
            return
        self._announcing.begin(call, now)
        if call.retune and not call.greeting:
            call.retune = False
            playlist = waiting_list(self._desk.directory.queues.get(call.queue), greeting=False)
            self._desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
        if not call.greeting:
            self._desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)

    def _park_failed(self, call: LiveCall, event: from_board.ParkFailed, now: float) -> None:
        """The caller hears ring-back instead, and can still be served (without an offer of its own it cannot)."""
        desk = self._desk
        desk.note(call, "park_failed", now, cause=event.detail)
        call.greeting = False
        if call.overflow is not None:
            self._leaving.flowing_out.park_failed(call, now)
        elif call.has_offer or desk.board.state_of(CallId(call.id)) is CallState.PARKED:
            desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)
        else:
            desk.tell_board(to_board.Reject(CallId(call.id), 480), now)

    def _played(self, call: LiveCall, _: from_board.PlayFinished, now: float) -> None:
        """The greeting is over: music, and the first offer. Or an announcement: music again."""
        desk = self._desk
        if call.overflow is not None:
            self._leaving.flowing_out.played(call, now)
        elif self._announcing.finished(call, now):
            return
        elif call.greeting:
            call.greeting = False
            desk.touch(call)
            playlist = waiting_list(desk.directory.queues.get(call.queue), greeting=False)
            desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
            desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)
