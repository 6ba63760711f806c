"""The end of a call: whoever ends it, every other leg is told in the way its state needs, and the end is reported once."""

from b2bua.call import Call, CallState, MoveStep
from b2bua.events import CallEnded, EndedBy
from b2bua.floor import Cause, Floor
from b2bua.leg import LegState
from b2bua.leg_table import LegInput, LegOutcome

__all__ = ["callee_left", "caller_left", "hang_up", "quietly", "reject", "system"]

_CAUSES = {LegOutcome.CANCELLED: "cancel", LegOutcome.HUNG_UP: "bye", LegOutcome.LOST: "lost"}


def caller_left(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """CANCEL, BYE, or no sign of life any more: the caller decides, whatever was under way."""
    _end(floor, call, "caller", _CAUSES.get(cause.outcome, "bye"), now)


def callee_left(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """The bridged callee hung up. One that lost the race before is gone by itself."""
    leg = cause.callee()
    call.legs.pop(leg.id, None)
    if call.winner == leg.id:
        call.winner = None
        _end(floor, call, "callee", _CAUSES.get(cause.outcome, "bye"), now)


def hang_up(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    _end(floor, call, "system", getattr(cause.command, "cause", "hangup"), now)


def system(floor: Floor, call: Call, cause: str, now: float) -> None:
    """We end it."""
    _end(floor, call, "system", cause, now)


def reject(floor: Floor, call: Call, cause: Cause, now: float) -> None:
    """Refuse the caller with the status that the command names."""
    command = cause.reject()
    if call.caller.state is LegState.INVITED:
        floor.signalling.refuse(call.caller, command.status, command.reason or None, [], now)
        floor.advance(call, call.caller, LegInput.REFUSE, now)
    _end(floor, call, "system", command.cause or f"rejected_{command.status}", now)


def _end(floor: Floor, call: Call, by: EndedBy, cause: str, now: float) -> None:
    quietly(floor, call, now)
    floor.desk.report(CallEnded(call.id, by, cause))


def quietly(floor: Floor, call: Call, now: float) -> None:
    """Every leg takes its leave; nothing is reported."""
    call.state = CallState.ENDED
    call.step, call.step_at = MoveStep.NONE, None
    call.caller.early_until = call.caller.early_repeat_at = None
    if call.caller.state is not LegState.GONE:
        floor.advance(call, call.caller, LegInput.END, now)
    if call.origin is not None:
        floor.desk.clients.pop(call.origin.transaction, None) if not call.dialling() else floor.advance(
            call, call.origin, LegInput.END, now
        )
    for leg in list(call.legs.values()):
        floor.drop(call, leg, now)
    floor.media.close(call, now)
    floor.desk.touch(call)
