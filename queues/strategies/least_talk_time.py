"""Least talk time: the agent who talked least since it logged in, in all queues together; calls in hand do not count yet."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["LeastTalkTime"]


class LeastTalkTime:
    """Among equals as longest idle does."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.talk_seconds, agent.occupied, agent.idle_order)
