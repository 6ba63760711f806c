"""Peers that want to see credentials (RFC 3261 §22.2, §22.3): INVITEs, what follows in their dialogs, what is not answered."""

from dataclasses import dataclass, field

import pytest

from b2bua.commands import CallId, Originate, Playlist, Target
from b2bua.events import CallEnded, CallParked, LegBridged, LegFailed, LegFailure, OriginationFailed
from b2bua.proof import Secret
from sipcore.digest import Challenge, Credentials, NonceMaker, Verdict, compute_ha1, verify
from sipcore.events import RequestReceived
from sipcore.message import Request, respond_to
from tests.unit.b2bua.harness import Net, Peer, port_of, sdp

REALM, USER, PASSWORD = "carrier.example", "callyard", "s3cret"
HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


def secrets(host: str, realm: str) -> Secret | None:
    return Secret(USER, PASSWORD) if (host, realm) == ("127.0.0.1", REALM) else None


@dataclass
class Gate:
    """What a gateway asks for, and how it judges what it is shown."""

    peer: Peer
    status: int = 407
    algorithm: str = "SHA-256"
    realm: str = REALM
    nonces: NonceMaker = field(default_factory=lambda: NonceMaker(b"0123456789abcdef", 300.0))

    def ask(self, event: RequestReceived, *, stale: bool = False, extra: tuple[tuple[str, str], ...] = ()) -> None:
        assert event.transaction is not None
        nonce = self.nonces.make(self.peer.net.now)
        challenge = Challenge(self.realm, nonce, self.algorithm, stale=stale, opaque="x,y")
        headers = [*extra, (HEADERS[self.status][0], str(challenge))]
        response = respond_to(event.request, self.status, to_tag="gate", headers=headers)
        self.peer.endpoint.respond(event.transaction, response, self.peer.net.now)
        self.peer.net.deliver()

    def shown(self, request: Request) -> Credentials | None:
        text = request.get(HEADERS[self.status][1])
        return None if text is None else Credentials.parse(text)

    def judge(self, request: Request) -> Verdict:
        shown = self.shown(request)
        assert shown is not None
        ha1 = compute_ha1(self.algorithm, USER, self.realm, PASSWORD)
        return verify(
            shown, request.method, ha1, self.nonces, self.peer.net.now, realm=self.realm, request_uri=request.uri
        )  # fmt: skip


def originated(net: Net, peer: Peer) -> CallId:
    """The customer's phone is rung through the peer."""
    call = CallId("back-1")
    command = Originate(
        call, Target(peer.uri), "<sip:we@127.0.0.1>", "<sip:491@127.0.0.1>", Playlist(("music",)), net.now + 30
    )
    net.events += net.board.handle(command, net.now)
    net.deliver()
    return call


def invites(peer: Peer) -> list[Request]:
    return [event.request for event in peer.requests("INVITE")]


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_callback_s_invite_is_proved(status: int, algorithm: str) -> None:
    net = Net(secrets=secrets)
    net.media[0].answers_with = sdp(40000, session=77)
    gate = Gate(net.peer(6001), status, algorithm)
    originated(net, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    first, second = invites(gate.peer)
    assert gate.shown(first) is None
    assert gate.judge(second) is Verdict.OK
    assert (second.call_id, second.from_tag, second.cseq.number) == (first.call_id, first.from_tag, 2)
    assert second.via.branch != first.via.branch
    assert not second.to_tag
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(30000))
    ack = gate.peer.last_request("ACK").request
    assert ack.get(HEADERS[status][1]) == second.get(HEADERS[status][1]), "RFC 3261 §22.1: an ACK repeats them"
    assert net.told(CallParked)
    gate.peer.request("BYE")
    assert isinstance(net.events[-1], CallEnded)
    assert net.quiet()


def test_what_follows_in_the_dialog_is_proved_unasked() -> None:
    """BYE with the same nonce, counted on."""
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    caller = net.peer(6002)
    call = net.parked_caller(caller)
    net.dial(call, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    gate.judge(gate.peer.last_request("INVITE").request)
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(31000))
    assert net.told(LegBridged)
    caller.request("BYE")
    bye = gate.peer.last_request("BYE").request
    shown = gate.shown(bye)
    assert shown is not None
    assert shown.nc == 2
    assert gate.judge(bye) is Verdict.OK
    assert net.quiet()


