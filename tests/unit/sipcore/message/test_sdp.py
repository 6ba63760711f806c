"""Session descriptions and offer/answer."""

import pytest

from sipcore.errors import BadSdp
from sipcore.message.offer_answer import PCMA, PCMU, Agreed, agreed_from_answer, build_answer, build_offer, choose
from sipcore.message.sdp import Media, Origin, Sdp, parse_sdp

OFFER = (
    b"v=0\r\no=alice 2890844526 3 IN IP4 192.0.2.1\r\ns=A call\r\ni=info\r\nc=IN IP4 192.0.2.1\r\nb=AS:64\r\n"
    b"t=0 0\r\na=group:BUNDLE x\r\nz=odd\r\n"
    b"m=video 50000 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"
    b"m=audio 49172/2 RTP/AVP 97 8 0 101\r\ni=title\r\nc=IN IP4 198.51.100.9/127\r\nk=clear:x\r\n"
    b"a=rtpmap:97 iLBC/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=sendonly\r\n"
)
HEAD = b"v=0\r\no=- 1 1 IN IP4 a\r\n"
ORIGIN = Origin("-", 77, 1, "203.0.113.1")


def offer(*media: str, session: str = "c=IN IP4 192.0.2.1") -> Sdp:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", session, "t=0 0", *media]
    return parse_sdp("\r\n".join(line for line in lines if line) + "\r\n")


def test_parse_keeps_everything() -> None:
    sdp = parse_sdp(OFFER)
    assert sdp.encode() == OFFER
    assert sdp.origin == Origin("alice", 2890844526, 3, "192.0.2.1")
    assert sdp.session_name == "A call"
    assert sdp.connection == "192.0.2.1"
    video, audio = sdp.media
    assert (video.kind, video.port, video.proto, video.formats, video.connection) == (
        "video",
        50000,
        "RTP/AVP",
        ["31"],
        None,
    )
    assert (audio.port, audio.port_count, audio.connection, audio.direction) == (49172, 2, "198.51.100.9", "sendonly")
    assert sdp.address_of(video) == "192.0.2.1"
    assert sdp.address_of(audio) == "198.51.100.9"
    assert sdp.direction_of(video) == "sendrecv"
    assert audio.rtpmap() == {"97": "iLBC/8000", "101": "telephone-event/8000"}
    assert (audio.fmtp("101"), audio.fmtp("97")) == ("0-15", None)
    assert (audio.attribute("ptime"), audio.attribute("sendonly"), audio.attribute("none")) == ("30", "", None)
    assert audio.attributes[0] == "rtpmap:97 iLBC/8000"
    assert sdp.first("audio") is audio
    assert sdp.first("image") is None


def test_lf_line_ends_and_strange_bytes() -> None:
    sdp = parse_sdp(OFFER.replace(b"\r\n", b"\n").replace(b"A call", b"\xff\xfe"))
    assert sdp.encode() == OFFER.replace(b"A call", b"\xff\xfe")


def test_changes() -> None:
    sdp = parse_sdp(OFFER)
    sdp.origin = ORIGIN
    sdp.connection = "2001:db8::1"
    audio = sdp.media[1]
    audio.connection = None
    audio.direction = "inactive"
    audio.port = 0
    text = sdp.encode().decode()
    assert "o=- 77 1 IN IP4 203.0.113.1\r\n" in text
    assert "i=info\r\nc=IN IP6 2001:db8::1\r\nb=AS:64" in text
    assert "m=audio 0/2 RTP/AVP" in text
    assert text.endswith("a=inactive\r\n")
    assert "sendonly" not in text
    audio.connection = "192.0.2.5"
    assert "i=title\r\nc=IN IP4 192.0.2.5\r\nk=clear" in sdp.encode().decode()
    with pytest.raises(ValueError, match="direction"):
        audio.direction = "sideways"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", 1), (b"x", 1), (b"v=1\r\n", 1), (b"s=-\r\nv=0\r\n", 1), (b"v=0\r\ngarbage\r\n", 2), (b"v=0\r\n\r\ns=-\r\n", 2),
        (b"v=0\r\no=- 1 1 IN IP4\r\n", 2), (b"v=0\r\no=- x 1 IN IP4 a\r\n", 2), (b"v=0\r\ns=-\r\n", 0),
        (HEAD + b"c=IN IP4\r\n", 3), (HEAD + b"m=audio\r\n", 3),
        (HEAD + b"m=audio 99999 RTP/AVP 0\r\n", 3), (HEAD + b"m=audio 1/x RTP/AVP 0\r\n", 3),
        (HEAD + b"m=audio 5000 RTP/AVP 0\r\n", 0), (HEAD + b"s=a\rb\r\n", 3),
        (b"m=audio 1 RTP/AVP 0\r\n", 1), (b"v=0\r\n" + b"a=x\r\n" * 20000, 0), (HEAD + b"o=- 1 1 IN IP4 a\r\n", 0),
        (HEAD + b"c=IN IP4 a\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 65, 68), (b"\xff\xff\xff", 1), (b"v=0\r\n1=x\r\n", 2),
    ],
)  # fmt: skip
def test_bad_sdp(body: bytes, line: int) -> None:
    with pytest.raises(BadSdp) as caught:
        parse_sdp(body)
    assert (caught.value.line, caught.value.status) == (line, 488)


