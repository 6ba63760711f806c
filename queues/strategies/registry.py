"""The strategies there are, by the name that a queue's configuration uses: ours, and those registered at start."""

from typing import Final

from queues.strategies.by_chance import Random, WeightedRandom
from queues.strategies.by_skill_level import BySkillLevel
from queues.strategies.fewest_calls import FewestCalls
from queues.strategies.least_occupied import LeastOccupied
from queues.strategies.least_talk_time import LeastTalkTime
from queues.strategies.longest_idle import LongestIdle
from queues.strategies.port import RingsSeveral, Strategy
from queues.strategies.round_robin import RoundRobin
from queues.strategies.several import RingAll, RingProgressively
from queues.strategies.top_down import TopDown

__all__ = ["BUILT_IN", "STRATEGIES", "register", "rings_several", "unregister"]

STRATEGIES: Final[dict[str, Strategy]] = {
    "by-skill-level": BySkillLevel(),
    "fewest-calls": FewestCalls(),
    "least-occupied": LeastOccupied(),
    "least-talk-time": LeastTalkTime(),
    "longest-idle": LongestIdle(),
    "random": Random(),
    "ring-all": RingAll(),
    "ring-progressively": RingProgressively(),
    "round-robin": RoundRobin(),
    "top-down": TopDown(),
    "weighted-random": WeightedRandom(),
}

BUILT_IN: Final = frozenset(STRATEGIES)
"""The names that are ours."""

_several: Final[dict[str, RingsSeveral]] = {
    name: strategy for name, strategy in STRATEGIES.items() if isinstance(strategy, RingsSeveral)
}


def rings_several(name: str) -> RingsSeveral | None:
    """The strategy of this name if it has several phones ring for one call."""
    return _several.get(name)


def register(name: str, strategy: Strategy) -> None:
    """Add a strategy before any queue is configured. Raises ``ValueError`` for a name that is taken."""
    if name in STRATEGIES:
        whose = "one of Callyard's own" if name in BUILT_IN else "registered already"
        raise ValueError(f"strategy {name!r} is {whose}")
    STRATEGIES[name] = strategy
    if isinstance(strategy, RingsSeveral):
        _several[name] = strategy


def unregister(name: str) -> None:
    """Take back a strategy that was registered."""
    if name not in BUILT_IN:
        STRATEGIES.pop(name, None)
        _several.pop(name, None)
