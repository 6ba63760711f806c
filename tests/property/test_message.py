"""Messages under arbitrary input: only ParseError comes out, what is built parses back, what is untouched stays."""

import string
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipcore.digest import Challenge, Credentials
from sipcore.errors import BadHeader, BadSdp, BadUri, FramingError, ParseError
from sipcore.message import CSeq, Limits, Message, NameAddr, Request, Response, Uri, Via, parse, respond_to
from sipcore.message.builder import with_tag, without_tag
from sipcore.message.fields import usual_address, usual_contact
from sipcore.message.framing import StreamFramer
from sipcore.message.headers import make_header, split_list
from sipcore.message.offer_answer import choose
from sipcore.message.sdp import parse_sdp

quick = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

SEED = (
    b"INVITE sip:1000@192.0.2.10;x=1 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::1]:5061;rport;branch=z9hG4bK1, SIP/2.0/TCP h\r\n"
    b'From: "Al\\"i" <sip:a@b>;tag=1\r\nTo: sip:b@c;x="y"\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@b>;q=1, sip:c\r\n'
    b"Route: <sip:p;lr>\r\nRecord-Route: <sip:q;lr>\r\nMax-Forwards: 7\r\nSubject: a\r\n b\r\nl: 3\r\n\r\nv=0"
)
FRAGMENTS = [
    b"\r\n", b"\r\n ", b":", b";", b",", b"<", b">", b'"', b"\\", b"=", b"@", b"[", b"]", b"?", b"%", b"\0", b"\xff",
    b" ", b"\t", b"sip:", b"tel:", b"SIP/2.0", b"Via: ", b"Contact: *", b"tag=", b"-1", b"99999999999", "ß²٣".encode(),
    b"\xe2\x80\xa8", b"\\\0",
]  # fmt: skip

