"""Instants to be woken at: those of the near future in a heap, later ones in drawers, a span of time each.

Most are disarmed long before they are due: out of a drawer they are taken at once. The heap deletes lazily; it is compacted
before dead entries outnumber live ones, and never holds more than a drawer did and what was armed for its time since.
"""

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
_SPAN: Final = 5  # a drawer is for 2⁵ seconds
_BITS: Final = 32  # of a drawer's number
_LAST: Final = (1 << _BITS) - 1  # the drawer of whatever comes later

_Entry = tuple[float, int, int, str]
"""The instant, the handle, and what is to be done to whom."""


class Deadlines:
    """Handles are positive, and tell the drawer; 0 means "not armed" and may be disarmed freely."""

    __slots__ = ("_drawers", "_heap", "_last", "_live", "_opened")

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._live: set[int] = set()  # of the heap's entries
        self._drawers: dict[int, dict[int, _Entry]] = {}
        self._opened = 0  # drawers below are in the heap
        self._last = 0

    def __len__(self) -> int:
        return len(self._live) + sum(map(len, self._drawers.values()))

    def armed(self) -> set[tuple[float, int, str]]:
        """Instants, kinds and keys of all."""
        found = {(at, kind, key) for at, handle, kind, key in self._heap if handle in self._live}
        return found.union((at, kind, key) for drawer in self._drawers.values() for at, _, kind, key in drawer.values())

    def arm(self, at: float, kind: int, key: str) -> int:
        number = int(at) >> _SPAN if at < _LAST else _LAST
        self._last += 1
        handle = self._last << _BITS | number
        if number < self._opened:
            heappush(self._heap, (at, handle, kind, key))
            self._live.add(handle)
            return handle
        drawer = self._drawers.get(number)
        if drawer is None:
            drawer = self._drawers[number] = {}
        drawer[handle] = (at, handle, kind, key)
        return handle

    def disarm(self, handle: int) -> None:
        if handle == 0:
            return
        number = handle & _LAST
        drawer = self._drawers.get(number)
        if drawer is None:
            self._strike(handle)
        elif handle in drawer:
            del drawer[handle]
            if not drawer:
                del self._drawers[number]

    def next(self) -> float | None:
        live = self._live
        while True:
            heap = self._heap
            while heap and heap[0][1] not in live:
                heappop(heap)
            if heap:
                return heap[0][0]
            if not self._drawers:
                return None
            self._open(min(self._drawers))

    def _open(self, number: int) -> None:
        drawer = self._drawers.pop(number)
        self._opened = number + 1
        self._live.update(drawer)
        self._heap = list(drawer.values())
        heapify(self._heap)

    def _strike(self, handle: int) -> None:
        """Out of the heap."""
        self._live.discard(handle)
        if len(self._heap) > 2 * len(self._live) + _SLACK:
            self._heap = [entry for entry in self._heap if entry[1] in self._live]
            heapify(self._heap)

    def pop_due(self, now: float) -> tuple[int, str] | None:
        """The kind and key of the earliest deadline at or before ``now``, disarmed; None when there is none."""
        at = self.next()
        if at is None or at > now:
            return None
        _, handle, kind, key = heappop(self._heap)
        self._live.discard(handle)
        return kind, key
