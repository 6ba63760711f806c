"""Wrong PINs: after so many in a row an agent's PIN is not looked at for a while, so that it cannot be tried out."""

from dataclasses import dataclass

__all__ = ["Guesses", "PinLimits"]


@dataclass(frozen=True, slots=True)
class PinLimits:
    """After ``attempts`` wrong PINs in a row none is taken for ``lock_seconds``."""

    attempts: int = 5
    lock_seconds: float = 300.0


class Guesses:
    """By agent; an agent without a wrong PIN takes no room."""

    __slots__ = ("_limits", "_wrong")

    def __init__(self, limits: PinLimits) -> None:
        self._limits = limits
        self._wrong: dict[str, tuple[int, float]] = {}  # how many in a row, and when the last one was

    def locked(self, agent: str, now: float) -> bool:
        count, at = self._wrong.get(agent, (0, 0.0))
        return count >= self._limits.attempts and now < at + self._limits.lock_seconds

    def wrong(self, agent: str, now: float) -> None:
        count, at = self._wrong.get(agent, (0, now))
        if now >= at + self._limits.lock_seconds:
            count = 0
        self._wrong[agent] = (count + 1, now)

    def right(self, agent: str) -> None:
        self._wrong.pop(agent, None)
