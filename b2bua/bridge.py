"""Dialling callees and bridging one of them with the caller: straight, or out of a parked call (RFC 3725 flow I and ours).

DESIGN's step 5: *late*: the callee's 2xx brings an offer, the caller is re-INVITEd with it, its answer goes into the ACK.
*caller*: the callee is invited with the caller's description and ACKed at once, the caller is re-INVITEd with its answer, and
the callee once more if the caller's address or codec changed.
"""

from b2bua import ending
from b2bua.call import Call, CallState, MoveStep
from b2bua.commands import CancelReason, DropLeg, LegId
from b2bua.desk import Desk, Purpose
from b2bua.events import LegAnswered, LegBridged, LegFailed, LegFailure, LegRinging
from b2bua.floor import Cause, Floor
from b2bua.leg import CalleeLeg, Leg, LegKind, LegState
from b2bua.leg_table import LegInput
from b2bua.media.port import CallerUnchanged
from b2bua.session import LegSession, still_reaches
from b2bua.signalling import confirm
from sipcore.dialog import Dialog
from sipcore.message import BadUri, Uri

__all__ = [
    "ELSEWHERE", "acked", "adjust", "adjust_refused", "answer_held", "answer_straight", "callee_failed", "callee_left",
    "connect", "connect_waiting", "dial", "drop", "failure_of", "glare_until", "hold_winner", "media_left", "moved",
    "progress", "refused", "retry", "ring_back", "ring_timeout", "too_late", "transport_of",
]  # fmt: skip

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'

_POLL = 0.5  # seconds until it is looked again whether another offer has been answered

# ---------------------------------------------------------------------- dialling


