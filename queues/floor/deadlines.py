"""Instants to be woken at: a heap with lazy deletion, compacted before dead entries outnumber live ones."""

from heapq import heapify, heappop, heappush
from typing import Final

__all__ = ["DELAY", "MAX_WAIT", "PAUSE", "PLACE", "RELAX", "RESERVED", "RING", "RING_STEP", "WRAP_UP", "Deadlines"]

RING: Final = 0
WRAP_UP: Final = 1
DELAY: Final = 2
MAX_WAIT: Final = 3
RING_STEP: Final = 4
PAUSE: Final = 10  # the limit of an agent's pause
RELAX: Final = 5  # a waiting call needs less from then on
PLACE: Final = 11  # a place kept for a caller who may call again
RESERVED: Final = 30  # a ticket is kept for one agent so long

_SLACK: Final = 64


class Deadlines:
    """Handles are positive; 0 means "not armed" and may be disarmed freely."""

    __slots__ = ("_heap", "_last", "_live")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, str]] = []
        self._live: set[int] = set()
        self._last = 0

    def __len__(self) -> int:
        return len(self._live)

    def arm(self, at: float, kind: int, key: str) -> int:
        self._last += 1
        heappush(self._heap, (at, self._last, kind, key))
        self._live.add(self._last)
        return self._last

    def disarm(self, handle: int) -> None:
        if handle == 0:
            return
        self._live.discard(handle)
        if len(self._heap) > 2 * len(self._live) + _SLACK:
            self._heap = [entry for entry in self._heap if entry[1] in self._live]
            heapify(self._heap)

    def next(self) -> float | None:
        heap = self._heap
        while heap and heap[0][1] not in self._live:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: float) -> tuple[int, str] | None:
        """The kind and key of the earliest deadline at or before ``now``, disarmed; None when there is none."""
        at = self.next()
        if at is None or at > now:
            return None
        _, handle, kind, key = heappop(self._heap)
        self._live.discard(handle)
        return kind, key
