"""What the transports tell their owner, and how they say that they cannot listen."""

from typing import Protocol

from sipcore.config import Listener
from sipcore.packets import Hop, Source

__all__ = ["ListenError", "Receiver"]


class Receiver(Protocol):
    """Called from the event loop, in plain calls; must not block."""

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        """Whole messages, in order: those of one drained socket or one read of a stream."""

    def failed(self, hop: Hop, flow: int) -> None:
        """``hop`` could not be reached (``flow`` 0), or the open stream ``flow`` to it has ended."""


class ListenError(OSError):
    """A listener cannot be opened; the text names it, so that an operator can act on it."""

    def __init__(self, listener: Listener, why: str) -> None:
        host = f"[{listener.host}]" if ":" in listener.host else listener.host
        super().__init__(f"cannot listen on {listener.transport.lower()}:{host}:{listener.port}: {why}")
        self.listener = listener
