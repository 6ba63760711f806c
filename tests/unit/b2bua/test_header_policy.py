"""What crosses from the caller to the callee: the short ways say the same as the parsers."""

import pytest

from b2bua.header_policy import caller_of, passed_on, user_of_uri
from b2bua.session import LegSession
from sipcore.dialog import Dialog
from sipcore.errors import BadHeader
from sipcore.message import BadUri, NameAddr, Request, Uri
from sipcore.packets import Hop, Source

FROM = [
    "<sip:alice@10.0.0.1>;tag=1",
    '"Alice" <sip:alice@10.0.0.1>;tag=a-b.c',
    "Alice B <sip:alice@10.0.0.1:5080;transport=tcp>;tag=1",
    '"" <sip:alice@10.0.0.1>;tag=1',
    '"a<b>" <sip:alice@10.0.0.1>;tag=1',
    '"say \\"hi\\"" <sip:alice@10.0.0.1>;tag=1',
    '"Alice"<sip:alice@10.0.0.1>;tag=1',
    "sip:alice@10.0.0.1;tag=1",
    "<sip:10.0.0.1>;tag=1",
    "<tel:+4930123>;tag=1",
    "<sip:a%20b:secret@10.0.0.1>;tag=1",
    "<sips:+49-30.1@[::1]:5061>;tag=1",
    '"x>;tag=1" <sip:alice@10.0.0.1>;other=2;tag=1',
    "<sip:alice@10.0.0.1>;tag=1;other=2",
]


def invite(sender: str = FROM[0], contact: str = "<sip:alice@10.0.0.1:5060>") -> Request:
    headers = [("Via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"), ("From", sender), ("To", "<sip:1000@here>")]
    headers += [("Call-ID", "c"), ("CSeq", "1 INVITE"), ("Contact", contact), ("X-Account", "7"), ("Server", "s")]
    return Request("INVITE", "sip:1000@here", headers)


@pytest.mark.parametrize("text", FROM)
def test_the_caller_is_the_one_that_the_parser_finds(text: str) -> None:
    sender = NameAddr.parse(text)
    user = Uri.parse(sender.uri).user
    shown = str(NameAddr(f"sip:{user}@pbx" if user else "sip:pbx", sender.display))
    assert caller_of(invite(text), "pbx") == (user, shown)


@pytest.mark.parametrize("uri", ["sip:", "sip:@h", "sip:a b@h", "sip:a@b@h", "http:x@h", "sip:a%zz@h", "", "a@b"])
def test_an_odd_uri_has_the_user_that_the_parser_finds(uri: str) -> None:
    try:
        expected = Uri.parse(uri).user
    except BadUri:
        expected = ""
    assert user_of_uri(uri) == expected


def test_private_headers_cross() -> None:
    assert passed_on(invite()) == [("X-Account", "7")]


@pytest.mark.parametrize("text", FROM)
def test_a_dialog_has_the_from_without_its_tag(text: str) -> None:
    source = Source(Hop("UDP", "10.0.0.1", 5060))
    dialog = Dialog.as_uas(invite(text), source, local_tag="x", contact="<sip:us@here>")
    bare, sender = NameAddr.parse(dialog.remote), NameAddr.parse(text)
    assert (bare.uri, bare.display, bare.tag) == (sender.uri, sender.display, "")
    assert dialog.remote_tag == sender.tag


@pytest.mark.parametrize(
    ("contact", "behind_nat"),
    [
        ("sip:alice@10.0.0.1:5060", False),
        ("sip:alice@10.0.0.1:5060;transport=udp", False),
        ("sip:alice@10.0.0.1", False),
        ("sip:10.0.0.1:5060;ob", False),
        ("sip:alice@192.168.0.9:5060", True),
        ("sip:alice@10.0.0.1:5061", True),
    ],
)
def test_where_a_dialogs_requests_go(contact: str, *, behind_nat: bool) -> None:
    request = invite(contact=f"<{contact}>")
    request.set("Via", "SIP/2.0/UDP 172.16.0.1:5062;branch=z9hG4bK1")
    source = Source(Hop("UDP", "10.0.0.1", 5060))
    dialog = Dialog.as_uas(request, source, local_tag="x", contact="<sip:us@here>")
    assert dialog.hop == (source.hop if behind_nat else None)


def test_a_contact_that_is_no_uri_forms_no_dialog() -> None:
    request = invite(contact="<sip:a%zz@10.0.0.1:5060>")
    with pytest.raises(BadHeader):
        Dialog.as_uas(request, Source(Hop("UDP", "10.0.0.1", 5060)), local_tag="x", contact="<sip:us@here>")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_an_answer_has_the_offers_media_whatever_ends_its_lines(end: bytes) -> None:
    offer = end.join([b"v=0", b"o=a 1 1 IN IP4 10.0.0.1", b"m=audio 4000 RTP/AVP 8", b"m=video 4002 RTP/AVP 96", b""])
    answer = b"v=0\r\no=b 1 1 IN IP4 10.0.0.2\r\nm=audio 5000 RTP/AVP 8\r\n"
    lines = LegSession(1, remote=offer).answer(answer).splitlines()
    assert [line for line in lines if line[:2] == b"m="] == [b"m=audio 5000 RTP/AVP 8", b"m=video 0 RTP/AVP 96"]
