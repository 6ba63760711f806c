"""Lists that are used up as they are read: what is made of an item may take the memory of those before it."""

from collections.abc import Iterator
from typing import TypeVar

__all__ = ["drained"]

_T = TypeVar("_T")


def drained(items: list[_T]) -> Iterator[_T]:
    """The items in order; the list keeps none that was handed out."""
    items.reverse()
    while items:
        yield items.pop()
