"""The grammars of the structured headers: name-addr, Via, CSeq, parameters, lists, names."""

import pytest

from sipcore.errors import BadHeader
from sipcore.message import CSeq, NameAddr, Via
from sipcore.message.grammar import format_params, is_token, parse_params, quote, unquote
from sipcore.message.headers import Header, canonical_name, make_header, split_list


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        ("<sip:a@b>", "", "sip:a@b", {}),
        ("<sip:a@b>;tag=1", "", "sip:a@b", {"tag": "1"}),
        ("<sip:a@b> ; Tag=x1 ", "", "sip:a@b", {"tag": "x1"}),
        ('"Alice Smith" <sip:a@b;user=phone>;tag=1', "Alice Smith", "sip:a@b;user=phone", {"tag": "1"}),
        ('"Alice"<sip:a@b>', "Alice", "sip:a@b", {}),
        ('"Alice" \t <sip:a@b>', "Alice", "sip:a@b", {}),
        ("Alice Smith <sip:a@b>", "Alice Smith", "sip:a@b", {}),
        ("Alice<sip:a@b>", "Alice", "sip:a@b", {}),
        ('"a \\"b\\" \\\\ c" <sip:a@b>', 'a "b" \\ c', "sip:a@b", {}),
        ('"with <angles>, and commas" <sip:a@b>', "with <angles>, and commas", "sip:a@b", {}),
        ('"" <sip:a@b>', "", "sip:a@b", {}),
        ("sip:a@b", "", "sip:a@b", {}),
        ("sip:a@b;tag=1", "", "sip:a@b", {"tag": "1"}),
        ("tel:+4930123;tag=1", "", "tel:+4930123", {"tag": "1"}),
        ('<sip:a@b>;x="q;r, s"', "", "sip:a@b", {"x": '"q;r, s"'}),
        ('Alice <sip:a@b>;x="q"', "Alice", "sip:a@b", {"x": '"q"'}),
        ("<sip:a@b>;lr;ob", "", "sip:a@b", {"lr": None, "ob": None}),
        ("<urn:service:sos>", "", "urn:service:sos", {}),
        ('"Jörg \udcff" <sip:a@b>', "Jörg \udcff", "sip:a@b", {}),
    ],
)
def test_name_addr(text: str, display: str, uri: str, params: dict[str, str | None]) -> None:
    address = NameAddr.parse(text, "From")
    assert (address.display, address.uri, address.params) == (display, uri, params)
    assert NameAddr.parse(str(address), "From") == address


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "<>", "<sip:a@b", "sip", "<sip:>", '"Alice <sip:a@b>', '"Alice" sip:a@b', "<sip:a@b>x", "<sip:a@b>;",
        "<sip:a@b>;;tag=1", "<sip:a@b>;tag=", "<sip:a@b>;tag=1;TAG=2", "<sip:a@b>;ta g=1", "<sip:a b@c>", "<<sip:a@b>>",
        "sip:a@b?Subject=x", "sip:a,b@c", 'a, b <sip:a@b>', "a;b <sip:a@b>", '<sip:a@b>;x="open', '<sip:a@b>;x="a"b',
        '"', '"\\', "sip:a@b>", '<sip:"a"@b>', "<sip:a@b> ;x=a b", '<sip:a@b> ;x="', '"a" x <sip:a@b>', 'x,y <sip:a>;z="1"',
    ],
)  # fmt: skip
def test_bad_name_addr(text: str) -> None:
    with pytest.raises(BadHeader) as caught:
        NameAddr.parse(text, "Contact")
    assert caught.value.header == "Contact"
    assert caught.value.status == 400


def test_name_addr_tag_and_equality() -> None:
    assert NameAddr.parse("<sip:a@b>").tag == ""
    assert NameAddr.parse("<sip:a@b>;tag=9").tag == "9"
    assert NameAddr("sip:a@b") != "sip:a@b"
    assert repr(NameAddr("sip:a@b", 'A "B"', {"tag": "1"})) == 'NameAddr("A \\"B\\"" <sip:a@b>;tag=1)'


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch", "sent_by"),
    [
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "UDP", "192.0.2.1", None, "z9hG4bK1", "192.0.2.1"),
        ("SIP/2.0/TCP host.example.com:5070", "TCP", "host.example.com", 5070, "", "host.example.com:5070"),
        ("SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK2", "TLS", "2001:db8::1", 5061, "z9hG4bK2", "[2001:db8::1]:5061"),
        ("SIP/2.0/UDP [::1]", "UDP", "::1", None, "", "[::1]"),
        ("SIP / 2.0 / UDP  first.example.com: 4000 ;ttl=16", "UDP", "first.example.com", 4000, "", "first.example.com:4000"),
        ("sip/2.0/udp a.b:5060;Branch=x", "UDP", "a.b", 5060, "x", "a.b:5060"),
        ("SIP/2.0/X-NEW a", "X-NEW", "a", None, "", "a"),
        ("SIP/2.0/UDP under_score.host", "UDP", "under_score.host", None, "", "under_score.host"),
        ("SIP/2.0/WS df7jal.invalid;branch=z9hG4bK3", "WS", "df7jal.invalid", None, "z9hG4bK3", "df7jal.invalid"),
        ("SIP/2.0/UDP [::1] : 5060", "UDP", "::1", 5060, "", "[::1]:5060"),
    ],
)  # fmt: skip
def test_via(text: str, transport: str, host: str, port: int | None, branch: str, sent_by: str) -> None:
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch, via.sent_by) == (transport, host, port, branch, sent_by)
    again = Via.parse(str(via))
    assert (again.host, again.port, again.params) == (via.host, via.port, via.params)


