"""A supervisor's hand in the lines: this call to that agent, to another queue, to the front, out; or back into line."""

from collections.abc import Iterator
from typing import assert_never

from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.commands import (
    AssignCall,
    DispatchCommand,
    MoveCallToFront,
    ReleaseCall,
    RequeueCall,
    ReserveCall,
    WithdrawCall,
)
from app.facts import CallEvent, Fact
from app.live_call import waiting_list
from b2bua import commands as to_board
from b2bua.commands import CallId
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import AgentId, QueueId, TicketId
from queues.outputs import RefusalReason, Refused

__all__ = ["Dispatching"]


class Dispatching:
    __slots__ = ("_desk", "of_board", "of_engine")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.of_board: OfBoard = {}
        self.of_engine: OfEngine = {
            from_engine.TicketRequeued: self._requeued,
            from_engine.TicketReserved: self._reserved,
            from_engine.ReservationEnded: self._released,
        }

    def carry_out(self, command: DispatchCommand, now: float) -> Refused | None:
        """On a live call. The call centre's door carries out what comes of it."""
        tell, ticket = self._desk.tell_engine, TicketId(command.call)
        match command:
            case AssignCall():
                until = now + command.seconds if command.seconds is not None else None
                return tell(to_engine.AssignTicket(ticket, AgentId(command.agent), until, command.at_once), now)
            case ReserveCall():
                return tell(to_engine.ReserveTicket(ticket, AgentId(command.agent), now + command.seconds), now)
            case ReleaseCall():
                return tell(to_engine.ReleaseTicket(ticket), now)
            case RequeueCall():
                return self._requeue(command, now)
            case MoveCallToFront():
                return self._to_front(command.call, now)
            case WithdrawCall():
                return tell(to_engine.Withdraw(ticket), now)
            case _:
                assert_never(command)

    def _requeue(self, command: RequeueCall, now: float) -> Refused | None:
        """A caller who talks hears the music of the line again; one who waits hears the other queue's."""
        desk = self._desk
        call = desk.calls[command.call]
        if call.agent_first:
            detail = f"call {call.id} was begun from the agent's phone: it cannot go back into line"
            return Refused(RefusalReason.NOT_POSSIBLE_NOW, detail)
        queue = QueueId(command.queue) if command.queue is not None else None
        refused = desk.tell_engine(to_engine.RequeueTicket(TicketId(command.call), queue), now)
        if refused is not None:
            return refused
        playlist = waiting_list(desk.directory.queues.get(command.queue or call.queue), greeting=False)
        if call.connected_at is not None:
            desk.remember(call, now)
            talked_ms = round((now - call.connected_at) * 1000)
            call.talked_ms += talked_ms
            call.connected_at = call.agent = call.outcome = None
            call.ringing.clear()
            call.parked = True
            desk.tell_board(to_board.Repark(CallId(call.id), playlist), now)
        elif call.parked and not call.greeting:
            desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
        return None

    def _to_front(self, call_id: str, now: float) -> Refused | None:
        desk = self._desk
        refused = desk.tell_engine(to_engine.MoveToFront(TicketId(call_id)), now)
        call, ticket = desk.calls[call_id], desk.engine.ticket_view(TicketId(call_id))
        if refused is None and ticket is not None and ticket.priority != call.priority:
            call.priority = ticket.priority
            desk.note(call, "priority_changed", now)
        return refused

    def retold(self) -> Iterator[Fact]:
        """The waiting calls that are kept for an agent, for projections that begin now."""
        desk = self._desk
        for call in desk.calls.values():
            ticket = desk.engine.ticket_view(TicketId(call.id))
            if ticket is not None and ticket.reserved_for is not None:
                yield CallEvent("", ticket.joined_at, "reserved", call.id, call.queue, ticket.reserved_for)

    def _requeued(self, output: from_engine.TicketRequeued, now: float) -> None:
        call = self._desk.calls.get(output.ticket)
        if call is not None:
            call.queue = output.queue
            self._desk.note(call, "requeued", now, position=output.position)
            if call.parked:
                self._desk.note(call, "parked", now)

    def _reserved(self, output: from_engine.TicketReserved, now: float) -> None:
        call = self._desk.calls.get(output.ticket)
        if call is not None:
            self._desk.note(call, "reserved", now, agent=output.agent)

    def _released(self, output: from_engine.ReservationEnded, now: float) -> None:
        call = self._desk.calls.get(output.ticket)
        if call is not None:
            self._desk.note(call, "released", now, agent=output.agent)
