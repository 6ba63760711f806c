"""Several phones for one call: all at once, or one more at each step. Who answers first has the call."""

from queues.model import QueueConfig
from queues.strategies.longest_idle import LongestIdle
from queues.strategies.top_down import TopDown

__all__ = ["RingAll", "RingProgressively"]


class RingAll(LongestIdle):
    """Everybody who is open, up to the queue's ``ring_at_most``: where that is too few, those idle for the longest time."""

    __slots__ = ()

    def phones(self, step: int, queue: QueueConfig) -> int:  # noqa: ARG002 - the port hands in the step
        return queue.ring_at_most


class RingProgressively(TopDown):
    """One phone, then one more at each step, down the queue's list, up to ``ring_at_most``; those before ring on."""

    __slots__ = ()

    def phones(self, step: int, queue: QueueConfig) -> int:
        return min(1 + step, queue.ring_at_most)