def dial(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """Invite a callee: with the caller's description while the caller is unanswered (straight) or by ``offer=caller``."""
    command = cause.dial()
    straight = call.state is CallState.ARRIVED and not call.answered
    if straight and not call.caller.session.remote:
        floor.desk.report(LegFailed(call.id, command.leg, LegFailure.CONNECT_FAILED, 0))
        return
    leg = _callee(floor.desk, call, cause, now)
    if straight:
        leg.mode = "caller"
    elif not call.caller.session.remote:
        leg.mode = "late"  # there is nothing of the caller's to offer yet
    call.legs[leg.id] = leg
    floor.desk.add_leg(call, leg)
    body = leg.session.offer(call.caller.session.remote) if leg.mode == "caller" else b""
    floor.signalling.invite(call, leg, [*leg.headers, *call.passed_on], body, now)
    floor.desk.touch(call)


def _callee(desk: Desk, call: Call, cause: Cause, now: float) -> CalleeLeg:
    command = cause.dial()
    target = command.target
    contact = desk.contact(target.hop.transport if target.hop is not None else transport_of(target.uri))
    dialog = Dialog(
        desk.ids.call_id(), desk.ids.tag(), "", call.identity, f"<{target.uri}>", contact, target.uri,
        target.route, 0, None, target.hop, target.flow,
    )  # fmt: skip
    return CalleeLeg(
        command.leg, LegKind.CALLEE, LegState.CALLING, dialog, LegSession(desk.next_session_id(now)),
        uri=target.uri, ring_until=command.ring_until, mode=command.mode, headers=command.headers,
    )  # fmt: skip


def transport_of(uri: str) -> str:
    """The transport that a SIP URI asks for."""
    if ";" not in uri:
        return "UDP"
    try:
        return (Uri.parse(uri).params.get("transport") or "udp").upper()
    except BadUri:
        return "UDP"


def drop(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``DropLeg``: the caller stays where it is (a bridged one is parked no more, so the call ends)."""
    command = cause.command
    leg = call.legs.get(command.leg) if isinstance(command, DropLeg) else None
    if leg is None or not isinstance(command, DropLeg):
        return
    was_winner = call.winner == leg.id
    floor.drop(call, leg, now, ELSEWHERE if command.reason is CancelReason.ANSWERED_ELSEWHERE else "")
    floor.desk.touch(call)
    if was_winner and call.state is CallState.BRIDGED:
        ending.system(floor, call, "dropped", now)
    elif was_winner and call.state is CallState.CONNECTING:
        _go_back(floor, call)


def progress(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A callee rings. Its early media is not for the caller: no bridge before a 2xx."""
    leg = cause.callee()
    if cause.body:
        leg.session.remote = cause.body  # some phones describe themselves in the 183 only
    floor.desk.report(LegRinging(call.id, leg.id))


def ring_back(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The same, to a caller that is not parked: it hears ring-back, from the first of several phones on."""
    progress(floor, call, cause, now)
    others = [leg for leg in call.legs.values() if leg is not cause.leg and leg.state is LegState.RINGING]
    if not call.answered and not others:
        floor.signalling.progress(call, 180)


# ---------------------------------------------------------------------- a callee answered


def _answered(floor: Floor, call: Call, cause: Cause, now: float) -> bool:
    """Take the 2xx of the first callee that answers; False (and the leg is gone) when it has no description."""
    leg = cause.callee()
    if cause.response is None:
        return False
    confirm(leg.dialog, cause.response)
    floor.signalling.learn_timer(leg, cause.response, now)
    leg.session.remote = cause.body or leg.session.remote
    leg.ring_until = None
    if not leg.session.remote:
        _connect_failed(floor, call, leg, now)
        return False
    call.winner = leg.id
    if len(call.legs) > 1:
        for other in [each for each in call.legs.values() if each is not leg]:
            floor.drop(call, other, now, ELSEWHERE)
    floor.desk.report(LegAnswered(call.id, leg.id))
    if leg.mode == "caller":
        floor.signalling.ack(leg, now)
        floor.advance(call, leg, LegInput.ACK, now)
    return True


def answer_straight(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The callee of a straight offer answered: its answer goes into the caller's 200."""
    if call.answered:
        connect(floor, call, cause, now)
        return
    if _answered(floor, call, cause, now):
        answer_held(floor, call, now)


def answer_held(floor: Floor, call: Call, now: float) -> None:
    """Answer a caller that has no media session with what the winner said."""
    leg, caller = call.winning_leg(), call.caller
    if leg is None:
        return
    if not caller.session.remote:
        _connect_failed(floor, call, leg, now)
        return
    floor.signalling.answer(call, caller.session.answer(leg.session.remote), now)
    call.answered = True
    floor.advance(call, caller, LegInput.ANSWER, now)
    if leg.state is LegState.OK_RECEIVED:
        # It was dialled late, while a media session was hoped for: each gets the other's offer as its answer.
        floor.signalling.ack(leg, now, leg.session.answer(caller.session.remote))
        floor.advance(call, leg, LegInput.ACK, now)
    _bridged(floor, call, leg, now)


def hold_winner(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A callee answered while the caller is still being parked: it waits the moment that takes."""
    if call.winner is None:
        _answered(floor, call, cause, now)
    else:
        too_late(floor, call, cause, now)


def connect_waiting(floor: Floor, call: Call, now: float) -> None:
    """Go on with a callee that had to wait for the caller."""
    leg = call.winning_leg()
    if leg is not None and call.state is CallState.PARKED and call.step is MoveStep.NONE:
        _begin(floor, call, now)


def connect(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The 2xx of a callee while the caller is parked."""
    if call.winner is not None:
        too_late(floor, call, cause, now)
    elif _answered(floor, call, cause, now):
        connect_waiting(floor, call, now)


def _begin(floor: Floor, call: Call, now: float) -> None:
    call.state = CallState.CONNECTING
    floor.desk.touch(call)
    if not call.answered:
        # An early-parked caller is answered with the SDP of its 183, and moved once it has ACKed that.
        floor.signalling.answer(call, call.caller.session.local, now)
        call.answered = True
        call.caller.early_until = call.caller.early_repeat_at = None
        floor.advance(call, call.caller, LegInput.ANSWER, now)
    if call.caller.state is LegState.OK_SENT:
        call.step = MoveStep.AWAIT_ACK
    else:
        _move(floor, call, now)


def acked(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    if call.step is MoveStep.AWAIT_ACK:
        _move(floor, call, now)


def _move(floor: Floor, call: Call, now: float) -> None:
    leg = call.winning_leg()
    if leg is None:
        return
    if call.busy(call.caller):
        call.step, call.step_at = MoveStep.GLARE, now + _POLL
        return
    connection = floor.media.connect(call, leg.session.remote)
    if isinstance(connection, CallerUnchanged):
        _finish(floor, call, leg, now)
        return
    call.step, call.going = MoveStep.MOVING, leg.dialog.local_tag
    floor.signalling.reinvite(call, call.caller, connection.description, Purpose.MOVE, now)


def moved(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller's 2xx to our re-INVITE: it hears the callee."""
    leg, caller = call.winning_leg(), call.caller
    if cause.response is None or cause.key is None or leg is None:
        return
    caller.session.accepted(cause.body)
    floor.signalling.ack_reinvite(caller, cause.key, cause.response, now)
    call.step, call.at = MoveStep.NONE, call.going
    _finish(floor, call, leg, now)


def _finish(floor: Floor, call: Call, leg: CalleeLeg, now: float) -> None:
    heard = call.caller.session.remote
    if leg.state is LegState.OK_RECEIVED:
        floor.signalling.ack(leg, now, leg.session.answer(heard))
        floor.advance(call, leg, LegInput.ACK, now)
    else:
        adjust(floor, call, leg, now)
    _bridged(floor, call, leg, now)
    floor.media.close(call, now)


def adjust(floor: Floor, call: Call, leg: Leg, now: float) -> None:
    """Tell a callee or a media server where the caller is, if it does not know; later, if another offer is under way."""
    leg.adjust_at = None
    heard = call.caller.session.remote
    if leg.state is not LegState.UP or still_reaches(leg.session.said, heard, leg.session.remote):
        return
    if call.busy(leg):
        leg.adjust_at = now + _POLL
    else:
        floor.signalling.reinvite(call, leg, leg.session.offer(heard), Purpose.ADJUST, now)


def adjust_refused(floor: Floor, call: Call, leg: Leg, status: int, now: float) -> None:
    leg.session.refused()
    floor.desk.touch(call)
    if status == 491:
        # RFC 3261 §14.1: the owner of the Call-ID waits "…between 2.1 and 4 seconds in units of 10 ms".
        leg.adjust_at = now + 2.1 + round(floor.desk.uniform() * 190) / 100


def _bridged(floor: Floor, call: Call, leg: CalleeLeg, now: float) -> None:
    call.state = CallState.BRIDGED
    call.winner = leg.id
    call.ends_at = now + floor.desk.config.max_call_seconds
    floor.desk.touch(call)
    floor.desk.report(LegBridged(call.id, leg.id))


def refused(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller refused to be moved: "ACK the agent with rejected media, then BYE; the caller stays parked"."""
    leg = call.winning_leg()
    call.caller.session.refused()
    floor.desk.touch(call)
    if cause.status == 491:
        call.step, call.step_at = MoveStep.GLARE, glare_until(floor, now)
    elif leg is not None:
        call.step = MoveStep.NONE
        call.state = CallState.PARKED
        _connect_failed(floor, call, leg, now)


def retry(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    if call.step is MoveStep.GLARE:
        _move(floor, call, now)


def glare_until(floor: Floor, now: float) -> float:
    """RFC 3261 §14.1: not the owner of the Call-ID: "…between 0 and 2 seconds in units of 10 ms"."""
    return now + round(floor.desk.uniform() * 200) / 100


# ---------------------------------------------------------------------- what goes wrong


def _connect_failed(floor: Floor, call: Call, leg: CalleeLeg, now: float) -> None:
    floor.drop(call, leg, now)
    floor.desk.touch(call)
    floor.desk.report(LegFailed(call.id, leg.id, LegFailure.CONNECT_FAILED, 0))


def callee_failed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A callee refused, is busy or unreachable (or its phone redirects, which is a declined offer)."""
    leg = cause.callee()
    call.legs.pop(leg.id, None)
    floor.desk.touch(call)
    floor.desk.report(LegFailed(call.id, leg.id, failure_of(cause.status), cause.status))


def callee_left(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A callee that had answered hung up before the bridge stood: the caller keeps its place."""
    leg = cause.callee()
    call.legs.pop(leg.id, None)
    if call.winner == leg.id:
        call.winner = None
        if call.state is CallState.CONNECTING:
            _go_back(floor, call)
    floor.desk.touch(call)
    floor.desk.report(LegFailed(call.id, leg.id, LegFailure.CONNECT_FAILED, 0))


def _go_back(floor: Floor, call: Call) -> None:
    """The caller is parked as before. A re-INVITE on its way is undone when its answer comes (``parking.returned``)."""
    call.state = CallState.PARKED
    if call.step in (MoveStep.AWAIT_ACK, MoveStep.GLARE):
        call.step, call.step_at = MoveStep.NONE, None
    floor.desk.touch(call)


def too_late(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """Another callee was first: ACK and BYE with a Reason (RFC 3326)."""
    leg = cause.callee()
    if cause.response is not None:
        confirm(leg.dialog, cause.response)
        leg.session.remote = cause.body
    floor.drop(call, leg, now, ELSEWHERE)


def media_left(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The media server hung up while the caller was being moved away from it, which matters only if that fails."""
    call.media = None


_FAILURES: dict[int, LegFailure] = {
    408: LegFailure.UNREACHABLE,
    480: LegFailure.UNREACHABLE,
    404: LegFailure.UNREACHABLE,
    410: LegFailure.UNREACHABLE,
    430: LegFailure.UNREACHABLE,
    486: LegFailure.BUSY,
    600: LegFailure.BUSY,
    487: LegFailure.NO_ANSWER,
    488: LegFailure.CONNECT_FAILED,
}


def failure_of(status: int) -> LegFailure:
    """A final response of a callee in words: 5xx is an unreachable phone, anything else that is not listed a refusal."""
    known = _FAILURES.get(status)
    if known is not None:
        return known
    return LegFailure.UNREACHABLE if 500 <= status < 600 else LegFailure.REJECTED


def ring_timeout(floor: Floor, call: Call, leg_id: LegId, now: float) -> None:
    """A leg that we were told to ring only so long."""
    leg = call.legs.get(leg_id)
    if leg is not None:
        leg.ring_until = None
        floor.drop(call, leg, now)
        floor.desk.touch(call)
        floor.desk.report(LegFailed(call.id, leg_id, LegFailure.NO_ANSWER, 408))
