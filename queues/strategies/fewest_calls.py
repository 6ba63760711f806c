"""Fewest calls: the agent who took the fewest calls since it logged in, in all queues together."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["FewestCalls"]


class FewestCalls:
    """Among equals as longest idle does."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.calls, agent.occupied, agent.idle_order)