def test_answer_takes_one_audio_and_keeps_every_place() -> None:
    answer, agreed = build_answer(parse_sdp(OFFER), ORIGIN, "203.0.113.1", 30000)
    assert answer.encode() == (
        b"v=0\r\no=- 77 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
        b"m=video 0 RTP/AVP 31\r\n"
        b"m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-16\r\na=ptime:20\r\na=recvonly\r\n"
    )
    assert agreed == Agreed(1, PCMA, 8, 101, "198.51.100.9", 49172, "recvonly", 30)
    assert parse_sdp(answer.encode()) == answer


def test_codecs_by_rtpmap_and_by_static_number() -> None:
    dynamic = offer("m=audio 5000 RTP/AVP 96 0", "a=rtpmap:96 pcma/8000/1")
    agreed = choose(dynamic)
    assert agreed is not None
    assert (agreed.codec, agreed.payload, agreed.dtmf) == (PCMA, 96, None)
    only_u = choose(dynamic, [PCMU])
    assert only_u is not None
    assert (only_u.codec, only_u.payload) == (PCMU, 0)
    wideband = offer("m=audio 5000 RTP/AVP 0 9", "a=rtpmap:0 PCMU/16000", "a=rtpmap:9 PCMU/8000/2")
    assert choose(wideband) is None
    assert choose(offer("m=audio 5000 RTP/AVP 0", session="c=IN IP4 media.example.com")) is None


@pytest.mark.parametrize(
    "media",
    [
        "m=audio 0 RTP/AVP 0", "m=audio 5000 RTP/SAVP 0", "m=image 5000 udptl t38", "m=audio 5000 RTP/AVP 9",
        "m=audio 5000 RTP/AVP x 999", "m=audio 5000 RTP/AVP 101",
    ],
)  # fmt: skip
def test_nothing_to_agree_on(media: str) -> None:
    sdp = offer(media)
    assert choose(sdp) is None
    with pytest.raises(BadSdp):
        build_answer(sdp, ORIGIN, "203.0.113.1", 30000)
    with pytest.raises(BadSdp):
        agreed_from_answer(sdp)


@pytest.mark.parametrize(
    ("theirs", "willing", "ours"),
    [
        ("sendrecv", "sendrecv", "sendrecv"), ("sendonly", "sendrecv", "recvonly"), ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"), ("sendrecv", "sendonly", "sendonly"), ("sendonly", "sendonly", "inactive"),
        ("recvonly", "sendonly", "sendonly"), ("sendrecv", "inactive", "inactive"),
    ],
)  # fmt: skip
def test_directions(theirs: str, willing: str, ours: str) -> None:
    sdp = offer("m=audio 5000 RTP/AVP 0", f"a={theirs}")
    answer, agreed = build_answer(sdp, ORIGIN, "203.0.113.1", 30000, direction=willing)
    assert agreed.direction == ours
    assert answer.media[0].direction == ours


def test_hold_in_both_manners() -> None:
    session_level = offer("a=inactive", "m=audio 5000 RTP/AVP 0")
    assert session_level.direction_of(session_level.media[0]) == "inactive"
    zeros = offer("m=audio 5000 RTP/AVP 0", session="c=IN IP4 0.0.0.0")
    assert zeros.direction_of(zeros.media[0]) == "sendonly"


def test_offer_and_its_answer() -> None:
    ours = build_offer(ORIGIN, "203.0.113.1", 30000, direction="sendonly")
    assert parse_sdp(ours.encode()) == ours
    assert ours.media[0].formats == ["0", "8", "101"]
    answer, theirs = build_answer(ours, Origin("x", 1, 1, "2001:db8::2"), "2001:db8::2", 4000)
    agreed = agreed_from_answer(parse_sdp(answer.encode()))
    assert (theirs.direction, agreed.direction) == ("recvonly", "sendonly")
    assert (agreed.address, agreed.port, agreed.codec, agreed.dtmf) == ("2001:db8::2", 4000, PCMU, 101)


@pytest.mark.parametrize("ptime", ["0", "-5", "x", "10000", "", "²"])
def test_silly_ptime(ptime: str) -> None:
    agreed = choose(offer("m=audio 5000 RTP/AVP 0", f"a=ptime:{ptime}"))
    assert agreed is not None
    assert agreed.ptime == 20


def test_media_is_a_plain_value() -> None:
    assert Media("audio", 1, "RTP/AVP", ["0"]).text() == ["m=audio 1 RTP/AVP 0"]
    assert (
        Sdp.build(ORIGIN, session_name="x", connection="::1")
        .encode()
        .startswith(b"v=0\r\no=- 77 1 IN IP4 203.0.113.1\r\ns=x\r\nc=IN IP6 ::1")
    )
    with pytest.raises(BadSdp):
        _ = Sdp([("v", "0")]).origin
    assert Sdp([("v", "0")]).session_name == "-"
