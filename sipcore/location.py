"""Where the users of our domains can be reached: address-of-record → bindings (RFC 3261 §10, RFC 3327 for Path).

The store is a port: ``LocationStore`` and its in-memory twin. It knows nothing of REGISTER, authentication or sockets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from sipcore.deadlines import NEVER, Deadlines, Timed
from sipcore.errors import SipError
from sipcore.message import Uri
from sipcore.packets import ANY_FLOW, Hop, Source

__all__ = ["Binding", "BindingChange", "BindingChanged", "LocationStore", "MemoryLocations"]

_DEFAULT_PORT: Final = 5060


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of an address-of-record. Times are absolute seconds; ``q`` 0 to 1, higher is preferred (§20.10)."""

    aor: str
    contact: str  # the Contact URI as text: the Request-URI of what is sent there
    expires_at: float
    call_id: str
    cseq: int
    source: Source  # where its REGISTER came from
    q: float = 1.0
    path: tuple[str, ...] = ()
    user_agent: str = ""

    def reach(self) -> tuple[Hop | None, int]:
        """The hop and flow to reach it by; None: as the Contact says.

        A stream is used again while it lives (a phone behind NAT has no other way in); over UDP the source counts where
        the Contact names another host, that is, behind NAT.
        """
        hop = self.source.hop
        if hop.transport != "UDP":
            return hop, self.source.flow
        try:
            uri = Uri.parse(self.contact)
        except SipError:
            return hop, ANY_FLOW
        same = uri.host == hop.host and (uri.port or _DEFAULT_PORT) == hop.port
        return (None if same else hop), ANY_FLOW


class BindingChange(StrEnum):
    ADDED = "added"
    REFRESHED = "refreshed"
    REMOVED = "removed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class BindingChanged:
    """What became of a binding; ``binding`` is as it is now, or was last."""

    change: BindingChange
    binding: Binding


class LocationStore(Protocol):
    """Bindings by address-of-record (canonical text). Reads and writes are immediate: durability is the owner's."""

    def bindings(self, aor: str) -> Sequence[Binding]:
        """The bindings of ``aor``, the preferred one (highest q, then latest) first."""

    def replace(self, aor: str, bindings: Sequence[Binding]) -> None:
        """All bindings of ``aor`` at once: REGISTER is atomic (RFC 3261 §10.3)."""

    def next_deadline(self) -> float | None:
        """When the next binding expires."""

    def expire(self, now: float) -> list[Binding]:
        """Remove and return what has expired."""

    def __len__(self) -> int:
        """The number of bindings."""


class _Record(Timed):
    """The bindings of one address-of-record; due when the first of them expires."""

    __slots__ = ("aor", "bindings")

    def __init__(self, aor: str) -> None:
        super().__init__()
        self.aor = aor
        self.bindings: tuple[Binding, ...] = ()


class MemoryLocations:
    """Bindings in memory."""

    __slots__ = ("_count", "_deadlines", "_records")

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._deadlines: Deadlines[_Record] = Deadlines()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def bindings(self, aor: str) -> Sequence[Binding]:
        """See LocationStore."""
        record = self._records.get(aor)
        return record.bindings if record is not None else ()

    def replace(self, aor: str, bindings: Sequence[Binding]) -> None:
        """See LocationStore."""
        record = self._records.get(aor)
        if record is None:
            if not bindings:
                return
            record = self._records[aor] = _Record(aor)
        self._count += len(bindings) - len(record.bindings)
        record.bindings = tuple(bindings if len(bindings) < 2 else sorted(bindings, key=_preference))
        self._deadlines.set(record, min((binding.expires_at for binding in bindings), default=NEVER))
        if not bindings:
            del self._records[aor]

    def next_deadline(self) -> float | None:
        """See LocationStore."""
        return self._deadlines.next()

    def expire(self, now: float) -> list[Binding]:
        """See LocationStore."""
        gone: list[Binding] = []
        while (record := self._deadlines.pop(now)) is not None:
            gone += [binding for binding in record.bindings if binding.expires_at <= now]
            self.replace(record.aor, [binding for binding in record.bindings if binding.expires_at > now])
        return gone


def _preference(binding: Binding) -> tuple[float, float]:
    return (-binding.q, -binding.expires_at)
