"""In-dialog requests: offer/answer passed leg by leg, everything else that crosses the bridge, and what we answer ourselves.

RFC 3261 §12.2, §14.2 (re-INVITE, 491), RFC 3311 (UPDATE), RFC 3515 (REFER), RFC 6086 (INFO).
"""

import json

from b2bua import header_policy
from b2bua.call import Call, CallState, MoveStep, Relay
from b2bua.desk import Passed, Purpose
from b2bua.events import DtmfReceived, PlayFinished
from b2bua.floor import Floor
from b2bua.leg import Leg, LegKind, LegState
from b2bua.session import described, same_media
from b2bua.signalling import ALLOW
from sipcore.events import ClientKey, ServerKey
from sipcore.message import Request, Response

__all__ = ["acked", "adjusted", "answered", "cancelled", "pass_response", "received", "refused"]

_DTMF = "application/dtmf-relay"
_PASSED = ("INFO", "REFER", "NOTIFY", "MESSAGE")
_OF_THE_REQUEST = (400, 403, 405, 406, 413, 415, 420, 422, 428, 436, 437, 438, 469, 480, 486, 487, 488, 489, 491, 493,
                   500, 501, 600, 603, 606)  # fmt: skip


def received(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    """An in-dialog request other than ACK and BYE."""
    if request.method in ("INVITE", "UPDATE"):
        _offer(floor, call, leg, request, server, now)
    elif leg.kind is LegKind.MEDIA and request.method == "INFO":
        _media_info(floor, call, leg, request, server, now)
    elif request.method in _PASSED:
        _pass(floor, call, leg, request, server, now)
    elif request.method == "OPTIONS":
        floor.signalling.reply(leg, server, request, 200, now, headers=[("Allow", ALLOW)])
    else:
        floor.signalling.reply(leg, server, request, 405, now, headers=[("Allow", ALLOW)])


def _peer(call: Call, leg: Leg) -> Leg | None:
    """Whom this leg's media goes to and comes from now."""
    other: Leg | None = call.winning_leg() if call.state is CallState.BRIDGED else call.media
    if leg is call.caller:
        return other if other is not None and other.state is LegState.UP else None
    return call.caller if leg is other else None


def _offer(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    body = request.body
    if not body and request.method == "UPDATE":
        floor.signalling.reply(leg, server, request, 200, now)  # a session refresh
        return
    if request.method == "INVITE" and leg.state is not LegState.UP:
        # RFC 3261 §14.2: "…MUST return a 500 […] response to the second INVITE and MUST include a Retry-After"
        floor.signalling.reply(leg, server, request, 500, now, headers=[("Retry-After", "1")])
        return
    if body and not described(body):
        floor.signalling.reply(leg, server, request, 488, now)
        return
    if call.busy(leg) or call.step is not MoveStep.NONE:
        floor.signalling.reply(leg, server, request, 491, now)
        return
    if body and leg.session.said and same_media(body, leg.session.remote):
        leg.session.remote = body
        floor.signalling.reply(leg, server, request, 200, now, body=leg.session.local)
        return
    peer = _peer(call, leg)
    if peer is None or peer.offer:
        floor.signalling.reply(leg, server, request, 488 if peer is None else 491, now)
        return
    relay = Relay(leg, peer, server, request, before=leg.session.remote, late=not body)
    call.relay = relay
    if body:
        leg.session.remote = body
    offer = peer.session.offer(body) if body else b""
    if request.method == "UPDATE" and peer.updates:
        relay.key = floor.signalling.update(call, peer, offer, Purpose.RELAY, now)
    else:
        relay.key = floor.signalling.reinvite(call, peer, offer, Purpose.RELAY, now)


def answered(floor: Floor, call: Call, target: Leg, key: ClientKey, response: Response, now: float) -> None:
    """The target's 2xx."""
    relay, body = call.relay, described(response.body)
    is_invite = response.cseq.method == "INVITE"
    if relay is None or relay.key != key or not body:
        if is_invite:
            floor.signalling.ack_reinvite(target, key, response, now)
        refused(floor, call, key, 500, now)
        return
    target.session.accepted(body)
    if relay.late:
        relay.accepted = response
        body = relay.source.session.offer(body)
    else:
        if is_invite:
            floor.signalling.ack_reinvite(target, key, response, now)
        call.relay = None
        body = relay.source.session.answer(body)
    floor.signalling.reply(relay.source, relay.server, relay.request, 200, now, body=body)
    floor.desk.touch(call)


def acked(floor: Floor, call: Call, leg: Leg, ack: Request, now: float) -> None:
    """The source's ACK: of an INVITE without an offer it carries the answer, which the target waits for."""
    relay = call.relay
    if relay is None or relay.accepted is None or relay.source is not leg:
        return
    if ack.cseq.number != relay.request.cseq.number:
        return
    call.relay = None
    leg.session.accepted(described(ack.body))
    answer = relay.target.session.answer(leg.session.remote)
    floor.signalling.ack_reinvite(relay.target, relay.key, relay.accepted, now, answer)
    floor.desk.touch(call)


def refused(floor: Floor, call: Call, key: ClientKey, status: int, now: float) -> None:
    """The target refused (or could not be asked): the source hears so, and both keep what they had."""
    relay = call.relay
    if relay is None or relay.key != key:
        return
    call.relay = None
    relay.target.session.refused()
    relay.source.session.remote = relay.before
    floor.desk.touch(call)
    floor.signalling.reply(relay.source, relay.server, relay.request, passable(status), now)


def cancelled(floor: Floor, call: Call, server: ServerKey, now: float) -> None:
    """The source took its re-INVITE back: the target's answer to our CANCEL (487, or a 200 that crosses it) decides."""
    relay = call.relay
    if relay is not None and relay.server == server:
        floor.desk.endpoint.cancel(relay.key, now)


def passable(status: int) -> int:
    """A refusal as another dialog may hear it: what speaks of a dialog, a hop or a challenge of ours becomes a 500.

    RFC 3261 §12.2.1.2: a 408 or 481 would end the hearer's dialog; §8.1.3.4, §22: a 3xx or 401 would have it try again.
    """
    return status if status in _OF_THE_REQUEST else 500


def _pass(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    peer = _peer(call, leg) if call.state is CallState.BRIDGED else None
    if peer is not None:
        passed = Passed(leg, server, request)
        floor.signalling.pass_on(call, peer, passed, header_policy.passed_within(request), now)
    elif request.method == "INFO":
        floor.signalling.reply(leg, server, request, 200, now)
        if leg is call.caller and request.content_type == _DTMF:
            _digit(floor, call, request)
    else:
        floor.signalling.reply(leg, server, request, 488, now)


def pass_response(floor: Floor, passed: Passed, status: int, response: Response | None, now: float) -> None:
    status = status if status < 300 else passable(status)
    body = response.body if response is not None else b""
    kind = (response.get("Content-Type") or "") if response is not None else ""
    floor.signalling.reply(passed.source, passed.server, passed.request, status, now, body=body, content_type=kind)


def _media_info(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    """The built-in media server says that a list has ended, or which key the caller pressed."""
    floor.signalling.reply(leg, server, request, 200, now)
    if request.content_type == _DTMF:
        _digit(floor, call, request)
    elif _finished(request.body):
        floor.desk.report(PlayFinished(call.id))


def _digit(floor: Floor, call: Call, request: Request) -> None:
    digit = request.body.partition(b"Signal=")[2][:2].strip().decode("ascii", "replace")
    floor.desk.report(DtmfReceived(call.id, digit))


def _finished(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and "finished" in said


def adjusted(floor: Floor, leg: Leg, key: ClientKey, response: Response, now: float) -> None:
    """The 2xx to a re-INVITE that told a peer of the other's address, or that only refreshed the session."""
    leg.session.accepted(described(response.body))
    if response.cseq.method == "INVITE":
        floor.signalling.ack_reinvite(leg, key, response, now)
