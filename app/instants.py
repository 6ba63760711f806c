"""Deadlines compared: None is never."""

__all__ = ["earliest"]


def earliest(*times: float | None) -> float | None:
    """The first of them; None when none will ever come."""
    first = None
    for when in times:
        if when is not None and (first is None or when < first):
            first = when
    return first
