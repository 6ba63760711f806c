"""What a call does when something happens to it: ``(state, input) → action``. The docs' diagram is drawn from this table.

A pair that is absent is ignored and counted: the input belongs to something that is over.
"""

from enum import IntEnum
from typing import Final

from b2bua import bridge, ending, origination, parking, parting
from b2bua.call import CallState as S
from b2bua.floor import Action
from b2bua.leg import LegKind
from b2bua.leg_table import LegOutcome as O

__all__ = ["CALL_TABLE", "OUTCOMES", "CallInput"]


class CallInput(IntEnum):
    # commands
    PARK = 0
    PLAY = 1
    DIAL = 2
    DROP = 3
    REJECT = 4
    HANG_UP = 5
    # the caller's leg
    CALLER_ACKED = 6
    CALLER_LEFT = 7
    CALLER_MOVED = 8  # 2xx to the re-INVITE that moves it
    CALLER_STAYED = 9  # that was refused
    # callees' legs
    CALLEE_PROGRESS = 10
    CALLEE_ANSWERED = 11
    CALLEE_FAILED = 12
    CALLEE_LEFT = 13
    # the media leg
    MEDIA_ANSWERED = 14
    MEDIA_FAILED = 15
    MEDIA_LEFT = 16
    # time
    STEP_DUE = 17
    # commands that came later
    REPARK = 18
    # the caller whom we dial
    ORIGIN_ANSWERED = 19
    ORIGIN_FAILED = 20
    ORIGIN_RINGING = 21


_I = CallInput

OUTCOMES: Final[dict[tuple[LegKind, O], CallInput]] = {
    (LegKind.CALLER, O.ACKED): _I.CALLER_ACKED,
    (LegKind.CALLER, O.HUNG_UP): _I.CALLER_LEFT,
    (LegKind.CALLER, O.CANCELLED): _I.CALLER_LEFT,
    (LegKind.CALLER, O.LOST): _I.CALLER_LEFT,
    (LegKind.ORIGIN, O.PROGRESS): _I.ORIGIN_RINGING,
    (LegKind.ORIGIN, O.ANSWERED): _I.ORIGIN_ANSWERED,
    (LegKind.ORIGIN, O.FAILED): _I.ORIGIN_FAILED,
    (LegKind.ORIGIN, O.HUNG_UP): _I.CALLER_LEFT,
    (LegKind.ORIGIN, O.LOST): _I.CALLER_LEFT,
    (LegKind.CALLEE, O.PROGRESS): _I.CALLEE_PROGRESS,
    (LegKind.CALLEE, O.ANSWERED): _I.CALLEE_ANSWERED,
    (LegKind.CALLEE, O.FAILED): _I.CALLEE_FAILED,
    (LegKind.CALLEE, O.HUNG_UP): _I.CALLEE_LEFT,
    (LegKind.CALLEE, O.LOST): _I.CALLEE_LEFT,
    (LegKind.MEDIA, O.ANSWERED): _I.MEDIA_ANSWERED,
    (LegKind.MEDIA, O.FAILED): _I.MEDIA_FAILED,
    (LegKind.MEDIA, O.HUNG_UP): _I.MEDIA_LEFT,
    (LegKind.MEDIA, O.LOST): _I.MEDIA_LEFT,
}
"""What a leg's outcome means for its call."""

