"""Sticky agents: a caller is preferably served by the agent who talked with it last."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["StickyPolicy", "StickyScope"]


class StickyScope(StrEnum):
    """Whose talks count: those of this queue, or of any."""

    QUEUE = "queue"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class StickyPolicy:
    """The last agent of a caller within ``period_seconds`` comes first, whatever the strategy.

    If that agent is not open, the call is kept for it ``wait_seconds``, then it is everybody's. Nobody jumps the line by it.
    """

    period_seconds: float
    wait_seconds: float = 0.0
    scope: StickyScope = StickyScope.QUEUE
