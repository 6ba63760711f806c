"""Errors of the SIP core. Each carries its own verdict (a SIP status), so that no caller needs a switch over types.

What a peer did wrong is a ``SipError``; what our own code did wrong is a ``ValueError`` or ``TypeError``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipcore.message.messages import Request

__all__ = ["BadHeader", "BadSdp", "BadUri", "FramingError", "ParseError", "SipError"]


class SipError(Exception):
    """Something a peer sent cannot be served. ``status`` answers it, ``reason`` says why in one line."""

    status: int = 400

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        if status:
            self.status = status


class ParseError(SipError):
    """A message, or a part of one, that does not follow the grammar or goes beyond a limit.

    ``header`` names the offending header ("" when it is none). ``salvaged`` is a request good enough to build the
    answer ``status`` from: its top Via can be read and From, To, Call-ID and CSeq are there (their values perhaps not
    well-formed); None when no answer is possible: the message is a response, an ACK or beyond recovery.
    """

    def __init__(self, reason: str, status: int = 400, header: str = "") -> None:
        super().__init__(reason, status)
        self.header = header
        self.salvaged: Request | None = None

    @property
    def response_possible(self) -> bool:
        """Whether an answer can be built from ``salvaged``."""
        return self.salvaged is not None


class BadHeader(ParseError):  # noqa: N818 - named for what it says, like the other verdicts
    """A header whose value does not follow its grammar; ``header`` is its canonical name."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}", 400, header)


class BadUri(ParseError):  # noqa: N818
    """A URI that does not follow RFC 3261 §19.1 or RFC 3966, or is of a scheme that we do not read (416)."""


class BadSdp(SipError):  # noqa: N818
    """A session description that cannot be read; ``line`` is its 1-based line (0: the whole). Answered with 488."""

    status = 488

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line


class FramingError(SipError):
    """A byte stream in which the next message cannot be found: the connection has to be closed (RFC 3261 §18.3)."""
