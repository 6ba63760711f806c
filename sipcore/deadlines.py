"""Deadlines with lazy deletion: every timer of a layer.

An owner has at most one deadline, which may be moved at will. Moving it later, or clearing it, costs an assignment: the
old entry is looked at when it comes up and is then moved on or forgotten. Entries lie in drawers, one for each short span of
time; a drawer is put in order when it is the first that has any. Most owners have done with a deadline long before, so that
few are ever sorted, and those among few. Time is an argument, never read from a clock.
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


class _Drawer(Generic[T]):
    """``entries``: instant, serial number, owner; a heap once it ``is_heap``."""

    __slots__ = ("entries", "is_heap")

    def __init__(self) -> None:
        self.entries: list[tuple[float, int, T]] = []
        self.is_heap = False


class Deadlines(Generic[T]):
    """``len()`` is the number of owners with a live deadline, not the number of entries."""

    __slots__ = ("_drawers", "_entries", "_front", "_live", "_numbers", "_serial")

    def __init__(self) -> None:
        self._drawers: dict[int, _Drawer[T]] = {}
        self._numbers: list[int] = []  # of the drawers: a heap
        self._front: _Drawer[T] | None = None  # the drawer of the lowest number; None: to be looked up
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
        drawer = self._first()
        return None if drawer is None else drawer.entries[0][0]

    def pop(self, now: float) -> T | None:
        """One owner that is due at ``now``, earliest first (its deadline is cleared); None when there is none."""
        drawer = self._first()
        if drawer is None or drawer.entries[0][0] > now:
            return None
        _, _, owner = heappop(drawer.entries)
        self._entries -= 1
        owner.due = owner.armed = NEVER
        self._live -= 1
        return owner

    def _arm(self, owner: T) -> None:
        """Make an entry of when the owner is due."""
        when = owner.armed = owner.due
        self._serial += 1
        self._entries += 1
        number = int(when * _A_SECOND)
        drawer = self._drawers.get(number)
        if drawer is None:
            drawer = self._drawers[number] = _Drawer()
            heappush(self._numbers, number)
            self._front = None
        if drawer.is_heap:
            heappush(drawer.entries, (when, self._serial, owner))
        else:
            drawer.entries.append((when, self._serial, owner))

    def _first(self) -> _Drawer[T] | None:
        """The first drawer that has a live entry, with that at its top; stale ones before it are moved on or forgotten."""
        while self._numbers:
            drawer = self._front
            if drawer is None:
                drawer = self._front = self._drawers[self._numbers[0]]
            if not drawer.is_heap:
                self._sort(drawer)
            entries = drawer.entries
            while entries:
                when, _, owner = entries[0]
                if owner.armed == when and owner.due == when:
                    return drawer
                heappop(entries)
                self._entries -= 1
                if owner.armed == when:  # else an earlier entry of the same owner has taken over
                    owner.armed = NEVER
                    if owner.due != NEVER:
                        self._arm(owner)
            del self._drawers[heappop(self._numbers)]
            self._front = None
        return None

    def _sort(self, drawer: _Drawer[T]) -> None:
        """Make a heap of what is still wanted; the rest is moved on or forgotten."""
        entries = drawer.entries
        live: list[tuple[float, int, T]] = []
        moved: list[T] = []
        for entry in entries:
            when, _, owner = entry
            if owner.armed != when:
                continue
            if owner.due == when:
                live.append(entry)
            else:
                owner.armed = NEVER
                moved.append(owner)
        self._entries -= len(entries) - len(live)
        heapify(live)
        drawer.entries, drawer.is_heap = live, True
        for owner in moved:
            if owner.due != NEVER:
                self._arm(owner)

    def _sweep(self) -> None:
        """Drop the stale entries at once, so that ended owners are freed long before their old deadlines."""
        for drawer in list(self._drawers.values()):
            self._sort(drawer)
        self._drawers = {number: drawer for number, drawer in self._drawers.items() if drawer.entries}
        self._numbers = list(self._drawers)
        heapify(self._numbers)
        self._front = None
