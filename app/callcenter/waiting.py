"""A call arrives, takes its place in a queue and is parked; and what it hears there."""

from app.callcenter.announcing import Announcing
from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.leaving import Leaving
from app.live_call import LiveCall, waiting_list
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.call import CallState
from b2bua.commands import CallId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import QueueId, TicketId

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
        self.of_engine: OfEngine = {from_engine.TicketQueued: self._queued}

    def arrived(self, event: from_board.CallArrived, queue_id: str, priority: int, now: float) -> None:
        desk = self._desk
        call = LiveCall(
            event.call, event.sip_call_id, event.caller, event.called, queue_id, priority, now, event.has_offer
        )
        desk.calls[call.id] = call
        desk.note(call, "arrived", now)
        queue = desk.directory.queues[queue_id]
        call.greeting = queue.greeting is not None
        ready = call.has_offer and not call.greeting
        enqueue = to_engine.Enqueue(TicketId(call.id), QueueId(queue_id), priority, ready)
        if desk.tell_engine(enqueue, now) is not None:
            call.outcome = "rejected"
            desk.note(call, "rejected", now, cause="queue_full")
            self._leaving.flow_out(call, queue.routing.overflow, now, status=486)

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
        call = self._desk.calls[output.ticket]
        call.queued_at = output.joined_at
        if output.expected_wait is not None:
            call.expected_wait_ms = round(output.expected_wait * 1000)
        self._desk.note(call, "queued", now, position=output.position)

    def _parked(self, call: LiveCall, _: from_board.CallParked, now: float) -> None:
        self._desk.note(call, "parked", now)
        self._announcing.begin(call, now)
        if not call.greeting:
            self._desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)

    def _park_failed(self, call: LiveCall, event: from_board.ParkFailed, now: float) -> None:
        """The caller hears ring-back instead, and can still be served (without an offer of its own it cannot)."""
        desk = self._desk
        desk.note(call, "park_failed", now, cause=event.detail)
        call.greeting = False
        if call.has_offer or desk.board.state_of(CallId(call.id)) is CallState.PARKED:
            desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)
        else:
            desk.tell_board(to_board.Reject(CallId(call.id), 480), now)

    def _played(self, call: LiveCall, _: from_board.PlayFinished, now: float) -> None:
        """The greeting is over: music, and the first offer. Or an announcement: music again."""
        desk = self._desk
        if self._announcing.finished(call, now):
            return
        if call.greeting:
            call.greeting = False
            desk.touch(call)
            playlist = waiting_list(desk.directory.queues.get(call.queue), greeting=False)
            desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
            desk.tell_engine(to_engine.SetReady(TicketId(call.id)), now)
