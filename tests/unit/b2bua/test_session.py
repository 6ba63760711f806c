"""A leg's own session description (RFC 3264, RFC 4566)."""

import pytest

from b2bua.session import LegSession, described, restored, still_reaches
from tests.unit.b2bua.harness import origin_of, sdp

OFFER = sdp(30000, codec="8 0 101")


@pytest.mark.parametrize(
    ("now", "reaches"),
    [
        (sdp(30000, codec="8 101", version=2), True),  # it took what was chosen: nothing to tell
        (sdp(30002, codec="8 101"), False),
        (sdp(30000, codec="0"), False),  # what the peer sends is not taken any more
        (sdp(30000, codec="8", direction="sendonly"), False),
        (sdp(30000, codec="8").replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 127.0.0.2"), False),
        (sdp(30000, codec="8") + b"m=video 1 RTP/AVP 99\r\n", False),
    ],
)
def test_a_peer_is_told_only_of_what_matters_to_it(now: bytes, reaches: bool) -> None:
    assert still_reaches(OFFER, now, sdp(31000, codec="8 101")) is reaches


def test_version_grows_by_one_and_only_for_a_change() -> None:
    session = LegSession(7)
    assert origin_of(session.offer(OFFER))[1:] == (7, 1)
    assert origin_of(session.offer(OFFER))[1:] == (7, 1)
    assert origin_of(session.offer(sdp(30002)))[1:] == (7, 2)


def test_a_session_comes_back_from_the_journal() -> None:
    session = LegSession(7, remote=OFFER)
    assert restored(*session.kept()) == session
    first = session.offer(OFFER)
    assert session.said is OFFER  # not once more, with our line in it
    assert restored(*session.kept()).local == first
    assert restored(7, 1, first, OFFER).local == first  # an earlier release's
    session.accepted(sdp(31000))
    session.offer(sdp(30002))
    session.refused()
    again = restored(*session.kept())
    assert again.local == first
    assert (again.version, origin_of(again.offer(OFFER))[2]) == (2, 3)


@pytest.mark.parametrize("number", [b"3", b"9" * 5000, b"-1", b""])
def test_a_peer_that_writes_our_line_is_not_believed(number: bytes) -> None:
    body = OFFER.replace(b"o=", b"o=callyard 7 " + number + b" ", 1)
    assert restored(7, 2, body, b"").said_as == 2


def test_refused_offer_leaves_what_was_agreed() -> None:
    session = LegSession(7)
    agreed = session.offer(OFFER)
    session.accepted(sdp(31000))
    session.offer(sdp(30002))
    session.refused()
    assert session.local == agreed
    assert origin_of(session.offer(sdp(30004)))[2] == 3  # the number of the refused one is not used twice


@pytest.mark.parametrize("body", [b"", b"v=0", b"hello", b"\xff\xfe", b"v=0\r\ns=-\r\n"])
def test_what_describes_no_media(body: bytes) -> None:
    assert described(body) == b""


@pytest.mark.parametrize(
    "body", [b"v=0\nm=", b"v=0\r\no=\r\nm=audio", b"v=0\r\nm= \r\nm=x y z", b"v=0\no=a b c d\nm=a"]
)
def test_garbage_passes_without_an_exception(body: bytes) -> None:
    session = LegSession(7, remote=OFFER)
    session.answer(body)
    session.offer(body)
    session.refusal(body)
    still_reaches(body, OFFER, body)
    still_reaches(OFFER, body, body)
