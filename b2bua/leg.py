"""A leg: one dialog of a call, ours with one peer, as data. What it does is in ``leg_table``; how, in ``signalling``."""

from dataclasses import dataclass, field
from enum import IntEnum

from b2bua.commands import LegId, OfferMode
from b2bua.proof import Proof
from b2bua.session import LegSession
from sipcore.dialog import Dialog
from sipcore.events import ClientKey, ServerKey
from sipcore.packets import Source

__all__ = ["CalleeLeg", "CallerLeg", "Leg", "LegKind", "LegState", "MediaLeg", "sooner"]


class LegKind(IntEnum):
    CALLER = 0
    CALLEE = 1
    MEDIA = 2
    ORIGIN = 3  # the caller whom we dial, until it has answered


class LegState(IntEnum):
    # the caller's leg: we are the UAS
    INVITED = 0  # its INVITE waits for our final response
    OK_SENT = 1  # our 200 waits for its ACK
    OK_SENT_LEAVING = 2  # … and BYE follows that ACK (RFC 3261 §15: not before it)
    # callees' and media servers' legs: we are the UAC
    CALLING = 3  # nothing heard yet
    RINGING = 4  # a provisional response came
    CANCELLING = 5  # CANCEL sent, or held back until a 1xx
    OK_RECEIVED = 6  # its 2xx came, our ACK is owed (it carries an answer that we do not have yet)
    # either side
    UP = 7
    LEAVING = 8  # BYE sent
    GONE = 9


@dataclass(slots=True, eq=False)
class Leg:
    """``dialog`` is complete once the peer's tag is known (from the first response that makes a dialog)."""

    id: LegId
    kind: LegKind
    state: LegState
    dialog: Dialog
    session: LegSession
    updates: bool = False  # the peer takes UPDATE (RFC 3311)
    offer: ClientKey = ClientKey("")  # our re-INVITE or UPDATE with an offer that awaits its answer
    offer_until: float | None = None  # … and no longer
    asked: ServerKey = ServerKey("")  # the peer's re-INVITE that awaits our final response, or its ACK
    adjust_at: float | None = None  # it is told then where the other side's media is (glare, RFC 3261 §14.1)
    refresh_at: float | None = None  # when we refresh the session, or (``refreshing`` False) give it up (RFC 4028)
    refreshing: bool = True
    session_expires: int = 0  # seconds; 0: no session timer on this leg
    farewell: str = ""  # the Reason (RFC 3326) of its CANCEL, also of a BYE that has to follow
    proofs: tuple[Proof, ...] = ()  # what its peer, who challenged us, is shown with every request
    shown: tuple[tuple[str, str], ...] = ()  # … and was shown with our last INVITE: its ACK has the same

    def wanted_before(self, soonest: float) -> float:
        """When this dialog is due by itself, if that is before ``soonest``, which it is else."""
        return sooner(self.refresh_at, sooner(self.offer_until, sooner(self.adjust_at, soonest)))


def sooner(when: float | None, soonest: float) -> float:
    """The earlier one; None is never."""
    return soonest if when is None or soonest < when else when


@dataclass(slots=True, eq=False)
class CallerLeg(Leg):
    """``transaction`` is the server transaction of its INVITE; ``source`` where that came from."""

    transaction: ServerKey = ServerKey("")
    source: Source | None = None
    timer: bool = False  # the peer supports session timers
    early_until: float | None = None  # parked in early media: to be answered then
    early_repeat_at: float | None = None


@dataclass(slots=True, eq=False)
class OutgoingLeg(Leg):
    """``transaction`` is the client transaction of our INVITE, ``branch`` its Via branch, ``uri`` its Request-URI."""

    transaction: ClientKey = ClientKey("")
    branch: str = ""
    uri: str = ""
    invite_cseq: int = 0
    ring_until: float | None = None


@dataclass(slots=True, eq=False)
class CalleeLeg(OutgoingLeg):
    mode: OfferMode = "late"
    headers: tuple[tuple[str, str], ...] = ()  # of its INVITE, besides the caller's


@dataclass(slots=True, eq=False)
class MediaLeg(OutgoingLeg):
    """``server`` is the template it was made from; ``tried`` those that failed before it."""

    server: str = ""
    tried: tuple[str, ...] = field(default=())
    opened_at: float = 0.0
