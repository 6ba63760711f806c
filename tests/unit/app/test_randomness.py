"""Ids' randomness: digits by the 16, none given out twice."""

from app.randomness import random_digits
from sipcore.ids import Minter


def test_tags_are_fresh_beyond_one_draw() -> None:
    ids = Minter(0, 0, random_digits)
    tags = [ids.tag() for _ in range(1000)]
    assert len(set(tags)) == 1000
    assert all(Minter.owner_of(tag) == (0, 0) for tag in tags)
