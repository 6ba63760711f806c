"""The endpoint as a server: what it answers by itself, retransmissions, routing of responses, refusals."""

import pytest

from sipcore.endpoint import Endpoint
from sipcore.events import AckTimedOut, CancelReceived, Event, RequestReceived, ServerKey
from sipcore.message import parse, respond_to
from sipcore.packets import Hop, Send, Source
from tests.unit.sipcore.endpoint_support import PEER, US, make_endpoint, message, sent, sent_responses

SOURCE = Source(PEER)


def incoming(endpoint: Endpoint, data: bytes, now: float = 0.0, source: Source = SOURCE) -> RequestReceived:
    (event,) = endpoint.receive(data, source, now)
    assert isinstance(event, RequestReceived)
    return event


def key_of(event: RequestReceived) -> ServerKey:
    assert event.transaction is not None
    return event.transaction


def answer(endpoint: Endpoint, event: RequestReceived, status: int, now: float, *, tag: str = "us") -> None:
    endpoint.respond(key_of(event), respond_to(event.request, status, to_tag=tag), now)


def drive(endpoint: Endpoint, until: float) -> tuple[list[tuple[float, int]], list[tuple[float, Event]]]:
    lines: list[tuple[float, int]] = []
    events: list[tuple[float, Event]] = []
    while (when := endpoint.next_deadline()) is not None and when <= until:
        events += [(when, event) for event in endpoint.expire(when)]
        lines += [(when, made.status) for made in sent_responses(endpoint)]
    return lines, events


def test_100_at_once() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message())
    (trying,) = sent_responses(endpoint)
    assert (trying.status, trying.to_tag, trying.get("Timestamp")) == (100, "", None)
    assert endpoint.invite_of(key_of(event)) is event.request
    incoming(endpoint, message("OPTIONS", branch="z9hG4bKother", call_id="call-2"))
    assert sent(endpoint) == []


def test_timestamp_goes_into_the_100() -> None:
    endpoint = make_endpoint()
    incoming(endpoint, message("INVITE", ("Timestamp", "54")))
    assert sent_responses(endpoint)[0].get("Timestamp") == "54"


def test_retransmitted_invite_gets_the_latest_response_and_is_not_told() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message())
    sent(endpoint)
    assert endpoint.receive(message(), SOURCE, 0.5) == []
    assert [response.status for response in sent_responses(endpoint)] == [100]
    answer(endpoint, event, 180, 0.6)
    sent(endpoint)
    assert endpoint.receive(message(), SOURCE, 1.5) == []
    assert endpoint.receive(message("INVITE", ("X-Changed", "on the way")), SOURCE, 1.5) == []
    assert [response.status for response in sent_responses(endpoint)] == [180, 180]
    assert endpoint.counters["retransmissions_absorbed"] == 3
    assert endpoint.counters["received_invite"] == 2  # the identical copies were never parsed


def test_2xx_is_sent_again_until_its_ack() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message())
    answer(endpoint, event, 200, 10.0)
    sent(endpoint)
    lines, _ = drive(endpoint, 22.0)
    assert lines == [(10.5, 200), (11.5, 200), (13.5, 200), (17.5, 200), (21.5, 200)]
    ack = message("ACK", branch="z9hG4bKack", to_tag="us")
    told = incoming(endpoint, ack, 22.0)
    assert (told.request.method, told.transaction) == ("ACK", None)
    assert endpoint.counts()["unacked_2xx"] == 0
    assert endpoint.receive(ack, SOURCE, 22.5) == []  # of a 2xx that was sent again
    assert drive(endpoint, 100.0) == ([], [])
    assert not any(endpoint.counts().values())


def test_2xx_that_nobody_acks() -> None:
    endpoint = make_endpoint(Hop("TCP", US.host, 5060))  # over TCP as well: RFC 3261 §13.3.1.4
    event = incoming(endpoint, message(via=f"SIP/2.0/TCP {PEER.host}"), 0.0, Source(Hop("TCP", PEER.host, 40000), 0, 5))
    answer(endpoint, event, 200, 0.0)
    sent(endpoint)
    lines, events = drive(endpoint, 100.0)
    assert [when for when, _ in lines] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert events == [(32.0, AckTimedOut(key_of(event)))]
    assert not any(endpoint.counts().values())


def test_ack_of_another_dialog_is_a_stray() -> None:
    endpoint = make_endpoint()
    answer(endpoint, incoming(endpoint, message()), 200, 0.0)
    assert endpoint.receive(message("ACK", branch="z9hG4bKack", to_tag="other"), SOURCE, 0.1) == []
    assert endpoint.receive(message("ACK", branch="z9hG4bKack", to_tag="us", cseq=2), SOURCE, 0.1) == []
    assert endpoint.counters["stray_acks"] == 2


