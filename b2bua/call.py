"""A call as data: a caller's leg, at most one media leg, and the set of legs that were dialled for it."""

from dataclasses import dataclass, field
from enum import IntEnum

from b2bua.commands import CallId, LegId, Playlist
from b2bua.leg import CalleeLeg, CallerLeg, Leg, MediaLeg
from sipcore.events import ServerKey

__all__ = ["Call", "CallState", "MoveStep", "Relay"]


class CallState(IntEnum):
    ARRIVED = 0  # unanswered, without media; callees may be ringing (a straight offer)
    PARKING = 1  # the media session is being opened
    PARKED = 2  # the caller hears it, in a 183 or a 200; callees may be ringing
    CONNECTING = 3  # a callee answered, the caller is being moved to it
    BRIDGED = 4
    ENDED = 5  # told to whoever listens; legs are still taking leave


class MoveStep(IntEnum):
    """What the caller's leg is in the middle of while a call is CONNECTING, or while it is parked anew."""

    NONE = 0
    AWAIT_ACK = 1  # our 200 waits for the ACK (which may carry the answer)
    MOVING = 2  # re-INVITEd to the callee
    RETURNING = 3  # re-INVITEd (back) to the media session
    GLARE = 4  # 491: waits, then MOVING again
    RETURN_GLARE = 5


@dataclass(slots=True)
class Relay:
    """An offer/answer exchange that one peer began and the other completes; one at a time a call (RFC 3261 §14.2)."""

    source: LegId
    target: LegId
    server: ServerKey
    method: str
    late: bool = False  # the INVITE had no offer: the target's offer goes back, the source's ACK carries the answer
    awaits_ack: bool = False


@dataclass(slots=True)
class Call:
    id: CallId
    state: CallState
    caller: CallerLeg
    legs: dict[LegId, CalleeLeg] = field(default_factory=dict)
    media: MediaLeg | None = None
    playlist: Playlist | None = None
    winner: LegId | None = None  # the callee that answered first, or is bridged
    step: MoveStep = MoveStep.NONE
    step_at: float | None = None
    relay: Relay | None = None
    early_seconds: float | None = None
    departing: list[Leg] = field(default_factory=list)  # legs that are over for the call and still say BYE or CANCEL
    called: str = ""

    @property
    def answered(self) -> bool:
        """Whether the caller's INVITE has had its 200."""
        return self.caller.state.value not in (0, 9) or self.caller.dialog.confirmed

    def winning_leg(self) -> CalleeLeg | None:
        return self.legs.get(self.winner) if self.winner else None
