"""Randomness for ids: the kernel's generator, asked for many numbers at once."""

import os
from collections.abc import Callable
from struct import unpack

__all__ = ["random_bits"]


def random_bits() -> Callable[[], int]:
    """Gives 64 unpredictable bits at each call. A system call for each would be one per cent of a call's CPU."""
    stock: list[int] = []

    def draw() -> int:
        if not stock:
            stock.extend(unpack("=128Q", os.urandom(1024)))
        return stock.pop()

    return draw
