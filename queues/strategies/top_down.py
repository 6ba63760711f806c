"""Top down: always the first of the queue's list who is open."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["TopDown"]


class TopDown:
    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.position, agent.listed, agent.idle_order)
