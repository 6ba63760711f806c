"""Round robin with memory: the agent whom this queue rang least recently, whatever came of it."""

from queues.model import QueueConfig
from queues.strategies.port import Rank, Standing

__all__ = ["RoundRobin"]


class RoundRobin:
    """Those never rung come first, in the order of the queue's list. The memory outlives log-outs and restarts."""

    __slots__ = ()

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:  # noqa: ARG002 - the port hands in the queue
        return (agent.last_offer, agent.position, agent.listed)
