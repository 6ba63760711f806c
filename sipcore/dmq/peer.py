"""A node of the bus, as we know it: its address, whether it is there, and what passed between us."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from sipcore.packets import Hop

__all__ = ["Peer", "PeerStatus"]


class PeerStatus(StrEnum):
    """Where we stand with a node. Only an active one is told changes; the others are pinged until they answer."""

    PENDING = "pending"  # known, not heard of yet
    ACTIVE = "active"
    NOT_ACTIVE = "not_active"  # it did not answer
    DISABLED = "disabled"  # it said that it leaves


@dataclass(slots=True, eq=False)
class Peer:
    """One other node. Times are absolute seconds, 0: never.

    ``address`` is ``sip:host:port[;transport=x]`` exactly as listed; ``hop`` None where its host is a name that nobody
    resolves for us. ``configured``: a notification address of ours, never forgotten.
    """

    address: str
    hop: Hop | None
    configured: bool = False
    status: PeerStatus = PeerStatus.PENDING
    since: float = 0.0  # that it has this status
    heard_at: float = 0.0  # the latest message from it, request or response
    answered_at: float = 0.0  # the latest response from it
    round_trip: float = 0.0  # seconds from our latest answered request to its answer
    failures: int = 0  # requests in a row that it did not answer
    lists_us: bool | None = None  # its latest list says so, that is, it tells us what happens there; None: not known
    questions: int = 0  # notifications that wait for its answer
    requests: Counter[str] = field(default_factory=Counter)  # what passed, by what became of it; only grows
    counters: Counter[str] = field(default_factory=Counter)  # the channels' own; only grow
