"""Tones: make them, and find them in what was received. Samples are 16-bit signed integers at 8,000 Hz."""

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["RATE", "share_of", "strongest", "tone"]

RATE: Final = 8_000


def tone(frequency: float, samples: int, *, start: int = 0, amplitude: int = 8_000) -> list[int]:
    """A sine of ``frequency`` Hz; ``start`` is the index of its first sample, so that pieces join without a click."""
    step = 2 * math.pi * frequency / RATE
    return [round(amplitude * math.sin(step * (start + index))) for index in range(samples)]


def share_of(samples: Sequence[int], frequency: float) -> float:
    """The share (0..1) of the signal's energy that is at ``frequency`` Hz (Goertzel); 0 for silence."""
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * frequency / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + factor * last - before, last
    power = last * last + before * before - factor * last * before
    return min(1.0, 2 * power / (len(samples) * energy))


def strongest(samples: Sequence[int], frequencies: Sequence[float]) -> float:
    """Which of ``frequencies`` has the largest share."""
    return max(frequencies, key=lambda frequency: share_of(samples, frequency))
