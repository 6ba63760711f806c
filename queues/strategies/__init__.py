"""Whom to offer a call first: strategies are pure rankings of the agents who are open for it.

docs/strategies.md says exactly what each does.
"""

from queues.strategies.chance import chance
from queues.strategies.levels import levels
from queues.strategies.longest_idle import LongestIdle
from queues.strategies.port import Rank, RingsSeveral, Standing, Strategy
from queues.strategies.registry import BUILT_IN, STRATEGIES, register, rings_several, unregister

__all__ = [
    "BUILT_IN", "STRATEGIES", "LongestIdle", "Rank", "RingsSeveral", "Standing", "Strategy", "chance", "levels", "register",
    "rings_several", "unregister",
]  # fmt: skip
