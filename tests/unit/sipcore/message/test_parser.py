"""Bytes → message: what is accepted, and the verdict on what is not."""

import pytest

from sipcore.errors import ParseError
from sipcore.message import Limits, NameAddr, Request, Response, parse, parser, respond_to

VIA = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"
FROM = "From: <sip:a@example.com>;tag=1"
TO = "To: <sip:b@example.com>"
CALL_ID = "Call-ID: c1@example.com"
CSEQ = "CSeq: 1 INVITE"
START = "INVITE sip:b@example.com SIP/2.0"


def wire(
    start: str = START,
    via: str = VIA,
    from_: str = FROM,
    to: str = TO,
    call_id: str = CALL_ID,
    cseq: str = CSEQ,
    more: tuple[str, ...] = (),
    body: str = "",
) -> bytes:
    lines = [line for line in (start, via, from_, to, call_id, cseq, *more) if line]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def with_lines(*more: str, body: str = "") -> bytes:
    return wire(more=more, body=body)


MALFORMED: list[tuple[str, bytes, int, str, bool]] = [
    # what is wrong, the bytes, the status, the header named, whether an answer can be built
    ("nothing", b"", 400, "", False),
    ("only line ends", b"\r\n\r\n", 400, "", False),
    ("no empty line", b"INVITE sip:b SIP/2.0\r\n" + VIA.encode() + b"\r\n", 400, "", False),
    ("no empty line, yet readable", wire()[:-2], 400, "", True),
    ("LF line ends", wire().replace(b"\r\n", b"\n"), 400, "", False),
    ("binary", bytes(range(256)) + b"\r\n\r\n", 400, "", False),
    ("HTTP request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "", False),
    ("HTTP response", b"HTTP/1.1 200 OK\r\n\r\n", 400, "", False),
    ("RTP-like bytes", b"\x80\x00\x00\x01" * 40, 400, "", False),
    ("one word", wire("INVITE"), 400, "", True),
    ("no version", wire("INVITE sip:b@example.com"), 400, "", True),
    ("no Request-URI", wire("INVITE  SIP/2.0"), 400, "", True),
    ("two spaces in the start-line", wire("INVITE  sip:b@example.com SIP/2.0"), 400, "", True),
    ("trailing space in the start-line", wire("INVITE sip:b@example.com SIP/2.0 "), 400, "", True),
    ("space in the Request-URI", wire("INVITE sip:b@example.com; lr SIP/2.0"), 400, "", True),
    ("angle brackets around the Request-URI", wire("INVITE <sip:b@example.com> SIP/2.0"), 400, "", True),
    ("quotes in the Request-URI", wire('INVITE sip:"b"@example.com SIP/2.0'), 400, "", True),
    ("no scheme", wire("INVITE example.com SIP/2.0"), 400, "", True),
    ("method is no token", wire("INV(TE sip:b@example.com SIP/2.0"), 400, "", False),
    ("method with non-ASCII letters", wire("ÏNVITE sip:b@example.com SIP/2.0"), 400, "", False),
    ("leading space", wire(" INVITE sip:b@example.com SIP/2.0"), 400, "", False),
    ("folded start-line", wire("INVITE sip:b@example.com\r\n SIP/2.0"), 400, "", True),
    ("fold right after the start-line", wire(START + "\r\n x"), 400, "", True),
    ("version 7", wire("INVITE sip:b@example.com SIP/7.0"), 505, "", True),
    ("version 2", wire("INVITE sip:b@example.com SIP/2"), 505, "", True),
    ("version of another protocol", wire("INVITE sip:b@example.com HTTP/2.0"), 400, "", True),
    ("version 7 throughout", wire("INVITE sip:b SIP/7.0", via=VIA.replace("SIP/2.0", "SIP/7.0")), 505, "", True),
    ("Via of version 7", wire(via=VIA.replace("SIP/2.0", "SIP/7.0")), 400, "Via", True),
    ("response of version 7", wire("SIP/7.0 200 OK"), 505, "", False),
    ("status of two digits", wire("SIP/2.0 20 OK"), 400, "", False),
    ("status of four digits", wire("SIP/2.0 4294 OK"), 400, "", False),
    ("status 099", wire("SIP/2.0 099 OK"), 400, "", False),
    ("status 700", wire("SIP/2.0 700 OK"), 400, "", False),
    ("status no number", wire("SIP/2.0 2x0 OK"), 400, "", False),
    ("status in other digits", wire("SIP/2.0 ٢٠٠ OK"), 400, "", False),
    ("status missing", wire("SIP/2.0"), 400, "", False),
    ("no Via", wire(via=""), 400, "Via", False),
    ("empty Via", wire(via="Via:"), 400, "Via", False),
    ("Via of another protocol", wire(via="Via: HTTP/1.1 proxy"), 400, "Via", False),
    ("Via without sent-by", wire(via="Via: SIP/2.0/UDP"), 400, "Via", False),
    ("Via with extra separators", wire(via=VIA + ";;,;,,"), 400, "Via", True),
    ("Via with an open IPv6 reference", wire(via="Via: SIP/2.0/UDP [::1;branch=z9hG4bK1"), 400, "Via", False),
    ("Via with a bad port", wire(via="Via: SIP/2.0/UDP 192.0.2.1:0"), 400, "Via", False),
    ("Via with two branches", wire(via=VIA + ";branch=2"), 400, "Via", True),
    ("Via with only a comma", wire(via="Via: ,"), 400, "Via", False),
    ("no From", wire(from_=""), 400, "From", False),
    ("empty From", wire(from_="From: "), 400, "From", False),
    ("two From", with_lines("f: <sip:x@y>;tag=2"), 400, "From", True),
    ("open quote in From", wire(from_='From: "Alice <sip:a@b>;tag=1'), 400, "From", True),
    ("open angle in From", wire(from_="From: <sip:a@b;tag=1"), 400, "From", True),
    ("From without URI", wire(from_="From: Alice"), 400, "From", True),
    ("From with a bare URI with headers", wire(from_="From: sip:a@b?Route=x;tag=1"), 400, "From", True),
    ("From with two tags", wire(from_=FROM + ";tag=2"), 400, "From", True),
    ("From with an empty tag", wire(from_="From: <sip:a@b>;tag="), 400, "From", True),
    ("From with text after the URI", wire(from_="From: <sip:a@b> tag=1"), 400, "From", True),
    ("no To", wire(to=""), 400, "To", False),
    ("two To", with_lines(TO), 400, "To", True),
    ("empty brackets in To", wire(to="To: <>"), 400, "To", True),
    ("To with space in the URI", wire(to="To: <sip:b @example.com>"), 400, "To", True),
    ("To with an extra semicolon", wire(to=TO + ";"), 400, "To", True),
    ("no Call-ID", wire(call_id=""), 400, "Call-ID", False),
    ("empty Call-ID", wire(call_id="Call-ID:"), 400, "Call-ID", False),
    ("two Call-IDs", with_lines("i: other"), 400, "Call-ID", True),
    ("space in Call-ID", wire(call_id="Call-ID: a b"), 400, "Call-ID", True),
    ("no CSeq", wire(cseq=""), 400, "CSeq", False),
    ("two CSeqs", with_lines("CSeq: 2 INVITE"), 400, "CSeq", True),
    ("CSeq without number", wire(cseq="CSeq: INVITE"), 400, "CSeq", True),
    ("CSeq without method", wire(cseq="CSeq: 1"), 400, "CSeq", True),
    ("CSeq too large", wire(cseq="CSeq: 36893488147419103232 INVITE"), 400, "CSeq", True),
    ("CSeq at 2**31", wire(cseq="CSeq: 2147483648 INVITE"), 400, "CSeq", True),
    ("CSeq negative", wire(cseq="CSeq: -1 INVITE"), 400, "CSeq", True),
    ("CSeq of another method", wire(cseq="CSeq: 1 OPTIONS"), 400, "CSeq", True),
    ("CSeq of another case", wire(cseq="CSeq: 1 invite"), 400, "CSeq", True),
    ("header without colon", with_lines("Subject"), 400, "", True),
    ("known header without colon", with_lines("Contact"), 400, "", True),
    ("header name with space", with_lines("Bad Name: x"), 400, "", True),
    ("header without name", with_lines(": x"), 400, "", True),
    ("non-ASCII header name", with_lines("Súbject: x"), 400, "", True),
    ("stray CR", with_lines("Subject: a\rb"), 400, "", True),
    ("stray LF", with_lines("Subject: a\nEvil: b"), 400, "", True),
    ("NUL", with_lines("Subject: a\0b"), 400, "", True),
    ("Content-Length beyond the datagram", with_lines("Content-Length: 5", body="1234"), 400, "Content-Length", True),
    ("Content-Length negative", with_lines("Content-Length: -999"), 400, "Content-Length", True),
    ("Content-Length no number", with_lines("Content-Length: 1x"), 400, "Content-Length", True),
    ("Content-Length empty", with_lines("Content-Length:"), 400, "Content-Length", True),
    ("Content-Length huge", with_lines("Content-Length: 99999999999999999999"), 400, "Content-Length", True),
    ("two Content-Lengths", with_lines("Content-Length: 0", "l: 4", body="1234"), 400, "Content-Length", True),
    ("Max-Forwards too large", with_lines("Max-Forwards: 256"), 400, "Max-Forwards", True),
    ("Max-Forwards no number", with_lines("Max-Forwards: x"), 400, "Max-Forwards", True),
    ("two Max-Forwards", with_lines("Max-Forwards: 5", "Max-Forwards: 6"), 400, "Max-Forwards", True),
    ("bad Contact", with_lines("Contact: <sip:a@b"), 400, "Contact", True),
    ("bad Contact behind a good one", with_lines("Contact: <sip:a@b>, <"), 400, "Contact", True),
    ("bad Contact before a good one", with_lines("Contact: sip:x?y@z", "Contact: <sip:a@b>"), 400, "Contact", True),
    ("Contact with extra semicolons", with_lines('Contact: "Joe" <sip:joe@example.org>;;;;'), 400, "Contact", True),
    ("bad Route", with_lines("Route: sip.example.com"), 400, "Route", True),
    ("bad Record-Route", with_lines("Record-Route: <sip:p1;lr>, p2"), 400, "Record-Route", True),
    ("ACK is never answered", wire("ACK sip:b SIP/2.0", cseq="CSeq: 1 INVITE"), 400, "CSeq", False),
    ("a response is never answered", wire("SIP/2.0 200 OK", from_="From: <"), 400, "From", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status", "header", "answerable"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_malformed(data: bytes, status: int, header: str, answerable: bool) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data)
    error = caught.value
    assert (error.status, error.header, error.response_possible) == (status, header, answerable)
    if error.salvaged is not None:
        response = respond_to(error.salvaged, status, to_tag="t")
        assert response.encode().startswith(b"SIP/2.0 %d " % status)
        assert response.via.host == "192.0.2.1"
        assert all(response.get(name) for name in ("From", "To", "Call-ID", "CSeq"))


def test_table_is_large_enough() -> None:
    assert len(MALFORMED) >= 60


LIMITS = Limits(message=600, head=400, headers=10, line=150, uri=40, body=150)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (with_lines(body="x" * 400), 413),
        (with_lines(body="x" * 151), 413),
        (with_lines(*[f"X-{n}: {'v' * 60}" for n in range(5)]), 513),
        (with_lines(*[f"X-{n}: v" for n in range(6)]), 513),
        (with_lines("X: " + "v" * 150), 513),
        (wire("INVITE sip:" + "b" * 40 + " SIP/2.0"), 414),
        (wire("INVITE sip:" + "b" * 160 + " SIP/2.0"), 414),
        (b"INVITE sip:b SIP/2.0\r\n" + b"x" * 500, 513),
    ],
)  # fmt: skip
def test_limits(data: bytes, status: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data, LIMITS)
    assert caught.value.status == status


def test_the_limits_are_inclusive() -> None:
    data = with_lines(body="x" * 150)
    assert len(parse(data, LIMITS).body) == 150


def test_crlfs_before_the_start_line_are_ignored() -> None:
    assert isinstance(parse(b"\r\n\r\n" + wire()), Request)


def test_bytes_beyond_content_length_are_discarded() -> None:
    assert parse(with_lines("Content-Length: 2", body="ab\r\nrest")).body == b"ab"


def test_without_content_length_the_body_is_the_rest() -> None:
    assert parse(with_lines(body="abc")).body == b"abc"


def test_leading_zeros_are_numbers() -> None:
    message = parse(wire(cseq="CSeq: 0009 INVITE", more=("Max-Forwards: 0068", "l: 00000000000002"), body="abc"))
    assert (message.cseq.number, message.max_forwards, message.body) == (9, 68, b"ab")


def test_case_of_version_and_names() -> None:
    message = parse(wire("INVITE sip:b sip/2.0", via="vIA: sip/2.0/udp h;BRANCH=z9hG4bK1"))
    assert message.via.branch == "z9hG4bK1"
    assert message.start_line() == "INVITE sip:b SIP/2.0"
    assert isinstance(parse(wire("sip/2.0 200 OK")), Response)


def test_unusual_but_legal() -> None:
    message = parse(
        wire(
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)@example.com SIP/2.0",
            "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
            """From: "token1~` token2'+_ token3" <sip:a@b>;tag=_token~1'+`*%!-.""",
            'To: "BEL:\x07 NUL:\\\0 DEL:\x7f" <sip:1_unusual.URI~(to-be!sure)@example.com>',
            "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
            more=("extensionHeader-!.%*+_`'~: 大停電",),
        )
    )
    assert isinstance(message, Request)
    assert message.method.startswith("!interesting")
    assert message.to.display == "BEL:\x07 NUL:\0 DEL:\x7f"
    assert message.from_tag == "_token~1'+`*%!-."
    assert message.get("Extensionheader-!.%*+_`'~") == "大停電"


