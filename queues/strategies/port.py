"""What a strategy sees of an agent, and what it answers."""

from dataclasses import dataclass
from typing import Protocol

from queues.model import AgentConfig, QueueConfig

__all__ = ["Rank", "Standing", "Strategy"]

Rank = tuple[float, float, float]
"""Sorts the agents open for a call: the smallest is offered it first."""


@dataclass(slots=True)
class Standing:
    """An agent who is open for a call: ``occupied`` slots (calls, offers, wrap-up), and idle since when.

    ``idle_order`` counts up with every agent that becomes idle; it settles equal instants.
    """

    config: AgentConfig
    occupied: int
    idle_since: float
    idle_order: int


class Strategy(Protocol):
    """Asked once whenever an agent becomes open for a call of the queue; no memory, no clock, no chance."""

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank: ...
