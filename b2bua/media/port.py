"""The media port: what a call asks of whatever plays to its caller. Verbs, not SIP.

Two kinds. *Relocating*: the caller is re-INVITEd to the callee and back (a SIP media server). *Anchored*: the caller's
description never changes, the media server is told where to send (rtpengine). The call's table knows both answers of
``connect``. Results of ``open`` and ``play`` come later, as the media leg's events.
"""

from dataclasses import dataclass
from typing import Protocol

from b2bua.call import Call
from b2bua.commands import SetMediaServers

__all__ = ["CallerUnchanged", "Connection", "MediaPort", "Reinvite"]


@dataclass(frozen=True, slots=True)
class CallerUnchanged:
    """The caller's description stays as it is: nothing to send to it."""


@dataclass(frozen=True, slots=True)
class Reinvite:
    """The caller has to be re-INVITEd with this description."""

    description: bytes


Connection = CallerUnchanged | Reinvite


class MediaPort(Protocol):
    def configure(self, command: SetMediaServers) -> None:
        """Media servers for sessions opened from now on."""

    def open(self, call: Call, now: float, tried: tuple[str, ...] = ()) -> bool:
        """Begin a session with the caller's description (none: the server offers). False: no server is left to try."""

    def play(self, call: Call, now: float) -> bool:
        """Play ``call.playlist`` from its beginning. False: this needs a session of its own, opened by ``open``."""

    def connect(self, call: Call, description: bytes) -> Connection:
        """What the caller must be told so that it hears the callee of this ``description``."""

    def close(self, call: Call, now: float) -> None:
        """End the session, if there is one."""
