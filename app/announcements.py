"""What waiting callers are told: their position and a rounded band of the expected wait, as a list of sounds to play.

Sounds are names; the built-in media server brings them in English. Whoever records them anew under the same names, in a
folder of ``media_sounds``, has them in another voice or language.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["PROMPTS", "Announcements", "Band", "band_of", "spoken"]

_BOUNDS: Final = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60)  # minutes
_LAST_NUMBER: Final = 999  # positions beyond are not told

PROMPTS: Final = {
    "you-are-next": "You are next in line.",
    "you-are-number": "You are number",
    "in-line": "in line.",
    "expected-wait": "The expected waiting time is",
    "less-than-a-minute": "less than one minute.",
    "to": "to",
    "minutes": "minutes.",
    "more-than-an-hour": "more than one hour.",
    "number-hundred": "hundred",
    **{f"number-{number}": str(number) for number in (*range(1, 20), *range(20, 100, 10))},
}
"""Every sound that ``spoken`` may name besides those of the configuration, and what is said in it."""


@dataclass(frozen=True, slots=True)
class Announcements:
    """What callers parked in a queue hear between the music: the first time, and then again every so many seconds.

    ``comfort``: sounds played in turn, one each time. ``every_seconds`` None: once only.
    """

    position: bool = False
    expected_wait: bool = False
    first_after_seconds: float = 15.0
    every_seconds: float | None = 60.0
    comfort: tuple[str, ...] = ()

    def due(self, queued_at: float, now: float) -> tuple[float, int] | None:
        """When the next one is due for a caller who entered the queue then, and its number from 0; None: none any more."""
        first = queued_at + self.first_after_seconds
        if now < first:
            return first, 0
        if self.every_seconds is None:
            return None
        number = int((now - first) / self.every_seconds) + 1
        return first + number * self.every_seconds, number


@dataclass(frozen=True, slots=True)
class Band:
    """Minutes: at least ``low``, at most ``high`` (None: more than an hour)."""

    low: int
    high: int | None


def band_of(seconds: float) -> Band:
    """The band that the wait falls into; what is announced is never more exact than it is known."""
    low = 0
    for high in _BOUNDS:
        if seconds < high * 60:
            return Band(low, high)
        low = high
    return Band(low, None)


def spoken(policy: Announcements, number: int, position: int | None, expected_wait: float | None) -> tuple[str, ...]:
    """The sounds of announcement ``number``; ``position`` and ``expected_wait`` (seconds) None: not known."""
    sounds: list[str] = []
    if policy.position and position is not None:
        sounds += _position(position)
    if policy.expected_wait and expected_wait is not None:
        sounds += _wait(band_of(expected_wait))
    if policy.comfort:
        sounds.append(policy.comfort[number % len(policy.comfort)])
    return tuple(sounds)


def _position(position: int) -> list[str]:
    if position == 1:
        return ["you-are-next"]
    return ["you-are-number", *_number(position), "in-line"] if position <= _LAST_NUMBER else []


def _wait(band: Band) -> list[str]:
    if band.low == 0:
        return ["expected-wait", "less-than-a-minute"]
    if band.high is None:
        return ["expected-wait", "more-than-an-hour"]
    return ["expected-wait", *_number(band.low), "to", *_number(band.high), "minutes"]


def _number(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [f"number-{hundreds}", "number-hundred"] if hundreds else []
    if 0 < rest < 20:
        return [*words, f"number-{rest}"]
    tens, ones = divmod(rest, 10)
    return words + [f"number-{part}" for part in (tens * 10, ones) if part]