def test_ack_to_a_2xx_with_the_branch_of_the_invite() -> None:
    """Against §17.1.1.3, but seen in the field: it is matched all the same."""
    endpoint = make_endpoint()
    answer(endpoint, incoming(endpoint, message()), 200, 0.0)
    assert incoming(endpoint, message("ACK", to_tag="us")).request.method == "ACK"


def test_refusal_timers_g_h_i() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message())
    answer(endpoint, event, 486, 0.0)
    sent(endpoint)
    lines, _ = drive(endpoint, 8.0)
    assert lines == [(0.5, 486), (1.5, 486), (3.5, 486), (7.5, 486)]
    assert endpoint.receive(message("ACK", to_tag="us"), SOURCE, 8.0) == []
    assert endpoint.receive(message("ACK", to_tag="us"), SOURCE, 8.1) == []
    assert endpoint.receive(message(), SOURCE, 8.2) == []
    assert sent(endpoint) == []
    assert drive(endpoint, 12.9) == ([], [])
    assert endpoint.counts()["invite_server.confirmed"] == 1
    drive(endpoint, 13.0)
    assert not any(endpoint.counts().values())


def test_refusal_that_nobody_acks_ends_with_timer_h() -> None:
    endpoint = make_endpoint()
    answer(endpoint, incoming(endpoint, message()), 486, 0.0)
    lines, events = drive(endpoint, 100.0)
    assert (lines[-1], events) == ((31.5, 486), [])
    assert not any(endpoint.counts().values())


def test_non_invite_answer_is_repeated_on_demand_until_timer_j() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message("OPTIONS"))
    assert endpoint.receive(message("OPTIONS"), SOURCE, 0.5) == []
    assert sent(endpoint) == []
    answer(endpoint, event, 200, 1.0)
    answer(endpoint, event, 500, 1.1)  # ignored: the final response has gone out
    assert endpoint.receive(message("OPTIONS"), SOURCE, 1.5) == []
    assert [response.status for response in sent_responses(endpoint)] == [200, 200]
    drive(endpoint, 33.0)
    assert not any(endpoint.counts().values())
    answer(endpoint, event, 200, 34.0)
    assert (sent(endpoint), endpoint.counters["late_responses"]) == ([], 1)


def test_non_invite_that_nobody_answers_does_not_stay() -> None:
    endpoint = make_endpoint()
    incoming(endpoint, message("INFO"))
    drive(endpoint, 32.0)
    assert not any(endpoint.counts().values())
    assert endpoint.counters["unanswered_requests"] == 1


# CANCEL ---------------------------------------------------------------------------------------------------------------


def test_cancel_is_answered_and_told_once() -> None:
    endpoint = make_endpoint()
    event = incoming(endpoint, message())
    answer(endpoint, event, 180, 0.1, tag="ours")
    sent(endpoint)
    (cancelled,) = endpoint.receive(message("CANCEL"), SOURCE, 1.0)
    assert isinstance(cancelled, CancelReceived)
    assert cancelled.transaction == event.transaction
    assert endpoint.receive(message("CANCEL"), SOURCE, 1.5) == []
    first, again = sent_responses(endpoint)
    assert (first.status, first.to_tag, first.cseq.method) == (200, "ours", "CANCEL")
    assert again.encode() == first.encode()
    answer(endpoint, event, 487, 1.6, tag="ours")
    assert [response.status for response in sent_responses(endpoint)] == [487]


def test_cancel_after_the_final_response_changes_nothing() -> None:
    endpoint = make_endpoint()
    answer(endpoint, incoming(endpoint, message()), 200, 0.1)
    sent(endpoint)
    assert endpoint.receive(message("CANCEL"), SOURCE, 1.0) == []
    assert [response.status for response in sent_responses(endpoint)] == [200]


def test_cancel_of_nothing_is_481() -> None:
    endpoint = make_endpoint()
    assert endpoint.receive(message("CANCEL"), SOURCE, 1.0) == []
    (response,) = sent_responses(endpoint)
    assert (response.status, bool(response.to_tag)) == (481, True)


# refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_merged_request_is_482(method: str) -> None:
    endpoint = make_endpoint()
    incoming(endpoint, message(method))
    sent(endpoint)
    assert endpoint.receive(message(method, branch="z9hG4bKelsewhere"), SOURCE, 0.1) == []
    assert [response.status for response in sent_responses(endpoint)] == [482]
    incoming(endpoint, message(method, branch="z9hG4bKelsewhere", cseq=2))
    assert endpoint.counters["merged_requests"] == 1


