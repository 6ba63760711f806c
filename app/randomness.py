"""Randomness for ids: the kernel's generator, asked for much at once."""

import os

__all__ = ["random_digits"]


def random_digits() -> str:
    """2,048 unpredictable hex digits: 128 ids' worth. A system call for each id would be one per cent of a call's CPU."""
    return os.urandom(1024).hex()
