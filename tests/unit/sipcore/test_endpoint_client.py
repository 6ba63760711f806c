"""The endpoint as a client: retransmission times, ACK, CANCEL, forks, failures."""

import pytest

from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, ClientKey, Event, FailureCause, ResponseReceived
from sipcore.message import Request, respond_to
from sipcore.packets import Hop, Source
from tests.unit.sipcore.endpoint_support import PEER, US, invite, make_endpoint, request, sent, sent_requests

PEER_SOURCE = Source(PEER)


def drive(endpoint: Endpoint, until: float) -> tuple[list[tuple[float, str]], list[tuple[float, Event]]]:
    """Run the timers: (time, start-line word) of all that is sent, (time, event)."""
    lines: list[tuple[float, str]] = []
    events: list[tuple[float, Event]] = []
    while (when := endpoint.next_deadline()) is not None and when <= until:
        events += [(when, event) for event in endpoint.expire(when)]
        lines += [(when, made.start_line().split()[0]) for made in sent(endpoint)]
    return lines, events


def answered(
    endpoint: Endpoint, to: Request, status: int, now: float, *, tag: str = "b", body: bytes = b""
) -> list[Event]:
    return endpoint.receive(respond_to(to, status, to_tag=tag, body=body).encode(), PEER_SOURCE, now)


def started(endpoint: Endpoint) -> tuple[ClientKey, Request]:
    key = endpoint.request(invite(), 0.0)
    (made,) = sent_requests(endpoint)
    return key, made


def test_via_branch_and_hop() -> None:
    endpoint = make_endpoint()
    key = endpoint.request(invite(), 0.0, branch="z9hG4bKstored")
    assert endpoint.sends[0].hop == PEER
    (made,) = sent_requests(endpoint)
    assert made.get("Via") == f"SIP/2.0/UDP {US.host}:5060;branch=z9hG4bKstored;rport"
    assert key.startswith("z9hG4bKstored")


def test_same_branch_again_replaces_the_transaction() -> None:
    endpoint = make_endpoint()
    first = endpoint.request(invite(), 0.0, branch="z9hG4bKstored")
    again = endpoint.request(invite(), 10.0, branch="z9hG4bKstored")
    assert first == again
    sent(endpoint)
    assert drive(endpoint, 100.0)[1] == [(42.0, ClientFailed(again, FailureCause.TIMEOUT))]
    assert not any(endpoint.counts().values())


def test_a_request_that_is_sent_once_waits_as_long_for_its_answer() -> None:
    endpoint = make_endpoint()
    key = endpoint.request(request("KDMQ"), 0.0, once=True)
    assert len(sent(endpoint)) == 1
    lines, events = drive(endpoint, 100.0)
    assert (lines, events) == ([], [(32.0, ClientFailed(key, FailureCause.TIMEOUT))])


def test_timers_a_and_b() -> None:
    endpoint = make_endpoint()
    key, _ = started(endpoint)
    lines, events = drive(endpoint, 100.0)
    assert [when for when, _ in lines] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert events == [(32.0, ClientFailed(key, FailureCause.TIMEOUT))]
    assert not any(endpoint.counts().values())


def test_timers_e_and_f() -> None:
    endpoint = make_endpoint()
    key = endpoint.request(request("OPTIONS"), 0.0)
    sent(endpoint)
    lines, events = drive(endpoint, 100.0)
    assert [when for when, _ in lines] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert events == [(32.0, ClientFailed(key, FailureCause.TIMEOUT))]


def test_timer_e_is_t2_after_a_provisional_response() -> None:
    endpoint = make_endpoint()
    endpoint.request(request("OPTIONS"), 0.0)
    (made,) = sent_requests(endpoint)
    answered(endpoint, made, 180, 0.1)
    lines, events = drive(endpoint, 100.0)
    assert [when for when, _ in lines] == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert [when for when, _ in events] == [32.0]


def test_over_tcp_nothing_is_sent_again() -> None:
    endpoint = make_endpoint(Hop("TCP", US.host, 5060))
    key = endpoint.request(invite(uri=f"sip:b@{PEER.host};transport=tcp"), 0.0)
    assert endpoint.sends[0].hop == Hop("TCP", PEER.host, 5060)
    sent(endpoint)
    assert drive(endpoint, 100.0) == ([], [(32.0, ClientFailed(key, FailureCause.TIMEOUT))])


