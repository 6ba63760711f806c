"""Lists that are used up as they are read."""

from app.draining import drained


def test_in_order_and_gone() -> None:
    items = list(range(5))
    left = [(item, len(items)) for item in drained(items)]
    assert left == [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]
    assert items == []


def test_nothing() -> None:
    assert list(drained([])) == []
