"""Registrations in the whole core: presence and where calls go, restarts, pings behind NAT, lost streams, other nodes."""

from dataclasses import replace

import pytest

from app.commands import Done, RefusedReply, RemoveBinding
from app.configuration import Agent
from queues.model import AgentConfig, AgentId
from sipcore.binding import BindingChange, BindingChanged, Cause
from sipcore.digest import Challenge, answer, compute_ha1
from sipcore.events import RequestReceived
from sipcore.message import Request, Response, parse
from sipcore.packets import Hop, Source
from tests.support.centre import Centre, entry, queue
from tests.support.virtual import sdp

AOR = "sip:ana@callyard"
HA1 = {algorithm: compute_ha1(algorithm, "ana", "callyard", "s3cret") for algorithm in ("MD5", "SHA-256")}
INSTANCE = '"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'


class Desk(Centre):
    """A centre whose one agent registers, and a phone that does."""

    def __init__(self) -> None:
        ana = Agent(AgentConfig(AgentId("a-ana"), "ana"), "sip:ana@callyard", ha1=HA1, initial_status="available")
        super().__init__(queue(), entry("1000"), ana)
        self.phone = self.peer(7001)
        self.cseq = 0

    def register(
        self, contact: str, *headers: tuple[str, str], source: Source | None = None, expires: int = 600
    ) -> Response:
        """REGISTER with digest, from the phone's address or another."""
        sent = self._register(contact, headers, source, expires)
        assert sent.status == 401
        challenge = Challenge.parse(sent.get_all("WWW-Authenticate")[0])
        ha1 = HA1[challenge.algorithm]
        proof = answer(challenge, "REGISTER", "sip:callyard", username="ana", ha1=ha1, cnonce="c0ffee")
        return self._register(contact, (*headers, ("Authorization", str(proof))), source, expires)

    def _register(
        self, contact: str, headers: tuple[tuple[str, str], ...], source: Source | None, expires: int
    ) -> Response:
        self.cseq += 1
        hop = (source or Source(self.phone.hop)).hop
        request = Request(
            "REGISTER", "sip:callyard",
            [
                ("Via", f"SIP/2.0/{hop.transport} {hop.host}:{hop.port};branch=z9hG4bKr{self.cseq}"),
                ("From", "<sip:ana@callyard>;tag=f"), ("To", "<sip:ana@callyard>"), ("Call-ID", "reg"),
                ("CSeq", f"{self.cseq} REGISTER"), ("Contact", contact), ("Expires", str(expires)), *headers,
            ],
        )  # fmt: skip
        self.core.receive(request.encode(), source or Source(hop), self.now)
        from_us = [send.data for send in self.core.endpoint.sends if b"REGISTER" in send.data]
        self.deliver()
        return parsed(from_us[-1])

    @property
    def contacts(self) -> list[str]:
        return [binding.contact for binding in self.core.registrations.bindings(AOR)]

    @property
    def routing_state(self) -> str:
        view = self.core.engine.agent_view(AgentId("a-ana"))
        assert view is not None
        return view.routing_state.value

    def pings(self) -> list[RequestReceived]:
        return self.phone.requests("OPTIONS")


