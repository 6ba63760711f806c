"""A phone dials a feature code: an agent's state changes, the phone hears so, and the call is over.

Such a call enters no queue and leaves no record but the facts of what it did. It does not survive a restart: its work was
done when it was answered.
"""

from dataclasses import dataclass
from typing import Final

from app.agents.credentials import is_pin
from app.callcenter.desk import Desk
from app.callcenter.guesses import Guesses
from app.callcenter.workplaces import Workplaces
from app.commands import RefusedReply, SetAgentState
from app.configuration import Agent, FeatureCode
from app.workplace import Dialled
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.commands import CallId, Playlist
from b2bua.events import CallEvent
from queues.model import AgentId, AgentStatus
from sipcore.events import RequestReceived

__all__ = ["FeatureCalls"]

_LONGEST: Final = 20.0  # seconds; a media server that does not say when it has played leaves the phone to us
_FORBIDDEN: Final = 403  # for an unknown agent as for a wrong PIN: numbers are not to be found out
_UNAVAILABLE: Final = 480
_ANNOUNCED: Final = {
    "available": "agent-available",
    "paused": "agent-paused",
    "logged_out": "agent-logged-out",
}


@dataclass(slots=True)
class _Call:
    agent: str
    announcement: str
    until: float


class FeatureCalls:
    __slots__ = ("_calls", "_desk", "_guesses", "_workplaces")

    def __init__(self, desk: Desk, workplaces: Workplaces, guesses: Guesses) -> None:
        self._desk = desk
        self._workplaces = workplaces
        self._guesses = guesses
        self._calls: dict[str, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def arrive(self, event: RequestReceived, dialled: Dialled, user: str | None, now: float) -> int | None:
        """An admitted INVITE; ``user``: the one that digest proved. The status to refuse it with, None: it is answered."""
        directory = self._desk.directory
        phone = directory.phone_of(event.request, user)
        agent = self._who(dialled, phone, now) if phone is not None else None
        if agent is None or phone is None:
            return _FORBIDDEN
        command = self._command(dialled.code, agent, phone)
        if command.address is not None and not directory.rings(command.address):
            return _UNAVAILABLE
        call_id = self._desk.ids()
        for each in self._desk.board.arrive(event, CallId(call_id), now):
            if isinstance(each, from_board.CallArrived):
                self._carry_out(call_id, dialled.code, command, now)
        return None

    def _who(self, dialled: Dialled, phone: str, now: float) -> Agent | None:
        """The agent that is meant, if it may be."""
        directory = self._desk.directory
        if not dialled.number:
            here = directory.at(directory.place(phone))
            return directory.agents[next(filter(self._is_logged_in, here), here[0])] if here else None
        agent = directory.numbered(dialled.number)
        if agent is None or agent.pin is None:
            return agent
        agent_id = agent.routing.id
        if self._guesses.locked(agent_id, now):
            return None
        if dialled.pin is None or not is_pin(dialled.pin, agent.pin):
            self._guesses.wrong(agent_id, now)
            return None
        self._guesses.right(agent_id)
        return agent

    def _is_logged_in(self, agent: str) -> bool:
        view = self._desk.engine.agent_view(AgentId(agent))
        return view is not None and view.status is not AgentStatus.LOGGED_OUT

    def _command(self, code: FeatureCode, agent: Agent, phone: str) -> SetAgentState:
        agent_id = agent.routing.id
        view = self._desk.engine.agent_view(AgentId(agent_id))
        working = view is not None and view.status is AgentStatus.AVAILABLE and view.pending_status is None
        if code.action == "pause" or (code.action == "toggle" and working):
            return SetAgentState(agent_id, "paused", code.pause_reason)
        if code.action == "log_out":
            return SetAgentState(agent_id, "logged_out")
        logged_out = view is not None and view.status is AgentStatus.LOGGED_OUT
        at_this_phone = code.action == "log_in" or (code.action == "toggle" and logged_out)
        return SetAgentState(agent_id, "available", address=phone if at_this_phone else None)

    def _carry_out(self, call_id: str, code: FeatureCode, command: SetAgentState, now: float) -> None:
        """The phone is busy until it has heard what was done: no call is offered to it before."""
        desk = self._desk
        announcement = code.announcement or _ANNOUNCED[command.status]
        self._calls[call_id] = _Call(command.agent, announcement, now + _LONGEST)
        desk.begin_calling((command.agent,), now)
        reply = self._workplaces.handle(command, now)
        if isinstance(reply, RefusedReply):
            desk.tell_board(to_board.Reject(CallId(call_id), _UNAVAILABLE, reply.reason.replace("_", " ")), now)
        else:
            desk.tell_board(to_board.Park(CallId(call_id), Playlist((announcement,), loop=False)), now)

    def hear(self, said: CallEvent, now: float) -> None:
        """What the switchboard says of a call that is in no queue."""
        call = self._calls.get(said.call)
        if call is None:
            return
        if isinstance(said, from_board.PlayFinished):
            self._desk.tell_board(to_board.HangUp(said.call, "feature_code"), now)
        elif isinstance(said, from_board.ParkFailed):
            self._desk.tell_board(to_board.Reject(said.call, _UNAVAILABLE, call.announcement.replace("-", " ")), now)
        elif isinstance(said, from_board.CallEnded):
            del self._calls[said.call]
            self._desk.end_calling((call.agent,), now)

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        return min([call.until for call in self._calls.values()]) if self._calls else None

    def expire(self, now: float) -> None:
        for call_id in [call_id for call_id, call in self._calls.items() if call.until <= now]:
            self._calls[call_id].until = now + _LONGEST
            self._desk.tell_board(to_board.HangUp(CallId(call_id), "feature_code"), now)
