"""Least occupied: the agent with the smallest share of its capacity in use."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["LeastOccupied"]


class LeastOccupied:
    """One call of four is less than one of two. Among equals the one idle for the longest time."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.occupied / agent.config.capacity, agent.idle_since, agent.idle_order)