junk = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=4))).map(b"".join)
text_junk = junk.map(lambda data: data.decode("utf-8", "surrogateescape"))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message with a few places cut out or overwritten."""
    data = SEED
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        data = data[:start] + draw(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=3))) + data[end:]
    return data


def read_everything(message: Message) -> None:
    assert isinstance(message.via, Via)
    assert isinstance(message.from_, NameAddr)
    assert isinstance(message.to, NameAddr)
    assert isinstance(message.cseq, CSeq)
    assert message.call_id
    for header in ("From", "To", "Contact", "Via", "Route"):
        for text in message.get_all(header):  # what came in can be sent on, as it was and as it was understood
            make_header(header, text)
    make_header("From", str(message.from_))
    make_header("To", str(message.to))
    make_header("Via", str(message.via))
    assert (message.from_.tag, message.to.tag) == (message.from_tag, message.to_tag)
    _ = (
        message.contacts,
        message.contact,
        message.route,
        message.record_route,
        message.max_forwards,
        message.content_type,
    )


def survives(data: bytes) -> None:
    """Parses and can be read, copied, encoded and answered, or raises ParseError, whose salvage can be answered."""
    try:
        message = parse(data)
    except ParseError as error:
        if error.salvaged is not None:
            _ = error.salvaged.via.branch
            respond_to(error.salvaged, error.status, to_tag="t").encode()
        return
    read_everything(message)
    again = parse(message.encode())
    assert again.body == message.body
    assert [header for header in again.headers if header.name != "Content-Length"] == [
        header for header in message.headers if header.name != "Content-Length"
    ]
    read_everything(again)
    if isinstance(message, Request):
        assert parse(respond_to(message, 200, to_tag="t").encode()).to_tag == (message.to_tag or "t")


@quick
@given(st.one_of(st.binary(max_size=300), junk))
def test_any_bytes(data: bytes) -> None:
    survives(data)


@settings(quick, max_examples=400)
@given(damaged())
def test_damaged_messages(data: bytes) -> None:
    survives(data)


@quick
@given(damaged(), st.integers(1, 60))
def test_any_bytes_of_a_stream(data: bytes, size: int) -> None:
    framer = StreamFramer(Limits(head=2000, body=500, message=2500))
    stream = SEED + data + SEED
    messages: list[bytes] = []
    try:
        for at in range(0, len(stream), size):
            messages.extend(framer.feed(stream[at : at + size]))
    except FramingError:
        assert framer.broken
    assert messages[:1] == [SEED]
    assert all(message in stream for message in messages)


@quick
@given(text_junk)
def test_any_field(text: str) -> None:
    for parser in (NameAddr.parse, Via.parse, CSeq.parse, Challenge.parse, Credentials.parse):
        with suppress(BadHeader):
            assert str(parser(text))
    with suppress(BadUri):
        assert Uri.parse(text).same_as(Uri.parse(text))
    with suppress(BadSdp):
        sdp = parse_sdp(text)
        choose(sdp)
        assert parse_sdp(sdp.encode()) == sdp


@quick
@given(text_junk, text_junk, text_junk)
def test_the_short_cut_takes_nothing_that_the_grammar_refuses(display: str, uri: str, tag: str) -> None:
    for form in (
        f"{display} <sip:{uri}>", f'"{display}" <sips:{uri}>;tag={tag}', f"<sip:{uri}>;tag={tag}",
        f"{display}<{uri}>;expires={tag}", f'"{display}" <sip:{uri}>;expires=1',
    ):  # fmt: skip
        text = form.replace("\r", "").replace("\n", "").strip(" \t")
        end, found = usual_address(text)
        if end:
            address = NameAddr.parse(text)
            assert (address.uri, address.tag) == (text[text.rfind("<", 0, end) + 1 : end - 1], found)
        contact = usual_contact(text)
        if contact is not None:
            assert [NameAddr.parse(each).uri for each in split_list(text)] == [contact]


tokens = st.text(string.ascii_letters + string.digits + "-.!%*_+`'~", min_size=1, max_size=12)
displays = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12)
hosts = st.one_of(
    st.just("192.0.2.1"), st.just("[2001:db8::1]"), st.from_regex(r"[a-z][a-z0-9-]{0,8}\.example", fullmatch=True)
)
transports = st.sampled_from(["UDP", "TCP", "TLS", "WS"])
ports = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))
users = st.text(string.ascii_letters + string.digits + "-_.!~*'()&=+$,;?/", min_size=1, max_size=8)
uris = st.builds(lambda user, host, port: f"sip:{user}@{host}{port}", users, hosts, ports)
params = st.dictionaries(
    tokens.map(str.lower).filter(lambda name: name != "tag"), st.one_of(st.none(), tokens), max_size=3
)
addresses = st.builds(NameAddr, uris, displays, params)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30).map(
    lambda text: text.strip(" \t")
)
more_headers = st.lists(st.tuples(tokens.map(lambda name: f"X-{name}"), values), max_size=5)


@st.composite
def messages(draw: st.DrawFn) -> Request | Response:
    method = draw(tokens)
    headers = [
        ("Via", f"SIP/2.0/{draw(transports)} {draw(hosts)}{draw(ports)};branch=z9hG4bK{draw(tokens)}"),
        ("From", f"{draw(addresses)};tag={draw(tokens)}"),
        ("To", str(draw(addresses))),
        ("Call-ID", draw(tokens)),
        ("CSeq", f"{draw(st.integers(0, 2**31 - 1))} {method}"),
        ("Contact", str(draw(addresses))),
        *draw(more_headers),
    ]
    body = draw(st.binary(max_size=40))
    if draw(st.booleans()):
        return Request(method, draw(uris), headers, body)
    return Response(draw(st.integers(100, 699)), draw(values), headers, body)


@quick
@given(messages())
def test_what_is_built_parses_back(message: Request | Response) -> None:
    again = parse(message.encode())
    assert again.start_line() == message.start_line()
    assert again.body == message.body
    assert [(each.name, each.value) for each in again.headers[:-1]] == [
        (each.name, each.value) for each in message.headers
    ]
    assert again.from_ == message.from_
    assert again.contact == message.contact
    assert (again.to_tag, again.cseq, again.call_id) == (message.to_tag, message.cseq, message.call_id)


@quick
@given(messages(), values, st.sampled_from(["Subject", "To", "Contact", "Max-Forwards"]))
def test_untouched_headers_are_byte_identical(message: Request | Response, value: str, name: str) -> None:
    received = parse(message.encode().replace(b"Call-ID: ", b"i  :\t ").replace(b"CSeq: ", b"cseq:"))
    before = [header.raw for header in received.headers if header.name not in (name, "Content-Length")]
    received.set(name, value)
    received.body = b"another"
    lines = received.encode().partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape").split("\r\n")[1:]
    assert [line for line in lines if line in before] == before


@quick
@given(addresses, tokens)
def test_tags_come_and_go(address: NameAddr, tag: str) -> None:
    text = str(address)
    tagged = with_tag(text, tag)
    assert NameAddr.parse(tagged).tag == tag
    assert without_tag(tagged) == text


@quick
@given(uris, params)
def test_uris_are_the_same_as_themselves(text: str, more: dict[str, str | None]) -> None:
    try:
        uri = Uri.parse(text)
    except BadUri:
        pytest.fail(text)
    uri.params.update({name: value for name, value in more.items() if name.isalnum()})
    assert str(Uri.parse(str(uri))) == str(uri)
    assert Uri.parse(str(uri)).same_as(uri)
