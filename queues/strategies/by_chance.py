"""Random: every open agent is as likely as the other. Weighted random: likelier by the levels of the skills asked for."""

from queues.model import QueueConfig
from queues.strategies.chance import chance
from queues.strategies.levels import levels
from queues.strategies.port import Rank, Standing

__all__ = ["Random", "WeightedRandom"]


class Random:
    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (chance(agent), agent.occupied, agent.idle_order)


class WeightedRandom:
    """The weight is the sum of the agent's levels in the skills that the queue requires; 1 where it requires none."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:
        return (chance(agent, max(levels(agent, queue), 1)), agent.occupied, agent.idle_order)
