"""What the steps of a call's life change in how it is shown."""

from collections.abc import Iterable
from typing import Final

from app.facts import CallEvent
from app.projections.views import CallState, CallView, RingingView

__all__ = ["CallSteps"]

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


class CallSteps:
    """Knows of the live calls who is parked, and whose phones ring."""

    __slots__ = ("_parked", "_ringing")

    def __init__(self) -> None:
        self._parked: set[str] = set()
        self._ringing: dict[str, dict[str, RingingView]] = {}  # by call: the offers that are up

    def ringing(self, call_id: str) -> Iterable[RingingView]:
        """The phones that ring for the call, the first of them first."""
        return self._ringing.get(call_id, {}).values()

    def forget(self, call_id: str) -> None:
        """The call is over."""
        self._ringing.pop(call_id, None)
        self._parked.discard(call_id)

    def change(self, call: CallView, event: CallEvent) -> None:
        """What the step means for the call."""
        match event.kind:
            case "queued":
                call.queue = event.queue
                call.priority = event.priority or 0
                call.queued_at = event.time if call.queued_at is None else call.queued_at  # set once
                call.joined_at = event.joined_at or call.joined_at
                call.connected_at = None
                call.state = self._waiting_state(call)
            case "parked":
                self._parked.add(call.id)
                if call.state == "queued":
                    call.state = "parked"
            case "offer_ended":
                self._offer_ended(call, event.offer)
            case "priority_changed":
                call.priority = event.priority or 0
            case "offered":
                call.offers += 1
                self._offered(call, event)
            case "ringing" | "answered" if event.offer not in self._ringing.get(call.id, {}):
                pass  # a late word about an offer that is over
            case "ringing" if event.offer != call.offer:
                pass  # another phone of several
            case "answered":
                call.offer = event.offer
                call.reserved_for = None
                self._advance(call, event)
            case "connected":
                self._ringing.pop(call.id, None)
                call.connected_at = event.time if call.connected_at is None else call.connected_at
                self._advance(call, event)
            case "ringing" | "abandoned" | "flowed_out" | "withdrawn" | "rejected":
                self._advance(call, event)
            case _:
                self._dispatched(call, event)

    def _dispatched(self, call: CallView, event: CallEvent) -> None:
        """What a supervisor did in the lines."""
        match event.kind:
            case "requeued":
                call.queue, call.connected_at = event.queue, None
                call.state = self._waiting_state(call)
                call.agent = call.offer = None
            case "reserved":
                call.reserved_for = event.agent
            case "released":
                call.reserved_for = None
            case _:
                pass

    def _advance(self, call: CallView, event: CallEvent) -> None:
        call.state = _STEPS[event.kind]
        call.agent = event.agent or call.agent

    def _offered(self, call: CallView, event: CallEvent) -> None:
        """Another phone rings; of several that do, the first is shown."""
        offers = self._ringing.setdefault(call.id, {})
        offers[event.offer or ""] = RingingView(event.offer or "", event.agent or "", event.time)
        if len(offers) == 1:
            call.offer = event.offer
            self._advance(call, event)

    def _offer_ended(self, call: CallView, offer: str | None) -> None:
        offers = self._ringing.get(call.id, {})
        offers.pop(offer or "", None)
        if call.state not in {"offered", "connecting"} or call.offer != offer:
            return
        if offers:
            call.state = "offered"
            first = next(iter(offers.values()))
            call.offer, call.agent = first.offer, first.agent
        else:
            call.state = self._waiting_state(call)
            call.agent = call.offer = None

    def _waiting_state(self, call: CallView) -> CallState:
        return "parked" if call.id in self._parked else "queued"
