"""Messages as values: header access and changes, typed views, encoding, what is built from them."""

import pytest

from sipcore.errors import BadHeader
from sipcore.message import (
    CSeq,
    Header,
    NameAddr,
    Request,
    Response,
    ack_for_failure,
    cancel_for,
    parse,
    phrase,
    respond_to,
    stamp_received,
)  # fmt: skip
from sipcore.message.builder import with_tag, without_tag

INVITE = (
    b"INVITE sip:1000@192.0.2.10 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 192.0.2.1:5061;rport;branch=z9hG4bK-1 , SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK-0\r\n"
    b"Via:SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK-00\r\n"
    b'f:   "Alice, A." <sip:alice@192.0.2.1>;tag=19\r\n'
    b"tO: <sip:1000@192.0.2.10>\r\n"
    b"CALL-ID: a84b4c76e66710\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Subject: folded\r\n\tover  \r\n lines\r\n"
    b"X-Odd : \xff\xfe kept \r\n"
    b"Record-Route: <sip:p2;lr>,<sip:p1;lr>\r\n"
    b"Route: <sip:192.0.2.10;lr>, <sip:next;lr>\r\n"
    b"m: <sip:alice@192.0.2.1:5061>\r\n"
    b"Max-Forwards: 70\r\n"
    b"c: Application/SDP;charset=x\r\n"
    b"l: 4\r\n"
    b"\r\nv=0\n"
)


def invite() -> Request:
    request = parse(INVITE)
    assert isinstance(request, Request)
    return request


def test_a_received_message_goes_out_as_it_came() -> None:
    assert invite().encode() == INVITE


def test_views() -> None:
    request = invite()
    assert (request.method, request.uri, request.body) == ("INVITE", "sip:1000@192.0.2.10", b"v=0\n")
    assert request.via.sent_by == "192.0.2.1:5061"
    assert request.via.branch == "z9hG4bK-1"
    assert request.from_ == NameAddr("sip:alice@192.0.2.1", "Alice, A.", {"tag": "19"})
    assert (request.from_tag, request.to_tag) == ("19", "")
    assert request.to.uri == "sip:1000@192.0.2.10"
    assert request.call_id == "a84b4c76e66710"
    assert request.cseq == CSeq(314159, "INVITE")
    assert request.contact == NameAddr("sip:alice@192.0.2.1:5061")
    assert request.max_forwards == 70
    assert request.content_type == "application/sdp"
    assert [address.uri for address in request.route] == ["sip:192.0.2.10;lr", "sip:next;lr"]
    assert request.record_route == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert request.get("subject") == "folded over lines"
    assert request.get("X-odd") == "\udcff\udcfe kept"
    assert request.get("Nothing") is None
    assert len(request.get_all("Via")) == 3
    assert repr(request) == "<Request INVITE sip:1000@192.0.2.10>"
    assert str(request).startswith("INVITE sip:1000")


def test_views_of_a_message_without_headers() -> None:
    empty = Request("INVITE", "sip:a")
    for name in ("call_id", "cseq", "from_", "to", "from_tag", "to_tag", "via"):
        with pytest.raises(BadHeader, match="missing"):
            getattr(empty, name)
    assert empty.contact is None
    assert empty.max_forwards is None
    assert empty.content_type == ""
    assert empty.route == []


def test_changes_are_seen_by_the_views() -> None:
    request = invite()
    assert request.to_tag == ""
    request.set("To", "<sip:x@y>;tag=7")
    assert request.to_tag == "7"
    request.set("CSeq", "1 BYE")
    assert request.cseq.number == 1
    request.set("Contact", "<sip:new@host>")
    assert request.contacts == [NameAddr("sip:new@host")]
    request.set("From", "<sip:x@y>")
    assert request.from_tag == ""


def test_set_keeps_the_place_and_appends_what_is_new() -> None:
    message = Request("A", "sip:a", [("Via", "1"), ("Route", "<sip:a>"), ("Route", "<sip:b>"), ("To", "x")])
    message.set("route", "<sip:c>")
    assert [header.name for header in message.headers] == ["Via", "Route", "To"]
    message.set("Subject", "s")
    assert message.headers[-1] == Header("Subject", "s", "Subject: s")
    message.remove("via")
    message.prepend("Via", "2")
    assert message.headers[0].value == "2"