def test_provisional_responses_stop_timer_a_and_100_is_not_told() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    assert answered(endpoint, made, 100, 0.1) == []
    (event,) = answered(endpoint, made, 180, 0.2)
    assert isinstance(event, ResponseReceived)
    assert (event.transaction, event.response.status) == (key, 180)
    assert answered(endpoint, made, 180, 1.0) == []  # a retransmission
    assert len(answered(endpoint, made, 180, 61.0)) == 1  # once a minute: a refresh
    assert drive(endpoint, 1000.0) == ([], [])


def test_refusal_is_acked_and_acked_again() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    (event,) = answered(endpoint, made, 486, 0.1)
    assert isinstance(event, ResponseReceived)
    (ack,) = sent_requests(endpoint)
    assert ack.start_line() == f"ACK {made.uri} SIP/2.0"
    assert (ack.get("Via"), ack.get("CSeq"), ack.get("To")) == (made.get("Via"), "1 ACK", "<sip:b@callyard>;tag=b")
    for _ in range(2):
        assert answered(endpoint, made, 486, 0.6) == []
        assert sent_requests(endpoint)[0].method == "ACK"
    assert endpoint.counters["retransmissions_absorbed"] == 2
    assert drive(endpoint, 32.05) == ([], [])
    assert endpoint.counts()["invite_client.completed"] == 1
    drive(endpoint, 32.1)  # timer D
    assert not any(endpoint.counts().values())
    assert key not in endpoint._layer.clients


def test_ack_follows_the_route_of_its_invite() -> None:
    endpoint = make_endpoint()
    made = invite()
    made.add("Route", "<sip:192.0.2.7;lr>")
    endpoint.request(made, 0.0)
    assert endpoint.sends[0].hop == Hop("UDP", "192.0.2.7", 5060)
    sent(endpoint)
    answered(endpoint, made, 404, 0.1)
    assert endpoint.sends[0].hop == Hop("UDP", "192.0.2.7", 5060)
    assert sent_requests(endpoint)[0].get_all("Route") == ["<sip:192.0.2.7;lr>"]


def test_2xx_gets_the_same_ack_for_64_t1() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    (event,) = answered(endpoint, made, 200, 1.0)
    assert isinstance(event, ResponseReceived)
    assert answered(endpoint, made, 200, 1.5) == []  # the TU has not ACKed yet (late offer)
    assert sent(endpoint) == []
    endpoint.ack(key, request("ACK", to_tag="b"), 2.0)
    first = endpoint.sends[0]
    sent(endpoint)
    answered(endpoint, made, 200, 2.5)
    assert endpoint.sends == [first]
    assert drive(endpoint, 32.9)[1] == []
    drive(endpoint, 33.0)  # timer M
    assert not any(endpoint.counts().values())
    assert answered(endpoint, made, 200, 33.1) == []
    assert endpoint.counters["stray_responses"] == 1


def test_forked_2xx_come_up_once_each_and_keep_their_own_acks() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    assert len(answered(endpoint, made, 200, 1.0, tag="one")) == 1
    assert len(answered(endpoint, made, 200, 1.1, tag="two")) == 1
    endpoint.ack(key, request("ACK", to_tag="one"), 1.2)
    endpoint.ack(key, request("ACK", to_tag="two"), 1.2)
    one, two = sent_requests(endpoint)
    assert one.via.branch != two.via.branch
    for tag, ack in (("two", two), ("one", one)):
        assert answered(endpoint, made, 200, 2.0, tag=tag) == []
        assert [again.encode() for again in sent_requests(endpoint)] == [ack.encode()]


def test_changed_retransmission_of_a_2xx_is_one_too() -> None:
    """Not the same bytes (say, another Via parameter), but the same To tag."""
    endpoint = make_endpoint()
    key, made = started(endpoint)
    answered(endpoint, made, 200, 1.0)
    endpoint.ack(key, request("ACK", to_tag="b"), 1.0)
    sent(endpoint)
    assert answered(endpoint, made, 200, 2.0, body=b"other") == []
    assert [again.method for again in sent_requests(endpoint)] == ["ACK"]


