"""How a leg speaks: the SIP that each action means, built on the endpoint. Decides nothing about the call.

RFC 3261 §13–15 (INVITE, re-INVITE, BYE), RFC 4028 (session timers), RFC 3311 (UPDATE).
"""

from dataclasses import replace
from typing import Final

from b2bua.call import Call
from b2bua.desk import Desk, Passed, Purpose, Transit
from b2bua.leg import CalleeLeg, CallerLeg, Leg, LegState, OutgoingLeg
from b2bua.proof import renewed
from b2bua.session import LegSession, described
from sipcore.dialog import Dialog
from sipcore.events import ClientKey, ServerKey
from sipcore.message import Request, Response, marks, respond_to
from sipcore.message.grammar import small_number
from sipcore.message.headers import Header, make_header
from sipcore.packets import ANY_FLOW

__all__ = ["ALLOW", "SDP", "Signalling", "confirm", "refresh_interval", "session_expires_of", "supports_timer"]

SDP: Final = "application/sdp"
ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
Headers = list[tuple[str, str]]
_ALLOW: Final = make_header("Allow", ALLOW)
_SUPPORTED: Final = make_header("Supported", "timer")
_REQUIRE: Final = make_header("Require", "timer")
_CONTENT_TYPE: Final = make_header("Content-Type", SDP)
_AGAIN: Final = 4.0  # seconds until a session refresh that could not be made is tried again
_LATER: Final = 2.0  # seconds, about, until the next try of one that had to wait
_MAX_EXPIRES: Final = 2**31
_MOST_CHALLENGES: Final = 3  # of one request
_OF_ITS_TRANSACTION: Final = frozenset({"Via", "Authorization", "Proxy-Authorization"})


