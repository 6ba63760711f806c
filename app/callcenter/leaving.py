"""A call leaves its queue without an agent, or is over: overflow, and the record that it leaves behind."""

from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.live_call import LiveCall
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId, LegId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import Overflow, OverflowAction, TicketId
from queues.outputs import TicketResult

__all__ = ["Leaving"]

_FORWARD_RING_SECONDS = 60.0


class Leaving:
    __slots__ = ("_desk", "of_board", "of_engine")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.of_board: OfBoard = {from_board.CallEnded: self.ended}
        self.of_engine: OfEngine = {from_engine.TicketEnded: self._ticket_ended}

    def flow_out(self, call: LiveCall, overflow: Overflow, now: float, status: int) -> None:
        desk = self._desk
        if overflow.action is OverflowAction.URI and overflow.uri:
            call.forward = desk.ids()
            desk.touch(call)
            target = to_board.Target(overflow.uri)
            until = now + _FORWARD_RING_SECONDS
            desk.tell_board(to_board.Dial(CallId(call.id), LegId(call.forward), target, "late", until), now)
        else:
            desk.tell_board(to_board.Reject(CallId(call.id), status), now)

    def forward_failed(self, call: LiveCall, now: float) -> None:
        """Whoever the overflow names did not take the call."""
        self._desk.tell_board(to_board.HangUp(CallId(call.id), "overflow_failed"), now)

    def ended(self, call: LiveCall, event: from_board.CallEnded, now: float) -> None:
        desk = self._desk
        ticket = TicketId(call.id)
        if call.connected_at is not None:
            desk.tell_engine(to_engine.CallEnded(ticket), now)
        elif event.by == "caller":
            if desk.tell_engine(to_engine.Abandon(ticket), now) is None:
                rung = call.first_rung()
                desk.note(call, "abandoned", now, agent=rung.agent if rung is not None else None)
        else:
            desk.tell_engine(to_engine.Withdraw(ticket), now)
        queue = desk.directory.queues.get(call.queue)
        desk.chronicle.record(call, event.by, event.cause, queue, now)
        del desk.calls[call.id]
        desk.touch(call)
        desk.end_calling(call.caller_agents, now)

    def _ticket_ended(self, output: from_engine.TicketEnded, now: float) -> None:
        desk = self._desk
        call = desk.calls.get(output.ticket)
        if call is None:
            return
        if output.result is TicketResult.FLOWED_OUT:
            call.outcome, call.left_queue_at = "flowed_out", now
            desk.note(call, "flowed_out", now)
            self.flow_out(call, output.overflow or Overflow(), now, status=480)
        elif output.result is TicketResult.WITHDRAWN:
            call.left_queue_at = now
            desk.note(call, "withdrawn", now)
            desk.tell_board(to_board.HangUp(CallId(call.id), "withdrawn"), now)
