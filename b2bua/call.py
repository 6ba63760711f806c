"""A call as data: a caller's leg, at most one media leg, and the set of legs that were dialled for it."""

from dataclasses import dataclass, field
from enum import IntEnum

from b2bua.commands import CallId, LegId, Playlist
from b2bua.leg import CalleeLeg, CallerLeg, Leg, LegState, MediaLeg, sooner
from sipcore.deadlines import NEVER, Timed
from sipcore.events import ClientKey, ServerKey
from sipcore.message import Request, Response

__all__ = ["Call", "CallState", "MoveStep", "Relay"]


class CallState(IntEnum):
    ARRIVED = 0  # unanswered, without media; callees may be ringing (a straight offer)
    PARKING = 1  # the media session is being opened
    PARKED = 2  # the caller hears it, in a 183 or a 200; callees may be ringing
    CONNECTING = 3  # a callee answered, the caller is being moved to it
    BRIDGED = 4
    ENDED = 5  # told to whoever listens; legs are still taking leave
    ORIGINATING = 6  # we dial the caller


class MoveStep(IntEnum):
    """What the caller's leg is in the middle of while a call is CONNECTING, or while it is parked anew."""

    NONE = 0
    AWAIT_ACK = 1  # our 200 waits for the ACK (which may carry the answer)
    MOVING = 2  # re-INVITEd to the callee
    RETURNING = 3  # re-INVITEd (back) to the media session
    GLARE = 4  # another offer is under way (491): waits, then MOVING again
    RETURN_GLARE = 5  # the same, then RETURNING
    RETURN_AFTER_ACK = 6


@dataclass(slots=True, eq=False)
class Relay:
    """An offer/answer exchange that one peer began and the other completes; one at a time a call (RFC 3261 §14.2).

    ``late``: the INVITE had no offer: the target's offer goes back, and the source's ACK carries the answer. Then ``accepted``
    is the target's 2xx, whose ACK waits for that. ``before`` is what the source had described, if the exchange fails.
    """

    source: Leg
    target: Leg
    server: ServerKey
    request: Request
    before: bytes = b""
    late: bool = False
    key: ClientKey = ClientKey("")
    accepted: Response | None = None


@dataclass(slots=True, eq=False)
class Call(Timed):
    """``winner`` is the callee that answered first, or is bridged; ``departing`` are legs that the call is done with and
    that still say CANCEL or BYE. ``answered``: the caller's INVITE has had its 200."""

    id: CallId
    state: CallState
    caller: CallerLeg
    identity: str  # the From that callees see
    passed_on: tuple[tuple[str, str], ...] = ()  # the caller's headers that they see
    hops_left: int = 70
    answered: bool = False
    legs: dict[LegId, CalleeLeg] = field(default_factory=dict)
    media: MediaLeg | None = None
    playlist: Playlist | None = None
    winner: LegId | None = None
    step: MoveStep = MoveStep.NONE
    step_at: float | None = None
    at: str = ""  # the leg (by our tag) whose media the caller hears and is heard by
    going: str = ""  # … after the re-INVITE that it has not answered yet
    ends_at: float | None = None  # a bridged call lasts no longer
    relay: Relay | None = None
    early_seconds: float | None = None
    departing: tuple[Leg, ...] = ()
    origin: CalleeLeg | None = None  # the caller's leg while we dial it; kept then for its ACK
    invite_stored: bool = False  # the journal holds the caller's INVITE

    def __post_init__(self) -> None:
        Timed.__init__(self)

    def winning_leg(self) -> CalleeLeg | None:
        return self.legs.get(self.winner) if self.winner else None

    def every_leg(self) -> list[Leg]:
        """All legs that are part of the call, the caller's first."""
        legs: list[Leg] = [self.caller, *self.legs.values(), *([self.media] if self.media is not None else [])]
        return [*legs, self.origin] if self.dialling() and self.origin is not None else legs

    def dialling(self) -> bool:
        """Is the caller dialled by us, and has had no ACK yet?"""
        return self.origin is not None and self.origin.state not in (LegState.UP, LegState.GONE)

    def wanted_at(self) -> float:
        """When something of this call is due although nothing arrives."""
        caller = self.caller
        soonest = sooner(self.step_at, caller.wanted_before(NEVER))
        soonest = sooner(self.ends_at, soonest)
        soonest = sooner(caller.early_until, soonest)
        soonest = sooner(caller.early_repeat_at, soonest)
        if self.origin is not None:
            soonest = sooner(self.origin.ring_until, soonest)
        if self.media is not None:
            soonest = sooner(self.media.ring_until, self.media.wanted_before(soonest))
        for leg in self.legs.values():
            soonest = sooner(leg.ring_until, leg.wanted_before(soonest))
        return soonest

    def busy(self, leg: Leg) -> bool:
        """An offer to or from this leg awaits its answer: no other may be made (RFC 3261 §14.1)."""
        return bool(leg.offer) or self.relay is not None
