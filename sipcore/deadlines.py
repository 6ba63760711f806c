"""One heap of deadlines with lazy deletion: every timer of a layer, at 0.3–0.8 µs each.

An owner has at most one deadline, which may be moved at will. Moving it later, or clearing it, costs an assignment: the
old heap entry is looked at when it comes up and is then moved on or forgotten. Time is an argument, never read from a
clock.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

__all__ = ["NEVER", "Deadlines", "Timed"]

NEVER: Final = float("inf")
_SPARE: Final = 256  # stale entries tolerated before the heap is swept


class Timed:
    """Something with a deadline. ``due``: when it is wanted (NEVER: not at all); ``armed``: when its heap entry is."""

    __slots__ = ("armed", "due")

    def __init__(self) -> None:
        self.due: float = NEVER
        self.armed: float = NEVER


T = TypeVar("T", bound=Timed)


class Deadlines(Generic[T]):
    """The heap. ``len()`` is the number of owners with a live deadline, not the number of heap entries."""

    __slots__ = ("_heap", "_live", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
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
            owner.armed = when
            self._serial += 1
            heappush(self._heap, (when, self._serial, owner))
        elif when == NEVER and len(self._heap) > 2 * self._live + _SPARE:
            self._sweep()

    def clear(self, owner: T) -> None:
        """``owner`` is no longer wanted."""
        self.set(owner, NEVER)

    def next(self) -> float | None:
        """When the earliest live deadline is due; None when there is none."""
        heap = self._heap
        while heap:
            when, _, owner = heap[0]
            if owner.armed == when and owner.due == when:
                return when
            self._settle()
        return None

    def pop(self, now: float) -> T | None:
        """One owner that is due at ``now``, earliest first (its deadline is cleared); None when there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, owner = heap[0]
            if owner.armed == when and owner.due == when:
                heappop(heap)
                owner.due = owner.armed = NEVER
                self._live -= 1
                return owner
            self._settle()
        return None

    def _settle(self) -> None:
        """Move the stale entry at the top to where its owner wants it now, or forget it."""
        when, _, owner = heappop(self._heap)
        if owner.armed != when:
            return  # an earlier entry of the same owner has taken over
        owner.armed = owner.due
        if owner.due != NEVER:
            self._serial += 1
            heappush(self._heap, (owner.due, self._serial, owner))

    def _sweep(self) -> None:
        """Drop the stale entries at once, so that ended owners are freed long before their old deadlines."""
        self._heap = list(self._kept())
        heapify(self._heap)

    def _kept(self) -> Iterator[tuple[float, int, T]]:
        for when, serial, owner in self._heap:
            if owner.armed != when:
                continue
            owner.armed = owner.due
            if owner.due != NEVER:
                yield owner.due, serial, owner
