"""Ids' randomness: numbers of 64 bits, none given out twice."""

from app.randomness import random_bits


def test_numbers_are_fresh_beyond_one_stock() -> None:
    draw = random_bits()
    drawn = [draw() for _ in range(1000)]
    assert len(set(drawn)) == 1000
    assert max(drawn).bit_length() <= 64
    assert max(drawn).bit_length() > 56
