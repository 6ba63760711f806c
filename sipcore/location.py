"""Where the users of our domains can be reached: address-of-record → bindings (RFC 3261 §10).

The store is a port: ``LocationStore`` and its in-memory twin. It knows nothing of REGISTER, authentication or sockets.
What happens here is told by ``BindingChanged``; what happened at another node comes in by ``apply`` and ``withdraw``.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause, is_covered, is_newer, place_of
from sipcore.deadlines import NEVER, Deadlines, Timed
from sipcore.sorted_keys import SortedKeys

__all__ = ["LocationStore", "MemoryLocations"]


class LocationStore(Protocol):
    """Bindings by address-of-record (canonical text). Reads and writes are immediate: durability is the owner's."""

    def bindings(self, aor: str) -> Sequence[Binding]:
        """The bindings of ``aor``, the preferred one (highest q, then latest) first."""

    def replace(self, aor: str, bindings: Sequence[Binding]) -> None:
        """All bindings of ``aor`` at once: REGISTER is atomic (RFC 3261 §10.3)."""

    def renew(self, before: Binding, binding: Binding) -> None:
        """``binding`` stands for ``before`` from now on: the same contact, refreshed."""

    def apply(self, binding: Binding) -> BindingChanged | None:
        """A binding as another node knows it; None: what is here is newer."""

    def withdraw(self, binding: Binding) -> BindingChanged | None:
        """Another node removed it, as it was there: by its ``ruid``, else by its contact; None: not here, or newer."""

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        """Every address-of-record above ``after`` in order; the store may not change meanwhile."""

    def of_flow(self, flow: int) -> list[Binding]:
        """The bindings whose REGISTER came over this stream."""

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
        self.due = self.armed = NEVER  # what Timed does, without the call
        self.aor = aor
        self.bindings: tuple[Binding, ...] = ()


class MemoryLocations:
    """Bindings in memory."""

    __slots__ = ("_aors", "_count", "_deadlines", "_flows", "_records")

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._aors = SortedKeys()
        self._deadlines: Deadlines[_Record] = Deadlines()
        self._flows: dict[int, dict[str, None]] = {}  # the addresses-of-record registered over each stream
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
            self._aors.add(aor)
        before = record.bindings
        self._count += len(bindings) - len(before)
        if len(bindings) == 1:
            only = bindings[0]
            record.bindings = (only,)
            self._deadlines.set(record, only.expires_at)
            if not self._flows and not only.source.flow:
                return
        else:
            record.bindings = tuple(sorted(bindings, key=_preference))
            self._deadlines.set(record, min((binding.expires_at for binding in bindings), default=NEVER))
        self._move_flows(aor, before, bindings)
        if not bindings:
            del self._records[aor]
            self._aors.discard(aor)

    def renew(self, before: Binding, binding: Binding) -> None:
        """See LocationStore."""
        record = self._records[before.aor]
        if len(record.bindings) == 1 and binding.source.flow == before.source.flow:
            record.bindings = (binding,)
            self._deadlines.set(record, binding.expires_at)
        else:
            self.replace(before.aor, [binding if each is before else each for each in record.bindings])

    def apply(self, binding: Binding) -> BindingChanged | None:
        """See LocationStore. What is newer: ``is_newer``."""
        record = self._records.get(binding.aor)
        if record is None:
            self.replace(binding.aor, (binding,))
            return BindingChanged(BindingChange.ADDED, binding, None, Cause.REPLICATION)
        current = list(record.bindings)
        place = _known(current, binding)
        if place < 0:
            current.append(binding)
            self.replace(binding.aor, current)
            return BindingChanged(BindingChange.ADDED, binding, None, Cause.REPLICATION)
        before = current[place]
        if not is_newer(binding, before):
            return None
        current[place] = binding
        self.replace(binding.aor, current)
        return BindingChanged(BindingChange.REFRESHED, binding, before, Cause.REPLICATION)

    def withdraw(self, binding: Binding) -> BindingChanged | None:
        """See LocationStore."""
        current = list(self.bindings(binding.aor))
        ruid, contact = binding.ruid, binding.contact
        places = [index for index, each in enumerate(current) if ruid and each.ruid == ruid]
        places = places or [index for index, each in enumerate(current) if each.contact == contact]
        if not places or not is_covered(current[places[0]], binding):
            return None
        gone = current.pop(places[0])
        self.replace(binding.aor, current)
        return BindingChanged(BindingChange.REMOVED, gone, gone, Cause.REPLICATION)

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        """See LocationStore."""
        records = self._records
        for aor in self._aors.after(after):
            yield aor, records[aor].bindings

    def of_flow(self, flow: int) -> list[Binding]:
        """See LocationStore."""
        aors = self._flows.get(flow, {})
        return [each for aor in aors for each in self.bindings(aor) if each.source.flow == flow]

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

    def _move_flows(self, aor: str, before: Sequence[Binding], after: Sequence[Binding]) -> None:
        """Keep the index of streams; nearly always there is none, or it stays."""
        old = [each.source.flow for each in before if each.source.flow]
        new = [each.source.flow for each in after if each.source.flow]
        if old == new:
            return
        for flow in old:
            aors = self._flows.get(flow)
            if aors is not None and flow not in new:
                aors.pop(aor, None)
                if not aors:
                    del self._flows[flow]
        for flow in new:
            self._flows.setdefault(flow, {})[aor] = None


def _preference(binding: Binding) -> tuple[float, float]:
    return (-binding.q, -binding.expires_at)


def _known(current: Sequence[Binding], binding: Binding) -> int:
    for index, each in enumerate(current):
        if each.ruid == binding.ruid:
            return index
    return place_of(current, binding.contact, binding.instance, binding.reg_id)