def test_a_challenge_within_the_dialog_is_answered() -> None:
    """The nonce of the INVITE is too old for the BYE: it is asked for anew, and sent again."""
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    caller = net.peer(6002)
    call = net.parked_caller(caller)
    net.dial(call, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(31000))
    gate.peer.answer_requests = False
    net.wait(400)
    caller.request("BYE")
    gate.ask(gate.peer.last_request("BYE"), stale=True)
    asked, proved = [event.request for event in gate.peer.requests("BYE")]
    assert proved.cseq.number == asked.cseq.number + 1
    assert gate.judge(proved) is Verdict.OK
    assert len(proved.get_all("Proxy-Authorization")) == 1
    assert len(proved.get_all("Via")) == 1
    gate.peer.reply(gate.peer.last_request("BYE"), 200)
    assert net.quiet()


def test_a_caller_whose_trunk_challenges_the_re_invite_is_moved() -> None:
    net = Net(secrets=secrets)
    caller, agent = net.peer(6001), net.peer(7001)
    gate = Gate(caller, 401)
    call = net.parked_caller(caller)
    answer, caller.sdp = caller.sdp, b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    gate.ask(caller.last_request("INVITE"))
    again = caller.last_request("INVITE")
    assert gate.judge(again.request) is Verdict.OK
    assert port_of(again.request.body) == 31000
    caller.reply(again, 200, answer)
    assert caller.last_request("ACK").request.get("Authorization") == again.request.get("Authorization")
    assert net.told(LegBridged)
    agent.request("BYE")
    assert net.quiet()


def test_a_relayed_re_invite_is_proved() -> None:
    """Hold by the caller: the gateway challenges what is passed on to it; the answer finds its way back."""
    net = Net(secrets=secrets)
    caller = net.peer(6001)
    gate = Gate(net.peer(7001))
    call = net.parked_caller(caller)
    net.dial(call, gate.peer)
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(31000))
    gate.peer.sdp = b""
    caller.request("INVITE", sdp(30000, version=2, direction="sendonly"))
    gate.ask(gate.peer.last_request("INVITE"))
    again = gate.peer.last_request("INVITE")
    assert gate.judge(again.request) is Verdict.OK
    gate.peer.reply(again, 200, sdp(31000, version=2, direction="recvonly"))
    assert b"recvonly" in caller.responses(200)[-1].body
    caller.ack(caller.responses(200)[-1])
    caller.request("BYE")
    assert net.quiet()


def test_a_proxy_and_the_gateway_behind_it() -> None:
    """407 by the one, then 401 by the other: both are shown what is theirs."""
    net = Net(secrets=secrets)
    peer = net.peer(6001)
    proxy, gateway = Gate(peer, 407), Gate(peer, 401)
    originated(net, peer)
    proxy.ask(peer.last_request("INVITE"))
    gateway.ask(peer.last_request("INVITE"))
    third = peer.last_request("INVITE").request
    assert (proxy.judge(third), gateway.judge(third)) == (Verdict.OK, Verdict.OK)
    peer.reply(peer.last_request("INVITE"), 486)
    assert net.told(OriginationFailed)
    assert net.quiet()


def test_the_wrong_password_is_shown_once() -> None:
    net = Net(secrets=lambda host, realm: Secret(USER, "wrong"))
    gate = Gate(net.peer(6001))
    call = originated(net, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    gate.ask(gate.peer.last_request("INVITE"))
    assert len(invites(gate.peer)) == 2
    assert net.events == [OriginationFailed(call, LegFailure.REJECTED, 407)]
    assert net.quiet()


def test_a_stale_nonce_is_replaced_but_not_for_ever() -> None:
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    originated(net, gate.peer)
    for _ in range(6):
        gate.ask(gate.peer.last_request("INVITE"), stale=True)
    assert len(invites(gate.peer)) == 4
    assert net.told(OriginationFailed)
    assert net.quiet()


def test_no_more_than_a_few_challenges_of_one_request() -> None:
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    caller = net.peer(6002)
    call = net.parked_caller(caller)
    net.dial(call, gate.peer)
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(31000))
    gate.peer.answer_requests = False
    caller.request("BYE")
    for _ in range(6):
        gate.ask(gate.peer.last_request("BYE"), stale=True)
    assert len(gate.peer.requests("BYE")) == 4
    assert net.quiet()


