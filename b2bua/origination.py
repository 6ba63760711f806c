"""A call that we begin: the caller is dialled without a description, and parked with its own when it answers (RFC 3725 flow I).

Until then the caller's leg is GONE and ``call.origin`` is the leg that rings; both share one dialog and one session. From the
ACK on the call is like any other that is parked.
"""

from b2bua import bridge, ending
from b2bua.call import Call, CallState
from b2bua.commands import CallId, Originate
from b2bua.events import LegFailure, OriginationFailed, OriginationRinging
from b2bua.floor import Cause, Floor
from b2bua.leg import CalleeLeg, CallerLeg, LegKind, LegState
from b2bua.leg_table import LegInput
from b2bua.session import LegSession
from b2bua.signalling import confirm
from sipcore.dialog import Dialog

__all__ = ["accept", "answered", "begin", "failed", "ring_timeout", "ringing", "set_aside"]


def begin(floor: Floor, command: Originate, now: float) -> Call:
    """Dial the caller."""
    desk, target = floor.desk, command.target
    contact = desk.contact(target.hop.transport if target.hop is not None else bridge.transport_of(target.uri))
    dialog = Dialog(
        desk.ids.call_id(), desk.ids.tag(), "", command.shown, f"<{target.uri}>", contact, target.uri,
        target.route, 0, None, target.hop, target.flow,
    )  # fmt: skip
    session = LegSession(desk.next_session_id(now))
    caller = CallerLeg(desk.next_leg_id("caller"), LegKind.CALLER, LegState.GONE, dialog, session)
    origin = CalleeLeg(
        desk.next_leg_id("origin"), LegKind.ORIGIN, LegState.CALLING, dialog, session,
        uri=target.uri, ring_until=command.ring_until,
    )  # fmt: skip
    call = Call(command.call, CallState.ORIGINATING, caller, command.identity)
    call.playlist, call.origin = command.playlist, origin
    desk.calls[call.id] = call
    desk.add_leg(call, origin)
    floor.signalling.invite(call, origin, [], b"", now)
    desk.touch(call)
    return call


def set_aside(floor: Floor, call: Call) -> None:
    """A call that is over, but for legs that take their leave: they do so under another id, its own is wanted anew."""
    desk = floor.desk
    del desk.calls[call.id]
    call.id = CallId(f"{call.id}~{desk.ids.tag()}")
    desk.calls[call.id] = call
    desk.touch(call)


def ringing(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """Early media of the caller's is for nobody: there is no bridge before its 2xx."""
    floor.desk.report(OriginationRinging(call.id))


def answered(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The caller's 2xx, with its offer: a media session answers that."""
    origin = call.origin
    if origin is None or cause.response is None:
        return
    confirm(origin.dialog, cause.response)
    floor.signalling.learn_timer(origin, cause.response, now)
    origin.session.remote = cause.body
    origin.ring_until = None
    call.answered, call.state = True, CallState.PARKING
    floor.desk.touch(call)
    if not cause.body or not floor.media.open(call, now):
        ending.system(floor, call, "no_media", now)


def accept(floor: Floor, call: Call, answer: bytes, now: float) -> None:
    """The ACK with our answer: the caller's leg is up, and speaks for itself."""
    origin, caller = call.origin, call.caller
    if origin is None:
        return
    floor.signalling.ack(origin, now, answer)
    floor.advance(call, origin, LegInput.ACK, now)
    caller.state = LegState.UP
    caller.updates, caller.session_expires = origin.updates, origin.session_expires
    caller.refreshing, caller.refresh_at = origin.refreshing, origin.refresh_at
    caller.proofs = origin.proofs
    origin.refresh_at = None
    floor.desk.add_leg(call, caller)


def failed(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """Busy, refused, unreachable."""
    _over(floor, call, bridge.failure_of(cause.status), cause.status, now)


def ring_timeout(floor: Floor, call: Call, now: float) -> None:
    """The caller was to be rung only so long."""
    _over(floor, call, LegFailure.NO_ANSWER, 408, now)


def _over(floor: Floor, call: Call, failure: LegFailure, status: int, now: float) -> None:
    floor.desk.report(OriginationFailed(call.id, failure, status))
    ending.quietly(floor, call, now)
