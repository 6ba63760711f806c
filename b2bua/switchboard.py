"""The one door of the B2BUA: SIP events and commands in, call events out. All decisions are in the tables and actions.

``receive`` takes what the endpoint reports of our dialogs and transactions, ``arrive`` a new INVITE that was admitted,
``handle`` a command; each returns what there is to report. What changed is fetched with ``take_changes`` at the end of a turn.
"""

from collections.abc import Callable, Iterable

from b2bua import arrival, bridge, ending, origination, parking, recovery, relay, snapshot
from b2bua.call import Call, CallState
from b2bua.call_table import CALL_TABLE, OUTCOMES, CallInput
from b2bua.commands import (
    CallId,
    Command,
    Dial,
    DropLeg,
    HangUp,
    MediaVanished,
    Originate,
    Park,
    Play,
    Reject,
    Repark,
    SetMediaServers,
)
from b2bua.desk import Change, Desk, Purpose, SwitchboardConfig, Transit
from b2bua.events import CallEvent, LegFailed, LegFailure
from b2bua.floor import Cause, Floor
from b2bua.leg import Leg, LegState, OutgoingLeg
from b2bua.leg_table import LegInput, LegOutcome
from b2bua.media.relocating import RelocatingMedia
from b2bua.proof import CHALLENGES, Secrets, no_secrets
from b2bua.signalling import Signalling
from sipcore.dialog import TARGET_REFRESH
from sipcore.endpoint import Endpoint
from sipcore.events import (
    AckTimedOut,
    CancelReceived,
    ClientFailed,
    ClientKey,
    Event,
    FailureCause,
    RequestReceived,
    ResponseReceived,
    ServerKey,
)  # fmt: skip
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to

__all__ = ["Switchboard"]

_COMMANDS: dict[type, CallInput] = {
    Park: CallInput.PARK,
    Play: CallInput.PLAY,
    Repark: CallInput.REPARK,
    Dial: CallInput.DIAL,
    DropLeg: CallInput.DROP,
    Reject: CallInput.REJECT,
    HangUp: CallInput.HANG_UP,
}
_LOST = (408, 481)  # RFC 3261 §12.2.1.2: these end the dialog