def test_ack_after_a_restart_takes_the_transaction_up_again() -> None:
    before = make_endpoint(seed=1)
    key, made = started(before)
    endpoint = make_endpoint(seed=2)
    endpoint.ack(key, request("ACK", to_tag="b"), 5.0)
    (ack,) = sent_requests(endpoint)
    assert answered(endpoint, made, 200, 6.0) == []
    assert [again.encode() for again in sent_requests(endpoint)] == [ack.encode()]
    assert len(answered(endpoint, made, 200, 6.0, tag="fork")) == 1
    drive(endpoint, 37.0)
    assert not any(endpoint.counts().values())


# CANCEL ---------------------------------------------------------------------------------------------------------------


def test_cancel_waits_for_a_provisional_response() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    endpoint.cancel(key, 0.1, headers=[("Reason", 'SIP;cause=200;text="answered elsewhere"')])
    assert sent(endpoint) == []
    answered(endpoint, made, 100, 0.2)
    (cancel,) = sent_requests(endpoint)
    assert cancel.start_line() == f"CANCEL {made.uri} SIP/2.0"
    for name in ("Via", "From", "To", "Call-ID"):
        assert cancel.get(name) == made.get(name)
    assert cancel.get("CSeq") == "1 CANCEL"
    assert cancel.get("Reason") == 'SIP;cause=200;text="answered elsewhere"'


def test_cancel_is_sent_once_and_its_answers_are_not_told() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    answered(endpoint, made, 180, 0.1)
    endpoint.cancel(key, 0.2)
    endpoint.cancel(key, 0.3)
    (cancel,) = sent_requests(endpoint)
    assert answered(endpoint, cancel, 200, 0.3) == []
    (event,) = answered(endpoint, made, 487, 0.4)
    assert isinstance(event, ResponseReceived)
    assert [ack.method for ack in sent_requests(endpoint)] == ["ACK"]
    endpoint.cancel(key, 0.5)
    assert sent(endpoint) == []
    drive(endpoint, 100.0)
    assert not any(endpoint.counts().values())


def test_cancel_crosses_200() -> None:
    """RFC 3261 §9.1: the CANCEL had no effect: the TU hears of the 2xx, and ACKs and BYEs it."""
    endpoint = make_endpoint()
    key, made = started(endpoint)
    answered(endpoint, made, 180, 0.1)
    endpoint.cancel(key, 0.2)
    sent(endpoint)
    (event,) = answered(endpoint, made, 200, 0.25)
    assert isinstance(event, ResponseReceived)
    assert event.response.status == 200
    endpoint.ack(key, request("ACK", to_tag="b"), 0.3)
    assert [ack.method for ack in sent_requests(endpoint)] == ["ACK"]


def test_200_while_the_cancel_is_held_forgets_it() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    endpoint.cancel(key, 0.1)
    assert len(answered(endpoint, made, 200, 0.2)) == 1
    assert sent(endpoint) == []


def test_late_2xx_after_487_is_told() -> None:
    endpoint = make_endpoint()
    _, made = started(endpoint)
    answered(endpoint, made, 487, 0.2, tag="proxy")
    (event,) = answered(endpoint, made, 200, 0.3, tag="callee")
    assert isinstance(event, ResponseReceived)
    assert event.response.to_tag == "callee"


def test_cancelled_invite_without_final_response_times_out() -> None:
    endpoint = make_endpoint()
    key, made = started(endpoint)
    answered(endpoint, made, 180, 0.1)
    endpoint.cancel(key, 10.0)
    answered(endpoint, made, 183, 11.0)  # does not stop the time-out
    _, events = drive(endpoint, 100.0)
    assert events == [(42.0, ClientFailed(key, FailureCause.TIMEOUT))]
    assert not any(endpoint.counts().values())


def test_cancel_of_what_does_not_exist_is_nothing() -> None:
    endpoint = make_endpoint()
    endpoint.cancel(ClientKey("z9hG4bKgone;INVITE"), 0.0)
    key = endpoint.request(request("OPTIONS"), 0.0)
    sent(endpoint)
    endpoint.cancel(key, 0.0)
    assert sent(endpoint) == []


