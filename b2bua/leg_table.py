"""What a leg does when something happens to it: ``(state, input) → (next state, what to send, what to tell the call)``.

A pair that is absent changes nothing and sends nothing: the input came too late (a retransmission, a crossing message) and
is counted as such.
"""

from enum import IntEnum
from typing import Final

from b2bua.leg import LegState as S

__all__ = ["LEG_TABLE", "LegAction", "LegInput", "LegOutcome", "LegStep"]


class LegInput(IntEnum):
    PROGRESS = 0  # 101–199
    ACCEPTED = 1  # 2xx to our INVITE
    REFUSED = 2  # 300–699, time-out or transport failure of our INVITE
    CANCELLED = 3  # the caller's CANCEL
    ACKED = 4  # the ACK to our 2xx
    ACK_TIMEOUT = 5  # 64·T1 without it
    BYE = 6  # the peer's BYE
    LOST = 7  # 408 or 481 in the dialog, or the session timer ran out (RFC 3261 §12.2.1.2, RFC 4028 §10)
    BYE_DONE = 8  # our BYE was answered, or given up
    ANSWER = 9  # we answered the INVITE with 200
    REFUSE = 10  # we answered it with a failure
    ACK = 11  # we sent the ACK
    END = 12  # we want it over
    VANISHED = 13  # the peer is no more (a media server that died): nobody is left to say BYE to


class LegAction(IntEnum):
    NOTHING = 0
    CANCEL = 1
    BYE = 2
    ACK_AND_BYE = 3  # the 2xx of an INVITE that is not wanted any more: RFC 3261 §13.2.2.4, §15
    TERMINATED_487 = 4  # RFC 3261 §9.2
    REFUSE_GONE = 5  # the caller is refused (480 unless the call knows better)
    ACK = 6


class LegOutcome(IntEnum):
    NONE = 0
    PROGRESS = 1
    ANSWERED = 2
    FAILED = 3
    ACKED = 4
    HUNG_UP = 5  # the peer ended it
    CANCELLED = 6
    LOST = 7


LegStep = tuple[S, LegAction, LegOutcome]

_A, _O, _I = LegAction, LegOutcome, LegInput

LEG_TABLE: Final[dict[tuple[S, LegInput], LegStep]] = {
    # --- the caller's leg
    (S.INVITED, _I.CANCELLED): (S.GONE, _A.TERMINATED_487, _O.CANCELLED),
    (S.INVITED, _I.ANSWER): (S.OK_SENT, _A.NOTHING, _O.NONE),
    (S.INVITED, _I.REFUSE): (S.GONE, _A.NOTHING, _O.NONE),
    (S.INVITED, _I.END): (S.GONE, _A.REFUSE_GONE, _O.NONE),
    # A caller may end an early dialog with BYE (RFC 3261 §15): the INVITE is then answered 487.
    (S.INVITED, _I.BYE): (S.GONE, _A.TERMINATED_487, _O.CANCELLED),
    (S.OK_SENT, _I.ACKED): (S.UP, _A.NOTHING, _O.ACKED),
    (S.OK_SENT, _I.BYE): (S.GONE, _A.NOTHING, _O.HUNG_UP),
    (S.OK_SENT, _I.END): (S.OK_SENT_LEAVING, _A.NOTHING, _O.NONE),
    # RFC 3261 §13.3.1.4: "…the dialog is confirmed, but the session SHOULD be terminated."
    (S.OK_SENT, _I.ACK_TIMEOUT): (S.LEAVING, _A.BYE, _O.LOST),
    # RFC 3261 §15: "…the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK"
    (S.OK_SENT_LEAVING, _I.ACKED): (S.LEAVING, _A.BYE, _O.NONE),
    (S.OK_SENT_LEAVING, _I.ACK_TIMEOUT): (S.LEAVING, _A.BYE, _O.NONE),
    (S.OK_SENT_LEAVING, _I.BYE): (S.GONE, _A.NOTHING, _O.NONE),
    # --- the legs that we call
    (S.CALLING, _I.PROGRESS): (S.RINGING, _A.NOTHING, _O.PROGRESS),
    (S.CALLING, _I.ACCEPTED): (S.OK_RECEIVED, _A.NOTHING, _O.ANSWERED),
    (S.CALLING, _I.REFUSED): (S.GONE, _A.NOTHING, _O.FAILED),
    (S.CALLING, _I.END): (S.CANCELLING, _A.CANCEL, _O.NONE),
    (S.RINGING, _I.PROGRESS): (S.RINGING, _A.NOTHING, _O.PROGRESS),
    (S.RINGING, _I.ACCEPTED): (S.OK_RECEIVED, _A.NOTHING, _O.ANSWERED),
    (S.RINGING, _I.REFUSED): (S.GONE, _A.NOTHING, _O.FAILED),
    (S.RINGING, _I.END): (S.CANCELLING, _A.CANCEL, _O.NONE),
    # A callee may end an early dialog only by a final response; a BYE there is its 200 overtaken.
    (S.RINGING, _I.BYE): (S.CANCELLING, _A.CANCEL, _O.FAILED),
    # CANCEL crossed the 200 (RFC 3261 §9.1): the dialog stands, so it is ACKed and ended.
    (S.CANCELLING, _I.ACCEPTED): (S.LEAVING, _A.ACK_AND_BYE, _O.NONE),
    (S.CANCELLING, _I.REFUSED): (S.GONE, _A.NOTHING, _O.NONE),
    (S.OK_RECEIVED, _I.ACK): (S.UP, _A.NOTHING, _O.NONE),
    # RFC 3261 §13.2.2.4: every 2xx is ACKed, also that of a callee that could not wait for it.
    (S.OK_RECEIVED, _I.BYE): (S.GONE, _A.ACK, _O.HUNG_UP),
    (S.OK_RECEIVED, _I.END): (S.LEAVING, _A.ACK_AND_BYE, _O.NONE),
    (S.OK_RECEIVED, _I.LOST): (S.LEAVING, _A.ACK_AND_BYE, _O.LOST),
    (S.CALLING, _I.VANISHED): (S.GONE, _A.NOTHING, _O.FAILED),
    (S.RINGING, _I.VANISHED): (S.GONE, _A.NOTHING, _O.FAILED),
    (S.OK_RECEIVED, _I.VANISHED): (S.GONE, _A.NOTHING, _O.LOST),
    # --- both
    (S.UP, _I.VANISHED): (S.GONE, _A.NOTHING, _O.LOST),
    (S.UP, _I.BYE): (S.GONE, _A.NOTHING, _O.HUNG_UP),
    (S.UP, _I.END): (S.LEAVING, _A.BYE, _O.NONE),
    (S.UP, _I.LOST): (S.LEAVING, _A.BYE, _O.LOST),
    (S.LEAVING, _I.BYE): (S.GONE, _A.NOTHING, _O.NONE),
    (S.LEAVING, _I.BYE_DONE): (S.GONE, _A.NOTHING, _O.NONE),
}