CALL_TABLE: Final[dict[tuple[S, CallInput], Action]] = {
    (S.ORIGINATING, _I.REJECT): ending.reject,
    (S.ORIGINATING, _I.HANG_UP): ending.hang_up,
    (S.ORIGINATING, _I.ORIGIN_RINGING): origination.ringing,
    (S.ORIGINATING, _I.ORIGIN_ANSWERED): origination.answered,
    (S.ORIGINATING, _I.ORIGIN_FAILED): origination.failed,
    (S.ARRIVED, _I.PARK): parking.begin,
    (S.ARRIVED, _I.DIAL): bridge.dial,
    (S.ARRIVED, _I.DROP): bridge.drop,
    (S.ARRIVED, _I.REJECT): ending.reject,
    (S.ARRIVED, _I.HANG_UP): ending.hang_up,
    (S.ARRIVED, _I.CALLER_LEFT): ending.caller_left,
    (S.ARRIVED, _I.CALLEE_PROGRESS): bridge.ring_back,
    (S.ARRIVED, _I.CALLEE_ANSWERED): bridge.answer_straight,
    (S.ARRIVED, _I.CALLEE_FAILED): bridge.callee_failed,
    (S.PARKING, _I.DIAL): bridge.dial,
    (S.PARKING, _I.DROP): bridge.drop,
    (S.PARKING, _I.REJECT): ending.reject,
    (S.PARKING, _I.HANG_UP): ending.hang_up,
    (S.PARKING, _I.CALLER_ACKED): parking.acked,
    (S.PARKING, _I.CALLER_LEFT): ending.caller_left,
    (S.PARKING, _I.CALLEE_PROGRESS): bridge.progress,
    (S.PARKING, _I.CALLEE_ANSWERED): bridge.hold_winner,
    (S.PARKING, _I.CALLEE_FAILED): bridge.callee_failed,
    (S.PARKING, _I.CALLEE_LEFT): bridge.callee_left,
    (S.PARKING, _I.MEDIA_ANSWERED): parking.opened,
    (S.PARKING, _I.MEDIA_FAILED): parking.refused,
    (S.PARKING, _I.MEDIA_LEFT): parking.refused,
    (S.PARKED, _I.PARK): parking.play,
    (S.PARKED, _I.PLAY): parking.play,
    (S.PARKED, _I.DIAL): bridge.dial,
    (S.PARKED, _I.DROP): bridge.drop,
    (S.PARKED, _I.REJECT): ending.reject,
    (S.PARKED, _I.HANG_UP): ending.hang_up,
    (S.PARKED, _I.CALLER_ACKED): parking.parked_acked,
    (S.PARKED, _I.CALLER_LEFT): ending.caller_left,
    (S.PARKED, _I.CALLER_MOVED): parking.returned,
    (S.PARKED, _I.CALLER_STAYED): parking.stayed,
    (S.PARKED, _I.CALLEE_PROGRESS): bridge.progress,
    (S.PARKED, _I.CALLEE_ANSWERED): bridge.connect,
    (S.PARKED, _I.CALLEE_FAILED): bridge.callee_failed,
    (S.PARKED, _I.CALLEE_LEFT): bridge.callee_left,
    (S.PARKED, _I.MEDIA_ANSWERED): parking.reopened,
    (S.PARKED, _I.MEDIA_FAILED): parking.reopen_failed,
    (S.PARKED, _I.MEDIA_LEFT): parking.lost,
    (S.PARKED, _I.STEP_DUE): parking.retry,
    (S.CONNECTING, _I.DROP): parking.keeping(bridge.drop),
    (S.CONNECTING, _I.REJECT): ending.reject,
    (S.CONNECTING, _I.HANG_UP): ending.hang_up,
    (S.CONNECTING, _I.CALLER_ACKED): bridge.acked,
    (S.CONNECTING, _I.CALLER_LEFT): ending.caller_left,
    (S.CONNECTING, _I.CALLER_MOVED): bridge.moved,
    (S.CONNECTING, _I.CALLER_STAYED): parking.keeping(bridge.refused),
    (S.CONNECTING, _I.CALLEE_ANSWERED): bridge.too_late,
    (S.CONNECTING, _I.CALLEE_FAILED): bridge.callee_failed,
    (S.CONNECTING, _I.CALLEE_LEFT): parking.keeping(bridge.callee_left),
    (S.CONNECTING, _I.MEDIA_ANSWERED): parking.reopened,
    (S.CONNECTING, _I.MEDIA_FAILED): bridge.media_left,
    (S.CONNECTING, _I.MEDIA_LEFT): bridge.media_left,
    (S.CONNECTING, _I.STEP_DUE): bridge.retry,
    (S.BRIDGED, _I.REPARK): parting.part,
    (S.BRIDGED, _I.DROP): bridge.drop,
    (S.BRIDGED, _I.REJECT): ending.reject,
    (S.BRIDGED, _I.HANG_UP): ending.hang_up,
    (S.BRIDGED, _I.CALLER_LEFT): ending.caller_left,
    (S.BRIDGED, _I.CALLEE_ANSWERED): bridge.too_late,
    (S.BRIDGED, _I.CALLEE_FAILED): bridge.callee_failed,
    (S.BRIDGED, _I.CALLEE_LEFT): ending.callee_left,
}
