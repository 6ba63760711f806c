"""Rosters: for each queue the agents who are open and could serve a call of it, the best first.

A heap with lazy deletion, ranked by tier, level (where the queue wants that) and the queue's strategy. Entries are valid
while they bear the agent's present stamp.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from queues.agents.agent import Agent
from queues.lines.heaps import in_order
from queues.lines.needs import meets, widest
from queues.model import AgentConfig, AgentId, QueueConfig
from queues.standing import Rank, Standing
from queues.strategies import STRATEGIES

__all__ = ["Roster"]

_SLACK: Final = 16
_LOOKS: Final = 4  # entries looked at for each of those asked for


class _Entry:
    """An agent's place in the heap: by tier, level and rank, among equals by stamp."""

    __slots__ = ("above", "agent", "first", "second", "stamp", "third", "tier")

    def __init__(self, tier: int, above: int, rank: Rank, agent: Agent) -> None:
        self.tier = tier
        self.above = above
        self.first, self.second, self.third = rank
        self.stamp = agent.stamp
        self.agent = agent

    def __lt__(self, other: "_Entry") -> bool:
        if self.tier != other.tier:
            return self.tier < other.tier
        if self.above != other.above:
            return self.above < other.above
        if self.first != other.first:
            return self.first < other.first
        if self.second != other.second:
            return self.second < other.second
        if self.third != other.third:
            return self.third < other.third
        return self.stamp < other.stamp


class Roster:
    """The agents open for one queue. ``size``, how many could serve it, bounds the heap."""

    __slots__ = ("_clocks", "_needs", "_queue", "_strategy", "config", "heap", "size")

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self._queue = config.id
        self._strategy = STRATEGIES[config.strategy]
        self.heap: list[_Entry] = []
        self.size = 0
        self._clocks: dict[tuple[int, int], float] = {}  # by tier and level: the first number of the rank picked last
        self._needs = widest(config)

    def accepts(self, agent: AgentConfig) -> bool:
        return meets(agent, self.config.id, self._needs)

    def push(self, agent: Agent, standing: Standing) -> None:
        queue, config, own = self._queue, self.config, agent.config
        member = own.members.get(queue) if own.members else None
        tier, standing.position = (member.penalty, member.position) if member is not None else (0, 0)
        above = -self._levels(own) if config.prefer_skilled else 0
        standing.last_offer = agent.tally.last_offers.get(queue, 0)
        standing.clock = self._clocks.get((tier, above), 0.0)
        heap = self.heap
        heappush(heap, _Entry(tier, above, self._strategy.rank(standing, config), agent))
        if len(heap) > 2 * self.size + _SLACK:
            self.heap = [entry for entry in heap if entry.agent.stamp == entry.stamp]
            heapify(self.heap)

    def best(self, among: int) -> Agent | None:
        """Of the agents of this set of bits."""
        heap = self.heap
        while heap:
            entry = heap[0]
            agent = entry.agent
            if agent.stamp == entry.stamp:
                return agent if among >> agent.place & 1 else next(self.ranked(among), None)
            heappop(heap)
        return None

    def ranked(self, among: int) -> Iterator[Agent]:
        """Those of this set of bits, the best first. Nothing must change meanwhile."""
        for entry in in_order(self.heap):
            agent = entry.agent
            if agent.stamp == entry.stamp and among >> agent.place & 1:
                yield agent

    def runners_up(self, among: int, most: int) -> tuple[AgentId, ...]:
        """The first few of ``ranked``; fewer where too many void entries are in the way."""
        heap, found = self.heap, []
        size = len(heap)
        frontier = [(heap[0], 0)] if heap else []
        for _ in range(_LOOKS * most):
            if not frontier:
                break
            entry, at = frontier[0]
            agent = entry.agent
            if agent.stamp == entry.stamp and among >> agent.place & 1:
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

    def picked(self, agent: Agent) -> None:
        """The best is being offered a call."""
        if not self.heap:
            return
        entry = self.heap[0]
        if entry.agent is agent and entry.stamp == agent.stamp:
            place = entry.tier, entry.above
            self._clocks[place] = max(self._clocks.get(place, 0.0), entry.first)
