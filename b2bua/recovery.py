"""After a restart: every call of the journal goes on, by DESIGN's recovery rules.

Legs that were being dialled are cancelled (the same INVITE is sent again with its branch, so that its CANCEL and a late 2xx
match); un-ACKed 200s are sent again; a caller that was on its way to a callee goes back to its media session, its place
kept; bridged calls need nothing.
"""

from collections.abc import Iterable
from typing import Final

from b2bua import ending, parking
from b2bua.call import Call, CallState, MoveStep
from b2bua.commands import CallId
from b2bua.desk import Purpose, Transit
from b2bua.floor import Floor
from b2bua.leg import Leg, LegKind, LegState, OutgoingLeg
from b2bua.leg_table import LegInput
from b2bua.signalling import refresh_interval
from b2bua.snapshot import CallRow, InviteRow, call_of
from sipcore.errors import SipError
from sipcore.message import Request, parse
from sipcore.packets import Hop, Source

__all__ = ["restore"]

_CLAIM_SECONDS: Final = 20.0
_LIFE_OF_A_2XX: Final = 32.0  # 64·T1: so long is it retransmitted (RFC 3261 §13.3.1.4)
_OUTSTANDING = (LegState.CALLING, LegState.RINGING, LegState.CANCELLING)
_UNFINISHED = (LegState.INVITED, LegState.OK_SENT, LegState.OK_SENT_LEAVING)


def restore(floor: Floor, rows: Iterable[tuple[str, str, object]], now: float) -> None:
    """Take up the calls of the tables ``call`` and ``invite``; what has to be said to their peers is sent."""
    calls: dict[str, CallRow] = {}
    invites: dict[str, InviteRow] = {}
    for _, key, row in rows:
        if isinstance(row, CallRow):
            calls[key] = row
        elif isinstance(row, InviteRow):
            invites[key] = row
    config = floor.desk.config
    within = (_spread(len(calls), config.claims_a_second), _spread(len(calls), config.greetings_a_second))
    for key in list(calls):  # a row goes as its call comes: a full house is not in memory twice
        _restore(floor, call_of(CallId(key), calls.pop(key)), invites.get(key), within, now)


def _spread(calls: int, a_second: float) -> float:
    """Seconds over which so many sessions are refreshed, that the service has time for calls besides."""
    return max(_CLAIM_SECONDS, calls / a_second)


def _restore(floor: Floor, call: Call, invite: InviteRow | None, within: tuple[float, float], now: float) -> None:
    desk = floor.desk
    desk.calls[call.id] = call
    if invite is not None or not _is_settled(call):
        desk.touch(call)
    for leg in [*call.every_leg(), *call.departing]:
        if leg.state is not LegState.GONE:
            desk.add_leg(call, leg)
            _resume_timer(floor, leg, within, now)
    if invite is not None:
        call.invite_stored = True
        _adopt(floor, call, invite, now)
    elif call.caller.state is LegState.OK_SENT:
        _acked(floor, call.caller, now)
    for leg in call.departing:
        _take_leave(floor, call, leg, now)
    if call.state is CallState.ENDED:
        _end_again(floor, call, now)
    else:
        _RESUME[call.state](floor, call, now)


def _is_settled(call: Call) -> bool:
    """Parked, and nothing else goes on: the row may stay as it is, of a whole house full of calls, until the call moves on or
    a session is refreshed."""
    media = call.media
    return (
        call.state is CallState.PARKED
        and media is not None
        and media.state is LegState.UP
        and not (call.legs or call.departing or call.origin is not None)
    )


def _acked(floor: Floor, caller: Leg, now: float) -> None:
    """The ACK took the INVITE's row away. It was refreshed half an interval ago at most; nobody needs to hear of us before."""
    caller.state = LegState.UP
    if caller.session_expires:
        share = 0.2 + 0.6 * floor.desk.uniform() if caller.refreshing else 1.0
        caller.refresh_at = now + refresh_interval(caller) * share


def _resume_timer(floor: Floor, leg: Leg, within: tuple[float, float], now: float) -> None:
    """Sessions are refreshed early, the media server's ``within`` the first, peers' within the second of so many seconds:
    a media server that outlived us drops sessions that nobody claims, and who is gone meanwhile is found out."""
    if leg.session_expires and leg.state is LegState.UP:
        media = leg.kind is LegKind.MEDIA
        if media:
            leg.refreshing = True
        interval = refresh_interval(leg)
        soon = min(within[0 if media else 1] * (0.1 + 0.9 * floor.desk.uniform()), interval)
        leg.refresh_at = now + (soon if leg.refreshing else interval)


