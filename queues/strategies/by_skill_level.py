"""By skill level: the most able agent first, by the sum of its levels in the skills that the queue requires."""

from queues.model import QueueConfig
from queues.strategies.levels import levels
from queues.strategies.port import Rank, Standing

__all__ = ["BySkillLevel"]


class BySkillLevel:
    """Among equals, and where the queue requires no skill, as longest idle does."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:
        return (-levels(agent, queue), agent.occupied, agent.idle_order)
