"""Parking: the caller gets a media session, keeps it while callees ring, and gets another one when it is lost."""

from b2bua import bridge, ending, origination
from b2bua.call import Call, CallState, MoveStep
from b2bua.commands import Park
from b2bua.desk import Purpose
from b2bua.events import CallParked, ParkFailed, PlayFinished
from b2bua.floor import Action, Cause, Floor
from b2bua.leg import LegState, MediaLeg
from b2bua.leg_table import LegInput
from b2bua.signalling import confirm

__all__ = [
    "acked", "answer_early", "begin", "go_on", "keeping", "lost", "opened", "parked_acked", "play", "refused", "reopen",
    "reopen_failed", "reopened", "repeat_progress", "retry", "returned", "stayed",
]  # fmt: skip

_FLAP_SECONDS = 1.0
_NONE_LEFT = "no media server took the call"


def begin(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``Park``: open a session at the first media server that takes it."""
    command = cause.park()
    call.playlist = command.playlist
    call.early_seconds = command.early_seconds if isinstance(command, Park) else None
    call.state = CallState.PARKING
    floor.desk.touch(call)
    if not floor.media.open(call, now):
        _give_up(floor, call, "no media server is configured", now)


def play(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``Play`` while parked: another list, in the same session where the media server can."""
    call.playlist = cause.park().playlist
    floor.desk.touch(call)
    if not floor.media.play(call, now) and (call.answered or call.media is None):
        floor.media.close(call, now)
        _reopen(floor, call, (), now)


def opened(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The media server's 2xx while PARKING."""
    media, caller = call.media, call.caller
    if media is None or cause.response is None:
        return
    if not _attach(floor, call, media, cause, now):
        floor.media.close(call, now)
        _next_server(floor, call, media.server, media.tried, now)
        return
    call.at = media.dialog.local_tag
    if not caller.session.remote:
        # The media server's offer goes in our 200, the caller's answer will go into the ACK to the media server.
        _answer(floor, call, caller.session.offer(cause.body), now)
        call.step = MoveStep.AWAIT_ACK
        return
    floor.signalling.ack(media, now)
    floor.advance(call, media, LegInput.ACK, now)
    answer = caller.session.answer(cause.body)
    if call.dialling():
        origination.accept(floor, call, answer, now)
    elif call.early_seconds is None:
        _answer(floor, call, answer, now)
    else:
        caller.early_until = now + call.early_seconds
        caller.early_repeat_at = now + floor.desk.config.early_repeat_seconds
        floor.signalling.progress(call, 183, answer)
    _parked(floor, call, now)


def _attach(floor: Floor, call: Call, media: MediaLeg, cause: Cause, now: float) -> bool:
    """Take the 2xx of a media server; False: it describes no media."""
    if cause.response is None:
        return False
    confirm(media.dialog, cause.response)
    media.ring_until = None
    media.opened_at = now
    media.session.remote = cause.body
    floor.signalling.learn_timer(media, cause.response, now)
    return bool(cause.body)


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
    _play_rest(floor, call, now)
    go_on(floor, call, now)


def _play_rest(floor: Floor, call: Call, now: float) -> None:
    """A Request-URI can only name one sound that loops."""
    playlist = call.playlist
    if playlist is not None and (len(playlist.sounds) > 1 or not playlist.loop):
        floor.media.play(call, now)


def go_on(floor: Floor, call: Call, now: float) -> None:
    """What a parked caller needs next: the callee that waits for it, a media session, or to be (back) at its own."""
    if call.state is not CallState.PARKED or call.step is not MoveStep.NONE:
        return
    media = call.media
    if call.winner is not None:
        bridge.connect_waiting(floor, call, now)
    elif media is None:
        reopen(floor, call, now)
    elif media.state is LegState.UP and call.at != media.dialog.local_tag:
        _return(floor, call, media, now)


def acked(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The ACK of a caller that had sent no offer: its answer goes to the media server."""
    media = call.media
    if call.step is not MoveStep.AWAIT_ACK:
        return
    call.step = MoveStep.NONE
    if not cause.body:
        ending.system(floor, call, "no_answer_in_ack", now)
        return
    call.caller.session.accepted(cause.body)
    if media is not None:
        floor.signalling.ack(media, now, media.session.answer(cause.body))
        floor.advance(call, media, LegInput.ACK, now)
    _parked(floor, call, now)


def refused(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A media server refused, died or hung up while PARKING: the next one is tried, the caller stays.

    One whose offer is with the caller already is replaced when the caller has answered that (``acked``).
    """
    media = call.media
    call.media = None
    if media is not None and call.step is not MoveStep.AWAIT_ACK:
        _next_server(floor, call, media.server, media.tried, now)


def _next_server(floor: Floor, call: Call, server: str, tried: tuple[str, ...], now: float) -> None:
    if not floor.media.open(call, now, (*tried, server)):
        _give_up(floor, call, _NONE_LEFT, now)


def _give_up(floor: Floor, call: Call, detail: str, now: float) -> None:
    """None left: the caller hears ring-back (if it has not been answered), and keeps its place."""
    if call.dialling():
        ending.system(floor, call, "no_media", now)
        return
    if not call.answered and call.caller.early_until is None:
        call.state = CallState.ARRIVED
        floor.signalling.progress(call, 180)
    else:
        call.state = CallState.PARKED
    floor.desk.touch(call)
    floor.desk.report(ParkFailed(call.id, detail))
    if call.state is CallState.ARRIVED:
        bridge.answer_held(floor, call, now)


def lost(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The media session of a parked caller ended: another one is opened and the caller is re-INVITEd to it.

    A list that was to end has ended: what comes next is not for us to say.
    """
    media = call.media
    call.media = None
    if call.playlist is not None and not call.playlist.loop:
        floor.desk.report(PlayFinished(call.id))
    elif media is None:
        _reopen(floor, call, (), now)
    else:
        flaps = now - media.opened_at < _FLAP_SECONDS and call.step is MoveStep.NONE
        _reopen(floor, call, (media.server,), now, pause=flaps)


def _reopen(floor: Floor, call: Call, tried: tuple[str, ...], now: float, *, pause: bool = False) -> None:
    """A session at a server that was not tried, else at any; ``pause``: the one it had takes calls only to end them."""
    if not call.answered:
        answer_early(floor, call, now)
    if floor.media.open(call, now, tried):
        return
    if pause:
        call.step, call.step_at = MoveStep.RETURN_GLARE, now + _FLAP_SECONDS
    elif not (tried and floor.media.open(call, now)):
        floor.desk.report(ParkFailed(call.id, _NONE_LEFT))


def keeping(action: Action) -> Action:
    """``action``, after which a caller that was given back is at a media session: the old one may be gone meanwhile."""

    def kept(floor: Floor, call: Call, cause: Cause, now: float) -> None:
        action(floor, call, cause, now)
        go_on(floor, call, now)

    return kept


def reopen(floor: Floor, call: Call, now: float) -> None:
    """A media session for a caller that has none and should."""
    _reopen(floor, call, (), now)


def reopened(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The new session of a caller that was parked already (and may be on its way to a callee by now)."""
    media = call.media
    if media is None or cause.response is None:
        return
    if not _attach(floor, call, media, cause, now):
        floor.media.close(call, now)
        _another(floor, call, media, now)
        return
    floor.signalling.ack(media, now)
    floor.advance(call, media, LegInput.ACK, now)
    _play_rest(floor, call, now)
    if call.caller.state is LegState.OK_SENT and call.state is CallState.PARKED:
        call.step = MoveStep.RETURN_AFTER_ACK
    else:
        go_on(floor, call, now)


def reopen_failed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """A media server that was to take a parked caller refused."""
    media = call.media
    call.media = None
    if media is not None:
        _another(floor, call, media, now)


def _another(floor: Floor, call: Call, failed: MediaLeg, now: float) -> None:
    if not floor.media.open(call, now, (*failed.tried, failed.server)):
        floor.desk.report(ParkFailed(call.id, _NONE_LEFT))


def parked_acked(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The ACK to the 200 of a parked caller; what had to wait for it goes on."""
    if call.step is MoveStep.RETURN_AFTER_ACK:
        call.step = MoveStep.NONE
        go_on(floor, call, now)


def _return(floor: Floor, call: Call, media: MediaLeg, now: float) -> None:
    """Re-INVITE the caller to its media session."""
    caller = call.caller
    if call.busy(caller):
        call.step, call.step_at = MoveStep.RETURN_GLARE, now + 0.5
        return
    call.step, call.going = MoveStep.RETURNING, media.dialog.local_tag
    floor.signalling.reinvite(call, caller, caller.session.offer(media.session.remote), Purpose.MOVE, now)


def returned(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller's 2xx to a re-INVITE while parked: it is at the media server again, or was moved to a callee that left."""
    caller, media = call.caller, call.media
    if cause.key is None or cause.response is None:
        return
    caller.session.accepted(cause.body)
    floor.signalling.ack_reinvite(caller, cause.key, cause.response, now)
    call.step, call.at = MoveStep.NONE, call.going
    if media is not None and call.at == media.dialog.local_tag:
        bridge.adjust(floor, call, media, now)
    floor.desk.touch(call)
    go_on(floor, call, now)


def stayed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller refused a re-INVITE while parked."""
    step, call.step = call.step, MoveStep.NONE
    call.caller.session.refused()
    floor.desk.touch(call)
    if step is MoveStep.RETURNING and cause.status == 491:
        call.step, call.step_at = MoveStep.RETURN_GLARE, bridge.glare_until(floor, now)
    elif step is MoveStep.RETURNING and call.media is not None and call.going == call.media.dialog.local_tag:
        ending.system(floor, call, "media_lost", now)
    else:
        go_on(floor, call, now)


def retry(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The wait after a glare is over."""
    if call.step is MoveStep.RETURN_GLARE:
        call.step = MoveStep.NONE
        go_on(floor, call, now)