def test_the_first_element_of_a_list() -> None:
    request = invite()
    request.remove_first("Via")
    assert request.via.sent_by == "192.0.2.2"
    request.remove_first("Via")
    assert request.via.sent_by == "192.0.2.3"
    request.set_first("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK9")
    assert request.get_all("Via") == ["SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK9"]
    request.remove_first("Via")
    request.remove_first("Via")
    assert request.get("Via") is None
    request.set_first("Via", "SIP/2.0/UDP 192.0.2.8")
    assert request.headers[0].name == "Via"
    request.remove_first("From")
    assert request.get("From") is None
    request.set_first("Route", "<sip:first>")
    assert [address.uri for address in request.route] == ["sip:first", "sip:next;lr"]


def test_line_breaks_cannot_be_smuggled_in() -> None:
    request = Request("A", "sip:a")
    for change in (request.add, request.set, request.prepend, request.set_first):
        with pytest.raises(ValueError, match="line break"):
            change("Subject", "x\r\nEvil: 1")


def test_content_length_is_always_right() -> None:
    request = invite()
    request.body = b"12345"
    assert b"\r\nContent-Length: 5\r\n\r\n12345" in request.encode()
    assert Request("A", "sip:a").encode() == b"A sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    twice = Response(200, headers=[("Content-Length", "9"), ("Content-Length", "9")])
    assert twice.encode().count(b"Content-Length") == 1


def test_copies_are_apart() -> None:
    request = invite()
    twin = request.copy()
    twin.set("Subject", "other")
    assert twin.uri == request.uri
    assert request.encode() == INVITE
    response = Response(486, body=b"x")
    other = response.copy()
    other.add("Reason", "SIP;cause=486")
    assert response.get("Reason") is None
    assert other.body == b"x"


def test_phrases() -> None:
    assert Response(486).reason == "Busy Here"
    assert Response(200, "Fine").reason == "Fine"
    with pytest.raises(ValueError, match="line break"):
        Response(200, "OK\r\nEvil: 1")
    assert Response(200, "").start_line() == "SIP/2.0 200 "
    assert [phrase(code) for code in (100, 199, 299, 399, 499, 599, 699)] == [
        "Trying", "Early Dialog Terminated", "OK", "Multiple Choices", "Bad Request", "Server Internal Error", "Decline",
    ]  # fmt: skip
    assert repr(Response(200)) == "<Response 200 OK>"


def test_respond_to() -> None:
    response = respond_to(invite(), 180, to_tag="mine", headers=[("Contact", "<sip:us>")], body=b"b")
    assert response.encode() == (
        b"SIP/2.0 180 Ringing\r\n"
        b"v: SIP/2.0/UDP 192.0.2.1:5061;rport;branch=z9hG4bK-1 , SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK-0\r\n"
        b"Via:SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK-00\r\n"
        b'f:   "Alice, A." <sip:alice@192.0.2.1>;tag=19\r\n'
        b"To: <sip:1000@192.0.2.10>;tag=mine\r\n"
        b"CALL-ID: a84b4c76e66710\r\n"
        b"CSeq: 314159 INVITE\r\n"
        b"Record-Route: <sip:p2;lr>,<sip:p1;lr>\r\n"
        b"Contact: <sip:us>\r\n"
        b"Content-Length: 1\r\n\r\nb"
    )
    assert respond_to(invite(), 404).get("Record-Route") is None
    assert respond_to(invite(), 100).get("Record-Route") is None
    tagged = invite()
    tagged.set("To", "<sip:a>;tag=theirs")
    assert respond_to(tagged, 200, to_tag="mine").to_tag == "theirs"


