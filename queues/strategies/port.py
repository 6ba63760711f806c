"""What a strategy sees of an agent and what it answers; and how many phones it has ring for one call.

A strategy of your own needs nothing but a ``rank``; see docs/strategies.md for how it is installed.
"""

from typing import Protocol, runtime_checkable

from queues.model import QueueConfig
from queues.standing import Rank, Standing

__all__ = ["Rank", "RingsSeveral", "Standing", "Strategy"]


class Strategy(Protocol):
    """Asked once whenever an agent becomes open for a call of the queue; no memory and no clock of its own."""

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank: ...


@runtime_checkable
class RingsSeveral(Strategy, Protocol):
    """A strategy that lets several phones ring for one call."""

    def phones(self, step: int, queue: QueueConfig) -> int:
        """How many may ring in this step. Step 0 begins with the first phone, the next one ``ring_step_seconds`` later."""
