"""What the rooms of the call centre share: the two engines, the calls that are live, and how both are told and noted."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from app.callcenter.memory import Memory
from app.chronicle import Chronicle
from app.directory import Directory
from app.facts import CallEventKind
from app.live_call import LiveCall
from b2bua import commands as to_board
from b2bua.switchboard import Switchboard
from queues import commands as to_engine
from queues.engine import Engine
from queues.model import AgentId
from queues.outputs import Refused, TurnedAway

__all__ = ["Desk", "OfBoard", "OfEngine", "Work"]

OfBoard = dict[type, Callable[[LiveCall, Any, float], None]]
"""Who hears what the switchboard says of a call that is live."""

OfEngine = dict[type, Callable[[Any, float], None]]
"""Who hears what the queue engine says."""


class Work:
    """What the two engines said and nobody has carried out yet, in order. (A deque costs compiled code four times as much.)"""

    __slots__ = ("_next", "_said")

    def __init__(self) -> None:
        self._said: list[Any] = []  # CallEvent and Output
        self._next = 0

    def add(self, said: list[Any]) -> None:
        self._said += said

    def take(self) -> Any | None:  # noqa: ANN401 - of two vocabularies
        """The next, which is here no more; None when all is silent."""
        if self._next == len(self._said):
            self.clear()
            return None
        self._next += 1
        return self._said[self._next - 1]

    def waiting(self) -> list[Any]:
        """What was not taken yet."""
        return self._said[self._next :]

    def following(self) -> Any | None:  # noqa: ANN401 - as above
        """What is taken next."""
        return self._said[self._next] if self._next < len(self._said) else None

    def clear(self) -> None:
        self._said.clear()
        self._next = 0


class Desk:
    """``ids`` makes UUIDv7s. What the engines answer is queued in ``work``; the door carries it out until both are silent."""

    __slots__ = ("board", "calling", "calls", "chronicle", "directory", "dirty", "engine", "ids", "memory", "work")

    def __init__(
        self, engine: Engine, board: Switchboard, directory: Directory, ids: Callable[[], str], memory: Memory
    ) -> None:
        self.engine = engine
        self.board = board
        self.directory = directory
        self.ids = ids
        self.memory = memory
        self.chronicle = Chronicle(ids)
        self.calls: dict[str, LiveCall] = {}
        self.work = Work()
        self.dirty: dict[str, None] = {}  # calls whose rows changed
        self.calling: Counter[str] = Counter()  # how many calls each agent makes to us

    def tell_board(self, command: to_board.Command, now: float) -> None:
        self.work.add(self.board.handle(command, now))

    def tell_engine(self, command: to_engine.Command, now: float) -> Refused | None:
        """Whether the engine refused it; outputs are queued up."""
        outputs = self.engine.handle(command, now)
        if outputs and isinstance(outputs[0], Refused):
            return outputs[0]
        self.work.add(outputs)
        return None

    def begin_calling(self, agents: Iterable[str], now: float) -> None:
        """A call came from these agents' phone: they are offered none meanwhile."""
        for agent in agents:
            self.calling[agent] += 1
            self.tell_engine(to_engine.OutsideCalls(AgentId(agent), self.calling[agent], seen=True), now)

    def end_calling(self, agents: Iterable[str], now: float) -> None:
        for agent in agents:
            self.calling[agent] -= 1
            self.tell_engine(to_engine.OutsideCalls(AgentId(agent), self.calling[agent], seen=True), now)
            if not self.calling[agent]:
                del self.calling[agent]

    def note(
        self, call: LiveCall, kind: CallEventKind, now: float, *, agent: str | None = None, offer: str | None = None,
        cause: str | None = None, position: int | None = None,
    ) -> None:  # fmt: skip
        """A step of the call's life: a fact, and a row to journal."""
        self.dirty[call.id] = None
        self.chronicle.note(call, kind, now, agent=agent, offer=offer, cause=cause, position=position)

    def turned_away(self, call: LiveCall, queues: tuple[TurnedAway, ...], now: float) -> None:
        """Queues that were asked for the call besides the one that has it (or had it), and would not take it."""
        own = call.queue
        for each in queues:
            call.queue = each.queue
            self.note(call, "rejected", now, cause=each.cause.value)
        call.queue = own
        self.chronicle.turned_away(call, queues, now)

    def remember(self, call: LiveCall, now: float) -> None:
        """The caller's talk with an agent is over: they know each other now, where any queue cares."""
        if call.agent is None or not call.number:
            return
        policies = [
            queue.routing.sticky for queue in self.directory.queues.values() if queue.routing.sticky is not None
        ]
        if policies:
            keep = max(policy.period_seconds for policy in policies)
            self.memory.talked(call.number, call.queue, call.agent, now, keep=keep)

    def touch(self, call: LiveCall) -> None:
        """The call's row changed."""
        self.dirty[call.id] = None
