"""The seam between the bus and what it carries: a channel takes requests, the bus sends for it and says who is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sipcore.dmq.peer import Peer
from sipcore.message import Request

__all__ = ["Answer", "Channel", "Done", "Reply", "Sender"]

Done = Callable[[int | None, float], None]
"""Called once with the status of the answer (None: there was none, the node is silent or unreachable) and the time."""


@dataclass(slots=True)
class Answer:
    """What a request is answered with. ``reason`` None: the usual phrase."""

    status: int
    content_type: str = ""
    body: bytes = b""
    reason: str | None = None


Reply = Callable[[Answer, float], None]
"""Answers the request that it was given with; to be called once, at once or later. A peer's window waits for it."""


class Channel(Protocol):
    """One channel of the bus. Nothing that a peer sends may raise."""

    name: str
    """The user part of the Request-URI."""

    def take(self, request: Request, peer: Peer | None, reply: Reply, now: float) -> None:
        """A request of an allowed address. ``peer`` None: its From names no node that we know.

        It is answered by ``reply``: a channel that has more to do than a turn may take answers when it has done it.
        """

    def joined(self, peer: Peer, now: float) -> None:
        """The peer became active, for the first time or again."""

    def left(self, peer: Peer, now: float) -> None:
        """The peer is active no more: it said goodbye, or fell silent."""

    def next_deadline(self) -> float | None:
        """When ``expire`` is wanted; None: not at all; 0.0: as soon as the sockets have been looked at again.

        So a channel with much to do does it in slices, of which none holds the loop for long.
        """

    def expire(self, now: float) -> None:
        """Do what is due."""


class Sender(Protocol):
    """What a channel needs of the bus."""

    def send(
        self,
        peer: Peer,
        channel: str,
        content_type: str,
        body: bytes,
        now: float,
        *,
        done: Done | None = None,
        once: bool = False,
    ) -> None:
        """Send one request to ``peer``. How many are under way at once is the channel's to bound (``done``).

        ``once``: it is not retransmitted, and no answer is no sign of silence. (Kamailio answers a request for all its
        contacts when it has sent them, and takes a retransmission for another such request.)
        """

    def active(self) -> Sequence[Peer]:
        """The peers that are there."""
