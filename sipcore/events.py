"""What the endpoint tells its transaction user (TU). What a peer may do is an event, never an exception.

``ServerKey`` and ``ClientKey`` name a live transaction; the TU keeps them as plain strings (they can be journalled).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from sipcore.message import Request, Response
from sipcore.packets import Source

__all__ = [
    "AckTimedOut", "CancelReceived", "ClientFailed", "ClientKey", "Event", "FailureCause",
    "RequestReceived", "ResponseReceived", "ServerKey",
]  # fmt: skip

ServerKey = NewType("ServerKey", str)
ClientKey = NewType("ClientKey", str)


class FailureCause(StrEnum):
    TIMEOUT = "timeout"  # timer B or F fired: to be treated as a 408 (RFC 3261 §8.1.3.1)
    TRANSPORT = "transport"  # the transport could not send: to be treated as a 503 (RFC 3261 §8.1.3.1)


@dataclass(slots=True)
class RequestReceived:
    """A new request. ``transaction`` is None for an ACK to a 2xx, which has none (RFC 3261 §17.1)."""

    request: Request
    source: Source
    transaction: ServerKey | None


@dataclass(slots=True)
class CancelReceived:
    """A CANCEL matched the INVITE server transaction ``transaction``; the endpoint has answered the CANCEL with 200.

    Comes only while no final response was sent; the TU still owes the INVITE its 487 (RFC 3261 §9.2).
    """

    transaction: ServerKey
    request: Request


@dataclass(slots=True)
class AckTimedOut:
    """Our 2xx to ``transaction`` was retransmitted for 64·T1 and never ACKed (RFC 3261 §13.3.1.4)."""

    transaction: ServerKey


@dataclass(slots=True)
class ResponseReceived:
    """A response (never 100, never a retransmission of one already passed up) to ``transaction``.

    A forked INVITE gives several 2xx, told apart by their To tags (RFC 6026 §8.2).
    """

    transaction: ClientKey
    response: Response


@dataclass(slots=True)
class ClientFailed:
    """The client transaction ended without a final response."""

    transaction: ClientKey
    cause: FailureCause


Event = RequestReceived | CancelReceived | AckTimedOut | ResponseReceived | ClientFailed
