"""What one peer has yet to be told: changes as they happen, and walks over all contacts; what is under way to it.

Changes of one address-of-record leave in order: none while another is under way, because datagrams overtake each other
and Kamailio takes the later one as it comes. A binding that changes again while it waits is told once, as it is by then;
so an idle peer costs no more memory than the bindings themselves. Knows no JSON and sends nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from sipcore.binding import Binding
from sipcore.dmq.peer import Peer

__all__ = ["Bindings", "Change", "Feed", "Flight", "state_of"]


class Bindings(Protocol):
    """The registrations, as far as replication needs them."""

    def apply(self, binding: Binding, now: float) -> bool:
        """Another node has it so; False where ours is newer, or it has expired. Raises BadUri."""

    def withdraw(self, binding: Binding, now: float) -> bool:
        """Another node removed it, as it was there; False where it is not here, or newer."""

    def bindings(self, aor: str) -> Sequence[Binding]:
        """Of one address-of-record."""

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        """Every address-of-record above ``after`` in order; nothing may change meanwhile."""

    def __len__(self) -> int:
        """How many bindings there are."""


def state_of(binding: Binding) -> int:
    """What tells two states of a binding apart, as the bus knows them."""
    return (int(binding.updated_at) << 32) + binding.cseq


class Change(NamedTuple):
    """``action`` of ``usrloc``; ``at``: since when it waits to be told."""

    action: int
    binding: Binding
    at: float


@dataclass(slots=True, eq=False)
class Flight:
    """One request under way."""

    changes: list[Change]
    size: int  # bytes

    @property
    def oldest(self) -> float:
        return min([change.at for change in self.changes])


@dataclass(slots=True)
class Walk:
    """Over the contacts above ``after``; ``own``: only those that registered here."""

    own: bool
    after: str = ""
    told: int = 0


class Feed:
    """Of one peer that is there. Times are absolute seconds."""

    __slots__ = (
        "_busy", "_changes", "_flights", "_walks_again", "asked", "asked_at", "deaf", "known", "paused_until", "peer", "pulled",
        "since_pause", "size_under_way", "waiting", "walk",
    )  # fmt: skip

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._changes: dict[str, dict[str, Change]] = {}  # by AoR, then ruid, in the order in which they happened
        self._busy: dict[str, int] = {}  # AoRs that are spoken of in requests under way
        self._flights: dict[int, Flight] = {}
        self._walks_again = False
        self.waiting = 0  # changes, without those under way
        self.size_under_way = 0
        self.walk: Walk | None = None
        self.since_pause = 0  # contacts told by walks since the last pause
        self.paused_until = 0.0
        self.deaf = False  # it has no such channel
        # By ruid, what it told us itself: a Kamailio that is told its own contacts takes them for another's, and tells
        # nobody when their phones are gone.
        self.known: dict[str, int] = {}
        self.asked = 0  # how often we asked for its contacts
        self.asked_at: float | None = None  # and have heard nothing since
        self.pulled = False  # it has said that it sent them

    @property
    def under_way(self) -> int:
        """Requests that wait for their answers."""
        return len(self._flights)

    @property
    def told_under_way(self) -> int:
        """Changes that wait to be confirmed."""
        return sum([len(flight.changes) for flight in self._flights.values()])

    def oldest(self) -> float | None:
        """Since when the change waits that has waited longest, to be told or to be answered; None: none does."""
        times = [flight.oldest for flight in self._flights.values()]
        times += [change.at for of in islice(self._changes.values(), 1) for change in of.values()]
        return min(times, default=None)

    # -- changes

    def note(self, action: int, binding: Binding, now: float) -> None:
        """To be told; what the same binding was before need not be."""
        of = self._changes.get(binding.aor)
        if of is None:
            of = self._changes[binding.aor] = {}
        old = of.pop(binding.ruid, None)
        if old is None:
            self.waiting += 1
        of[binding.ruid] = Change(action, binding, now if old is None else old.at)

    def restore(self, changes: Sequence[Change]) -> None:
        """They were not told, or nobody knows: again, unless they have changed since."""
        for change in changes:
            of = self._changes.setdefault(change.binding.aor, {})
            if change.binding.ruid not in of:
                self.waiting += 1
                of[change.binding.ruid] = change

    def take_changes(self, most: int) -> list[Change]:
        """Up to ``most`` that may be told now."""
        taken: list[Change] = []
        whole: list[str] = []
        for aor, of in self._changes.items():
            if aor in self._busy:
                continue
            if taken and len(taken) + len(of) > most:
                break
            taken += of.values()
            whole.append(aor)
            if len(taken) >= most:
                break
        for aor in whole:
            del self._changes[aor]
        self.waiting -= len(taken)
        if len(taken) > most:  # of one AoR: the others wait until these have been taken
            self.restore(taken[most:])
            del taken[most:]
        return taken

    # -- walks

    def start_walk(self, *, own: bool) -> None:
        """Tell all contacts, or all of ours. One that has begun is ended first, a walk over all counts for ours too."""
        if self.walk is None or (self.walk.own and not own):
            self.walk = Walk(own)
        elif not own and self.walk.after:
            self._walks_again = True

    def take_walked(self, store: Bindings, action: int, most: int, scan: int, now: float) -> list[Change]:
        """The next of the walk, about ``most``; looks at ``scan`` addresses-of-record at most."""
        walk = self.walk
        if walk is None:
            return []
        found: list[Change] = []
        choosy = walk.own or bool(self.known)
        seen = 0
        for seen, (aor, bindings) in enumerate(islice(store.walk(walk.after), scan), 1):  # noqa: B007 - wanted below
            wanted = [each for each in bindings if self._wants(each, walk)] if choosy else bindings
            if found and len(found) + len(wanted) > most:
                break
            walk.after = aor
            if wanted and aor in self._busy:
                for binding in wanted:
                    self.note(action, binding, now)
            else:
                found += [Change(action, binding, now) for binding in wanted]
            if len(found) >= most:
                break
        else:
            if seen < scan:
                self._end_walk()
        count = len(found)
        walk.told += count
        return found

    def _wants(self, binding: Binding, walk: Walk) -> bool:
        if walk.own:
            return not binding.replicated
        return not binding.replicated or self.known.get(binding.ruid) != state_of(binding)

    def _end_walk(self) -> None:
        self.walk = Walk(own=False) if self._walks_again else None
        self._walks_again = False

    # -- requests under way

    def departed(self, flight: Flight) -> None:
        self._flights[id(flight)] = flight
        self.size_under_way += flight.size
        for change in flight.changes:
            aor = change.binding.aor
            self._busy[aor] = self._busy.get(aor, 0) + 1

    def landed(self, flight: Flight) -> None:
        """It is answered, or never will be."""
        if self._flights.pop(id(flight), None) is None:
            return
        self.size_under_way -= flight.size
        for change in flight.changes:
            aor = change.binding.aor
            left = self._busy.get(aor, 0) - 1
            if left > 0:
                self._busy[aor] = left
            else:
                self._busy.pop(aor, None)