class Switchboard:
    def __init__(
        self, endpoint: Endpoint, ids: Minter, config: SwitchboardConfig, uniform: Callable[[], float],
        secrets: Secrets = no_secrets,
    ) -> None:  # fmt: skip
        self._desk = Desk(endpoint, ids, config, uniform, secrets=secrets)
        signalling = Signalling(self._desk)
        self._floor = Floor(self._desk, signalling, RelocatingMedia(self._desk, signalling))

    # ------------------------------------------------------------------ in

    def arrive(self, event: RequestReceived, call_id: CallId, now: float) -> list[CallEvent]:
        """A new INVITE that may come in. One that we cannot serve is answered here and reported as nothing."""
        call = arrival.new_call(self._floor, event, call_id, now)
        if call is not None:
            self._settle(call)
        return self._take()

    def handle(self, command: Command, now: float) -> list[CallEvent]:
        """Carry out a command. One for a call that is over is ignored (a ``Dial`` is reported as failed)."""
        if isinstance(command, SetMediaServers):
            self._floor.media.configure(command)
            return []
        if isinstance(command, MediaVanished):
            self._media_vanished(command.alive, now)
            return self._take()
        call = self._desk.calls.get(command.call)
        if isinstance(command, Originate):
            if call is not None and call.state is CallState.ENDED:
                origination.set_aside(self._floor, call)
            if command.call not in self._desk.calls:
                self._settle(origination.begin(self._floor, command, now))
            return self._take()
        if call is not None and (call.state, _COMMANDS[type(command)]) in CALL_TABLE:
            self._input(call, _COMMANDS[type(command)], Cause(command=command), now)
            self._settle(call)
        elif isinstance(command, Dial):
            self._desk.report(LegFailed(command.call, command.leg, LegFailure.CONNECT_FAILED, 0))
        return self._take()

    def _media_vanished(self, alive: frozenset[str], now: float) -> None:
        for call in list(self._desk.calls.values()):
            media = call.media
            if media is not None and media.server not in alive and call.state is not CallState.ENDED:
                self._leg(call, media, LegInput.VANISHED, now)
                self._settle(call)

    def receive(self, event: Event, now: float) -> list[CallEvent]:
        """An event of the endpoint that concerns a dialog or transaction of ours."""
        if isinstance(event, ResponseReceived):
            self._response(event.transaction, event.response, now)
        elif isinstance(event, RequestReceived):
            self._request(event, now)
        else:
            self._rarer(event, now)
        return self._take()

    def _rarer(self, event: ClientFailed | CancelReceived | AckTimedOut, now: float) -> None:
        match event:
            case ClientFailed(key, cause):
                self._failed(key, cause, now)
            case CancelReceived(server, _):
                self._cancelled(server, now)
            case AckTimedOut(server):
                self._unacked(server, now)

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        return self._desk.deadlines.next()

    def expire(self, now: float) -> list[CallEvent]:
        while (call := self._desk.deadlines.pop(now)) is not None:
            self._due(call, now)
            self._settle(call)
        return self._take()

    def _due(self, call: Call, now: float) -> None:
        caller = call.caller
        if call.step_at is not None and call.step_at <= now:
            call.step_at = None
            self._input(call, CallInput.STEP_DUE, Cause(), now)
        if caller.early_until is not None and caller.early_until <= now and call.state is not CallState.ENDED:
            parking.answer_early(self._floor, call, now)
        if caller.early_repeat_at is not None and caller.early_repeat_at <= now:
            parking.repeat_progress(self._floor, call, now)
        if call.ends_at is not None and call.ends_at <= now and call.state is not CallState.ENDED:
            ending.system(self._floor, call, "max_duration", now)
        if call.origin is not None and call.origin.ring_until is not None and call.origin.ring_until <= now:
            origination.ring_timeout(self._floor, call, now)
        for rung in [each for each in call.legs.values() if each.ring_until is not None and each.ring_until <= now]:
            bridge.ring_timeout(self._floor, call, rung.id, now)
        if call.media is not None and call.media.ring_until is not None and call.media.ring_until <= now:
            media = call.media
            self._floor.advance(call, media, LegInput.END, now)
            self._input(call, CallInput.MEDIA_FAILED, Cause(leg=media), now)
        for leg in call.every_leg():
            self._leg_due(call, leg, now)

    def _leg_due(self, call: Call, leg: Leg, now: float) -> None:
        if leg.offer_until is not None and leg.offer_until <= now:
            leg.offer_until = None
            self._desk.endpoint.cancel(leg.offer, now)
        if leg.adjust_at is not None and leg.adjust_at <= now:
            bridge.adjust(self._floor, call, leg, now)
        if leg.refresh_at is not None and leg.refresh_at <= now:
            if leg.refreshing:
                self._floor.signalling.refresh(call, leg, now)
            else:
                leg.refresh_at = None
                self._leg(call, leg, LegInput.LOST, now)

    # ------------------------------------------------------------------ requests

    def _request(self, event: RequestReceived, now: float) -> None:
        request = event.request
        found = self._desk.legs.get(request.to_tag)
        if found is None or not _is_of(found[1], request):
            self._no_such_dialog(event, now)
            return
        call, leg = found
        if request.method == "ACK":
            self._ack(call, leg, event, now)
        elif event.transaction is None:
            return
        elif not leg.dialog.receive(request):
            self._floor.signalling.reply(leg, event.transaction, request, 500, now)
        elif request.method == "BYE":
            self._floor.signalling.reply(leg, event.transaction, request, 200, now)
            self._leg(call, leg, LegInput.BYE, now)
        else:
            if request.method == "INVITE":
                self._desk.asked(call, leg, event.transaction)
            relay.received(self._floor, call, leg, request, event.transaction, now)
        self._settle(call)

    def _no_such_dialog(self, event: RequestReceived, now: float) -> None:
        if event.transaction is not None:
            self._desk.endpoint.respond(event.transaction, respond_to(event.request, 481), now)

    def _ack(self, call: Call, leg: Leg, event: RequestReceived, now: float) -> None:
        if leg.state in (LegState.OK_SENT, LegState.OK_SENT_LEAVING):
            self._leg(call, leg, LegInput.ACKED, now, Cause(leg=leg, request=event.request))
            self._desk.acknowledged(call)
        else:
            relay.acked(self._floor, call, leg, event.request, now)
            if event.request.cseq.number == leg.dialog.remote_cseq:
                self._desk.invites.pop(leg.asked, None)

    def _cancelled(self, server: ServerKey, now: float) -> None:
        """CANCEL: of the INVITE that made the call, or of a re-INVITE."""
        found = self._desk.invites.get(server)
        if found is None:
            return
        call, leg = found
        if server == call.caller.transaction:
            self._leg(call, leg, LegInput.CANCELLED, now)
        else:
            relay.cancelled(self._floor, call, server, now)
        self._settle(call)

    def _unacked(self, server: ServerKey, now: float) -> None:
        """RFC 3261 §13.3.1.4: 64·T1 without the ACK: "…the session SHOULD be terminated"; so too after a re-INVITE."""
        found = self._desk.invites.pop(server, None)
        if found is None:
            return
        call, leg = found
        self._leg(call, leg, LegInput.ACK_TIMEOUT if server == call.caller.transaction else LegInput.LOST, now)
        self._settle(call)

    # ------------------------------------------------------------------ responses

    def _response(self, key: ClientKey, response: Response, now: float) -> None:
        transit = self._desk.clients.get(key)
        if transit is None:
            return
        if transit.purpose is Purpose.INVITE:
            self._invite_response(transit, key, response, now)
        elif response.status >= 200:
            del self._desk.clients[key]
            if response.status not in CHALLENGES or not self._floor.signalling.ask_again(transit, key, response, now):
                self._final(transit, key, response, response.status, now)
        self._settle(transit.call)

    def _failed(self, key: ClientKey, cause: FailureCause, now: float) -> None:
        """RFC 3261 §8.1.3.1: a time-out is a 408, a transport failure a 503."""
        transit = self._desk.clients.pop(key, None)
        if transit is None:
            return
        status = 408 if cause is FailureCause.TIMEOUT else 503
        if transit.purpose is Purpose.INVITE:
            self._leg(transit.call, transit.leg, LegInput.REFUSED, now, Cause(leg=transit.leg, status=status))
        else:
            self._final(transit, key, None, status, now)
        self._settle(transit.call)

    def _invite_response(self, transit: Transit, key: ClientKey, response: Response, now: float) -> None:
        call, leg = transit.call, transit.leg
        cause = Cause(leg, response, None, None, key, LegOutcome.NONE, response.status)
        if response.status < 200:
            if response.to_tag and not leg.dialog.remote_tag:
                leg.dialog.remote_tag = response.to_tag
            self._leg(call, leg, LegInput.PROGRESS, now, cause)
        elif response.status >= 300:
            del self._desk.clients[key]
            if not arrival.asked_again(self._floor, call, leg, response, now):
                self._leg(call, leg, LegInput.REFUSED, now, cause)
        elif _is_first(leg):
            if leg.state is LegState.CANCELLING:
                arrival.take_dialog(leg, response)
            self._leg(call, leg, LegInput.ACCEPTED, now, cause)
        elif isinstance(leg, OutgoingLeg) and response.to_tag != leg.dialog.remote_tag:
            self._floor.signalling.end_fork(leg, response, now)

    def _final(self, transit: Transit, key: ClientKey, response: Response | None, status: int, now: float) -> None:
        """The end of a request in a dialog of ours; ``response`` None: it was never answered."""
        call, leg, purpose, passed = transit.call, transit.leg, transit.purpose, transit.passed
        refreshed = purpose is Purpose.REFRESH
        self._desk.refreshes -= refreshed
        if leg.offer == key:
            leg.offer, leg.offer_until = ClientKey(""), None
        accepted = response if response is not None and status < 300 else None
        if accepted is not None and accepted.cseq.method in TARGET_REFRESH:
            self._floor.signalling.refreshed(leg, accepted, now)
        if purpose is Purpose.BYE:
            self._leg(call, leg, LegInput.BYE_DONE, now)
        elif purpose is Purpose.MOVE:
            moved = CallInput.CALLER_MOVED if accepted is not None else CallInput.CALLER_STAYED
            self._moved(call, moved, Cause(leg=leg, response=response, key=key, status=status), now)
        elif purpose is Purpose.RELAY:
            if accepted is not None:
                relay.answered(self._floor, call, leg, key, accepted, now)
            else:
                relay.refused(self._floor, call, key, status, now)
        elif passed is not None:
            relay.pass_response(self._floor, passed, status, response, now)
        elif accepted is not None:
            relay.adjusted(self._floor, leg, key, accepted, now)
        elif purpose is Purpose.ADJUST:
            bridge.adjust_refused(self._floor, call, leg, status, now)
        elif purpose is Purpose.REFRESH:
            self._floor.signalling.refresh_refused(leg, status, now)
        if status in _LOST and purpose is not Purpose.BYE:
            self._leg(call, leg, LegInput.LOST, now)

    def _moved(self, call: Call, call_input: CallInput, cause: Cause, now: float) -> None:
        if (call.state, call_input) in CALL_TABLE:
            self._input(call, call_input, cause, now)
        elif cause.response is not None and cause.key is not None and cause.leg is not None and cause.status < 300:
            # The call ended meanwhile; its 2xx is ACKed all the same (RFC 3261 §13.2.2.4).
            self._floor.signalling.ack_reinvite(cause.leg, cause.key, cause.response, now)

    # ------------------------------------------------------------------ the tables

    def _leg(self, call: Call, leg: Leg, leg_input: LegInput, now: float, cause: Cause | None = None) -> None:
        outcome = self._floor.advance(call, leg, leg_input, now)
        if leg.state is LegState.GONE and leg in call.departing:
            call.departing = tuple([each for each in call.departing if each is not leg])
        call_input = OUTCOMES.get((leg.kind, outcome)) if outcome is not LegOutcome.NONE else None
        if call_input is not None and _concerns(call, leg):
            if cause is None:
                cause = Cause(leg)
            cause.outcome = outcome
            self._input(call, call_input, cause, now)

    def _input(self, call: Call, call_input: CallInput, cause: Cause, now: float) -> None:
        action = CALL_TABLE.get((call.state, call_input))
        if action is None:
            self._desk.ignored += 1
        else:
            action(self._floor, call, cause, now)

    def _settle(self, call: Call) -> None:
        """After each input: when the call is wanted next, and whether it is gone."""
        if call.state is not CallState.ENDED:
            self._desk.deadlines.set(call, call.wanted_at())
            return
        self._desk.deadlines.clear(call)
        if not call.departing and self._desk.calls.pop(call.id, None) is not None:
            self._desk.touch(call)

    def _take(self) -> list[CallEvent]:
        events, self._desk.events = self._desk.events, []
        return events

    # ------------------------------------------------------------------ journal and counts

    def take_changes(self) -> list[Change]:
        """Rows of the calls that reached a commitment point since the last time."""
        return snapshot.take_changes(self._desk)

    def restore(self, rows: Iterable[tuple[str, str, object]], now: float) -> list[CallId]:
        """Take up the calls of a journal (see ``recovery``); returns those that live on, whatever their state."""
        recovery.restore(self._floor, rows, now)
        for call in list(self._desk.calls.values()):
            self._settle(call)
        return [call.id for call in self._desk.calls.values() if call.state is not CallState.ENDED]

    @property
    def host(self) -> str:
        """What stands in our From headers."""
        return self._desk.config.host

    def state_of(self, call: CallId) -> CallState | None:
        found = self._desk.calls.get(call)
        return found.state if found is not None else None

    def call_ids(self, call: CallId) -> set[str]:
        """The Call-IDs of a live call's legs."""
        found = self._desk.calls.get(call)
        return {leg.dialog.call_id for leg in found.every_leg()} if found is not None else set()

    def counts(self) -> dict[str, int]:
        """What is live: calls by state, legs, client transactions of ours, deadlines; and inputs ignored (grows only)."""
        desk = self._desk
        states = {f"calls_{state.name.lower()}": 0 for state in CallState}
        for call in desk.calls.values():
            states[f"calls_{call.state.name.lower()}"] += 1
        live = {"calls": len(desk.calls), "legs": len(desk.legs), "requests": len(desk.clients)}
        return live | states | {"call_deadlines": len(desk.deadlines), "ignored_inputs": desk.ignored}


def _is_first(leg: Leg) -> bool:
    return leg.state in (LegState.CALLING, LegState.RINGING, LegState.CANCELLING)


def _is_of(leg: Leg, request: Request) -> bool:
    """Whether the request is of this leg's dialog (RFC 3261 §12): not of another branch of a forked INVITE."""
    dialog = leg.dialog
    if dialog.call_id != request.call_id:
        return False
    return request.from_tag == dialog.remote_tag or leg.state in (LegState.CALLING, LegState.RINGING)


def _concerns(call: Call, leg: Leg) -> bool:
    """Whether the leg is still part of the call, rather than one that takes its leave."""
    return leg is call.caller or leg is call.media or leg is call.origin or call.legs.get(leg.id) is leg
