"""The bus as others may see it: values, no live objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sipcore.dmq.bus import Bus
from sipcore.dmq.peer import Peer

__all__ = ["BusReader", "PeerPicture"]


@dataclass(frozen=True, slots=True)
class PeerPicture:
    """A node as it is now. Times are absolute seconds, 0 or None: never. ``requests``: counters that only grow."""

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
    under_way: int
    oldest_at: float | None  # the oldest request that it has not answered yet was sent then


class BusReader:
    """``bus`` None: nothing is shared, there are no peers."""

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus

    def peers(self) -> Sequence[PeerPicture]:
        """All nodes that are known, by address."""
        if self._bus is None:
            return []
        return sorted([_picture(self._bus, peer) for peer in self._bus.peers], key=lambda each: each.address)


def _picture(bus: Bus, peer: Peer) -> PeerPicture:
    waiting = bus.unanswered(peer)
    return PeerPicture(
        peer.address, peer.status.value, peer.configured, peer.since, peer.heard_at, peer.answered_at, peer.round_trip,
        peer.failures, peer.lists_us, dict(peer.counters), len(waiting), min(waiting, default=None),
    )  # fmt: skip
