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
from b2bua.session import same_media
from b2bua.signalling import ALLOW
from sipcore.events import ClientKey, ServerKey
from sipcore.message import Request, Response

__all__ = ["acked", "adjusted", "answered", "pass_response", "received", "refused"]

_PASSED = ("INFO", "REFER", "NOTIFY", "MESSAGE")


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
    if leg.offering or call.relay is not None or call.step is not MoveStep.NONE:
        floor.signalling.reply(leg, server, request, 491, now)
        return
    if body and leg.session.local and same_media(body, leg.session.remote):
        leg.session.remote = body
        floor.signalling.reply(leg, server, request, 200, now, body=leg.session.local)
        return
    peer = _peer(call, leg)
    if peer is None or peer.offering:
        floor.signalling.reply(leg, server, request, 488 if peer is None else 491, now)
        return
    relay = Relay(leg.id, peer.id, server, request, before=leg.session.remote, late=not body)
    call.relay = relay
    leg.offering = True
    if body:
        leg.session.remote = body
    offer = peer.session.offer(body) if body else b""
    if request.method == "UPDATE" and peer.updates:
        floor.signalling.update(call, peer, offer, Purpose.RELAY, now)
    else:
        relay.key = floor.signalling.reinvite(call, peer, offer, Purpose.RELAY, now)


def answered(floor: Floor, call: Call, target: Leg, key: ClientKey, response: Response, now: float) -> None:
    """The target's 2xx."""
    relay = call.relay
    source = _source(call, relay)
    is_invite = response.cseq.method == "INVITE"
    if relay is None or source is None or (is_invite and not response.body):
        if is_invite:
            floor.signalling.ack_reinvite(target, key, response, now)
        refused(floor, call, 500, now)
        return
    target.session.remote = response.body or target.session.remote
    if relay.late:
        relay.accepted, relay.key = response, key
        body = source.session.offer(response.body)
    else:
        if is_invite:
            floor.signalling.ack_reinvite(target, key, response, now)
        call.relay, source.offering = None, False
        body = source.session.answer(response.body)
    floor.signalling.reply(source, relay.server, relay.request, 200, now, body=body)
    floor.desk.touch(call)


def acked(floor: Floor, call: Call, leg: Leg, body: bytes, now: float) -> None:
    """The source's ACK: of an INVITE without an offer it carries the answer, which the target waits for."""
    relay = call.relay
    if relay is None or relay.accepted is None or relay.source != leg.id:
        return
    call.relay, leg.offering = None, False
    leg.session.remote = body or leg.session.remote
    target = next((each for each in call.every_leg() if each.id == relay.target), None)
    if target is not None:
        answer = target.session.answer(leg.session.remote)
        floor.signalling.ack_reinvite(target, relay.key, relay.accepted, now, answer)
    floor.desk.touch(call)


def refused(floor: Floor, call: Call, status: int, now: float) -> None:
    """The target refused (or could not be asked): the source hears the same, and both keep what they had."""
    relay, source = call.relay, _source(call, call.relay)
    call.relay = None
    if relay is None or source is None:
        return
    source.offering = False
    source.session.remote = relay.before
    floor.signalling.reply(source, relay.server, relay.request, status, now)


def _source(call: Call, relay: Relay | None) -> Leg | None:
    return next((leg for leg in call.every_leg() if leg.id == relay.source), None) if relay is not None else None


def _pass(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    peer = _peer(call, leg) if call.state is CallState.BRIDGED else None
    if peer is not None:
        passed = Passed(leg, server, request)
        floor.signalling.pass_on(call, peer, passed, header_policy.passed_within(request), now)
    elif request.method == "INFO":
        floor.signalling.reply(leg, server, request, 200, now)  # a digit while waiting: nobody listens yet
    else:
        floor.signalling.reply(leg, server, request, 488, now)


def pass_response(floor: Floor, passed: Passed, status: int, response: Response | None, now: float) -> None:
    body = response.body if response is not None else b""
    kind = (response.get("Content-Type") or "") if response is not None else ""
    floor.signalling.reply(passed.source, passed.server, passed.request, status, now, body=body, content_type=kind)


def _media_info(floor: Floor, call: Call, leg: Leg, request: Request, server: ServerKey, now: float) -> None:
    """The built-in media server says that a list has ended, or which key the caller pressed."""
    floor.signalling.reply(leg, server, request, 200, now)
    if request.content_type == "application/dtmf-relay":
        digit = request.body.partition(b"Signal=")[2][:2].strip().decode("ascii", "replace")
        floor.desk.report(DtmfReceived(call.id, digit))
    elif _finished(request.body):
        floor.desk.report(PlayFinished(call.id))


def _finished(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and "finished" in said


def adjusted(floor: Floor, leg: Leg, key: ClientKey, response: Response, now: float) -> None:
    """The 2xx to a re-INVITE that told a peer of the other's address, or that only refreshed the session."""
    leg.session.remote = response.body or leg.session.remote
    if response.cseq.method == "INVITE":
        floor.signalling.ack_reinvite(leg, key, response, now)
