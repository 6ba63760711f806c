"""Which agents serve which queue: by membership, groups and skills, at the least that the queue ever asks for."""

from collections.abc import Set as AbstractSet
from typing import Final

from app.configuration import Agent, Queue
from queues.lines.needs import meets, widest

__all__ = ["Members"]

_NOBODY: Final[frozenset[str]] = frozenset()


class Members:
    """Each way round, by ids. A change returns the queues that gained or lost somebody."""

    __slots__ = ("_of_queue", "_served")

    def __init__(self) -> None:
        self._of_queue: dict[str, set[str]] = {}
        self._served: dict[str, set[str]] = {}

    def of(self, queue: str) -> AbstractSet[str]:
        """The queue's agents."""
        return self._of_queue.get(queue) or _NOBODY

    def served_by(self, agent: str) -> AbstractSet[str]:
        """The agent's queues."""
        return self._served.get(agent) or _NOBODY

    def enrol(self, agent: Agent, queue: Queue) -> set[str]:
        queue_id, agent_id = queue.routing.id, agent.routing.id
        return self._set(queue_id, agent_id, meets(agent.routing, queue_id, widest(queue.routing)))

    def drop_queue(self, queue: str) -> None:
        for agent in self._of_queue.pop(queue, ()):
            self._served[agent].discard(queue)

    def drop_agent(self, agent: str) -> set[str]:
        left = self._served.pop(agent, set())
        for queue in left:
            self._of_queue[queue].discard(agent)
        return left

    def _set(self, queue: str, agent: str, member: bool) -> set[str]:  # noqa: FBT001 - private
        members = self._of_queue.setdefault(queue, set())
        if (agent in members) == member:
            return set()
        served = self._served.setdefault(agent, set())
        (members.add if member else members.discard)(agent)
        (served.add if member else served.discard)(queue)
        return {queue}
