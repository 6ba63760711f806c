"""Looking into a heap (``heapq``) without taking anything out."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TypeVar

__all__ = ["in_order"]

T = TypeVar("T")


def in_order(heap: list[T]) -> Iterator[T]:
    """The entries in ascending order; the first k cost O(k log k). The heap must not change meanwhile."""
    frontier: list[tuple[T, int]] = [(heap[0], 0)] if heap else []
    size = len(heap)
    while frontier:
        entry, at = heappop(frontier)
        yield entry
        for child in (2 * at + 1, 2 * at + 2):
            if child < size:
                heappush(frontier, (heap[child], child))
