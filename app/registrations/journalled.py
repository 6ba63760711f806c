"""Bindings as an earlier release kept them in the journal: read once at start, then written to the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.journal.port import Journal, Row, Turn
from sipcore.binding import Binding
from sipcore.packets import Hop, Source

__all__ = ["BindingsRow", "JournalledBinding", "JournalledSource", "forget_journalled", "journalled_bindings"]


class JournalledSource(NamedTuple):
    """In the row it is an array."""

    hop: Hop
    listener: int = 0
    flow: int = 0


@dataclass(slots=True)
class JournalledBinding:
    """A binding of release 0.1."""

    aor: str
    contact: str
    expires_at: float
    call_id: str
    cseq: int
    source: JournalledSource
    q: float = 1.0
    path: tuple[str, ...] = ()
    user_agent: str = ""


@dataclass(slots=True)
class BindingsRow:
    """All of one address-of-record (journal table ``bindings``)."""

    bindings: tuple[JournalledBinding, ...]
    version: int = 1


def journalled_bindings(
    rows: Iterable[tuple[str, str, object]], stored: Iterable[Binding], now: float
) -> list[Binding]:
    """Those in the journal that have not expired and are not in the database yet."""
    known = {(binding.aor, binding.contact) for binding in stored}
    found = [each for _, _, row in rows if isinstance(row, BindingsRow) for each in row.bindings]
    return [
        Binding(
            old.aor, old.contact, old.expires_at, old.call_id, old.cseq, Source(old.source.hop, old.source.listener), old.q,
            tuple(old.path), old.user_agent, ruid=f"journal-{old.aor}-{number}"[:64], updated_at=now,
        )
        for number, old in enumerate(found)
        if old.expires_at > now and (old.aor, old.contact) not in known
    ]  # fmt: skip


def forget_journalled(journal: Journal) -> None:
    """They are in the database now."""
    rows = [Row(row.table, row.key, None) for row in journal.load() if row.table == "bindings"]
    if rows:
        journal.append(Turn(rows, []))
