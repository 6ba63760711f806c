"""Parking: the caller gets a media session, keeps it while callees ring, and gets another one when it is lost."""

from b2bua import bridge, ending
from b2bua.call import Call, CallState, MoveStep
from b2bua.commands import Park
from b2bua.desk import Purpose
from b2bua.events import CallParked, ParkFailed
from b2bua.floor import Action, Cause, Floor
from b2bua.leg import LegState
from b2bua.leg_table import LegInput
from b2bua.session import same_media
from b2bua.signalling import confirm

__all__ = [
    "acked", "answer_early", "begin", "keeping", "lost", "opened", "parked_acked", "play", "refused", "reopen",
    "reopen_failed", "reopened", "repeat_progress", "retry", "returned", "stayed",
]  # fmt: skip


def begin(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``Park``: open a session at the first media server that takes it."""
    command = cause.park()
    call.playlist = command.playlist
    call.early_seconds = command.early_seconds if isinstance(command, Park) else None
    call.state = CallState.PARKING
    floor.desk.touch(call)
    if not floor.media.open(call, now):
        _give_up(floor, call, "no media server is configured")


def play(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``Play`` while parked: another list, in the same session where the media server can."""
    call.playlist = cause.park().playlist
    floor.desk.touch(call)
    if not floor.media.play(call, now) and call.answered:
        floor.media.close(call, now)
        _reopen(floor, call, (), now)


def opened(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The media server's 2xx while PARKING."""
    media, caller = call.media, call.caller
    if media is None or cause.response is None:
        return
    if not cause.body:
        floor.media.close(call, now)
        _next_server(floor, call, media.server, media.tried, now)
        return
    confirm(media.dialog, cause.response)
    media.session.remote = cause.body
    floor.signalling.learn_timer(media, cause.response, now)
    if not caller.session.remote:
        # The media server's offer goes in our 200, the caller's answer will go into the ACK to the media server.
        _answer(floor, call, caller.session.offer(cause.body), now)
        call.step = MoveStep.AWAIT_ACK
        return
    floor.signalling.ack(media, now)
    floor.advance(call, media, LegInput.ACK, now)
    if call.answered:  # parked again, before anything could be heard
        call.state = CallState.PARKED
        _return(floor, call, now)
        return
    answer = caller.session.answer(cause.body)
    if call.early_seconds is None:
        _answer(floor, call, answer, now)
    else:
        caller.early_until = now + call.early_seconds
        caller.early_repeat_at = now + floor.desk.config.early_repeat_seconds
        floor.signalling.progress(call, 183, answer)
    _parked(floor, call, now)


def _answer(floor: Floor, call: Call, body: bytes, now: float) -> None:
    floor.signalling.answer(call, body, now)
    call.answered = True
    call.caller.early_until = call.caller.early_repeat_at = None
    floor.advance(call, call.caller, LegInput.ANSWER, now)


def answer_early(floor: Floor, call: Call, now: float) -> None:
    """Answer a caller that is parked in early media, with the description of its 183 (it must be the same one)."""
    _answer(floor, call, call.caller.session.local, now)
    floor.desk.touch(call)


def repeat_progress(floor: Floor, call: Call, now: float) -> None:
    """RFC 3261 §13.3.1.1: a provisional response every minute keeps proxies from giving the INVITE up."""
    call.caller.early_repeat_at = now + floor.desk.config.early_repeat_seconds
    floor.signalling.progress(call, 183, call.caller.session.local)


def _parked(floor: Floor, call: Call, now: float) -> None:
    call.state = CallState.PARKED
    floor.desk.touch(call)
    floor.desk.report(CallParked(call.id, call.answered))
    playlist = call.playlist
    if playlist is not None and (len(playlist.sounds) > 1 or not playlist.loop):
        floor.media.play(call, now)
    bridge.connect_waiting(floor, call, now)


def acked(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The ACK of a caller that had sent no offer: its answer goes to the media server."""
    media = call.media
    if call.step is not MoveStep.AWAIT_ACK or media is None:
        return
    call.step = MoveStep.NONE
    if not cause.body:
        ending.system(floor, call, "no_answer_in_ack", now)
        return
    call.caller.session.remote = cause.body
    floor.signalling.ack(media, now, media.session.answer(cause.body))
    floor.advance(call, media, LegInput.ACK, now)
    _parked(floor, call, now)


def refused(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A media server refused, died or hung up while PARKING: the next one is tried, the caller stays."""
    media = call.media
    call.media = None
    if media is not None:
        _next_server(floor, call, media.server, media.tried, now)


def _next_server(floor: Floor, call: Call, server: str, tried: tuple[str, ...], now: float) -> None:
    if not floor.media.open(call, now, (*tried, server)):
        _give_up(floor, call, "no media server took the call")


def _give_up(floor: Floor, call: Call, detail: str) -> None:
    """None left: the caller hears ring-back (if it has not been answered), and keeps its place."""
    if not call.answered and call.caller.early_until is None:
        call.state = CallState.ARRIVED
        floor.signalling.progress(call, 180)
    else:
        call.state = CallState.PARKED
    floor.desk.touch(call)
    floor.desk.report(ParkFailed(call.id, detail))


def lost(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The media session of a parked caller ended: another one is opened and the caller is re-INVITEd to it."""
    media = call.media
    call.media = None
    tried = (media.server,) if media is not None and cause.response is None else ()
    _reopen(floor, call, tried, now)


def _reopen(floor: Floor, call: Call, tried: tuple[str, ...], now: float) -> None:
    if not call.answered:
        answer_early(floor, call, now)
    if not floor.media.open(call, now, tried) and not (tried and floor.media.open(call, now)):
        floor.desk.report(ParkFailed(call.id, "no media server took the call"))


def keeping(action: Action) -> Action:
    """``action``, after which a caller that is parked without a media session gets one: a connect failed, and the media server
    had hung up meanwhile."""

    def kept(floor: Floor, call: Call, cause: Cause, now: float) -> None:
        action(floor, call, cause, now)
        if call.state is CallState.PARKED and call.media is None and call.step is MoveStep.NONE:
            _reopen(floor, call, (), now)

    return kept


def reopen(floor: Floor, call: Call, now: float) -> None:
    """A media session for a caller that has none and should."""
    _reopen(floor, call, (), now)


def reopened(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The new session of a caller that was parked already."""
    media = call.media
    if media is None or cause.response is None:
        return
    confirm(media.dialog, cause.response)
    media.session.remote = cause.body
    floor.signalling.learn_timer(media, cause.response, now)
    floor.signalling.ack(media, now)
    floor.advance(call, media, LegInput.ACK, now)
    if call.caller.state is LegState.OK_SENT:
        call.step = MoveStep.RETURN_AFTER_ACK
    elif call.step is MoveStep.NONE:
        _return(floor, call, now)


def reopen_failed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A media server that was to take a parked caller refused."""
    media = call.media
    call.media = None
    if media is not None and not floor.media.open(call, now, (*media.tried, media.server)):
        floor.desk.report(ParkFailed(call.id, "no media server took the call"))


def parked_acked(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The ACK to the 200 of a parked caller; what had to wait for it goes on."""
    if call.step is MoveStep.RETURN_AFTER_ACK:
        _return(floor, call, now)


def _return(floor: Floor, call: Call, now: float) -> None:
    """Re-INVITE the caller to its media session."""
    media, caller = call.media, call.caller
    if media is None or media.state is not LegState.UP:
        call.step = MoveStep.NONE  # done when the media server has answered
        return
    if caller.offering:
        call.step, call.step_at = MoveStep.RETURN_GLARE, now + 0.5
        return
    call.step = MoveStep.RETURNING
    floor.signalling.reinvite(call, caller, caller.session.offer(media.session.remote), Purpose.MOVE, now)


def returned(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller's 2xx to a re-INVITE while parked: it is at the media server again, or was moved to a callee that left."""
    caller, step = call.caller, call.step
    if cause.key is None or cause.response is None:
        return
    caller.session.remote = cause.body or caller.session.remote
    floor.signalling.ack_reinvite(caller, cause.key, cause.response, now)
    call.step = MoveStep.NONE
    if step is MoveStep.MOVING:
        _return(floor, call, now)
        return
    media = call.media
    if media is not None and not same_media(media.session.local, caller.session.remote):
        floor.signalling.reinvite(call, media, media.session.offer(caller.session.remote), Purpose.ADJUST, now)
    floor.desk.touch(call)
    bridge.connect_waiting(floor, call, now)


def stayed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller refused a re-INVITE while parked."""
    step, call.step = call.step, MoveStep.NONE
    if step is MoveStep.MOVING:
        bridge.connect_waiting(floor, call, now)  # it never left the media server
    elif cause.status == 491:
        call.step, call.step_at = MoveStep.RETURN_GLARE, bridge.glare_until(floor, now)
    else:
        ending.system(floor, call, "media_lost", now)


def retry(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The wait after a glare is over."""
    call.step_at = None
    if call.step is MoveStep.RETURN_GLARE:
        _return(floor, call, now)
