"""The trace: filters, masks, slow readers, an end."""

import json

import pytest

from app.cli.sip import shown
from app.trace.feed import Filter, Traced, TraceFeed
from app.trace.mask import masked
from app.trace.router import frames
from sipcore.packets import Hop, Send, Source

HOP = Hop("UDP", "192.0.2.9", 5062)
REGISTER = (
    b"REGISTER sip:callyard SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK1\r\nFrom: <sip:ana@callyard>;tag=1\r\n"
    b'To: "A" <sip:ana@callyard>\r\nCall-ID: reg-1\r\nCSeq: 2 REGISTER\r\nm: <sip:desk@192.0.2.9>\r\n'
    b'authorization:  Digest username="ana",\r\n response="0123456789abcdef", nonce="n"\r\nContent-Length: 0\r\n\r\n'
)


@pytest.mark.parametrize(
    ("wants", "seen"),
    [
        (Filter(), True),
        (Filter(user="ana"), True),
        (Filter(user="desk"), True),
        (Filter(user="an"), False),
        (Filter(call="reg-1"), True),
        (Filter(call="reg"), False),
        (Filter(call="live-call"), True),
        (Filter(address="192.0.2.9"), True),
        (Filter(address="192.0.2.9:5062"), True),
        (Filter(address="192.0.2.9:5063"), False),
        (Filter(user="ana", address="192.0.2.8"), False),
    ],
)
def test_filters(wants: Filter, seen: bool) -> None:
    feed = TraceFeed(call_ids=lambda call: ("other", "reg-1") if call == "live-call" else ())
    watcher = feed.watch(wants)
    feed.received([(REGISTER, Source(HOP))], 1.0)
    feed.received([(b"\r\n\r\n", Source(HOP))], 1.0)
    assert [each.peer for each in watcher.take()] == (["192.0.2.9:5062"] if seen else [])


def test_the_request_uri_s_user_counts_and_both_ways_are_shown() -> None:
    feed = TraceFeed()
    watcher = feed.watch(Filter(user="1000"))
    feed.sent([Send(b"INVITE sip:1000@192.0.2.9 SIP/2.0\r\nCall-ID: c\r\n\r\n", Hop("TCP", "2001:db8::1", 5060))], 2.0)
    feed.sent([Send(b"SIP/2.0 200 OK\r\nTo: <sip:1000@x>\r\n\r\n", HOP)], 3.0)
    assert [(each.direction, each.transport, each.peer) for each in watcher.take()] == [
        ("out", "TCP", "[2001:db8::1]:5060"),
        ("out", "UDP", "192.0.2.9:5062"),
    ]


@pytest.mark.parametrize(
    ("data", "secret", "kept"),
    [
        (REGISTER, "0123456789abcdef", "authorization:  Digest ***\r\nContent-Length"),
        (b"INVITE sip:x SIP/2.0\r\nProxy-Authorization: Digest a=b\r\n\r\n", "a=b", "Proxy-Authorization: Digest ***"),
        (
            b"INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal= 5\r\nDuration=160\r\n",
            "5\r",
            "Duration=160",
        ),
        (b"INFO sip:x SIP/2.0\r\nc: application/dtmf\r\n\r\n7", "7", "*"),
        (b"SIP/2.0 200 OK\r\n\r\na=crypto:1 AES_CM_128 inline:SECRET\r\n", "SECRET", "a=crypto:1 AES_CM_128 ***"),
    ],
)
def test_secrets_are_masked(data: bytes, secret: str, kept: str) -> None:
    text = masked(data)
    assert secret not in text
    assert kept in text


def test_a_challenge_is_shown_as_it_is() -> None:
    challenge = b'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'
    assert masked(challenge).encode() == challenge
    assert masked(b"\xff\r\n\r\n") == "\ufffd\r\n\r\n"


def test_a_slow_reader_is_told_what_it_lost() -> None:
    feed = TraceFeed(backlog=2)
    watcher = feed.watch(Filter())
    for second in range(5):
        feed.received([(REGISTER, Source(HOP))], float(second))
    assert [each.time for each in watcher.take()] == [0.0, 1.0]
    feed.received([(REGISTER, Source(HOP))], 9.0)
    assert [(each.time, each.lost) for each in watcher.take()] == [(9.0, 3)]


async def test_frames_until_the_service_stops() -> None:
    feed = TraceFeed(most_watchers=1)
    stream = frames(feed, Filter())
    assert await anext(stream) == b": watching\n\n"
    assert feed.full
    feed.received([(REGISTER, Source(HOP))], 1.0)
    frame = (await anext(stream)).decode()
    assert frame.startswith("event: sip\ndata: ")
    assert json.loads(frame.splitlines()[1][6:])["peer"] == "192.0.2.9:5062"
    feed.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert not feed.watchers


def test_what_is_printed() -> None:
    traced = Traced(3661.5, "in", "UDP", "192.0.2.9:5062", "OPTIONS sip:x SIP/2.0\r\nSubject: \x1b[31m\r\n\r\n", 2)
    line = "data: " + json.dumps({name: getattr(traced, name) for name in Traced.__slots__})
    assert list(shown([": watching", "", "event: sip", line])) == [
        "(2 messages not shown: read too slowly)\n\n",
        "01:01:01.500 <- UDP 192.0.2.9:5062\nOPTIONS sip:x SIP/2.0\nSubject: \ufffd[31m\n\n",
    ]