def test_reason_phrase_in_utf8_or_empty() -> None:
    response = parse(wire("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое"))
    assert isinstance(response, Response)
    assert response.reason.endswith("простое")
    empty = parse(wire("SIP/2.0 100 "))
    assert isinstance(empty, Response)
    assert (empty.status, empty.reason) == (100, "")
    bare = parse(wire("SIP/2.0 100"))
    assert isinstance(bare, Response)
    assert bare.reason == ""


def test_bytes_that_are_no_utf8_survive() -> None:
    data = with_lines("Subject: \udcff\udcfe", "Content-Length: 0")
    assert b"\xff\xfe" in data
    assert parse(data).encode() == data


def test_a_fold_is_seen_behind_a_line_that_is_known() -> None:
    """What was read once may go on the next time."""
    assert parse(with_lines("Supported: timer")).get_all("Supported") == ["timer"]
    folded = parse(with_lines("Supported: timer", "\t, 100rel"))
    assert (folded.get_all("Supported"), folded.headers[-1].raw) == (
        ["timer", "100rel"],
        "Supported: timer\r\n\t, 100rel",
    )
    assert parse(wire(to="To:\r\n <sip:b@example.com>\r\n ;tag=2")).to_tag == "2"


def test_what_is_no_ascii_stays_where_it_is() -> None:
    body = "s=Grüße\0\r\n\r\n大停電\udcff"
    message = parse(wire(from_='From: "Jörg" <sip:a@example.com>;tag=1', body=body))
    assert (message.from_.display, message.body) == ("Jörg", body.encode("utf-8", "surrogateescape"))
    assert parse(with_lines(body=body)).body == message.body
    assert parse(with_lines(body="a\0b\nc\rd")).body == b"a\0b\nc\rd"


def test_messages_that_share_lines_change_apart() -> None:
    first, second = parse(with_lines("Contact: <sip:a@h>")), parse(with_lines("Contact: <sip:a@h>"))
    assert first.headers[1] is second.headers[1]
    first.set("From", "<sip:other@h>;tag=9")
    first.set("Contact", "<sip:b@h>")
    assert (first.from_tag, second.from_tag, first.contact_uri, second.contact_uri) == ("9", "1", "sip:b@h", "sip:a@h")
    assert isinstance(second, Request)
    assert respond_to(second, 200, to_tag="t").to_tag == "t"
    assert second.to == NameAddr("sip:b@example.com")


def test_the_memory_of_lines_is_bounded() -> None:
    for number in range(4200):
        parse(wire(from_=f"From: <sip:{number}@example.com>;tag=1"))
    assert 0 < len(parser._READ) <= 4096
    parse(wire(from_=f"From: <sip:{'x' * 300}@example.com>;tag=1"))
    assert all(len(line) <= 256 for line in parser._READ)
