"""The lines of a queue that have somebody to offer, in the order of their heads, and who may serve any of them.

They stand in stretches of a bounded length. A stretch knows, as bits, the agents who may serve one of its lines: an agent
passes over it with one look, so that the first line that it may serve is found among thousands that it may not.
"""

from bisect import bisect_left, insort
from typing import Final, Generic, TypeVar

__all__ = ["Headed", "Heads", "Place", "Stretch"]

_LENGTH: Final = 64

Place = tuple[float, float, int]
"""Sorts the tickets of a queue: negated points (but for ageing times now, the same for all), joined_at, arrival sequence."""


class Headed:
    """A line as it is listed here. ``reach``: the agents who may serve it, be it not always; ``seen``: the version of who is
    who that this is of.
    """

    __slots__ = ("reach", "seen")

    def __init__(self) -> None:
        self.reach = 0
        self.seen = 0

    def place(self) -> Place:
        """Of its head. It does not change while the line is listed."""
        raise NotImplementedError


Who = TypeVar("Who", bound=Headed)


class Stretch(Generic[Who]):
    """``reach``: of all its lines together, and perhaps of some that have left; ``seen``: the oldest version in it."""

    __slots__ = ("lines", "reach", "seen")

    def __init__(self, lines: list[Who]) -> None:
        self.lines = lines
        self.reach = 0
        self.seen = 0
        self.look_again()

    def add(self, line: Who) -> None:
        insort(self.lines, line, key=_place_of)
        self.reach |= line.reach
        self.seen = min(self.seen, line.seen)

    def look_again(self) -> None:
        """Forget the lines that have left, and take up what was learnt of those that stand here."""
        reach, seen = 0, self.lines[0].seen
        for line in self.lines:
            reach |= line.reach
            seen = min(seen, line.seen)
        self.reach, self.seen = reach, seen


class Heads(Generic[Who]):
    __slots__ = ("_lasts", "stretches")

    def __init__(self) -> None:
        self.stretches: list[Stretch[Who]] = []
        self._lasts: list[Place] = []  # of the last line of each stretch

    def first(self) -> Who | None:
        return self.stretches[0].lines[0] if self.stretches else None

    def add(self, line: Who) -> None:
        if not self.stretches:
            self._insert(0, Stretch([line]))
            return
        at = min(bisect_left(self._lasts, line.place()), len(self.stretches) - 1)
        stretch = self.stretches[at]
        stretch.add(line)
        if len(stretch.lines) > 2 * _LENGTH:
            self._insert(at + 1, Stretch(stretch.lines[_LENGTH:]))
            del stretch.lines[_LENGTH:]
            stretch.look_again()
        self._lasts[at] = stretch.lines[-1].place()

    def remove(self, line: Who) -> None:
        place = line.place()
        at = bisect_left(self._lasts, place)
        lines = self.stretches[at].lines
        del lines[bisect_left(lines, place, key=_place_of)]
        if lines:
            self._lasts[at] = lines[-1].place()
        else:
            del self.stretches[at]
            del self._lasts[at]

    def clear(self) -> None:
        self.stretches.clear()
        self._lasts.clear()

    def _insert(self, at: int, stretch: Stretch[Who]) -> None:
        self.stretches.insert(at, stretch)
        self._lasts.insert(at, stretch.lines[-1].place())


def _place_of(line: Headed) -> Place:
    return line.place()
