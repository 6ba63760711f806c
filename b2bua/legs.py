"""Runs ``leg_table``: one input to one leg, what it sends for that, and what it means for the call."""

from b2bua.call import Call
from b2bua.desk import Desk
from b2bua.leg import CallerLeg, Leg, LegState, OutgoingLeg
from b2bua.leg_table import LEG_TABLE, LegAction, LegInput, LegOutcome
from b2bua.session import described
from b2bua.signalling import Signalling
from sipcore.events import ClientKey

__all__ = ["advance"]

_LEAVING = frozenset({LegState.CANCELLING, LegState.OK_SENT_LEAVING, LegState.LEAVING, LegState.GONE})


def advance(
    desk: Desk, signalling: Signalling, call: Call, leg: Leg, leg_input: LegInput, now: float, reason: str = ""
) -> LegOutcome:
    """Move the leg on. ``reason`` goes out as the Reason header (RFC 3326) of a CANCEL or BYE that follows, also of the BYE
    after a CANCEL that came too late.
    """
    step = LEG_TABLE.get((leg.state, leg_input))
    if step is None:
        desk.ignored += 1
        return LegOutcome.NONE
    state, action, outcome = step
    leg.state = state
    leg.farewell = reason = reason or leg.farewell
    if state not in _LEAVING:
        if action is not LegAction.NOTHING:
            _perform(signalling, call, leg, action, now, reason)
        return outcome
    if call.relay is not None:
        _end_relay(desk, signalling, call, leg, now)
    if action is not LegAction.NOTHING:
        _perform(signalling, call, leg, action, now, reason)
    _retire(desk, leg, now)
    if state is LegState.GONE:
        desk.forget_leg(leg)
    elif leg not in call.departing:
        call.departing = (*call.departing, leg)
    return outcome


def _end_relay(desk: Desk, signalling: Signalling, call: Call, leg: Leg, now: float) -> None:
    """An offer/answer exchange ends with either of its legs; what is owed to both peers is sent.

    RFC 3261 §15.1.2: "…MUST still respond to any pending requests […] a 487 (Request Terminated)".
    """
    relay = call.relay
    if relay is None or (leg is not relay.source and leg is not relay.target):
        return
    call.relay = None
    desk.touch(call)
    if relay.accepted is None:
        status = 487 if leg is relay.source else 480
        signalling.reply(relay.source, relay.server, relay.request, status, now)
    else:
        answer = relay.target.session.refusal(described(relay.accepted.body))
        signalling.ack_reinvite(relay.target, relay.key, relay.accepted, now, answer)


def _retire(desk: Desk, leg: Leg, now: float) -> None:
    """Nothing of this leg is waited for any more; an offer that its peer has not answered is taken back."""
    leg.refresh_at = leg.adjust_at = leg.offer_until = None
    if isinstance(leg, OutgoingLeg):
        leg.ring_until = None
    if leg.offer:
        desk.endpoint.cancel(leg.offer, now)
        leg.offer = ClientKey("")


def _perform(signalling: Signalling, call: Call, leg: Leg, action: LegAction, now: float, reason: str) -> None:
    if action is LegAction.BYE:
        signalling.bye(call, leg, now, reason)
    elif isinstance(leg, OutgoingLeg):
        if action is LegAction.CANCEL:
            signalling.cancel(leg, now, reason)
        elif action is LegAction.ACK:
            signalling.ack_unwanted(leg, now)
        else:
            signalling.ack_and_bye(call, leg, now, reason)
    elif isinstance(leg, CallerLeg):
        status = 487 if action is LegAction.TERMINATED_487 else 480
        signalling.refuse(leg, status, None, [], now)
