"""The journal: what makes live state survive ``kill -9``. A row per live thing, and the outbox of facts.

A turn is appended whole or not at all, before any of its datagrams or events leaves the process.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

__all__ = ["Journal", "JournalError", "PlainRow", "Row", "Turn"]


class JournalError(Exception):
    """The journal cannot be opened or written; the text says which file and why."""


class Row(NamedTuple):
    """A row of a table. ``value`` None deletes it. Values are msgpack with their schema version inside."""

    table: str
    key: str
    value: bytes | None


PlainRow = tuple[str, str, bytes | None]
"""What a ``Row`` is; a turn's rows need no names for their parts."""


class Turn(NamedTuple):
    """All that one turn of the loop makes durable: rows replaced or deleted, and entries (encoded facts) for the outbox."""

    rows: Sequence[PlainRow]
    facts: Sequence[bytes]


class Journal(Protocol):
    def append(self, turn: Turn) -> None:
        """Commit the turn in one transaction. Entries of the outbox get consecutive sequence numbers."""

    def load(self) -> Iterator[Row]:
        """Every live row, in any order."""

    def outbox(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` entries with sequence numbers above ``after``, oldest first."""

    def shipped(self, sequences: Iterable[int]) -> None:
        """Forget these entries: their facts are stored in the database."""

    def counts(self) -> dict[str, int]:
        """``rows``, and ``outbox``: the entries in it."""

    def close(self) -> None: ...
