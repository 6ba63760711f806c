"""A sorted set of texts that may be large and changes all the time: blocks of bounded size, each a sorted list.

Adding and discarding cost a look-up among the blocks and a move within one; walking on from any text costs no more.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Final

__all__ = ["SortedKeys"]

_MOST: Final = 1024  # texts in a block before it is halved


class SortedKeys:
    """The texts. ``_first`` is the smallest text of each block (of the first block: nothing is smaller)."""

    __slots__ = ("_blocks", "_first")

    def __init__(self) -> None:
        self._first: list[str] = [""]
        self._blocks: list[list[str]] = [[]]

    def add(self, key: str) -> None:
        """``key`` is not there yet."""
        at = bisect_right(self._first, key) - 1
        block = self._blocks[at]
        insort(block, key)
        if len(block) > _MOST:
            half = len(block) // 2
            self._blocks.insert(at + 1, block[half:])
            self._first.insert(at + 1, block[half])
            del block[half:]

    def discard(self, key: str) -> None:
        """Nothing happens where it is not there."""
        at = bisect_right(self._first, key) - 1
        block = self._blocks[at]
        place = bisect_left(block, key)
        if place == len(block) or block[place] != key:
            return
        del block[place]
        if not block and len(self._blocks) > 1:
            del self._blocks[at]
            del self._first[at]
            self._first[0] = ""

    def after(self, key: str) -> Iterator[str]:
        """The texts above ``key``, in order; the set may not change meanwhile."""
        at = bisect_right(self._first, key) - 1
        block = self._blocks[at]
        yield from block[bisect_right(block, key) :]
        for following in self._blocks[at + 1 :]:
            yield from following
