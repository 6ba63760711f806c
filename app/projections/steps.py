"""What the steps of a call's life change in how it is shown."""

from typing import Final

from app.facts import CallEvent
from app.projections.caller import Caller, Ringing
from app.projections.views import CallState

__all__ = ["change"]

_STEPS: Final[dict[str, CallState]] = {
    "offered": "offered",
    "ringing": "offered",
    "answered": "connecting",
    "connected": "bridged",
    "abandoned": "ending",
    "flowed_out": "ending",
    "withdrawn": "ending",
    "rejected": "ending",  # it may still go on to the overflow's address
}


def change(call: Caller, event: CallEvent) -> None:
    """What the step means for the call."""
    match event.kind:
        case "queued":
            call.queue = event.queue
            call.priority = event.priority or 0
            call.queued_at = event.time if call.queued_at is None else call.queued_at  # set once
            call.joined_at = event.joined_at or call.joined_at
            call.connected_at = None
            call.state = _waiting_state(call)
        case "parked":
            call.parked = True
            if call.state == "queued":
                call.state = "parked"
        case "offer_ended":
            _offer_ended(call, event.offer)
        case "priority_changed":
            call.priority = event.priority or 0
        case "offered":
            call.offers += 1
            _offered(call, event)
        case "ringing" | "answered" if event.offer not in call.ringing:
            pass  # a late word about an offer that is over
        case "ringing" if event.offer != call.offer:
            pass  # another phone of several
        case "answered":
            call.offer = event.offer
            call.reserved_for = None
            _advance(call, event)
        case "connected":
            call.ringing.clear()
            call.connected_at = event.time if call.connected_at is None else call.connected_at
            _advance(call, event)
        case "ringing" | "abandoned" | "flowed_out" | "withdrawn" | "rejected":
            _advance(call, event)
        case _:
            _dispatched(call, event)


def _dispatched(call: Caller, event: CallEvent) -> None:
    """What a supervisor did in the lines."""
    match event.kind:
        case "requeued":
            call.queue, call.connected_at = event.queue, None
            call.state = _waiting_state(call)
            call.agent = call.offer = None
        case "reserved":
            call.reserved_for = event.agent
        case "released":
            call.reserved_for = None
        case _:
            pass


def _advance(call: Caller, event: CallEvent) -> None:
    call.state = _STEPS[event.kind]
    call.agent = event.agent or call.agent


def _offered(call: Caller, event: CallEvent) -> None:
    """Another phone rings; of several that do, the first is shown."""
    offers = call.ringing
    offers[event.offer or ""] = Ringing(event.offer or "", event.agent or "", event.time)
    if len(offers) == 1:
        call.offer = event.offer
        _advance(call, event)


def _offer_ended(call: Caller, offer: str | None) -> None:
    offers = call.ringing
    offers.pop(offer or "", None)
    if call.state not in {"offered", "connecting"} or call.offer != offer:
        return
    if offers:
        call.state = "offered"
        first = next(iter(offers.values()))
        call.offer, call.agent = first.offer, first.agent
    else:
        call.state = _waiting_state(call)
        call.agent = call.offer = None


def _waiting_state(call: Caller) -> CallState:
    return "parked" if call.parked else "queued"
