"""What passes between the sockets (``sipcore.net``) and the deciding layers: where bytes came from, where they go.

Knows nothing of SIP syntax; the transports speak these values and nothing else.
"""

from typing import Final, NamedTuple

__all__ = ["ANY_FLOW", "Hop", "Send", "Source"]

ANY_FLOW: Final = 0


class Hop(NamedTuple):
    """A transport address: ``transport`` is ``"UDP"``, ``"TCP"``, ``"TLS"`` or ``"WS"``; ``host`` a numeric address."""

    transport: str
    host: str
    port: int


class Source(NamedTuple):
    """Where a message came from: the peer, the index of our listener, and the stream it came over (0 for UDP)."""

    hop: Hop
    listener: int = 0
    flow: int = ANY_FLOW


class Send(NamedTuple):
    """Bytes to send. ``flow`` names an open stream to prefer (RFC 3261 §18.2.2); 0 lets the transport choose."""

    data: bytes
    hop: Hop
    flow: int = ANY_FLOW
