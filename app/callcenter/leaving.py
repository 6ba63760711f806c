"""A call leaves its queue without an agent, or is over: overflow, and the record that it leaves behind."""

from collections.abc import Callable

from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.flowing_out import FlowingOut
from app.live_call import LiveCall, ended_by
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import Overflow, OverflowAction, OverflowCause, TicketId
from queues.outputs import TicketResult

__all__ = ["Leaving"]


class Leaving:
    """``ticket_gone``: hears of tickets that have no call."""

    __slots__ = ("_desk", "flowing_out", "of_board", "of_engine", "ticket_gone")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.flowing_out = FlowingOut(desk)
        self.ticket_gone: Callable[[str, float], None] | None = None
        self.of_board: OfBoard = {from_board.CallEnded: self.ended}
        self.of_engine: OfEngine = {
            from_engine.TicketEnded: self._ticket_ended,
            from_engine.QueueChanged: desk.chronicle.queue_changed,
        }

    def ended(self, call: LiveCall, event: from_board.CallEnded, now: float) -> None:
        desk = self._desk
        ticket, by = TicketId(call.id), ended_by(call, event.by)
        if call.connected_at is not None:
            desk.tell_engine(to_engine.CallEnded(ticket), now)
            desk.remember(call, now)
        elif by == "caller":
            if desk.tell_engine(to_engine.Abandon(ticket), now) is None:
                rung = call.first_rung()
                desk.note(call, "abandoned", now, agent=rung.agent if rung is not None else None)
        else:
            desk.tell_engine(to_engine.Withdraw(ticket), now)
        self.flowing_out.forget(call)
        queue = desk.directory.queues.get(call.queue)
        desk.chronicle.record(call, by, event.cause, queue, now)
        del desk.calls[call.id]
        desk.touch(call)
        desk.end_calling(call.caller_agents, now)

    def leave_for_callback(self, call: LiveCall, sound: str | None, now: float) -> None:
        """A waiting caller is called back instead: to the queue it flows out."""
        desk = self._desk
        call.outcome, call.left_queue_at = "flowed_out", now
        desk.note(call, "flowed_out", now, cause="callback")
        self.take_leave(call, sound, now)
        desk.tell_engine(to_engine.Withdraw(TicketId(call.id)), now)

    def take_leave(self, call: LiveCall, sound: str | None, now: float) -> None:
        """Hang up, after ``sound`` if there is one."""
        call.overflow = Overflow(OverflowAction.ANNOUNCEMENT, sound=sound) if sound else Overflow()
        self._desk.touch(call)
        self.flowing_out.go_on(call, now)

    def _ticket_ended(self, output: from_engine.TicketEnded, now: float) -> None:
        desk = self._desk
        call = desk.calls.get(output.ticket)
        if call is None:
            if self.ticket_gone is not None:
                self.ticket_gone(output.ticket, now)
            return
        if output.result is TicketResult.FLOWED_OUT:
            call.outcome, call.left_queue_at = "flowed_out", now
            cause = output.cause or OverflowCause.MAX_WAIT
            desk.note(call, "flowed_out", now, cause=cause.value)
            if output.turned_away:
                desk.chronicle.flowed_out(call, cause, now)
                desk.turned_away(call, output.turned_away, now)
            self.flowing_out.begin(call, output.overflow or Overflow(), cause, now)
        elif output.result is TicketResult.WITHDRAWN and call.overflow is None:
            call.left_queue_at = now
            desk.note(call, "withdrawn", now)
            desk.tell_board(to_board.HangUp(CallId(call.id), "withdrawn"), now)
