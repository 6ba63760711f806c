"""The bus as others may see it: values, no live objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sipcore.dmq.bus import Bus
from sipcore.dmq.peer import Peer
from sipcore.dmq.replica import Lag, Replica

__all__ = ["BusReader", "PeerPicture"]


@dataclass(frozen=True, slots=True)
class PeerPicture:
    """A node as it is now. Times are absolute seconds, 0 or None: never. ``requests`` and ``contacts`` only grow."""

    address: str
    status: str
    configured: bool
    since: float
    heard_at: float
    answered_at: float
    round_trip: float
    failures: int
    lists_us: bool | None
    requests: Mapping[str, int]
    contacts: Mapping[str, int]
    under_way: int
    oldest_at: float | None  # the oldest request that it has not answered yet was sent then
    lag: Lag | None  # None: it is told nothing


class BusReader:
    """``bus`` None: nothing is shared, there are no peers. ``clock``: seconds since the epoch."""

    def __init__(
        self, bus: Bus | None = None, replica: Replica | None = None, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._bus = bus
        self._replica = replica
        self._clock = clock

    def peers(self) -> Sequence[PeerPicture]:
        """All nodes that are known, by address."""
        if self._bus is None:
            return []
        now = self._clock()
        return sorted([self._picture(self._bus, peer, now) for peer in self._bus.peers], key=_address)

    def _picture(self, bus: Bus, peer: Peer, now: float) -> PeerPicture:
        waiting = bus.unanswered(peer)
        return PeerPicture(
            peer.address, peer.status.value, peer.configured, peer.since, peer.heard_at, peer.answered_at,
            peer.round_trip, peer.failures, peer.lists_us, dict(peer.requests), dict(peer.counters), len(waiting),
            min(waiting, default=None), None if self._replica is None else self._replica.lag(peer, now),
        )  # fmt: skip


def _address(picture: PeerPicture) -> str:
    return picture.address