def parsed(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


def behind_nat(desk: Desk) -> None:
    assert desk.register("<sip:ana@10.0.0.7:5060>").status == 200


def test_an_agent_is_reachable_while_it_has_a_binding_and_after_a_restart() -> None:
    desk = Desk()
    assert desk.routing_state == "unreachable"
    assert desk.register("<sip:ana@127.0.0.1:7001>").status == 200
    assert desk.routing_state == "idle"
    desk.crash()
    assert (desk.routing_state, desk.contacts) == ("idle", ["sip:ana@127.0.0.1:7001"])
    desk.wait(599.0)
    assert desk.routing_state == "idle"
    desk.wait(1.1)
    assert (desk.routing_state, desk.stored) == ("unreachable", {})
    assert desk.register("<sip:ana@127.0.0.1:7001>").status == 200
    desk.now += 600.0  # expires while we are down
    desk.crash()
    assert (desk.routing_state, desk.contacts) == ("unreachable", [])
    assert desk.core.registrations.registrar.counters["added"] == 0


def test_the_last_binding_counts_not_the_first() -> None:
    desk = Desk()
    desk.register("<sip:ana@127.0.0.1:7001>, <sip:ana@127.0.0.1:7002>")
    desk.register("<sip:ana@127.0.0.1:7001>", expires=0)
    assert desk.routing_state == "idle"
    desk.register("<sip:ana@127.0.0.1:7002>", expires=0)
    assert desk.routing_state == "unreachable"


def test_a_call_takes_the_way_of_the_path() -> None:
    """RFC 3327 §5.4: the Path is the route of the INVITE; §12.1.2: the 2xx's Record-Route, here none, that of the rest."""
    desk = Desk()
    desk.phone.answers_with = sdp(41000)
    edge = desk.peer(7005)
    path = f"<sip:127.0.0.1:{edge.hop.port};lr>"
    edge.answers_with = sdp(41000)
    answered = desk.register("<sip:ana@127.0.0.1:7001>", ("Path", path), ("Supported", "path"))
    assert (answered.status, answered.get("Path")) == (200, path)
    caller = desk.peer(7100)
    caller.invite(sdp(40100))
    (invite,) = edge.requests("INVITE")
    assert (invite.request.uri, invite.request.get("Route")) == ("sip:ana@127.0.0.1:7001", path)
    assert not desk.phone.requests("INVITE")


def test_contacts_behind_nat_are_pinged_and_removed_when_silent() -> None:
    desk = Desk()
    behind_nat(desk)
    desk.wait(29.0)
    assert not desk.pings()  # it has just registered
    desk.wait(121.0)
    assert 4 <= len(desk.pings()) <= 5
    assert desk.pings()[0].request.uri == "sip:ana@10.0.0.7:5060"
    desk.lost.add(desk.phone.hop)
    desk.wait(60.0)
    assert desk.routing_state == "idle"
    desk.wait(3 * 30 + 32.0)
    assert (desk.routing_state, desk.contacts, desk.stored) == ("unreachable", [], {})
    registrations = desk.core.registrations
    assert registrations.ended == {"silence": 1}
    assert registrations.pings["missed"] >= 3
    assert registrations.next_deadline() is None


def test_one_answer_forgives_what_was_missed() -> None:
    desk = Desk()
    behind_nat(desk)
    for _ in range(4):
        desk.lost.add(desk.phone.hop)
        desk.wait(75.0)
        desk.lost.clear()
        desk.wait(65.0)
    assert desk.contacts == ["sip:ana@10.0.0.7:5060"]
    assert desk.core.registrations.pings["missed"] >= 4


def test_pings_are_spread_over_the_interval() -> None:
    desk = Desk()
    behind_nat(desk)
    pattern = desk.core.registrations.bindings(AOR)[0]
    many = [replace(pattern, aor=f"sip:u{n}@callyard", ruid=f"r{n}", updated_at=0.0) for n in range(300)]
    for binding in many:
        assert desk.core.registrations.apply(binding, desk.now)
    sent: list[int] = []
    for _ in range(30):
        before = len(desk.pings())
        desk.wait(1.0)
        sent.append(len(desk.pings()) - before)
    assert sum(sent) >= 300
    assert max(sent) <= 30


def test_a_stream_s_end_ends_what_had_no_other_way_in() -> None:
    """RFC 5626 flows and contacts behind NAT go with their stream; a phone with an address of its own stays."""
    desk = Desk()
    stream = Source(Hop("TCP", "127.0.0.1", 40001), 0, 7)
    flow = f"<sip:ana@127.0.0.1:40001;transport=tcp;ob>;reg-id=1;+sip.instance={INSTANCE}"
    answered = desk.register(flow, ("Supported", "outbound, path"), source=stream)
    assert (answered.status, answered.get("Require")) == (200, "outbound")
    assert ";reg-id=1" in (answered.get("Contact") or "")
    desk.register("<sip:ana@10.0.0.7;transport=tcp>", source=stream)
    desk.register("<sip:ana@127.0.0.1:5061;transport=tcp>", source=stream)
    assert len(desk.contacts) == 3
    desk.core.transport_failed(stream.hop, 7, desk.now)
    assert desk.contacts == ["sip:ana@127.0.0.1:5061;transport=tcp"]
    assert desk.core.registrations.ended == {"flow": 2}


def test_a_flow_is_replaced_whatever_its_address() -> None:
    desk = Desk()
    supported = ("Supported", "outbound, path")
    for port in (40001, 40002):
        stream = Source(Hop("TCP", "127.0.0.1", port), 0, port)
        desk.register(f"<sip:ana@127.0.0.1:{port};ob>;reg-id=1;+sip.instance={INSTANCE}", supported, source=stream)
    assert desk.contacts == ["sip:ana@127.0.0.1:40002;ob"]
    desk.core.transport_failed(Hop("TCP", "127.0.0.1", 40001), 40001, desk.now)
    assert desk.routing_state == "idle"


def test_an_operator_removes_one_or_all() -> None:
    desk = Desk()
    desk.register("<sip:ana@127.0.0.1:7001>, <sip:ana@127.0.0.1:7002>, <sip:ana@127.0.0.1:7003>")
    first = desk.core.registrations.bindings(AOR)[0]
    assert desk.tell(RemoveBinding(AOR, first.ruid)) == Done()
    assert (first.contact in desk.contacts, len(desk.contacts)) == (False, 2)
    assert isinstance(desk.tell(RemoveBinding(AOR, first.ruid)), RefusedReply)
    assert desk.tell(RemoveBinding(AOR)) == Done()
    assert (desk.routing_state, desk.contacts) == ("unreachable", [])
    assert isinstance(desk.tell(RemoveBinding(AOR)), RefusedReply)


def test_another_node_s_registration_counts_like_one_of_ours() -> None:
    desk = Desk()
    heard: list[BindingChanged] = []
    desk.core.registrations.observers.append(lambda change, _now: heard.append(change))
    desk.register("<sip:ana@127.0.0.1:7001>")
    binding = replace(desk.core.registrations.bindings(AOR)[0], ruid="elsewhere", contact="sip:ana@127.0.0.1:7009")
    desk.register("<sip:ana@127.0.0.1:7001>", expires=0)
    assert desk.routing_state == "unreachable"
    registrations = desk.core.registrations
    assert registrations.apply(binding, desk.now)
    assert not registrations.apply(binding, desk.now)
    assert not registrations.apply(replace(binding, ruid="late", expires_at=desk.now), desk.now)
    assert desk.routing_state == "idle"
    assert registrations.withdraw(binding, desk.now)
    assert not registrations.withdraw(binding, desk.now)
    assert desk.routing_state == "unreachable"
    assert [(change.change, change.cause) for change in heard] == [
        (BindingChange.ADDED, Cause.REGISTER),
        (BindingChange.REMOVED, Cause.REGISTER),
        (BindingChange.ADDED, Cause.REPLICATION),
        (BindingChange.REMOVED, Cause.REPLICATION),
    ]


@pytest.mark.parametrize(
    ("text", "aor"), [("ana", AOR), ("sip:ana@127.0.0.1", AOR), ("sip:ana@else", None), ("a b", None)]
)
def test_operators_may_say_it_in_short(text: str, aor: str | None) -> None:
    assert Desk().core.registrations.canonical(text) == aor