# where requests go, and failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:b@192.0.2.3", Hop("UDP", "192.0.2.3", 5060)),
        ("sip:b@192.0.2.3:5070;transport=TCP", Hop("TCP", "192.0.2.3", 5070)),
        ("sip:b@[2001:DB8::1]:5070", Hop("UDP", "2001:db8::1", 5070)),
        ("sip:b@localhost", Hop("UDP", "127.0.0.1", 5060)),
        ("sip:moh@Media.Example", Hop("UDP", "192.0.2.8", 5060)),
        ("sips:b@192.0.2.3", Hop("TLS", "192.0.2.3", 5061)),
        ("sip:b@192.0.2.3;maddr=198.51.100.1", Hop("UDP", "192.0.2.3", 5060)),
    ],
)
def test_hop_of_a_request_uri(uri: str, hop: Hop) -> None:
    endpoint = make_endpoint(hosts={"media.example": "192.0.2.8"})
    endpoint.request(request("OPTIONS", uri=uri), 0.0)
    assert endpoint.sends[0].hop == hop


@pytest.mark.parametrize("uri", ["sip:b@nowhere.example", "tel:+431234", "http://x", "sip:b@192.0.2.3;transport=sctp"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_no_way_fails_with_the_next_expire(uri: str, method: str) -> None:
    endpoint = make_endpoint()
    key = endpoint.request(request(method, uri=uri), 3.0)
    assert endpoint.sends == []
    assert endpoint.next_deadline() == 3.0
    assert endpoint.expire(3.0) == [ClientFailed(key, FailureCause.TRANSPORT)]
    assert not any(endpoint.counts().values())


def test_transport_failure_ends_what_waits_there() -> None:
    endpoint = make_endpoint(Hop("TCP", US.host, 5060))
    tcp = Hop("TCP", PEER.host, 5060)
    waiting = endpoint.request(invite(), 0.0, hop=tcp)
    ringing = endpoint.request(invite(call_id="call-2"), 0.0, hop=tcp)
    elsewhere = endpoint.request(invite(call_id="call-3"), 0.0, hop=Hop("TCP", "192.0.2.3", 5060))
    other_flow = endpoint.request(invite(call_id="call-4"), 0.0, hop=tcp, flow=9)
    ringing_invite = sent_requests(endpoint)[1]
    endpoint.receive(respond_to(ringing_invite, 180, to_tag="b").encode(), Source(tcp, 0, 3), 0.1)
    assert endpoint.transport_failed(tcp, 3, 0.2) == [ClientFailed(waiting, FailureCause.TRANSPORT)]
    live = endpoint._layer.clients
    assert set(live) == {ringing, elsewhere, other_flow}
    assert endpoint.transport_failed(PEER, 0, 0.3) == []


def test_udp_failure_names_the_hop() -> None:
    endpoint = make_endpoint()
    key, _ = started(endpoint)
    assert endpoint.transport_failed(PEER, 0, 0.1) == [ClientFailed(key, FailureCause.TRANSPORT)]


@pytest.mark.parametrize(
    ("wanted", "listeners_tcp", "expected"), [(True, True, "TCP"), (True, False, "UDP"), (False, True, "UDP")]
)
def test_large_requests(*, wanted: bool, listeners_tcp: bool, expected: str) -> None:
    endpoint = make_endpoint(Hop("TCP" if listeners_tcp else "UDP", US.host, 5060), tcp_for_large_requests=wanted)
    made = request("INVITE", body=b"x" * 1400)
    endpoint.request(made, 0.0)
    assert endpoint.sends[0].hop.transport == expected
    assert made.via.transport == expected
    endpoint.request(request("OPTIONS"), 0.0)
    assert endpoint.sends[1].hop.transport == "UDP"


def test_stray_and_misdirected_responses_are_dropped() -> None:
    endpoint = make_endpoint()
    _, made = started(endpoint)
    foreign = respond_to(made, 200, to_tag="b")
    foreign.set("Via", (made.get("Via") or "").replace(US.host, "192.0.2.66"))
    assert endpoint.receive(foreign.encode(), PEER_SOURCE, 0.1) == []
    other = respond_to(made, 200, to_tag="b")
    other.set("CSeq", "1 OPTIONS")
    assert endpoint.receive(other.encode(), PEER_SOURCE, 0.1) == []
    assert endpoint.counters["stray_responses"] == 2
