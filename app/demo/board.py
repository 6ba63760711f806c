"""What is shown while the play goes on: the state of queues and agents as REST says, and what the event stream tells."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.demo.plan import Play

__all__ = ["AgentRow", "Board", "QueueRow"]

_RECENT: Final = 8


@dataclass(slots=True)
class QueueRow:
    """A queue now and today."""

    waiting: int = 0
    ringing: int = 0
    talking: int = 0
    longest_wait: float = 0.0
    entered: int = 0
    answered: int = 0
    abandoned: int = 0


@dataclass(slots=True)
class AgentRow:
    """An agent now."""

    skills: str
    state: str = "offline"
    calls: int = 0


@dataclass(slots=True)
class Board:
    """Fed by ``stats``, ``agent`` and ``event``; read by whoever draws it. ``tell`` is given each line as it happens."""

    queues: dict[str, QueueRow] = field(default_factory=dict)
    agents: dict[str, AgentRow] = field(default_factory=dict)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    callers: int = 0
    over: int = 0
    tell: Callable[[str], None] | None = None
    _names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, play: Play) -> "Board":
        agents = {
            part.name: AgentRow(", ".join(f"{skill} {level}" for skill, level in part.skills.items()))
            for part in play.agents
        }
        return cls({part.name: QueueRow() for part in play.queues}, agents, callers=len(play.callers))

    def stats(self, item: Mapping[str, Any]) -> None:
        """One queue of ``GET /queues/stats`` (or of the event ``queue.stats``)."""
        row = self.queues.get(item["queue"])
        if row is None:
            return
        row.waiting, row.ringing, row.talking = item["waiting"], item["offered"], item["connected"]
        row.longest_wait = item["longest_wait_seconds"] or 0.0
        today = item["today"]
        row.entered, row.answered, row.abandoned = today["offered"], today["answered"], today["abandoned"]

    def state(self, agent: str, routing_state: str) -> None:
        """An agent's routing state."""
        row = self.agents.get(agent)
        if row is not None:
            row.state = routing_state

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """One event of the stream."""
        if kind == "queue.stats":
            self.stats(data)
            return
        if kind == "agent.state_changed":
            self.state(data["agent"], data["routing_state"])
            return
        line = self._line(kind, data)
        if line:
            self.recent.append(line)
            if self.tell is not None:
                self.tell(line)

    def _line(self, kind: str, data: Mapping[str, Any]) -> str:
        caller = self._caller(data)
        queue, agent = data.get("queue", "?"), data.get("agent", "?")
        match kind:
            case "call.queued":
                return f"{caller} enters {queue}"
            case "call.connected":
                if agent in self.agents:
                    self.agents[agent].calls += 1
                return f"{caller} talks to {agent}"
            case "call.abandoned":
                return f"{caller} gives up in {queue}"
            case "call.ended":
                self.over += 1
                waited, talked = data["wait_seconds"], data["talk_seconds"]
                return f"{caller} is gone: {data['outcome']}, waited {waited:.1f} s, talked {talked:.1f} s"
            case _:
                return ""

    def _caller(self, data: Mapping[str, Any]) -> str:
        call = str(data.get("call", ""))
        if data.get("caller"):
            text = str(data["caller"])
            self._names[call] = text.partition("sip:")[2].partition("@")[0] or text
        return self._names.get(call, call)
