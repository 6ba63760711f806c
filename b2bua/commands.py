"""What the switchboard can be told. Small, serialisable, and in calls' and legs' own words: no queues, no agents.

Instants are seconds since the epoch, durations seconds. ``CallId`` and ``LegId`` are minted by the teller (UUIDv7).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NewType

from sipcore.packets import ANY_FLOW, Hop

__all__ = [
    "CallId", "CancelReason", "Command", "Dial", "DropLeg", "HangUp", "LegId", "MediaVanished", "OfferMode",
    "Originate", "Park", "Play", "Playlist", "Reject", "Repark", "SetMediaServers", "Target",
]  # fmt: skip

CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
OfferMode = Literal["late", "caller"]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to invite. ``hop``/``flow`` say where the messages go when that is not what ``uri`` says (NAT, a stream).

    ``route``: what the INVITE passes first (a registration's Path, RFC 3327 §5.4).
    """

    uri: str
    hop: Hop | None = None
    flow: int = ANY_FLOW
    route: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Playlist:
    """Sounds by name, in order; the last one loops if ``loop``. ``queue`` fills the template of a foreign media server."""

    sounds: tuple[str, ...]
    loop: bool = True
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Park:
    """Give the caller a media session. ``early_seconds``: in a 183, at most that long; None: answered at once."""

    call: CallId
    playlist: Playlist
    early_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    call: CallId
    playlist: Playlist


@dataclass(frozen=True, slots=True)
class Originate:
    """Begin a call: dial ``target``, who is its caller, and park it with ``playlist`` when it answers.

    ``shown``: the From that it sees; ``identity``: the From that callees see then.
    """

    call: CallId
    target: Target
    shown: str
    identity: str
    playlist: Playlist
    ring_until: float


@dataclass(frozen=True, slots=True)
class Repark:
    """Part a bridged caller from its callee, who is hung up, and park it (again)."""

    call: CallId
    playlist: Playlist


@dataclass(frozen=True, slots=True)
class Dial:
    """Invite ``target`` for the caller and bridge them when it answers. ``ring_until`` None: the teller watches the time.

    ``headers``: of the INVITE, above those that are the caller's.
    """

    call: CallId
    leg: LegId
    target: Target
    mode: OfferMode = "late"
    ring_until: float | None = None
    headers: tuple[tuple[str, str], ...] = ()


class CancelReason(StrEnum):
    NO_ANSWER = "no_answer"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DropLeg:
    """Cancel or hang up one dialled leg; the caller stays where it is."""

    call: CallId
    leg: LegId
    reason: CancelReason = CancelReason.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse a caller that is not answered yet (an answered one is hung up). ``cause``: the word for the record, if any."""

    call: CallId
    status: int
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call, whatever its state."""

    call: CallId
    cause: str = "hangup"


@dataclass(frozen=True, slots=True)
class SetMediaServers:
    """Media servers in the order in which they are tried: SIP URI templates (``{queue} {sound} {repeat}``).

    ``controllable`` holds those of them that take ``play`` by in-dialog INFO (the built-in one).
    """

    uris: tuple[str, ...]
    controllable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MediaVanished:
    """Sessions at media servers other than ``alive`` are gone, and nobody told us: their callers get new ones."""

    alive: frozenset[str]


Command = Originate | Park | Play | Repark | Dial | DropLeg | Reject | HangUp | SetMediaServers | MediaVanished
