"""Rosters: for each queue the agents who are open and could serve a call of it, the best first.

A heap with lazy deletion, ranked by tier, level (where the queue wants that) and the queue's strategy. Entries are valid
while they bear the agent's present stamp.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

from queues.agents.tally import Tally
from queues.lines.heaps import in_order
from queues.lines.needs import meets, widest
from queues.model import AgentConfig, AgentId, QueueConfig
from queues.strategies import STRATEGIES, Rank, Standing

__all__ = ["Listed", "Roster"]

_SLACK: Final = 16
_LOOKS: Final = 4  # entries looked at for each of those asked for


class Listed(Protocol):
    """What a roster sees of an agent: ``place`` is the number of its bit, ``stamp`` of the entries that are valid."""

    config: AgentConfig
    place: int
    stamp: int
    tally: Tally


Who = TypeVar("Who", bound=Listed)


class Roster(Generic[Who]):
    """The agents open for one queue. ``size``, how many could serve it, bounds the heap."""

    __slots__ = ("_clocks", "_needs", "_queue", "_strategy", "config", "heap", "size")

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self._queue = config.id
        self._strategy = STRATEGIES[config.strategy]
        self.heap: list[tuple[int, int, Rank, int, Who]] = []
        self.size = 0
        self._clocks: dict[tuple[int, int], float] = {}  # by tier and level: the first number of the rank picked last
        self._needs = widest(config)

    def accepts(self, agent: AgentConfig) -> bool:
        return meets(agent, self.config.id, self._needs)

    def push(self, agent: Who, standing: Standing) -> None:
        queue, config, own = self._queue, self.config, agent.config
        member = own.members.get(queue) if own.members else None
        tier, standing.position = (member.penalty, member.position) if member is not None else (0, 0)
        above = -self._levels(own) if config.prefer_skilled else 0
        standing.last_offer = agent.tally.last_offers.get(queue, 0)
        standing.clock = self._clocks.get((tier, above), 0.0)
        heap = self.heap
        heappush(heap, (tier, above, self._strategy.rank(standing, config), agent.stamp, agent))
        if len(heap) > 2 * self.size + _SLACK:
            self.heap = [entry for entry in heap if entry[4].stamp == entry[3]]
            heapify(self.heap)

    def best(self, among: int) -> Who | None:
        """Of the agents of this set of bits."""
        heap = self.heap
        while heap:
            _, _, _, stamp, agent = heap[0]
            if agent.stamp == stamp:
                return agent if among >> agent.place & 1 else next(self.ranked(among), None)
            heappop(heap)
        return None

    def ranked(self, among: int) -> Iterator[Who]:
        """Those of this set of bits, the best first. Nothing must change meanwhile."""
        for _, _, _, stamp, agent in in_order(self.heap):
            if agent.stamp == stamp and among >> agent.place & 1:
                yield agent

    def runners_up(self, among: int, most: int) -> tuple[AgentId, ...]:
        """The first few of ``ranked``; fewer where too many void entries are in the way."""
        heap, found = self.heap, []
        size = len(heap)
        frontier = [(heap[0], 0)] if heap else []
        for _ in range(_LOOKS * most):
            if not frontier:
                break
            (_, _, _, stamp, agent), at = frontier[0]
            if agent.stamp == stamp and among >> agent.place & 1:
                found.append(agent.config.id)
                if len(found) == most:
                    break
            heappop(frontier)
            for child in range(2 * at + 1, min(2 * at + 3, size)):
                heappush(frontier, (heap[child], child))
        return tuple(found)

    def _levels(self, agent: AgentConfig) -> int:
        """How far the agent is above what the queue requires."""
        return sum(agent.skills.get(need.skill, 0) - need.min_level for need in self.config.requirements)

    def picked(self, agent: Who) -> None:
        """The best is being offered a call."""
        if self.heap and self.heap[0][4] is agent and self.heap[0][3] == agent.stamp:
            tier, level, rank, _, _ = self.heap[0]
            self._clocks[tier, level] = max(self._clocks.get((tier, level), 0.0), rank[0])
