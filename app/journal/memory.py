"""The journal in memory: for installs that want no durability, for virtual-time runs and for tests."""

from collections.abc import Iterable, Iterator

from app.journal.port import Row, Turn

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """``app.journal.port.Journal`` that forgets everything with its process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], bytes] = {}
        self._outbox: dict[int, bytes] = {}  # in order of sequence numbers, as they are added
        self._last = 0

    def append(self, turn: Turn) -> None:
        for table, key, value in turn.rows:
            if value is None:
                self._rows.pop((table, key), None)
            else:
                self._rows[table, key] = value
        for fact in turn.facts:
            self._last += 1
            self._outbox[self._last] = fact

    def load(self) -> Iterator[Row]:
        return iter([Row(table, key, value) for (table, key), value in self._rows.items()])

    def outbox(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        facts: list[tuple[int, bytes]] = []
        for sequence, fact in self._outbox.items():
            if len(facts) >= limit:
                break
            if sequence > after:
                facts.append((sequence, fact))
        return facts

    def shipped(self, sequences: Iterable[int]) -> None:
        for sequence in sequences:
            self._outbox.pop(sequence, None)

    def counts(self) -> dict[str, int]:
        return {"rows": len(self._rows), "outbox": len(self._outbox)}

    def close(self) -> None:
        """Nothing to let go of."""