def test_via_received_and_rport() -> None:
    via = Via.parse("SIP/2.0/UDP 10.0.0.1:5060;rport=40000;received=[2001:db8::9];branch=z9hG4bK1")
    assert (via.received, via.rport) == ("2001:db8::9", 40000)
    asking = Via.parse("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1")
    assert (asking.received, asking.rport) == ("", None)
    assert "rport" in asking.params


@pytest.mark.parametrize(
    "text",
    [
        "", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/3.0/UDP a", "HTTP/2.0/UDP a", "SIP/2.0 a", "SIP/2.0/UDP a:0",
        "SIP/2.0/UDP a:65536", "SIP/2.0/UDP a:", "SIP/2.0/UDP a:5x", "SIP/2.0/UDP [::1", "SIP/2.0/UDP [zz]",
        "SIP/2.0/UDP [::1]x", "SIP/2.0/UDP a;;branch=1", "SIP/2.0/UDP a;rport=0", "SIP/2.0/UDP a;rport=abc",
        "SIP/2.0/UDP a;branch=", "SIP/2.0/UDP a b", "SIP/2.0/UDP a;branch=1;branch=2", "SIP/2.0/U(P a", "SIP/2.0/UDP ;x=1",
        "SIP/2.0/UDP ä.example", "SIP/2.0/UDP 1::2", "SIP/2.0/UDP a:٥",
    ],
)  # fmt: skip
def test_bad_via(text: str) -> None:
    with pytest.raises(BadHeader) as caught:
        Via.parse(text)
    assert caught.value.header == "Via"


def test_cseq() -> None:
    assert CSeq.parse("1 INVITE") == CSeq(1, "INVITE")
    assert CSeq.parse("  0009 \t BYE") == CSeq(9, "BYE")
    assert CSeq.parse("2147483647 FOO") == CSeq(2**31 - 1, "FOO")
    assert CSeq.parse("0000000000000000000012 INVITE").number == 12
    assert str(CSeq(7, "ACK")) == "7 ACK"


@pytest.mark.parametrize(
    "text", ["", "1", "INVITE", "INVITE 1", "1 INVITE x", "-1 INVITE", "2147483648 INVITE", "1 IN(VITE", "¹ INVITE", "9" * 99]
)  # fmt: skip
def test_bad_cseq(text: str) -> None:
    with pytest.raises(BadHeader) as caught:
        CSeq.parse(text)
    assert caught.value.header == "CSeq"


def test_params() -> None:
    params = parse_params('A=1; b ;c="x;\\"y"', "Via")
    assert params == {"a": "1", "b": None, "c": '"x;\\"y"'}
    assert format_params(params) == ';a=1;b;c="x;\\"y"'
    assert format_params({}) == ""


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ("", []),
        ("a", ["a"]),
        ("a, b,c", ["a", "b", "c"]),
        (" , a,, ", ["a"]),
        ('"x, y" <sip:a@b>, <sip:c,d@e>;q=1', ['"x, y" <sip:a@b>', "<sip:c,d@e>;q=1"]),
        ('"esc \\", still" <sip:a>, b', ['"esc \\", still" <sip:a>', "b"]),
        ('"open, <sip:a>', ['"open, <sip:a>']),
        ("<open, a", ["<open, a"]),
    ],
)
def test_split_list(value: str, elements: list[str]) -> None:
    assert split_list(value) == elements


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("v", "Via"), ("F", "From"), ("call-id", "Call-ID"), ("CALL-ID", "Call-ID"), ("i", "Call-ID"), ("cSEQ", "CSeq"),
        ("x-my-header", "X-My-Header"), ("X-MY-HEADER", "X-My-Header"), ("www-authenticate", "WWW-Authenticate"),
        ("l", "Content-Length"), ("x", "Session-Expires"), ("Via \t", "Via"), ("MIME-version", "MIME-Version"),
    ],
)  # fmt: skip
def test_canonical_name(spelling: str, canonical: str) -> None:
    assert canonical_name(spelling) == canonical


@pytest.mark.parametrize("name", ["", " ", "Bad Name", "Ä", "a:b", " Via"])
def test_no_header_name(name: str) -> None:
    with pytest.raises(ValueError, match="token"):
        canonical_name(name)


def test_make_header() -> None:
    assert make_header("subject", "hello") == Header("Subject", "hello", "Subject: hello")
    assert make_header("X-CID", "1") == Header("X-Cid", "1", "X-CID: 1")
    for value in ("a\r\nEvil: 1", "a\nb", "a\0"):
        with pytest.raises(ValueError, match="line break"):
            make_header("Subject", value)


def test_quote_and_token() -> None:
    assert quote("\0") == '"\\\0"'
    assert quote('a"b\\') == '"a\\"b\\\\"'
    assert unquote(quote('a"b\\')) == 'a"b\\'
    assert unquote("plain") == "plain"
    assert is_token("a-b.c!%*_+`'~")
    assert not is_token("")
    assert not is_token("é")