class Signalling:
    """Sends for legs; every client transaction is entered in the desk's table with its purpose. What first
    describes a session is journalled before it leaves: a restart must not say another under its version (RFC 3264 §8)."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ------------------------------------------------------------------ the caller's INVITE

    def progress(self, call: Call, status: int, body: bytes = b"") -> None:
        """180 (ring-back) or 183 with ``body`` (early media) to the caller."""
        leg = call.caller
        self._respond_invite(leg, status, [_contact(leg), _ALLOW], body)

    def answer(self, call: Call, body: bytes, now: float) -> None:
        """200 with ``body`` to the caller's INVITE; the endpoint retransmits it until its ACK."""
        leg = call.caller
        self._desk.touch(call)
        lines = [_contact(leg), _ALLOW, _SUPPORTED, *self._timer_answer(leg, now)]
        self._respond_invite(leg, 200, lines, body, now)

    def refuse(self, leg: CallerLeg, status: int, reason: str | None, headers: Headers, now: float) -> None:
        self._respond_invite(leg, status, [make_header(*each) for each in headers], b"", now, reason)

    def _respond_invite(
        self, leg: CallerLeg, status: int, lines: list[Header], body: bytes, now: float = 0.0, reason: str | None = None
    ) -> None:
        invite = self._desk.endpoint.invite_of(leg.transaction)
        if invite is None:
            return
        if body:
            lines.append(_CONTENT_TYPE)
        response = respond_to(invite, status, reason, to_tag=leg.dialog.local_tag, body=body)
        response.headers += lines
        self._desk.endpoint.respond(leg.transaction, response, now)

    def _timer_answer(self, leg: CallerLeg, now: float) -> list[Header]:
        """RFC 4028 §9: a caller that supports the extension refreshes; for another one we do, without saying so."""
        if not leg.session_expires:
            return []
        leg.refreshing = not leg.timer
        leg.refresh_at = now + refresh_interval(leg)
        if not leg.timer:
            return []
        return [make_header("Session-Expires", f"{leg.session_expires};refresher=uac"), _REQUIRE]

    # ------------------------------------------------------------------ requests of ours

    def invite(
        self, call: Call, leg: OutgoingLeg, headers: Headers, body: bytes, now: float, expires: int | None = None
    ) -> None:
        """The first INVITE of a leg that we call; without ``body`` it asks the callee for an offer."""
        expires = self._desk.config.session_expires if expires is None else expires
        lines = [_ALLOW, _SUPPORTED]
        if expires:
            config = self._desk.config
            minimum = max(config.min_session_expires, expires if expires > config.session_expires else 0)
            lines += _interval(expires, minimum)
        dialog = leg.dialog
        request = dialog.request(
            "INVITE", headers=headers, body=body, content_type=SDP if body else None, lines=lines,
            max_forwards=call.hops_left,
        )  # fmt: skip
        if leg.proofs:
            self._show(leg, request)
        self._desk.touch(call)
        leg.invite_cseq = dialog.local_cseq
        leg.session_expires = expires
        leg.branch = self._desk.ids.branch()
        leg.transaction = self._desk.endpoint.request(request, now, hop=dialog.hop, flow=dialog.flow, branch=leg.branch)
        self._desk.clients[leg.transaction] = Transit(call, leg, Purpose.INVITE)

    def reinvite(self, call: Call, leg: Leg, body: bytes, purpose: Purpose, now: float) -> ClientKey:
        """A re-INVITE; without ``body`` it asks for an offer."""
        key = self._request(call, leg, "INVITE", purpose, now, self._timer_offer(leg), body, SDP if body else None)
        self._await_answer(call, leg, key, now)
        return key

    def update(self, call: Call, leg: Leg, body: bytes, purpose: Purpose, now: float) -> ClientKey:
        key = self._request(call, leg, "UPDATE", purpose, now, self._timer_offer(leg), body, SDP if body else None)
        if body:
            self._await_answer(call, leg, key, now)
        return key

    def _await_answer(self, call: Call, leg: Leg, key: ClientKey, now: float) -> None:
        self._desk.touch(call)
        leg.offer, leg.offer_until = key, now + self._desk.config.offer_seconds

    def refresh(self, call: Call, leg: Leg, now: float) -> None:
        """RFC 4028 §7.4: by UPDATE without an offer where the peer takes it, else by re-INVITE with what it knows."""
        desk = self._desk
        if desk.refreshes >= desk.config.most_refreshes:
            leg.refresh_at = now + _LATER * (0.5 + desk.uniform())
        elif not leg.updates and call.busy(leg):
            leg.refresh_at = now + _AGAIN
        else:
            leg.refresh_at = now + refresh_interval(leg)
            desk.touch(call)  # a restart must not use this CSeq again
            desk.refreshes += 1
            if leg.updates:
                self.update(call, leg, b"", Purpose.REFRESH, now)
            else:
                self.reinvite(call, leg, leg.session.local, Purpose.REFRESH, now)

    def refresh_refused(self, leg: Leg, status: int, now: float) -> None:
        """It is tried again: soon after a glare, by re-INVITE where UPDATE is not known after all."""
        if status in (405, 501):
            leg.updates = False
        if status in (405, 491, 500, 501) and leg.refresh_at is not None:
            leg.refresh_at = min(leg.refresh_at, now + _AGAIN)

    def pass_on(self, call: Call, leg: Leg, passed: Passed, headers: Headers, now: float) -> None:
        """The other leg's request (INFO, REFER …) in this leg's dialog."""
        request = passed.request
        self._request(call, leg, request.method, Purpose.PASS, now, headers, request.body, None, passed)

    def info(self, call: Call, leg: Leg, content_type: str, body: bytes, now: float) -> None:
        self._request(call, leg, "INFO", Purpose.PLAY, now, [], body, content_type)

    def bye(self, call: Call, leg: Leg, now: float, reason: str = "") -> None:
        headers: Headers = [("Reason", reason)] if reason else []
        self._request(call, leg, "BYE", Purpose.BYE, now, headers, b"", None)

    def cancel(self, leg: OutgoingLeg, now: float, reason: str = "") -> None:
        headers: Headers = [("Reason", reason)] if reason else []
        self._desk.endpoint.cancel(leg.transaction, now, headers=headers)

    def ack(self, leg: OutgoingLeg, now: float, body: bytes = b"") -> None:
        """The ACK to the 2xx of the leg's first INVITE, which is never sent again."""
        leg.branch = ""
        self._ack(leg.dialog, leg, leg.invite_cseq, now, body)

    def ack_unwanted(self, leg: OutgoingLeg, now: float) -> None:
        """The same where nothing is wanted any more: an offer in the 2xx is answered by refusing all media."""
        owed = leg.session.remote if not leg.session.said else b""
        self.ack(leg, now, leg.session.refusal(owed))

    def ack_reinvite(self, leg: Leg, key: ClientKey, response: Response, now: float, body: bytes = b"") -> None:
        """The ACK to the 2xx of a re-INVITE."""
        dialog = leg.dialog
        ack = dialog.ack(response.cseq.number, body=body, content_type=SDP if body else None)
        _repeat_proof(leg, ack)
        self._desk.endpoint.ack(key, ack, now, hop=dialog.hop, flow=dialog.flow)

    def ack_and_bye(self, call: Call, leg: OutgoingLeg, now: float, reason: str = "") -> None:
        """Take a dialog that is not wanted and end it at once."""
        self.ack_unwanted(leg, now)
        self.bye(call, leg, now, reason)

    # ------------------------------------------------------------------ after a restart

    def resume_invite(self, leg: OutgoingLeg, now: float) -> None:
        """The leg's INVITE once more, with its branch, tag and CSeq: a retransmission to a peer that has had it."""
        preloaded = () if leg.dialog.remote_tag else leg.dialog.route_set
        dialog = replace(
            leg.dialog, local_cseq=leg.invite_cseq - 1, remote_tag="", remote_target=leg.uri, route_set=preloaded
        )
        headers: Headers = [("Allow", ALLOW), ("Supported", "timer")]
        body = leg.session.local
        request = dialog.request("INVITE", headers=headers, body=body, content_type=SDP if body else None)
        hop, flow = dialog.hop, dialog.flow
        leg.transaction = self._desk.endpoint.request(request, now, hop=hop, flow=flow, branch=leg.branch)

    def resume_ack(self, leg: OutgoingLeg, now: float) -> None:
        """The ACK of the leg's 2xx once more, in case we went down before it left; with our answer, if we owed one."""
        late = isinstance(leg, CalleeLeg) and leg.mode == "late"
        self.ack(leg, now, leg.session.local if late else b"")

    def end_fork(self, leg: OutgoingLeg, response: Response, now: float) -> None:
        """A second 2xx of a forked INVITE, from another device: ACK and BYE in a dialog of its own (§13.2.2.4)."""
        fork = replace(leg.dialog)
        confirm(fork, response)
        late = isinstance(leg, CalleeLeg) and leg.mode == "late"
        refusal = LegSession(leg.session.id).refusal(described(response.body)) if late else b""
        self._ack(fork, leg, leg.invite_cseq, now, refusal)
        bye = fork.request("BYE", headers=[("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
        self._desk.endpoint.request(bye, now, hop=fork.hop, flow=fork.flow)

    def _ack(self, dialog: Dialog, leg: OutgoingLeg, cseq: int, now: float, body: bytes) -> None:
        ack = dialog.ack(cseq, body=body, content_type=SDP if body else None)
        _repeat_proof(leg, ack)
        self._desk.endpoint.ack(leg.transaction, ack, now, hop=dialog.hop, flow=dialog.flow)

    def _request(
        self,
        call: Call,
        leg: Leg,
        method: str,
        purpose: Purpose,
        now: float,
        headers: Headers,
        body: bytes,
        content_type: str | None,
        passed: Passed | None = None,
    ) -> ClientKey:
        dialog = leg.dialog
        request = dialog.request(method, headers=headers, body=body, content_type=content_type)
        return self._send(Transit(call, leg, purpose, passed, request), request, now)

    def _send(self, transit: Transit, request: Request, now: float) -> ClientKey:
        """A request within the leg's dialog."""
        leg = transit.leg
        if leg.proofs:
            self._show(leg, request)
        key = self._desk.endpoint.request(request, now, hop=leg.dialog.hop, flow=leg.dialog.flow)
        self._desk.clients[key] = transit
        return key

    # ------------------------------------------------------------------ challenges

    def learn_challenge(self, leg: Leg, response: Response, *, again: bool) -> bool:
        """A 401 or 407: is there a (new) proof to be shown to the leg's peer from now on?"""
        hop = leg.dialog.hop or self._desk.endpoint.hop_to(leg.dialog.remote_target, leg.dialog.route_set)
        if hop is None:
            return False
        proofs = renewed(leg.proofs, response, hop.host, self._desk.secrets, again=again)
        if proofs is None:
            return False
        leg.proofs = proofs
        return True

    def ask_again(self, transit: Transit, key: ClientKey, response: Response, now: float) -> bool:
        """RFC 3261 §22.2: a request within the dialog that was challenged, once more with a proof. False: there is none."""
        call, leg, asked = transit.call, transit.leg, transit.request
        if asked is None or transit.challenges >= _MOST_CHALLENGES:
            return False
        if not self.learn_challenge(leg, response, again=transit.challenges > 0):
            return False
        leg.dialog.local_cseq += 1
        request = Request(asked.method, asked.uri, (), asked.body)
        request.headers = [header for header in asked.headers if header.name not in _OF_ITS_TRANSACTION]
        request.set("CSeq", f"{leg.dialog.local_cseq} {asked.method}")
        more = Transit(call, leg, transit.purpose, transit.passed, request, transit.challenges + 1)
        new = self._send(more, request, now)
        if leg.offer == key:
            leg.offer = new
        if call.relay is not None and call.relay.key == key:
            call.relay.key = new
        return True

    def _show(self, leg: Leg, request: Request) -> None:
        shown = tuple([proof.show(request.method, request.uri, self._desk.ids.tag()) for proof in leg.proofs])
        if request.method == "INVITE":
            leg.shown = shown
        request.headers.extend([make_header(*each) for each in shown])

    def _timer_offer(self, leg: Leg) -> Headers:
        if not leg.session_expires:
            return []
        role = "uac" if leg.refreshing else "uas"
        return [("Supported", "timer"), ("Session-Expires", f"{leg.session_expires};refresher={role}")]

    # ------------------------------------------------------------------ answers to in-dialog requests

    def reply(
        self,
        leg: Leg,
        server: ServerKey,
        request: Request,
        status: int,
        now: float,
        *,
        body: bytes = b"",
        headers: Headers | None = None,
        content_type: str = SDP,
    ) -> None:
        """A final response in the leg's dialog; a 2xx to INVITE or UPDATE carries Contact and the session timer."""
        fields: Headers = list(headers or [])
        if status < 300 and request.method in ("INVITE", "UPDATE"):
            fields += [("Contact", leg.dialog.local_contact), *self._timer_refreshed(leg, request, now)]
        if body:
            fields.append(("Content-Type", content_type))
        response = respond_to(request, status, to_tag=leg.dialog.local_tag, headers=fields, body=body)
        self._desk.endpoint.respond(server, response, now)

    def _timer_refreshed(self, leg: Leg, request: Request, now: float) -> Headers:
        """The peer's re-INVITE or UPDATE is a refresh (RFC 4028 §9): the clock starts anew, the peer keeps the task."""
        if not leg.session_expires:
            return []
        asked, refresher = session_expires_of(request)
        if not asked or not supports_timer(request):
            leg.refresh_at = now + refresh_interval(leg)
            return []
        leg.session_expires = self._bounded(min(asked, leg.session_expires))
        leg.refreshing = refresher == "uas"
        leg.refresh_at = now + refresh_interval(leg)
        role = "uas" if leg.refreshing else "uac"
        return [("Session-Expires", f"{leg.session_expires};refresher={role}"), ("Require", "timer")]

    def learn_timer(self, leg: Leg, response: Response, now: float) -> None:
        """RFC 4028 §7.2: who refreshes is in the 2xx; a peer that says nothing leaves it to us."""
        allow = response.get("Allow")
        if allow is not None:
            leg.updates = "UPDATE" in allow
        if not leg.session_expires:
            return
        granted, refresher = session_expires_of(response)
        leg.session_expires = self._bounded(granted or leg.session_expires)
        leg.refreshing = not granted or refresher != "uas"
        leg.refresh_at = now + refresh_interval(leg)

    def refreshed(self, leg: Leg, response: Response, now: float) -> None:
        """The 2xx to a target refresh request of ours: the remote target may have moved, the session timer begins anew."""
        leg.dialog.refresh(response)
        if response.cseq.method in ("INVITE", "UPDATE") and leg.state in (LegState.UP, LegState.OK_SENT):
            self.learn_timer(leg, response, now)

    def _bounded(self, seconds: int) -> int:
        """RFC 4028 §4: nobody gets us to refresh more often than every 45 s, whatever it grants."""
        return max(seconds, self._desk.config.min_session_expires)


def _contact(leg: Leg) -> Header:
    contact = leg.dialog.local_contact  # of our own making
    return Header("Contact", contact, f"Contact: {contact}", marks.CONTACT)


def _repeat_proof(leg: Leg, ack: Request) -> None:
    """RFC 3261 §22.1: an ACK "will duplicate all of the Authorization and Proxy-Authorization header field values" of its
    INVITE.
    """
    if leg.shown:
        ack.headers.extend([make_header(*each) for each in leg.shown])


def _interval(expires: int, minimum: int) -> list[Header]:
    return [make_header("Session-Expires", str(expires)), make_header("Min-SE", str(minimum))]


def refresh_interval(leg: Leg) -> float:
    """Half the interval for the one who refreshes; the other gives up min(32 s, a third) before its end (§10)."""
    expires = leg.session_expires
    return expires / 2 if leg.refreshing else expires - min(32.0, expires / 3)


def session_expires_of(message: Request | Response) -> tuple[int, str]:
    """(seconds, refresher) of Session-Expires; (0, "") where it is absent or no number."""
    value = message.get("Session-Expires")
    if value is None:
        return 0, ""
    seconds, _, params = value.partition(";")
    refresher = next((p.partition("=")[2].strip() for p in params.split(";") if p.strip().startswith("refresher")), "")
    number = small_number(seconds.strip(" \t"), _MAX_EXPIRES)
    return (number, refresher) if number > 0 else (0, "")


def supports_timer(message: Request | Response) -> bool:
    if message.get("Supported") is None:
        return False
    return any(each.lower() == "timer" for each in message.get_all("Supported"))


def confirm(dialog: Dialog, response: Response) -> None:
    """What the 2xx to our INVITE settles (RFC 3261 §12.1.2, §13.2.2.4): tag, route set and remote target."""
    dialog.remote_tag = response.to_tag
    route_set = response.record_route
    dialog.route_set = tuple(reversed(route_set))
    if route_set:
        dialog.hop, dialog.flow = None, ANY_FLOW
    dialog.refresh(response)
