"""Facts as rows: what an outbox's bytes are in the tables, each row's values in the order of its table's columns.

Straight from the bytes: no fact is made, and nothing is known here of a database but what its tables' columns are.
"""

from collections.abc import Iterable
from typing import Any, Final

from app.db.statement import Values
from app.facts import values_of
from app.instants import to_ms

__all__ = ["Batch", "Item", "items_of"]

_NUL: Final = b"\0"
_DISPOSED_AT: Final = 2  # the place of the time in a disposition's row

Item = tuple[int, str, list[Any]]
"""A fact of the outbox: the sequence number of its entry (a turn), its kind, its fields' values (``app.facts.values_of``)."""


def items_of(sequence: int, data: bytes) -> list[Item]:
    """Raises ``msgspec.MsgspecError`` on bytes that are no facts."""
    facts = values_of(data)
    # PostgreSQL takes no NUL in a text, and a peer's display name may hold one; encoded numbers often do.
    if data.find(_NUL) >= 0:
        return [(sequence, kind, [_without_nul(each) for each in values]) for kind, values in facts]
    return [(sequence, kind, values) for kind, values in facts]


def _without_nul(value: object) -> object:
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


class Batch:
    """Rows by table. ``wrap_ups``: milliseconds, by call; those of calls whose record is not here are for rows that are in
    the database already."""

    __slots__ = ("_records", "agent_events", "dispositions", "events", "intervals", "segments", "wrap_ups")

    def __init__(self) -> None:
        self._records: dict[str, list[Any]] = {}
        self.events: list[Values] = []
        self.intervals: list[Values] = []
        self.segments: list[Values] = []
        self.agent_events: list[Values] = []
        self.dispositions: dict[str, Values] = {}
        self.wrap_ups: dict[str, int] = {}

    def take(self, items: Iterable[Item]) -> None:
        for _, kind, values in items:
            self._add(kind, values)

    def calls(self) -> list[Values]:
        """The rows of the records, with the wrap-ups that belong to them: they are in ``wrap_ups`` no more."""
        return [_call(values, self.wrap_ups.pop(call, None)) for call, values in self._records.items()]

    def _add(self, kind: str, values: list[Any]) -> None:
        if kind == "call_event":  # half of all
            self.events.append((values[0], to_ms(values[1]), *values[2:]))
        elif kind == "agent_interval":
            self.intervals.append((*values[:3], to_ms(values[3]), to_ms(values[4]), *values[5:]))
        elif kind == "call_record":
            self._records[values[1]] = values
        elif kind == "wrap_up":
            self.wrap_ups[values[2]] = values[4]
        elif kind == "agent_event":
            self.agent_events.append((values[0], to_ms(values[1]), *values[2:]))
        elif kind == "disposition":
            self._dispose(values)
        elif kind == "queue_segment":
            self.segments.append((*values[:4], to_ms(values[4]), to_ms(values[5]), *values[6:]))

    def _dispose(self, values: list[Any]) -> None:
        """The last word about a call counts."""
        fact_id, time, call, *others = values
        time_ms = to_ms(time)
        known = self.dispositions.get(call)
        if known is None or known[_DISPOSED_AT] <= time_ms:  # type: ignore[operator]  # an integer column
            self.dispositions[call] = (call, fact_id, time_ms, *others)


def _call(values: list[Any], wrap_up_ms: int | None) -> Values:
    fact_id, call = values[:2]
    instants = [None if each is None else to_ms(each) for each in values[7:11]]
    return (call, fact_id, *values[2:7], *instants, *values[11:16], wrap_up_ms, *values[16:])