def test_same_request_within_a_dialog_is_not_merged() -> None:
    endpoint = make_endpoint()
    incoming(endpoint, message("INFO", to_tag="us"))
    incoming(endpoint, message("INFO", to_tag="us", branch="z9hG4bKelsewhere"))


def test_merge_identity_ends_with_the_transaction() -> None:
    endpoint = make_endpoint()
    answer(endpoint, incoming(endpoint, message("OPTIONS")), 200, 0.0)
    drive(endpoint, 32.0)
    incoming(endpoint, message("OPTIONS", branch="z9hG4bKelsewhere"), 33.0)


def test_overload_refuses_new_invites_only() -> None:
    endpoint = make_endpoint(max_transactions=2, retry_after=7)
    incoming(endpoint, message())
    incoming(endpoint, message(branch="z9hG4bK2", call_id="call-2"))
    sent(endpoint)
    assert endpoint.receive(message(branch="z9hG4bK3", call_id="call-3"), SOURCE, 0.0) == []
    (refusal,) = sent_responses(endpoint)
    assert (refusal.status, refusal.get("Retry-After")) == (503, "7")
    assert (refusal.call_id, refusal.via.branch, bool(refusal.to_tag)) == ("call-3", "z9hG4bK3", True)
    assert endpoint.receive(message("ACK", branch="z9hG4bK3", call_id="call-3", to_tag="x"), SOURCE, 0.0) == []
    for method in ("BYE", "INVITE", "INFO"):
        incoming(endpoint, message(method, branch=f"z9hG4bKin{method}", call_id="call-1", to_tag="us"))
    sent(endpoint)
    assert endpoint.receive(message("INVITE", ("X-Changed", "on the way")), SOURCE, 0.0) == []  # one that we serve
    assert [response.status for response in sent_responses(endpoint)] == [100]
    assert len(endpoint.receive(message("CANCEL"), SOURCE, 0.1)) == 1
    assert endpoint.counters["refused_overload"] == 1


def test_refusal_from_the_bytes_is_the_same_as_from_the_message() -> None:
    """Whatever cannot be refused unparsed (a folded line here) is refused by the long way, with the same words."""
    endpoint = make_endpoint(max_transactions=1)
    incoming(endpoint, message("OPTIONS", branch="z9hG4bKo", call_id="call-0"))
    source = Source(Hop("UDP", "192.0.2.2", 40000), 1)
    for extra in ((), (("X-Folded", "one"),)):
        data = message("INVITE", *extra, via="SIP/2.0/UDP 10.0.0.2:5062", branch="z9hG4bKv;rport")
        assert endpoint.receive(data.replace(b"X-Folded: one", b"X-Folded: one\r\n two"), source, 0.0) == []
    unparsed, parsed = endpoint.sends
    for send in (unparsed, parsed):
        assert send == Send(send.data, Hop("UDP", "192.0.2.2", 40000), 0, 1)
    short, long = sent_responses(endpoint)
    assert short.start_line() == long.start_line()
    for name in ("Via", "From", "Call-ID", "CSeq", "Retry-After"):
        assert short.get_all(name) == long.get_all(name)
    assert short.to_tag == long.to_tag != ""  # §8.2.7


def test_other_new_requests_are_refused_later_and_a_flood_is_dropped() -> None:
    endpoint = make_endpoint(max_transactions=2)
    for number in range(10):
        endpoint.receive(message("OPTIONS", branch=f"z9hG4bK{number}", call_id=f"call-{number}"), SOURCE, 0.0)
    assert [response.status for response in sent_responses(endpoint)] == [503] * 6
    for number in range(10):
        endpoint.receive(message("INFO", branch=f"z9hG4bKi{number}", to_tag="us"), SOURCE, 0.0)
    assert endpoint.counts()["non_invite_server.trying"] == 8
    assert endpoint.counters["dropped_flood"] == 6


def test_branch_without_the_cookie_is_refused() -> None:
    endpoint = make_endpoint()
    assert endpoint.receive(message(branch="old"), SOURCE, 0.0) == []
    (refusal,) = sent_responses(endpoint)
    assert refusal.status == 400
    assert endpoint.receive(message("ACK", branch="old"), SOURCE, 0.0) == []
    assert sent(endpoint) == []