def test_tags_as_text() -> None:
    assert with_tag('"x" <sip:a;tag=in-uri>', "1") == '"x" <sip:a;tag=in-uri>;tag=1'
    assert with_tag("sip:a@b", "1") == "sip:a@b;tag=1"
    assert with_tag("<broken", "1") == "<broken;tag=1"
    assert with_tag("<broken;TAG=2", "1") == "<broken;TAG=2"
    assert without_tag('"x" <sip:a;tag=in-uri>;tag=1') == '"x" <sip:a;tag=in-uri>'
    assert without_tag("<sip:a>;a=1;TAG=1;b") == "<sip:a>;a=1;b"
    assert without_tag("sip:a@b;tag=1") == "sip:a@b"
    assert without_tag("<sip:a>") == "<sip:a>"
    assert without_tag('<sip:a>;tag=1;x="a>;tag=3"') == '<sip:a>;x="a>;tag=3"'
    assert without_tag('"<>;tag=4" <sip:a>;tag=1') == '"<>;tag=4" <sip:a>'
    assert without_tag('<sip:a>;x="a;tag=2>";tag=1') == '<sip:a>;x="a;tag=2>"'


def test_stamp_received() -> None:
    request = invite()
    stamp_received(request, "192.0.2.1", 40000)
    assert (request.via.received, request.via.rport) == ("192.0.2.1", 40000)
    assert request.get_all("Via")[1] == "SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK-0"
    plain = Request("A", "sip:a", [("Via", "SIP/2.0/UDP host;branch=z9hG4bK1")])
    stamp_received(plain, "host", 5060)
    assert plain.get("Via") == "SIP/2.0/UDP host;branch=z9hG4bK1"
    stamp_received(plain, "2001:db8::1", 5060)
    assert plain.get("Via") == "SIP/2.0/UDP host;branch=z9hG4bK1;received=2001:db8::1"


def test_cancel_and_ack_share_the_transaction() -> None:
    request = invite()
    cancel = cancel_for(request, [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
    assert cancel.start_line() == "CANCEL sip:1000@192.0.2.10 SIP/2.0"
    assert cancel.get_all("Via") == ["SIP/2.0/UDP 192.0.2.1:5061;rport;branch=z9hG4bK-1"]
    assert cancel.cseq == CSeq(314159, "CANCEL")
    assert cancel.get("Reason") is not None
    assert [address.uri for address in cancel.route] == ["sip:192.0.2.10;lr", "sip:next;lr"]
    ack = ack_for_failure(request, respond_to(request, 486, to_tag="busy"))
    assert (ack.method, ack.cseq.method, ack.to_tag, ack.from_tag) == ("ACK", "ACK", "busy", "19")
    assert ack.via.branch == "z9hG4bK-1"
    assert ack.max_forwards == 70


def test_register_contacts() -> None:
    request = Request("REGISTER", "sip:a", [("Contact", "*")])
    assert request.contact is None
    assert request.get("Contact") == "*"
    request.set("Contact", '"a, b" <sip:a>;q=0.5, sip:c@d;expires=1')
    assert [contact.uri for contact in request.contacts] == ["sip:a", "sip:c@d"]


def test_what_was_read_follows_every_change() -> None:
    request = parse(invite().encode())
    assert request.get("Organization") is None
    request.add("Organization", "late")
    assert (request.get("Organization"), request.get_all("Organization")) == ("late", ["late"])
    request.remove("Organization")
    assert request.get_all("Organization") == []
    request.set("Call-ID", "other")
    assert (request.get("Call-ID"), request.call_id) == ("other", "other")
    request.set("Contact", "<sip:moved@192.0.2.9>;expires=5")
    assert request.contact_uri == "sip:moved@192.0.2.9"
    request.push_via("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKtop;rport")
    assert (request.via.branch, request.get("Via")) == ("z9hG4bKtop", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKtop;rport")


def test_a_simple_message_follows_its_changes() -> None:
    text = (
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h:5070;branch=z9hG4bK1;rport\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\n"
        b"Call-ID: c\r\nCSeq: 7 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    first, second = parse(text), parse(text)
    first.set("Max-Forwards", "69")
    first.set_first("Via", "SIP/2.0/UDP other")
    assert (first.max_forwards, second.max_forwards) == (69, 70)
    assert (first.via.host, second.via.host, second.via.port) == ("other", "h", 5070)
    assert (second.get_all("Route"), second.get("Route"), second.get("Call-ID")) == ([], None, "c")
    assert second.encode() == text
