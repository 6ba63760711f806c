"""Instants: seconds since the epoch. Of a deadline, None is never."""

__all__ = ["earliest", "to_ms"]


def earliest(*times: float | None) -> float | None:
    """The first of them; None when none will ever come."""
    first = None
    for when in times:
        if when is not None and (first is None or when < first):
            first = when
    return first


def to_ms(instant: float) -> int:
    """As the database keeps it: whole milliseconds."""
    return round(instant * 1000)
