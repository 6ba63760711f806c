"""Streams → messages: Content-Length, keep-alives, limits."""

import pytest

from sipcore.errors import FramingError
from sipcore.message import Limits
from sipcore.message.framing import StreamFramer

ONE = b"OPTIONS sip:a SIP/2.0\r\nCSeq: 1 OPTIONS\r\nContent-Length: 3\r\n\r\nabc"
TWO = b"OPTIONS sip:b SIP/2.0\r\nl \t:\t0\r\n\r\n"
THREE = b"OPTIONS sip:c SIP/2.0\r\nContent-Length:\r\n  4\r\nLanguage: x\r\n\r\n\r\n\r\n"


def test_whole_messages() -> None:
    framer = StreamFramer()
    assert framer.feed(ONE) == [ONE]
    assert framer.feed(ONE + TWO + THREE + ONE[:10]) == [ONE, TWO, THREE]
    assert framer.pending == 10
    assert framer.feed(ONE[10:]) == [ONE]
    assert framer.pings == 0


def test_byte_by_byte() -> None:
    framer = StreamFramer()
    stream = b"\r\n\r\n" + ONE + b"\r\n" + TWO + b"\r\n\r\n" + THREE
    messages = [message for at in range(len(stream)) for message in framer.feed(stream[at : at + 1])]
    assert messages == [ONE, TWO, THREE]
    assert framer.pings == 2


def test_keep_alives() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r\n") == []
    assert framer.pings == 1
    framer.pings = 0
    assert framer.feed(b"\r\n") == []  # a pong, or the first half of a ping
    assert framer.pings == 0
    assert framer.feed(ONE) == [ONE]
    assert framer.pings == 0
    assert framer.feed(b"\r\n\r\n\r\n\r\n" + ONE) == [ONE]
    assert framer.pings == 2
    assert framer.feed(b"") == []


LIMITS = Limits(head=100, body=20, message=105)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nl: x\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nl:\r\n\r\n", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\na", 400),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 21\r\n\r\n", 413),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n", 413),
        (b"OPTIONS sip:a SIP/2.0\r\nX: " + b"x" * 60 + b"\r\nl: 20\r\n\r\n", 413),
        (b"OPTIONS sip:a SIP/2.0\r\nX: " + b"x" * 100, 513),
        (b"OPTIONS sip:a SIP/2.0\r\nX: " + b"x" * 100 + b"\r\n\r\n", 513),
        (b"\rOPTIONS", 400),
        (b"\nOPTIONS", 400),
    ],
)  # fmt: skip
def test_a_stream_that_cannot_be_followed(data: bytes, status: int) -> None:
    framer = StreamFramer(LIMITS)
    with pytest.raises(FramingError) as caught:
        framer.feed(data)
    assert caught.value.status == status
    assert framer.broken
    with pytest.raises(FramingError):
        framer.feed(TWO)


def test_messages_before_the_break_are_not_lost() -> None:
    framer = StreamFramer()
    assert framer.feed(ONE + b"garbage\r\n\r\n") == [ONE]
    assert framer.broken
    with pytest.raises(FramingError):
        framer.feed(b"")


def test_leading_zeros() -> None:
    data = b"OPTIONS sip:a SIP/2.0\r\nl: 00000000000000000000003\r\n\r\nabc"
    assert StreamFramer().feed(data) == [data]
