"""What the switchboard reports. Each is said once; after ``CallEnded`` nothing more is said of that call."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from b2bua.commands import CallId, LegId

__all__ = [
    "CallArrived", "CallEnded", "CallEvent", "CallParked", "DtmfReceived", "EndedBy", "LegAnswered", "LegBridged",
    "LegFailed", "LegFailure", "LegRinging", "OriginationFailed", "OriginationRinging", "ParkFailed", "PlayFinished",
]  # fmt: skip

EndedBy = Literal["caller", "callee", "system"]


class LegFailure(StrEnum):
    """Why a dialled leg did not come to a bridge."""

    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CONNECT_FAILED = "connect_failed"


@dataclass(slots=True)
class CallArrived:
    """A new call, admitted and not yet answered. ``caller`` and ``called`` are users or numbers of From and Request-URI."""

    call: CallId
    sip_call_id: str
    caller: str
    called: str
    has_offer: bool


@dataclass(slots=True)
class CallParked:
    """The caller hears the media session; ``answered`` False while it is parked in early media."""

    call: CallId
    answered: bool


@dataclass(slots=True)
class ParkFailed:
    """No media server took the caller, who hears ring-back instead (or silence, if already answered)."""

    call: CallId
    detail: str


@dataclass(slots=True)
class PlayFinished:
    """A list that does not loop has been played to its end."""

    call: CallId


@dataclass(slots=True)
class DtmfReceived:
    call: CallId
    digit: str


@dataclass(slots=True)
class LegRinging:
    call: CallId
    leg: LegId


@dataclass(slots=True)
class LegAnswered:
    """The callee's 2xx came; the bridge is being built."""

    call: CallId
    leg: LegId


@dataclass(slots=True)
class LegBridged:
    """Caller and callee hear each other."""

    call: CallId
    leg: LegId


@dataclass(slots=True)
class LegFailed:
    """The leg is over, the caller is still there. Said only for legs that were not dropped by command."""

    call: CallId
    leg: LegId
    cause: LegFailure
    status: int


@dataclass(slots=True)
class OriginationRinging:
    """The caller whom we dialled is being rung."""

    call: CallId


@dataclass(slots=True)
class OriginationFailed:
    """The caller whom we dialled did not answer: this call never was. Nothing more is said of it."""

    call: CallId
    cause: LegFailure
    status: int


@dataclass(slots=True)
class CallEnded:
    """The caller's call is over. ``cause`` is a word for the record: ``bye``, ``cancel``, ``lost``, ``hangup`` …"""

    call: CallId
    by: EndedBy
    cause: str


CallEvent = (
    CallArrived | CallParked | ParkFailed | PlayFinished | DtmfReceived | LegRinging | LegAnswered | LegBridged
    | LegFailed | CallEnded | OriginationRinging | OriginationFailed
)  # fmt: skip
