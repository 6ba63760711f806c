"""Agents at work: what they and their supervisors ask for, the phones they log in at, and what is written down of it."""

from dataclasses import dataclass
from typing import assert_never

from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.commands import (
    AgentCommand,
    EndWrapUp,
    ExtendWrapUp,
    RefusedReply,
    Reply,
    SetAgentState,
    SetCallWrapUp,
    SetDisposition,
    SetOutsideCalls,
)
from app.configuration import Agent
from app.facts import AgentEvent, Disposition
from app.replies import reply_of
from queues import commands as to_engine
from queues import outputs as from_engine
from queues.model import AgentId, AgentStatus, QueueId, TicketId
from queues.outputs import RefusalReason, Refused

__all__ = ["DeskRow", "Workplaces"]

_STATUSES = ("available", "paused", "logged_out")


@dataclass(slots=True)
class DeskRow:
    """The phone that an agent logged in at (table ``desk``, by agent)."""

    address: str
    since: float
    version: int = 1


class Workplaces:
    __slots__ = ("_desk", "_since", "dirty", "of_board", "of_engine")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._since: dict[str, float] = {}
        self.dirty: dict[str, None] = {}
        self.of_board: OfBoard = {}
        self.of_engine: OfEngine = {
            from_engine.AgentChanged: self._changed,
            from_engine.AgentNoted: self._noted,
            from_engine.DispositionGiven: self._coded,
        }

    def handle(self, command: AgentCommand, now: float) -> Reply:
        """What REST or a feature code asks for."""
        match command:
            case SetAgentState():
                return self._set_state(command, now)
            case EndWrapUp(agent, force):
                return self._ask(agent, to_engine.EndWrapUp(AgentId(agent), force), now)
            case ExtendWrapUp(agent, seconds):
                return self._ask(agent, to_engine.ExtendWrapUp(AgentId(agent), seconds), now)
            case SetOutsideCalls(agent, count):
                return self._ask(agent, to_engine.OutsideCalls(AgentId(agent), count), now)
            case SetDisposition():
                return self._code(command, now)
            case SetCallWrapUp():
                return self._set_wrap_up(command, now)
            case _:
                assert_never(command)

    def _ask(self, agent: str, command: to_engine.Command, now: float, *but: str) -> Reply:
        refused = self._desk.tell_engine(command, now)
        return reply_of(refused, () if refused is None else self._allowed(agent, *but))

    def _allowed(self, agent: str, *but: str) -> tuple[str, ...]:
        """What could be asked for now, besides what was refused."""
        view = self._desk.engine.agent_view(AgentId(agent))
        allowed = [status for status in _STATUSES if status not in but]
        if view is not None and view.wrap_up_until is not None:
            allowed += ["disposition", "extend_wrap_up"] if view.uncoded else ["end_wrap_up", "extend_wrap_up"]
        return tuple(each for each in allowed if each not in but)

    # ------------------------------------------------------------------ status and desk

    def _set_state(self, command: SetAgentState, now: float) -> Reply:
        desk, directory = self._desk, self._desk.directory
        agent, view = directory.agents.get(command.agent), desk.engine.agent_view(AgentId(command.agent))
        if agent is None or view is None:
            return RefusedReply(404, RefusalReason.UNKNOWN_AGENT.value, f"there is no agent {command.agent}")
        logs_in = view.status is AgentStatus.LOGGED_OUT and command.status != "logged_out"
        other = self._who_sits_there(agent, command.address, logs_in=logs_in)
        if other is not None:
            detail = f"agent {other} is logged in at this phone"
            return RefusedReply(409, "address_in_use", detail, self._allowed(command.agent, command.status))
        before = directory.desks.get(command.agent)
        if command.address is not None:
            self._sit(agent, command.address, now)
        status = to_engine.SetStatus(
            AgentId(command.agent), AgentStatus(command.status), command.pause_reason, command.force, command.by
        )
        reply = self._ask(command.agent, status, now, command.status)
        if isinstance(reply, RefusedReply):
            if command.address is not None:
                self._sit(agent, before, now)
        elif directory.desks.get(command.agent) != before:
            self._moved(command.agent, before, now)
        return reply

    def _who_sits_there(self, agent: Agent, address: str | None, *, logs_in: bool) -> str | None:
        """The name of another agent who is logged in at the phone at which this one would be."""
        directory = self._desk.directory
        if address is None and not logs_in:
            return None
        place = directory.place(address if address is not None else directory.address_of(agent))
        for other in directory.at(place):
            view = self._desk.engine.agent_view(AgentId(other))
            # Agents who share an address by configuration may; a desk belongs to whoever logs in there.
            shared = address is None and other not in directory.desks
            in_use = view is not None and view.status is not AgentStatus.LOGGED_OUT
            if in_use and not shared and other != agent.routing.id:
                return directory.agents[other].routing.name
        return None

    def _sit(self, agent: Agent, address: str | None, now: float) -> None:
        """At the phone with this address, or at its own (None)."""
        desk, directory, agent_id = self._desk, self._desk.directory, agent.routing.id
        if address is not None and directory.place(address) == directory.place(agent.address):
            address = None
        directory.seat(agent_id, address)
        self._since[agent_id] = now
        self.dirty[agent_id] = None
        desk.tell_engine(to_engine.SetReachable(AgentId(agent_id), directory.is_reachable(agent)), now)

    def _moved(self, agent: str, before: str | None, now: float) -> None:
        """Say that the agent sits somewhere else."""
        desk = self._desk
        address = desk.directory.desks.get(agent)
        kind, shown = ("desk_left", before) if address is None else ("desk_taken", address)
        desk.chronicle.facts.append(AgentEvent(desk.ids(), now, kind, agent, address=shown))  # type: ignore[arg-type]  # one of the two
        view = desk.engine.agent_view(AgentId(agent))
        told = any(isinstance(each, from_engine.AgentChanged) and each.agent == agent for each in desk.work.waiting())
        if view is not None and not told:
            desk.chronicle.agent_moved(view, now, address)

    def _changed(self, output: from_engine.AgentChanged, now: float) -> None:
        desk = self._desk
        before = desk.directory.desks.get(output.agent)
        if before is not None and self._is_out(output.agent):
            desk.chronicle.agent_changed(output, now, None)
            agent = desk.directory.agents.get(output.agent)
            if agent is not None:
                self._sit(agent, None, now)
            desk.chronicle.facts.append(AgentEvent(desk.ids(), now, "desk_left", output.agent, address=before))
            return
        desk.chronicle.agent_changed(output, now, before)

    def _is_out(self, agent: str) -> bool:
        """Asked of the engine, which is ahead of its word: whoever was logged out when that was said may be back since."""
        view = self._desk.engine.agent_view(AgentId(agent))
        return view is None or view.status is AgentStatus.LOGGED_OUT

    def _noted(self, output: from_engine.AgentNoted, now: float) -> None:
        status, cause = output.status, output.cause
        self._desk.chronicle.facts.append(
            AgentEvent(
                id=self._desk.ids(),
                time=now,
                kind=output.incident.value,
                agent=output.agent,
                status=status.value if status is not None else None,
                pause_reason=output.reason,
                queue=output.queue,
                cause=cause.value if cause is not None else None,
                misses=output.misses or None,
                actor=output.by,
            )
        )

    # ------------------------------------------------------------------ calls

    def _code(self, command: SetDisposition, now: float) -> Reply:
        workplace = self._desk.directory.workplace
        found = workplace.disposition(command.code)
        if found is None and workplace.dispositions:
            known = ", ".join(sorted(each.name for each in workplace.dispositions.values()))
            detail = f"there is no disposition {command.code!r}; known are {known}"
            return RefusedReply(409, "unknown_disposition", detail)
        ticket = TicketId(command.call) if command.call is not None else None
        queues = frozenset(map(QueueId, found.queues)) if found is not None and found.queues is not None else None
        code = found.name if found is not None else command.code
        asked = to_engine.SetDisposition(AgentId(command.agent), ticket, code, command.note, queues)
        return self._ask(command.agent, asked, now, "disposition")

    def _coded(self, output: from_engine.DispositionGiven, now: float) -> None:
        desk = self._desk
        fact = Disposition(desk.ids(), now, output.ticket, output.queue, output.agent, output.code, output.note)
        desk.chronicle.facts.append(fact)

    def _set_wrap_up(self, command: SetCallWrapUp, now: float) -> Reply:
        desk = self._desk
        call = desk.calls.get(command.call)
        if call is None or (command.agent is not None and call.agent != command.agent):
            whose = "" if command.agent is None else " of this agent's"
            unknown = Refused(RefusalReason.UNKNOWN_TICKET, f"no live call{whose} has the id {command.call!r}")
            return reply_of(unknown)
        return reply_of(desk.tell_engine(to_engine.SetWrapUp(TicketId(call.id), command.seconds), now))

    # ------------------------------------------------------------------ what is kept

    def take_changes(self) -> list[tuple[str, str, object | None]]:
        """Rows of the table ``desk``."""
        desks = self._desk.directory.desks
        changes: list[tuple[str, str, object | None]] = [
            ("desk", agent, DeskRow(desks[agent], self._since[agent]) if agent in desks else None)
            for agent in self.dirty
        ]
        self.dirty.clear()
        return changes

    def restore(self, agent: str, row: DeskRow) -> None:
        """Before the engine's rows: the agent sits where it sat."""
        if agent not in self._desk.directory.agents:
            self.dirty[agent] = None
            return
        self._desk.directory.seat(agent, row.address)
        self._since[agent] = row.since

    def gone(self, agent: str) -> None:
        """The agent is not configured any more."""
        if agent in self._desk.directory.desks:
            self._desk.directory.seat(agent, None)
            self.dirty[agent] = None
