"""Runs ``leg_table``: one input to one leg, what it sends for that, and what it means for the call."""

from b2bua.call import Call
from b2bua.desk import Desk
from b2bua.leg import CallerLeg, Leg, LegState, OutgoingLeg
from b2bua.leg_table import LEG_TABLE, LegAction, LegInput, LegOutcome
from b2bua.signalling import Signalling

__all__ = ["advance"]

_MUST_SEND = (LegAction.CANCEL, LegAction.BYE, LegAction.ACK_AND_BYE)


def advance(
    desk: Desk, signalling: Signalling, call: Call, leg: Leg, leg_input: LegInput, now: float, reason: str = ""
) -> LegOutcome:
    """Move the leg on. ``reason`` goes out as the Reason header (RFC 3326) of a CANCEL or BYE that follows."""
    step = LEG_TABLE.get((leg.state, leg_input))
    if step is None:
        desk.ignored += 1
        return LegOutcome.NONE
    leg.state, action, outcome = step
    if action is not LegAction.NOTHING:
        _perform(signalling, call, leg, action, now, reason)
    if leg.state is LegState.GONE:
        leg.refresh_at = None
        desk.forget_leg(leg)
    elif action in _MUST_SEND:
        leg.refresh_at = None
        if leg not in call.departing:
            call.departing.append(leg)
    return outcome


def _perform(signalling: Signalling, call: Call, leg: Leg, action: LegAction, now: float, reason: str) -> None:
    if action is LegAction.BYE:
        signalling.bye(call, leg, now, reason)
    elif isinstance(leg, OutgoingLeg):
        if action is LegAction.CANCEL:
            signalling.cancel(leg, now, reason)
        else:
            signalling.ack_and_bye(call, leg, now, reason)
    elif isinstance(leg, CallerLeg):
        status = 487 if action is LegAction.TERMINATED_487 else 480
        signalling.refuse(leg, status, None, [], now)
