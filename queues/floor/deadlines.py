"""Instants to be woken at: those of the near future in a heap, later ones in drawers, a span of time each.

Most are disarmed long before they are due. Their entries stay where they are, are passed over when they come up, and are
swept out before they outnumber the live ones.
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
_LAST: Final = (1 << 32) - 1  # the drawer of whatever comes later

_Entry = tuple[float, int, int, str]
"""The instant, the handle, and what is to be done to whom."""


class Deadlines:
    """Handles are positive; 0 means "not armed" and may be disarmed freely."""

    __slots__ = ("_drawers", "_entries", "_heap", "_last", "_live", "_opened")

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._drawers: dict[int, list[_Entry]] = {}
        self._opened = 0  # drawers below are in the heap
        self._entries = 0
        self._live: set[int] = set()  # the handles of those that are armed
        self._last = 0

    def __len__(self) -> int:
        return len(self._live)

    def armed(self) -> set[tuple[float, int, str]]:
        """Instants, kinds and keys of all."""
        entries = self._heap + [entry for drawer in self._drawers.values() for entry in drawer]
        return {(at, kind, key) for at, handle, kind, key in entries if handle in self._live}

    def arm(self, at: float, kind: int, key: str) -> int:
        self._last += 1
        self._entries += 1
        handle = self._last
        self._live.add(handle)
        number = int(at) >> _SPAN if at < _LAST else _LAST
        if number < self._opened:
            heappush(self._heap, (at, handle, kind, key))
            return handle
        drawer = self._drawers.get(number)
        if drawer is not None:
            drawer.append((at, handle, kind, key))
        else:
            self._drawers[number] = [(at, handle, kind, key)]
        return handle

    def disarm(self, handle: int) -> None:
        if handle in self._live:
            self._live.remove(handle)
            if self._entries > 2 * len(self._live) + _SLACK:
                self._sweep()

    def next(self) -> float | None:
        live = self._live
        while True:
            heap = self._heap
            while heap and heap[0][1] not in live:
                heappop(heap)
                self._entries -= 1
            if heap:
                return heap[0][0]
            if not self._drawers:
                return None
            self._open(min(self._drawers))

    def _open(self, number: int) -> None:
        drawer = self._drawers.pop(number)
        self._opened = number + 1
        self._heap = self._alive(drawer)
        self._entries -= len(drawer) - len(self._heap)
        heapify(self._heap)

    def _sweep(self) -> None:
        self._heap = self._alive(self._heap)
        heapify(self._heap)
        kept: dict[int, list[_Entry]] = {}
        for number, drawer in self._drawers.items():
            alive = self._alive(drawer)
            if alive:
                kept[number] = alive
        self._drawers = kept
        self._entries = len(self._live)

    def _alive(self, entries: list[_Entry]) -> list[_Entry]:
        return [entry for entry in entries if entry[1] in self._live]

    def pop_due(self, now: float) -> tuple[int, str] | None:
        """The kind and key of the earliest deadline at or before ``now``, disarmed; None when there is none."""
        at = self.next()
        if at is None or at > now:
            return None
        _, handle, kind, key = heappop(self._heap)
        self._entries -= 1
        self._live.remove(handle)
        return kind, key
