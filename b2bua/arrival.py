"""New calls: what an INVITE must be to become one (RFC 3261 §8.2), and what an outgoing one learns from its responses."""

from b2bua import header_policy
from b2bua.call import Call, CallState
from b2bua.commands import CallId
from b2bua.events import CallArrived
from b2bua.floor import Floor
from b2bua.leg import CalleeLeg, CallerLeg, Leg, LegKind, LegState, OutgoingLeg
from b2bua.proof import CHALLENGES
from b2bua.session import LegSession, described
from b2bua.signalling import SDP, confirm, session_expires_of, supports_timer
from sipcore.dialog import Dialog
from sipcore.errors import SipError
from sipcore.events import RequestReceived, ServerKey
from sipcore.message import Request, Response, respond_to
from sipcore.message.grammar import small_number

__all__ = ["asked_again", "new_call", "take_dialog"]

_SUPPORTED = ("timer",)
_LONGEST_EXPIRES = 86_400
_MOST_INVITES = 3  # that a peer may answer with ever longer intervals, or other challenges
_ASKING = CHALLENGES | {422}


def new_call(floor: Floor, event: RequestReceived, call_id: CallId, now: float) -> Call | None:
    """The call that this INVITE begins, reported as arrived; None: it was refused."""
    request, server = event.request, event.transaction
    if server is None:
        return None
    refusal = _refusal(floor, request)
    if refusal is not None:
        status, headers = refusal
        tag = floor.desk.ids.tag()
        floor.desk.endpoint.respond(server, respond_to(request, status, to_tag=tag, headers=headers), now)
        return None
    desk = floor.desk
    try:
        caller, identity = header_policy.caller_of(request, desk.config.host)
        call = _call(floor, event, server, call_id, identity, now)
    except SipError as bad:  # a Contact that no request can be sent to
        desk.endpoint.respond(server, respond_to(request, bad.status, to_tag=desk.ids.tag()), now)
        return None
    desk.calls[call_id] = call
    desk.invites[server] = (call, call.caller)
    desk.add_leg(call, call.caller)
    desk.touch(call)
    called = header_policy.user_of_uri(request.uri)
    desk.report(CallArrived(call_id, request.call_id, caller, called, bool(request.body)))
    return call


def _refusal(floor: Floor, request: Request) -> tuple[int, list[tuple[str, str]]] | None:
    """The status and headers with which we must refuse this INVITE, if we must."""
    unsupported = [each for each in request.get_all("Require") if each.lower() not in _SUPPORTED]
    if unsupported:
        return 420, [("Unsupported", ", ".join(unsupported))]
    if request.body and request.content_type != SDP:
        return 415, [("Accept", SDP)]
    if request.body and not described(request.body):
        return 488, [("Warning", '399 callyard "no media in the session description"')]
    minimum = floor.desk.config.min_session_expires
    if request.get("Session-Expires") and 0 < session_expires_of(request)[0] < minimum and supports_timer(request):
        return 422, [("Min-SE", str(minimum))]
    try:
        if request.max_forwards == 0:
            return 483, []
        if not request.contact_uri:
            return 400, []
    except SipError:
        return 400, []
    return None


def _call(floor: Floor, event: RequestReceived, server: ServerKey, call_id: CallId, identity: str, now: float) -> Call:
    desk, request, source = floor.desk, event.request, event.source
    contact = desk.contact(source.hop.transport)
    dialog = Dialog.as_uas(request, source, local_tag=desk.ids.tag(), contact=contact)
    asked, _ = session_expires_of(request)
    ours = desk.config.session_expires
    leg = CallerLeg(
        desk.next_leg_id("caller"), LegKind.CALLER, LegState.INVITED, dialog,
        LegSession(desk.next_session_id(now), remote=request.body),
        updates="UPDATE" in (request.get("Allow") or ""),
        session_expires=max(min(asked, ours), floor.desk.config.min_session_expires) if asked and ours else ours,
        transaction=server, source=source, timer=supports_timer(request),
    )  # fmt: skip
    return Call(
        call_id, CallState.ARRIVED, leg,
        identity, tuple(header_policy.passed_on(request)),
        (request.max_forwards or 70) - 1,  # 0 has been refused
    )  # fmt: skip


def take_dialog(leg: Leg, response: Response) -> None:
    """The dialog of a 2xx that crossed our CANCEL: it is needed for the ACK and the BYE."""
    confirm(leg.dialog, response)
    leg.session.remote = described(response.body)


def asked_again(floor: Floor, call: Call, leg: Leg, response: Response, now: float) -> bool:
    """A refusal of an INVITE that says how it is to be sent: it is, once more.

    RFC 4028 §7.4: a 422 names the session interval that the peer can bear. RFC 3261 §22.2: a 401 or 407 wants a proof.
    """
    if response.status not in _ASKING or not isinstance(leg, OutgoingLeg) or leg.state is LegState.CANCELLING:
        return False
    if leg.invite_cseq > _MOST_INVITES:
        return False
    expires = leg.session_expires
    if response.status == 422:
        expires = small_number((response.get("Min-SE") or "").partition(";")[0].strip(" \t"), _LONGEST_EXPIRES)
        if expires <= leg.session_expires:
            return False
    elif not floor.signalling.learn_challenge(leg, response, again=bool(leg.shown)):
        return False
    leg.dialog.remote_tag = ""
    leg.state = LegState.CALLING
    headers = [*leg.headers, *call.passed_on] if isinstance(leg, CalleeLeg) else []
    floor.signalling.invite(call, leg, headers, leg.session.local, now, expires)
    return True
