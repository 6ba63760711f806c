"""What passes between the sockets (``sipcore.net``) and the deciding layers: where bytes came from, where they go.

Knows nothing of SIP syntax; the transports speak these values and nothing else.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["ANY_FLOW", "ANY_LISTENER", "Hop", "Send", "Source"]

ANY_FLOW: Final = 0
ANY_LISTENER: Final = -1


class Hop(NamedTuple):
    """A transport address: ``transport`` is ``"UDP"``, ``"TCP"``, ``"TLS"`` or ``"WS"``; ``host`` a numeric address."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where a message came from: the peer, the index of our listener, and the stream it came over (0 for UDP)."""

    hop: Hop
    listener: int = 0
    flow: int = ANY_FLOW

    def same_as(self, other: "Source") -> bool:
        """As ``==``, which costs much more in a compiled dataclass: mostly it is the same object."""
        return self is other or (self.hop == other.hop and self.listener == other.listener and self.flow == other.flow)


@dataclass(slots=True)
class Send:
    """Bytes to send. ``flow`` names an open stream to prefer (RFC 3261 §18.2.2); 0 lets the transport choose.

    ``listener`` is the index of the listener whose socket a datagram leaves from (RFC 3581 §4: a response is "sent from
    the same address and port" that the request came to); -1 lets the transport choose.
    """

    data: bytes
    hop: Hop
    flow: int = ANY_FLOW
    listener: int = ANY_LISTENER
