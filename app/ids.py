"""UUIDv7s (RFC 9562 §5.7) as text, many a call: ascending in the order in which they are made.

The 12 bits behind the version count the ids of a millisecond (§6.2, method 1); 60 bits are random, so that ids of several
processes differ. Clock and randomness are handed in.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["Uuids"]

_COUNTS: Final = tuple([f"-7{count:03x}-8" for count in range(1 << 12)])
_BYTES: Final = tuple([f"{byte:02x}" for byte in range(1 << 8)])
_DIGITS: Final = 15  # random ones of an id
_AT_ONCE: Final = 1024  # random bytes drawn


class Uuids:
    """``clock``: nanoseconds since the epoch. ``draw``: that many random bytes."""

    __slots__ = ("_clock", "_count", "_draw", "_drawn", "_first", "_head", "_millisecond", "_minute", "_used")

    def __init__(self, clock: Callable[[], int], draw: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._draw = draw
        self._drawn = ""
        self._used = 0
        self._millisecond = 0
        self._count = 0
        self._minute = -1  # 65 seconds, to be exact
        self._first = ""
        self._head = ""

    def new(self) -> str:
        """The next one: later than all before, also where the clock was put back."""
        millisecond = self._clock() // 1_000_000
        self._count += 1
        if millisecond > self._millisecond:
            self._begin(millisecond)
        elif self._count == len(_COUNTS):
            self._begin(self._millisecond + 1)
        used = self._used
        if used + _DIGITS > len(self._drawn):
            self._drawn, used = self._draw(_AT_ONCE).hex(), 0
        drawn = self._drawn
        self._used = used + _DIGITS
        return f"{self._head}{_COUNTS[self._count]}{drawn[used : used + 3]}-{drawn[used + 3 : used + _DIGITS]}"

    def _begin(self, millisecond: int) -> None:
        minute, rest = millisecond >> 16, millisecond & 0xFFFF
        if minute != self._minute:
            self._minute, self._first = minute, f"{minute:08x}"
        self._head = f"{self._first}-{_BYTES[rest >> 8]}{_BYTES[rest & 0xFF]}"
        self._millisecond, self._count = millisecond, 0