@pytest.mark.parametrize("realm", ["another.example", ""])
def test_a_realm_that_is_not_ours_gets_nothing(realm: str) -> None:
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001), realm=realm)
    caller = net.peer(6002)
    call = net.parked_caller(caller)
    leg = net.dial(call, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    assert len(invites(gate.peer)) == 1
    assert net.told(LegFailed) == [LegFailed(call, leg, LegFailure.REJECTED, 407)]
    caller.request("BYE")
    assert net.quiet()


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Proxy-Authenticate", 'Basic realm="carrier.example"'),),
        (("Proxy-Authenticate", "Digest"),),
        (("Proxy-Authenticate", 'Digest realm="carrier.example"'),),
        (("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="1", algorithm=MD5-sess'),),
        (("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="1", qop="auth-int"'),),
        (("WWW-Authenticate", 'Digest realm="carrier.example", nonce="1"'),),
    ],
)
def test_challenges_that_cannot_be_answered(headers: tuple[tuple[str, str], ...]) -> None:
    net = Net(secrets=secrets)
    peer = net.peer(6001)
    originated(net, peer)
    event = peer.last_request("INVITE")
    assert event.transaction is not None
    peer.endpoint.respond(event.transaction, respond_to(event.request, 407, to_tag="x", headers=headers), net.now)
    net.deliver()
    assert len(invites(peer)) == 1
    assert net.told(OriginationFailed)
    assert net.quiet()


def test_the_topmost_challenge_that_can_be_answered_is() -> None:
    """RFC 8760 §2.4."""
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001), algorithm="MD5")
    originated(net, gate.peer)
    unknown = ("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="1", algorithm=SHA-512-256')
    gate.ask(gate.peer.last_request("INVITE"), extra=(unknown,))
    assert gate.judge(gate.peer.last_request("INVITE").request) is Verdict.OK
    gate.peer.reply(gate.peer.last_request("INVITE"), 486)
    assert net.quiet()


def test_a_challenged_invite_that_is_cancelled_is_not_sent_again() -> None:
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    gate.peer.answers_cancels = False
    originated(net, gate.peer)
    gate.peer.reply(gate.peer.last_request("INVITE"), 180)
    net.wait(31)
    assert gate.peer.cancels()
    gate.ask(gate.peer.last_request("INVITE"))
    assert len(invites(gate.peer)) == 1
    assert net.quiet()


def test_after_a_restart_the_bye_is_challenged_and_proved() -> None:
    """Proofs are not journalled: the peer asks once more."""
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    caller = net.peer(6002)
    call = net.parked_caller(caller)
    net.dial(call, gate.peer)
    gate.ask(gate.peer.last_request("INVITE"))
    gate.peer.reply(gate.peer.last_request("INVITE"), 200, sdp(31000))
    net.restart()
    gate.peer.answer_requests = False
    caller.request("BYE")
    assert gate.shown(gate.peer.last_request("BYE").request) is None
    gate.ask(gate.peer.last_request("BYE"))
    assert gate.judge(gate.peer.last_request("BYE").request) is Verdict.OK
    gate.peer.reply(gate.peer.last_request("BYE"), 200)
    assert net.quiet()


def test_the_interval_that_was_agreed_on_is_kept() -> None:
    """422 first, 407 then: the INVITE that is proved asks for the longer interval."""
    net = Net(secrets=secrets)
    gate = Gate(net.peer(6001))
    originated(net, gate.peer)
    event = gate.peer.last_request("INVITE")
    assert event.transaction is not None
    minimum = [("Min-SE", "3600")]
    gate.peer.endpoint.respond(event.transaction, respond_to(event.request, 422, to_tag="x", headers=minimum), net.now)
    net.deliver()
    gate.ask(gate.peer.last_request("INVITE"))
    first, _, third = invites(gate.peer)
    assert (first.get("Session-Expires"), first.get("Min-SE")) == ("1800", "90")
    assert (third.get("Session-Expires"), third.get("Min-SE")) == ("3600", "3600")
    assert gate.judge(third) is Verdict.OK
    gate.peer.reply(gate.peer.last_request("INVITE"), 486)
    assert net.quiet()
