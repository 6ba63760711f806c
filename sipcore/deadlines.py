"""Deadlines with lazy deletion: every timer of a layer.

An owner has at most one deadline, which may be moved at will. Moving it later, or clearing it, costs an assignment: the
old entry is looked at when it comes up and is then moved on or forgotten. Those of the next moment are in a heap, later ones
in drawers, each for a short span of time: most owners have done with a deadline long before its drawer is opened, so that
few of them are ever sorted. Time is an argument, never read from a clock.
"""

from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

__all__ = ["NEVER", "Deadlines", "Timed"]

NEVER: Final = float("inf")
_SPARE: Final = 256  # stale entries tolerated before they are swept out
_A_SECOND: Final = 4.0  # drawers


class Timed:
    """Something with a deadline. ``due``: when it is wanted (NEVER: not at all); ``armed``: when its heap entry is."""

    __slots__ = ("armed", "due")

    def __init__(self) -> None:
        self.due: float = NEVER
        self.armed: float = NEVER


T = TypeVar("T", bound=Timed)


class Deadlines(Generic[T]):
    """``len()`` is the number of owners with a live deadline, not the number of entries."""

    __slots__ = ("_drawers", "_entries", "_heap", "_live", "_numbers", "_opened", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._drawers: dict[int, list[tuple[float, int, T]]] = {}
        self._numbers: list[int] = []  # of the drawers: a heap
        self._opened = 0  # drawers below are in the heap
        self._entries = 0
        self._serial = 0
        self._live = 0

    def __len__(self) -> int:
        return self._live

    def set(self, owner: T, when: float) -> None:
        """Want ``owner`` at ``when`` (absolute seconds); NEVER clears its deadline."""
        if owner.due == NEVER:
            if when == NEVER:
                return
            self._live += 1
        elif when == NEVER:
            self._live -= 1
        owner.due = when
        if when < owner.armed:
            self._arm(owner)
        elif when == NEVER and self._entries > 2 * self._live + _SPARE:
            self._sweep()

    def clear(self, owner: T) -> None:
        """``owner`` is no longer wanted."""
        self.set(owner, NEVER)

    def next(self) -> float | None:
        """When the earliest live deadline is due; None when there is none."""
        while True:
            heap = self._heap
            while heap:
                when, _, owner = heap[0]
                if owner.armed == when and owner.due == when:
                    return when
                self._take()
            if not self._numbers:
                return None
            self._open()

    def pop(self, now: float) -> T | None:
        """One owner that is due at ``now``, earliest first (its deadline is cleared); None when there is none."""
        while True:
            heap = self._heap
            while heap and heap[0][0] <= now:
                owner = self._take()
                if owner is not None:
                    owner.due = owner.armed = NEVER
                    self._live -= 1
                    return owner
            if heap or not self._numbers or self._numbers[0] > now * _A_SECOND:
                return None
            self._open()

    def _arm(self, owner: T) -> None:
        """Make an entry of when the owner is due."""
        when = owner.armed = owner.due
        self._serial += 1
        self._entries += 1
        entry = (when, self._serial, owner)
        number = int(when * _A_SECOND)
        if number < self._opened:
            heappush(self._heap, entry)
            return
        drawer = self._drawers.get(number)
        if drawer is not None:
            drawer.append(entry)
        else:
            self._drawers[number] = [entry]
            heappush(self._numbers, number)

    def _take(self) -> T | None:
        """Take the entry at the top out of the heap: its owner, or None where that is wanted at another time."""
        when, _, owner = heappop(self._heap)
        self._entries -= 1
        if owner.armed != when:
            return None  # an earlier entry of the same owner has taken over
        if owner.due == when:
            return owner
        owner.armed = NEVER
        if owner.due != NEVER:
            self._arm(owner)
        return None

    def _open(self) -> None:
        """Put what is still wanted in the next drawer into the heap, which is empty."""
        number = heappop(self._numbers)
        entries = self._drawers.pop(number)
        self._opened = number + 1
        self._entries -= len(entries)
        heap, moved = self._heap, []
        for entry in entries:
            when, _, owner = entry
            if owner.armed != when:
                continue
            if owner.due == when:
                heap.append(entry)
                continue
            owner.armed = NEVER
            if owner.due != NEVER:
                moved.append(owner)
        heapify(heap)
        self._entries += len(heap)
        for owner in moved:
            self._arm(owner)

    def _sweep(self) -> None:
        """Drop the stale entries at once, so that ended owners are freed long before their old deadlines."""
        entries = self._heap
        for drawer in self._drawers.values():
            entries += drawer
        self._heap, self._drawers, self._numbers = [], {}, []
        self._entries = 0
        for when, _, owner in sorted(entries, key=_serial_of):
            if owner.armed == when:
                owner.armed = NEVER
                if owner.due != NEVER:
                    self._arm(owner)


def _serial_of(entry: tuple[float, int, object]) -> int:
    return entry[1]