# where responses go ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("via", "extra", "source", "expected", "stamped"),
    [
        ("SIP/2.0/UDP 192.0.2.2:5060", "", Source(PEER), PEER, "{via};branch=z9hG4bKv"),
        ("SIP/2.0/UDP 192.0.2.2", "", Source(PEER), PEER, "{via};branch=z9hG4bKv"),
        (
            "SIP/2.0/UDP 10.0.0.2:5062",
            "",
            Source(Hop("UDP", "192.0.2.2", 40000)),
            Hop("UDP", "192.0.2.2", 5062),
            "{via};branch=z9hG4bKv;received=192.0.2.2",
        ),
        (
            "SIP/2.0/UDP 10.0.0.2:5062",
            ";rport",
            Source(Hop("UDP", "192.0.2.2", 40000), 1),
            Hop("UDP", "192.0.2.2", 40000),
            "{via};branch=z9hG4bKv;rport=40000;received=192.0.2.2",
        ),
        (
            "SIP/2.0/UDP 192.0.2.2:5062",
            ";maddr=198.51.100.7",
            Source(PEER),
            Hop("UDP", "192.0.2.2", 5062),
            "{via};branch=z9hG4bKv;maddr=198.51.100.7",
        ),
        (
            "SIP/2.0/TCP phone.example",
            "",
            Source(Hop("TCP", "192.0.2.2", 40000), 2, 9),
            Hop("TCP", "192.0.2.2", 5060),
            "{via};branch=z9hG4bKv;received=192.0.2.2",
        ),
        (
            "SIP/2.0/UDP [2001:db8::2]:5062",
            "",
            Source(Hop("UDP", "2001:db8::2", 5062)),
            Hop("UDP", "2001:db8::2", 5062),
            "{via};branch=z9hG4bKv",
        ),
    ],
)
def test_response_hop(via: str, extra: str, source: Source, expected: Hop, stamped: str) -> None:
    endpoint = make_endpoint()
    incoming(endpoint, message(via=via, branch=f"z9hG4bKv{extra}"), 0.0, source)
    (send,) = endpoint.sends
    assert (send.hop, send.flow, send.listener) == (expected, source.flow, source.listener)
    assert parse(send.data).get("Via") == stamped.format(via=via)


# restart --------------------------------------------------------------------------------------------------------------


def test_adopted_invite_is_answered_and_absorbs_its_copies() -> None:
    before = make_endpoint()
    event = incoming(before, message(via="SIP/2.0/UDP 10.0.0.2:5062", branch="z9hG4bKv;rport"))
    stored = before.invite_of(key_of(event))
    assert stored is not None
    endpoint = make_endpoint(seed=2)
    key = endpoint.adopt(stored, SOURCE, 100.0)
    assert key == event.transaction
    assert endpoint.adopt(stored, SOURCE, 100.0) == key
    assert sent(endpoint) == []
    copy = message(via="SIP/2.0/UDP 10.0.0.2:5062", branch="z9hG4bKv;rport")
    assert endpoint.receive(copy, SOURCE, 100.1) == []
    endpoint.respond(key, respond_to(stored, 200, to_tag="us"), 100.2)
    assert endpoint.sends[0].hop == PEER
    assert (
        sent_responses(endpoint)[0].get("Via")
        == "SIP/2.0/UDP 10.0.0.2:5062;branch=z9hG4bKv;rport=5060;received=192.0.2.2"
    )
    assert incoming(endpoint, message("ACK", branch="z9hG4bKa", to_tag="us")).request.method == "ACK"


# bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (message().replace(b"CSeq: 1 INVITE", b"CSeq: one INVITE"), 400),
        (message().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), 400),
        (message().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1), 505),
        (message().replace(b"<sip:a@callyard>", b"<sip:a@callyard", 1), 400),
        (message().replace(b"Content-Length: 0", b"Content-Length: 100"), 400),
        (message("ACK").replace(b"CSeq: 1 ACK", b"CSeq: one ACK"), None),
        (message().replace(b"Via: SIP", b"Via: ;;"), None),
        (b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n", None),
        (b"\x00\x01\x02" * 20, None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", None),
    ],
)
def test_malformed_is_refused_or_dropped_and_counted(data: bytes, status: int | None) -> None:
    endpoint = make_endpoint()
    assert endpoint.receive(data, SOURCE, 0.0) == []
    # not parsed: the answer echoes what was wrong
    assert [send.data[:11] for send in endpoint.sends] == ([] if status is None else [b"SIP/2.0 %d" % status])
    assert endpoint.counters["dropped_malformed" if status is None else "refused_malformed"] == 1
    assert not any(endpoint.counts().values())


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0\0\0\0"])
def test_keep_alive_datagrams(data: bytes) -> None:
    endpoint = make_endpoint()
    assert endpoint.receive(data, SOURCE, 0.0) == []
    assert endpoint.counters == {"keepalives": 1}
