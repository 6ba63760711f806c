"""Longest idle: the agent with the fewest calls in hand, among equals the one without work for the longest time."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["LongestIdle"]


class LongestIdle:
    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.occupied, agent.idle_since, agent.idle_order)
