"""Who may serve what: sets of agents as bits of integers, so that a line's audience is a few ANDs, whoever is logged in.

Every agent has a place (a bit). For each skill and level, group, queue and tier there is the set of those who have it or
belong to it; ``version`` counts the changes, so that whoever keeps a set knows when it is stale.
"""

from typing import Final, TypeVar

from queues.lines.needs import Needs
from queues.model import AgentConfig, AgentId, QueueId

__all__ = ["Audience"]

_TOP_LEVEL: Final = 10

Key = TypeVar("Key")


class Audience:
    __slots__ = ("_disabled", "_everywhere", "_free", "_groups", "_members", "_places", "_skills", "_tiers", "version")

    def __init__(self) -> None:
        self.version = 1
        self._places: dict[AgentId, int] = {}
        self._free: list[int] = []
        self._everywhere = 0  # agents who serve every queue
        self._members: dict[QueueId, int] = {}
        self._disabled: dict[QueueId, int] = {}
        self._skills: dict[str, list[int]] = {}  # by level, from 0: who has it at that level or above
        self._groups: dict[str, int] = {}
        self._tiers: dict[QueueId, dict[int, int]] = {}  # tiers above 0

    def enter(self, agent: AgentConfig) -> int:
        """The agent's place (number of its bit), until it is released."""
        place = self._places.get(agent.id)
        if place is None:
            place = self._places[agent.id] = self._free.pop() if self._free else len(self._places)
        self._note(agent, 1 << place)
        return place

    def leave(self, agent: AgentConfig) -> None:
        """The agent, as it was entered, serves nothing any more; its place is kept."""
        self._forget(agent, 1 << self._places[agent.id])

    def release(self, agent: AgentId) -> None:
        """The place of an agent who has left may be given to another."""
        self._free.append(self._places.pop(agent))

    def change(self, before: AgentConfig, after: AgentConfig) -> None:
        bit = 1 << self._places[after.id]
        self._forget(before, bit)
        self._note(after, bit)

    def of(self, queue: QueueId, needs: Needs) -> int:
        """The agents who may serve calls of the queue with these needs."""
        found = (self._everywhere | self._members.get(queue, 0)) & ~self._disabled.get(queue, 0)
        for skill, level in needs.requirements:
            if level > 0:
                levels = self._skills.get(skill)
                found = found & levels[level] if levels is not None and level <= _TOP_LEVEL else 0
        if needs.groups is not None:
            members = 0
            for group in needs.groups:
                members |= self._groups.get(group, 0)
            found &= members
        if needs.max_tier is not None:
            for tier, members in self._tiers.get(queue, {}).items():
                if tier > needs.max_tier:
                    found &= ~members
        return found

    def tiers(self, queue: QueueId) -> list[int]:
        """Those above 0 that have agents, ascending."""
        return sorted(self._tiers.get(queue, ()))

    def _note(self, agent: AgentConfig, bit: int) -> None:
        self.version += 1
        if agent.queues is None:
            self._everywhere |= bit
        else:
            for queue in agent.queues:
                self._members[queue] = self._members.get(queue, 0) | bit
        for queue, member in agent.members.items():
            if not member.enabled:
                self._disabled[queue] = self._disabled.get(queue, 0) | bit
            if member.penalty > 0:
                tiers = self._tiers.setdefault(queue, {})
                tiers[member.penalty] = tiers.get(member.penalty, 0) | bit
        for skill, level in agent.skills.items():
            levels = self._skills.setdefault(skill, [0] * (_TOP_LEVEL + 1))
            for each in range(min(level, _TOP_LEVEL) + 1):
                levels[each] |= bit
        for group in agent.groups:
            self._groups[group] = self._groups.get(group, 0) | bit

    def _forget(self, agent: AgentConfig, bit: int) -> None:
        self.version += 1
        self._everywhere &= ~bit
        for queue in agent.queues or ():
            _clear(self._members, queue, bit)
        for queue, member in agent.members.items():
            _clear(self._disabled, queue, bit)
            tiers = self._tiers.get(queue)
            if tiers is not None:
                _clear(tiers, member.penalty, bit)
                if not tiers:
                    del self._tiers[queue]
        for skill in agent.skills:
            levels = self._skills[skill]
            for each in range(_TOP_LEVEL + 1):
                levels[each] &= ~bit
            if not levels[0]:
                del self._skills[skill]
        for group in agent.groups:
            _clear(self._groups, group, bit)


def _clear(sets: dict[Key, int], key: Key, bit: int) -> None:
    """Take the bit out of the set of this key, and an empty set out of the sets."""
    left = sets.get(key, 0) & ~bit
    if left:
        sets[key] = left
    else:
        sets.pop(key, None)
