"""Storms in virtual time: 500 calls over a link that loses a fifth of everything, and malformed input of every kind."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from sipcore.endpoint import Endpoint
from sipcore.events import CancelReceived, ClientKey, Event, RequestReceived, ResponseReceived, ServerKey
from sipcore.message import Request, respond_to
from sipcore.packets import Hop, Source
from tests.unit.sipcore.endpoint_support import PEER, US, Link, invite, make_endpoint, message, request

CALLS = 500


class Calls:
    """Two simple user agents: ``a`` calls, ``b`` answers; every third call is cancelled while it rings."""

    def __init__(self, *, loss: float, doubling: float) -> None:
        self.a = make_endpoint(US, 1)
        self.b = make_endpoint(PEER, 2)
        self.link = Link(self.a, self.b, self.handle, loss=loss, doubling=doubling)
        self.ended: dict[str, list[str]] = {}
        self.keys: dict[ClientKey, int] = {}
        self.ringing: dict[ServerKey, RequestReceived] = {}
        for number in range(CALLS):
            self.link.at(number * 0.05, lambda number=number: self.start(number))  # type: ignore[misc]

    def note(self, call_id: str, what: str) -> None:
        self.ended.setdefault(call_id, []).append(what)

    def start(self, number: int) -> None:
        key = self.a.request(invite(call_id=f"c{number}"), self.link.now)
        self.keys[key] = number
        if number % 3 == 0:
            self.link.at(self.link.now + 0.5, lambda: self.a.cancel(key, self.link.now))

    def handle(self, link: Link, endpoint: Endpoint, event: Event) -> None:
        if endpoint is self.b:
            self.callee(link, event)
        else:
            self.caller(link, event)

    def callee(self, link: Link, event: Event) -> None:
        if isinstance(event, CancelReceived):
            self.finish(event.transaction, 487)
            return
        assert isinstance(event, RequestReceived)
        received, key = event.request, event.transaction
        if key is None:
            self.note(received.call_id, "acked")
        elif received.method == "INVITE":
            self.ringing[key] = event
            self.b.respond(key, respond_to(received, 180, to_tag=f"t-{received.call_id}"), link.now)
            link.at(link.now + 1.0, lambda: self.finish(key, 200))
        else:
            assert received.method == "BYE"
            self.note(received.call_id, "bye")
            self.b.respond(key, respond_to(received, 200), link.now)

    def finish(self, key: ServerKey, status: int) -> None:
        ringing = self.ringing.pop(key, None)
        if ringing is not None:
            tag = f"t-{ringing.request.call_id}"
            self.b.respond(key, respond_to(ringing.request, status, to_tag=tag), self.link.now)

    def caller(self, link: Link, event: Event) -> None:
        assert isinstance(event, ResponseReceived), event
        response = event.response
        call_id = response.call_id
        if response.cseq.method == "BYE":
            self.note(call_id, "over")
        elif response.status >= 300:
            self.note(call_id, "cancelled")
        elif response.status >= 200:
            uri = f"sip:b@{PEER.host}"
            self.note(call_id, "answered")
            tag = response.to_tag
            self.a.ack(event.transaction, request("ACK", uri=uri, call_id=call_id, to_tag=tag), link.now)
            bye = request("BYE", uri=uri, call_id=call_id, to_tag=tag, cseq=2)
            link.at(link.now + 5.0, lambda: self.send_bye(bye))

    def send_bye(self, bye: Request) -> None:
        self.a.request(bye, self.link.now)


def check(calls: Calls) -> None:
    cancelled = sum(1 for steps in calls.ended.values() if steps == ["cancelled"])
    talked = sum(1 for steps in calls.ended.values() if sorted(steps) == ["acked", "answered", "bye", "over"])
    assert len(calls.ended) == CALLS
    assert cancelled + talked == CALLS
    assert cancelled > CALLS // 4
    for endpoint in (calls.a, calls.b):
        assert not any(endpoint.counts().values())
        assert endpoint.next_deadline() is None


def test_500_calls_at_20_percent_loss() -> None:
    calls = Calls(loss=0.2, doubling=0.05)
    calls.link.run(CALLS * 0.05 + 64.0 + 64.0)
    check(calls)
    assert calls.a.counters["retransmissions_sent"] > 100
    assert calls.b.counters["retransmissions_absorbed"] > 100


def test_500_calls_without_loss_send_nothing_twice() -> None:
    calls = Calls(loss=0.0, doubling=0.0)
    calls.link.run(CALLS * 0.05 + 64.0)
    check(calls)
    assert "retransmissions_sent" not in calls.a.counters
    assert "retransmissions_sent" not in calls.b.counters
    # INVITE 100 180 200 ACK BYE 200, or INVITE 100 180 CANCEL 200 487 ACK: seven messages either way
    assert calls.link.messages == 7 * CALLS


def test_everything_is_gone_after_64_t1_when_the_peer_falls_silent() -> None:
    calls = Calls(loss=0.2, doubling=0.05)
    calls.link.run(10.0)
    for client_key in calls.keys:
        calls.a.cancel(client_key, 10.0)
    for server_key in list(calls.ringing):
        calls.finish(server_key, 503)
    for endpoint in (calls.a, calls.b):
        while (when := endpoint.next_deadline()) is not None and when <= 10.0 + 32.0:
            endpoint.expire(when)
            endpoint.sends.clear()
        assert not any(endpoint.counts().values())


def test_records_are_acyclic() -> None:
    """The service runs without automatic garbage collection: what ends must go by reference counting alone."""
    calls = Calls(loss=0.1, doubling=0.05)
    gc.collect()
    gc.disable()
    try:
        calls.link.run(CALLS * 0.05 + 128.0)
        calls.a.receive(b"INVITE rubbish", Source(PEER), 1000.0)
        assert gc.collect() == 0
    finally:
        gc.enable()


WHOLE = st.sampled_from([
    message(),
    message("CANCEL"),
    message("ACK", to_tag="x"),
    message("BYE", branch="z9hG4bKbye", to_tag="x"),
    respond_to(invite(), 200, to_tag="x").encode(),
    message("REGISTER", ("Contact", '"A" <sip:a@[2001:db8::1]>;q=0.5, *'), ("Route", "<sip:x;lr>")),
])  # fmt: skip
DIRT = st.sampled_from(
    [b"", b"\r\n", b"\0", b";", b",", b'"', b"<", b":", b"\xff\xfe", b"z9hG4bK", b" ", b"9" * 40, b"%", b"=", b"/"]
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    data = draw(WHOLE)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(DIRT) + data[at + draw(st.integers(0, 6)) :]
    return data


@given(st.lists(st.one_of(spoiled(), st.binary(max_size=80)), min_size=1, max_size=15))
def test_nothing_from_the_network_raises(storm: list[bytes]) -> None:
    endpoint = make_endpoint()
    key = endpoint.request(invite(), 0.0, branch="z9hG4bKours")
    source = Source(Hop("UDP", "192.0.2.2", 5060))
    for number, data in enumerate(storm):
        for event in endpoint.receive(data, source, number * 0.1):
            if isinstance(event, RequestReceived) and event.transaction is not None:
                endpoint.respond(event.transaction, respond_to(event.request, 200, to_tag="us"), number * 0.1)
    endpoint.cancel(key, 5.0)
    while (when := endpoint.next_deadline()) is not None:
        endpoint.expire(when)
    assert not any(endpoint.counts().values())
