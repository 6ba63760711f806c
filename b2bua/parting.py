"""A bridged caller goes back into line: the callee is hung up, the caller gets a media session and is re-INVITEd to it."""

from b2bua import parking
from b2bua.call import Call, CallState
from b2bua.floor import Cause, Floor
from b2bua.session import unheld

__all__ = ["part"]


def part(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """``Repark``. Without a media server the caller hears nothing, but can still be served."""
    leg, caller = call.winning_leg(), call.caller
    call.playlist = cause.repark().playlist
    call.state, call.at, call.ends_at = CallState.PARKED, "", None
    if leg is not None:
        floor.drop(call, leg, now)
    caller.session.remote = unheld(caller.session.remote, caller.session.said)
    floor.desk.touch(call)
    parking.go_on(floor, call, now)
