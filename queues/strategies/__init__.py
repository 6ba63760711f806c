"""Whom to offer a call first: strategies are pure rankings of the agents who are open for it."""

from collections.abc import Mapping
from typing import Final

from queues.strategies.longest_idle import LongestIdle
from queues.strategies.port import Rank, Standing, Strategy

__all__ = ["STRATEGIES", "LongestIdle", "Rank", "Standing", "Strategy"]

STRATEGIES: Final[Mapping[str, Strategy]] = {"longest-idle": LongestIdle()}
"""By the name that a queue's configuration uses."""
