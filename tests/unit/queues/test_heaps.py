"""Looking into a heap in order."""

import random
from heapq import heapify
from itertools import islice

import pytest

from queues.lines.heaps import in_order


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 40])
def test_every_entry_comes_in_ascending_order_and_the_heap_stays_as_it_is(size: int) -> None:
    entries = [(random.Random(size).random(), number) for number in range(size)]
    random.Random(1).shuffle(entries)
    heap = list(entries)
    heapify(heap)
    before = list(heap)
    assert list(in_order(heap)) == sorted(entries)
    assert heap == before


def test_the_first_few() -> None:
    heap = [(number % 17, number) for number in range(100)]
    heapify(heap)
    assert list(islice(in_order(heap), 9)) == sorted(heap)[:9]
