"""What the SIP side of the media server works with, handed from room to room, and how it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from media.annc import MAX_NAMES, NotServed, PlayOrder
from media.pacer import Pacer
from media.playlist import Playlist
from media.settings import Settings
from media.sockets import Ports
from media.sounds import BadSound, SoundLibrary, UnknownSound
from sipcore.config import Listener
from sipcore.endpoint import Endpoint
from sipcore.events import RequestReceived
from sipcore.ids import Minter
from sipcore.message import respond_to

__all__ = ["ALLOW", "SUPPORTED", "Context", "Headers"]

ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"
SUPPORTED: Final = "timer"
_WARNING_AGENT: Final = "callyard-media"

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a session needs. ``random`` gives that many random bits; ``log`` takes a line for the operator."""

    settings: Settings
    endpoint: Endpoint
    listeners: tuple[Listener, ...]
    ids: Minter
    library: SoundLibrary
    pacer: Pacer
    ports: Ports
    random: Callable[[int], int]
    log: Callable[[str], None]

    def answer(
        self,
        event: RequestReceived,
        status: int,
        now: float,
        *,
        tag: str = "",
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer a request; ``tag`` is ours where the response forms a dialog."""
        if event.transaction is None:
            return  # an ACK
        response = respond_to(event.request, status, to_tag=tag or self.ids.tag(), headers=headers or [], body=body)
        self.endpoint.respond(event.transaction, response, now)

    def refuse(self, event: RequestReceived, refusal: NotServed, now: float) -> None:
        """Answer with a refusal; why goes into a Warning (RFC 3261 §20.43: 399, miscellaneous) and a Reason (RFC 3326)."""
        why = refusal.problem.replace("\\", "'").replace('"', "'")
        if not why.isprintable():
            why = "refused"
        headers: Headers = [
            ("Warning", f'399 {_WARNING_AGENT} "{why}"'),
            ("Reason", f'SIP;cause={refusal.status};text="{why}"'),
            *refusal.headers,
        ]
        self.answer(event, refusal.status, now, headers=headers)

    def playlist(self, order: PlayOrder) -> Playlist | None:
        """The list that an order names, None for silence; raises `NotServed`: 404 naming what is missing."""
        if not order.names:
            return None
        try:
            sounds = [self.library.get(name) for name in order.names[:MAX_NAMES]]
        except UnknownSound as problem:
            raise NotServed(404, str(problem)) from None
        except (BadSound, OSError) as problem:
            self.log(f"a sound cannot be played: {problem}")
            raise NotServed(500, "a sound of this list cannot be played") from None
        return Playlist(sounds, order.plays, loop_from=order.loop_from, ident=order.ident)