def _adopt(floor: Floor, call: Call, row: InviteRow, now: float) -> None:
    """The server transaction of the caller's INVITE, and the response that it may not have got."""
    caller = call.caller
    if caller.state not in _UNFINISHED:
        return
    try:
        request = parse(row.data)
    except SipError:
        return
    if not isinstance(request, Request):
        return
    source = Source(Hop(*row.hop), row.listener)
    caller.source = source
    caller.transaction = floor.desk.endpoint.adopt(request, source, now)
    floor.desk.invites[caller.transaction] = (call, caller)
    if caller.state is not LegState.INVITED:
        floor.signalling.answer(call, caller.session.local, now)
    elif call.state is CallState.PARKED:
        parking.repeat_progress(floor, call, now)


def _arrived(floor: Floor, call: Call, now: float) -> None:
    """Not parked yet: unanswered it waits to be parked or offered anew, else for the ACK to the 200 that is sent again."""
    _drop_callees(floor, call, now)
    _close_media(floor, call, now)
    call.winner = None
    if call.answered and call.caller.state is LegState.OK_SENT:
        # A media server's offer is with it; its ACK brings the answer, and then it gets another session.
        call.state, call.step = CallState.PARKING, MoveStep.AWAIT_ACK
        return
    call.state = CallState.ARRIVED
    if call.answered:  # its media session was still being agreed on: nothing to go back to
        ending.system(floor, call, "restart", now)


def _parked(floor: Floor, call: Call, now: float) -> None:
    if call.origin is not None and call.origin.state is LegState.UP:
        floor.signalling.resume_ack(call.origin, now)
    _drop_callees(floor, call, now)
    call.winner = None
    _check_media(floor, call, now)


def _connecting(floor: Floor, call: Call, now: float) -> None:
    """It is not known whether the caller was moved: it is called back to its media session."""
    _drop_callees(floor, call, now)
    call.winner = None
    call.state, call.at = CallState.PARKED, ""
    if _check_media(floor, call, now):
        call.step = MoveStep.RETURN_AFTER_ACK if call.caller.state is LegState.OK_SENT else MoveStep.RETURN_GLARE
        call.step_at = now if call.step is MoveStep.RETURN_GLARE else None


def _bridged(floor: Floor, call: Call, now: float) -> None:
    """Both dialogs stand. A media leg that was not closed yet is closed now; an ACK that a callee may lack is sent."""
    _close_media(floor, call, now)
    leg = call.winning_leg()
    if leg is None:
        ending.system(floor, call, "restart", now)
    elif call.ends_at is None or now - (call.ends_at - floor.desk.config.max_call_seconds) < _LIFE_OF_A_2XX:
        floor.signalling.resume_ack(leg, now)


def _originating(floor: Floor, call: Call, now: float) -> None:
    """Whoever wanted the call begins it anew."""
    if call.origin is not None:
        _resume_invite(floor, call, call.origin, now)
    ending.system(floor, call, "restart", now)


_RESUME = {
    CallState.ORIGINATING: _originating,
    CallState.ARRIVED: _arrived,
    CallState.PARKING: _arrived,
    CallState.PARKED: _parked,
    CallState.CONNECTING: _connecting,
    CallState.BRIDGED: _bridged,
}


def _check_media(floor: Floor, call: Call, now: float) -> bool:
    """Whether the media session stands; one that was being opened is given up and opened anew."""
    media = call.media
    if media is not None and media.state is LegState.UP:
        return True
    _close_media(floor, call, now)
    parking.reopen(floor, call, now)
    return False


def _close_media(floor: Floor, call: Call, now: float) -> None:
    if call.media is not None:
        _resume_invite(floor, call, call.media, now)
    floor.media.close(call, now)


def _drop_callees(floor: Floor, call: Call, now: float) -> None:
    for leg in list(call.legs.values()):
        _resume_invite(floor, call, leg, now)
        floor.drop(call, leg, now)


def _resume_invite(floor: Floor, call: Call, leg: OutgoingLeg, now: float) -> None:
    """The client transaction of an INVITE that may have been sent: the same request again is a retransmission."""
    if leg.state in _OUTSTANDING:
        floor.signalling.resume_invite(leg, now)
        floor.desk.clients[leg.transaction] = Transit(call, leg, Purpose.INVITE)


def _take_leave(floor: Floor, call: Call, leg: Leg, now: float) -> None:
    if leg.state is LegState.LEAVING:
        floor.signalling.bye(call, leg, now)
    elif leg.state is LegState.CANCELLING and isinstance(leg, OutgoingLeg):
        _resume_invite(floor, call, leg, now)
        floor.signalling.cancel(leg, now)


def _end_again(floor: Floor, call: Call, now: float) -> None:
    """It had ended: who may not have heard of it is told."""
    _drop_callees(floor, call, now)
    _close_media(floor, call, now)
    if call.caller.state not in (LegState.GONE, LegState.LEAVING):
        floor.advance(call, call.caller, LegInput.END, now)
