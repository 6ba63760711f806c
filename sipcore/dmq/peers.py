"""Who is on the bus: a table of what is known of each other node, and what a sign of it changes.

A node is believed about itself only. What another says of it is a hint, and it is asked itself.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from sipcore.dmq.node_list import NodeKey
from sipcore.dmq.peer import Peer, PeerStatus

__all__ = ["SIGNS", "Action", "Peers", "Sign"]


class Sign(StrEnum):
    """What we learn of a node."""

    SAYS_ACTIVE = "says_active"  # its own line in its own list
    SAYS_DISABLED = "says_disabled"
    ANSWERED = "answered"  # a 2xx to a notification of ours
    HEARD = "heard"  # any other request of it
    LISTED = "listed"  # another node says that it is active
    SILENT = "silent"  # no answer, and nothing heard of it since it was asked


class Action(StrEnum):
    """What follows from a sign."""

    NOTHING = "nothing"
    JOINED = "joined"  # tell the channels
    LEFT = "left"
    PROBE = "probe"  # ask it
    FORGET = "forget"


_JOINED: Final = (PeerStatus.ACTIVE, Action.JOINED)

SIGNS: Final = {
    (PeerStatus.PENDING, Sign.SAYS_ACTIVE): _JOINED,
    (PeerStatus.PENDING, Sign.ANSWERED): _JOINED,
    (PeerStatus.PENDING, Sign.SAYS_DISABLED): (PeerStatus.DISABLED, Action.NOTHING),
    (PeerStatus.PENDING, Sign.HEARD): (PeerStatus.PENDING, Action.PROBE),
    (PeerStatus.PENDING, Sign.LISTED): (PeerStatus.PENDING, Action.PROBE),
    (PeerStatus.PENDING, Sign.SILENT): (PeerStatus.NOT_ACTIVE, Action.NOTHING),
    (PeerStatus.ACTIVE, Sign.SAYS_DISABLED): (PeerStatus.DISABLED, Action.LEFT),
    (PeerStatus.ACTIVE, Sign.SILENT): (PeerStatus.NOT_ACTIVE, Action.LEFT),
    (PeerStatus.NOT_ACTIVE, Sign.SAYS_ACTIVE): _JOINED,
    (PeerStatus.NOT_ACTIVE, Sign.ANSWERED): _JOINED,
    (PeerStatus.NOT_ACTIVE, Sign.SAYS_DISABLED): (PeerStatus.DISABLED, Action.NOTHING),
    (PeerStatus.NOT_ACTIVE, Sign.HEARD): (PeerStatus.NOT_ACTIVE, Action.PROBE),
    (PeerStatus.NOT_ACTIVE, Sign.LISTED): (PeerStatus.NOT_ACTIVE, Action.PROBE),
    # As Kamailio does it: the first time-out takes a node out of use, the next one out of the list.
    (PeerStatus.NOT_ACTIVE, Sign.SILENT): (PeerStatus.NOT_ACTIVE, Action.FORGET),
    # What it sent before it left may come after its goodbye: HEARD changes nothing.
    (PeerStatus.DISABLED, Sign.SAYS_ACTIVE): _JOINED,
    (PeerStatus.DISABLED, Sign.ANSWERED): _JOINED,
    (PeerStatus.DISABLED, Sign.LISTED): (PeerStatus.DISABLED, Action.PROBE),
    (PeerStatus.DISABLED, Sign.SILENT): (PeerStatus.NOT_ACTIVE, Action.FORGET),
}
"""(status, sign) → (status, action); a pair that is absent changes nothing."""


class Peers:
    """The table. ``most``: nodes known at once."""

    __slots__ = ("_by_key", "_most")

    def __init__(self, most: int) -> None:
        self._by_key: dict[NodeKey, Peer] = {}
        self._most = most

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: NodeKey) -> Peer | None:
        """The node of that key."""
        return self._by_key.get(key)

    def active(self) -> Sequence[Peer]:
        """Those that are there."""
        return [peer for peer in self._by_key.values() if peer.status is PeerStatus.ACTIVE]

    def add(self, key: NodeKey, peer: Peer) -> bool:
        """False: there are too many."""
        if len(self._by_key) >= self._most:
            return False
        self._by_key[key] = peer
        return True

    def holds(self, peer: Peer) -> bool:
        """Whether it has not been forgotten."""
        return any(each is peer for each in self._by_key.values())

    def forget(self, peer: Peer) -> None:
        """Take it out."""
        for key, each in self._by_key.items():
            if each is peer:
                del self._by_key[key]
                return

    def note(self, peer: Peer, sign: Sign, now: float) -> Action:
        """What ``sign`` means for ``peer``; its status is changed."""
        status, action = SIGNS.get((peer.status, sign), (peer.status, Action.NOTHING))
        if status is not peer.status:
            peer.status, peer.since = status, now
        return action
