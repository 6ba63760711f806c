"""How many agents of each queue are logged in, and how many of those are ready, counted as they change.

An agent is ready who is available, reachable and has no pause pending; also one who talks or wraps up, who will be free.
"""

from collections.abc import Iterable

from queues.agents.agent_table import Agent
from queues.model import AgentId, AgentStatus, QueueId

__all__ = ["Staff"]

_Counted = tuple[tuple[QueueId, ...], bool, bool]
_NOT_COUNTED: _Counted = ((), False, False)


class Staff:
    """``emptied``: queues that lost their last agent who was logged in or ready since they were last taken."""

    __slots__ = ("_counted", "_logged_in", "_ready", "emptied")

    def __init__(self) -> None:
        self._counted: dict[AgentId, _Counted] = {}
        self._logged_in: dict[QueueId, int] = {}
        self._ready: dict[QueueId, int] = {}
        self.emptied: dict[QueueId, None] = {}

    def logged_in(self, queue: QueueId) -> int:
        return self._logged_in.get(queue, 0)

    def ready(self, queue: QueueId) -> int:
        return self._ready.get(queue, 0)

    def recount(self, agents: Iterable[Agent]) -> None:
        """These agents may have changed."""
        for agent in agents:
            now, before = _standing(agent), self._counted.get(agent.config.id, _NOT_COUNTED)
            if now == before:
                continue
            self._add(now, 1)
            self._add(before, -1)
            if now == _NOT_COUNTED:
                del self._counted[agent.config.id]
            else:
                self._counted[agent.config.id] = now

    def take_emptied(self) -> list[QueueId]:
        emptied = list(self.emptied)
        self.emptied.clear()
        return emptied

    def _add(self, counted: _Counted, sign: int) -> None:
        queues, logged_in, ready = counted
        for queue in queues:
            if logged_in:
                self._change(self._logged_in, queue, sign)
            if ready:
                self._change(self._ready, queue, sign)

    def _change(self, counts: dict[QueueId, int], queue: QueueId, sign: int) -> None:
        left = counts.get(queue, 0) + sign
        if left:
            counts[queue] = left
        else:
            del counts[queue]
            self.emptied[queue] = None


def _standing(agent: Agent) -> _Counted:
    if agent.removed or agent.status is AgentStatus.LOGGED_OUT or not agent.serves:
        return _NOT_COUNTED
    ready = agent.status is AgentStatus.AVAILABLE and agent.reachable and agent.pending is None
    return agent.serves, True, ready
