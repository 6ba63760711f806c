"""Dialogs (RFC 3261 §12): how they come about, what is sent within them, what may come in."""

import pytest

from sipcore.dialog import Dialog
from sipcore.errors import BadHeader
from sipcore.message import CSeq, NameAddr, Request, Response, respond_to
from sipcore.packets import ANY_FLOW, Hop, Source

PEER = Source(Hop("UDP", "192.0.2.1", 5060))
US = "<sip:3.1.00@192.0.2.10>"


def invite(*more: tuple[str, str], contact: str = "<sip:alice@192.0.2.1>", uri: str = "sip:1000@192.0.2.10") -> Request:
    headers = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
        ("From", '"Alice" <sip:alice@example.com>;tag=a1;x=y'),
        ("To", "<sip:1000@example.com>"),
        ("Call-ID", "c1"),
        ("CSeq", "7 INVITE"),
    ]
    if contact:
        headers.append(("Contact", contact))
    return Request("INVITE", uri, [*headers, *more])


def as_uas(*more: tuple[str, str], source: Source = PEER, contact: str = "<sip:alice@192.0.2.1>") -> Dialog:
    return Dialog.as_uas(invite(*more, contact=contact), source, local_tag="b1", contact=US)


def as_uac(*record_route: str) -> Dialog:
    response = respond_to(invite(), 200, to_tag="b1", headers=[("Record-Route", text) for text in record_route])
    response.add("Contact", "<sip:bob@192.0.2.20:5070>")
    return Dialog.as_uac(invite(), response)


def incoming(method: str, number: int, *more: tuple[str, str]) -> Request:
    return Request(method, "sip:us", [("CSeq", f"{number} {method}"), *more])


def test_as_uas() -> None:
    dialog = as_uas(("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"), ("Record-Route", "<sip:p0;lr>"))
    assert dialog.key == ("c1", "b1", "a1")
    assert (dialog.local, dialog.remote) == ("<sip:1000@example.com>", '"Alice" <sip:alice@example.com>;x=y')
    assert dialog.local_contact == US
    assert dialog.remote_target == "sip:alice@192.0.2.1"
    assert dialog.route_set == ("<sip:p2;lr>", "<sip:p1;lr>", "<sip:p0;lr>")  # §12.1.1: in order
    assert (dialog.local_cseq, dialog.remote_cseq) == (0, 7)
    assert (dialog.hop, dialog.flow, dialog.secure) == (None, ANY_FLOW, False)


def test_as_uac() -> None:
    dialog = as_uac("<sip:p2;lr>", "<sip:p1;lr>")
    assert dialog.key == ("c1", "a1", "b1")
    assert (dialog.local, dialog.remote) == ('"Alice" <sip:alice@example.com>;x=y', "<sip:1000@example.com>")
    assert dialog.remote_target == "sip:bob@192.0.2.20:5070"
    assert dialog.route_set == ("<sip:p1;lr>", "<sip:p2;lr>")  # §12.1.2: reversed
    assert (dialog.local_cseq, dialog.remote_cseq) == (7, None)
    assert dialog.local_contact == "<sip:alice@192.0.2.1>"


def test_a_dialog_needs_the_peers_contact() -> None:
    with pytest.raises(BadHeader) as caught:
        as_uas(contact="")
    assert caught.value.header == "Contact"
    with pytest.raises(BadHeader):
        Dialog.as_uac(invite(), respond_to(invite(), 200, to_tag="b1"))
    for odd in ("<tel:+1>", "<sip:@>", "<sip:a@b:99999>"):
        with pytest.raises(BadHeader):
            as_uas(contact=odd)


def test_a_peers_odd_route_does_not_stop_our_bye() -> None:
    assert as_uac("<urn:x>").request("BYE").uri == "urn:x"
    assert as_uac("<sip:p1;LR=on>").request("BYE").uri == "sip:bob@192.0.2.20:5070"


def test_secure() -> None:
    tls = Source(Hop("TLS", "192.0.2.1", 40000), 0, 9)
    secured = Dialog.as_uas(invite(uri="sips:1000@example.com"), tls, local_tag="b", contact=US)
    assert secured.secure
    assert not Dialog.as_uas(invite(), tls, local_tag="b", contact=US).secure
    assert not Dialog.as_uas(invite(uri="sips:1000@example.com"), PEER, local_tag="b", contact=US).secure


def test_the_hop_of_a_peer_over_a_stream_or_behind_nat() -> None:
    stream = Source(Hop("TCP", "192.0.2.1", 40000), 0, 9)
    assert (as_uas(source=stream).hop, as_uas(source=stream).flow) == (stream.hop, 9)
    assert as_uas(("Record-Route", "<sip:p;lr>"), source=stream).hop is None
    nat = Source(Hop("UDP", "203.0.113.5", 31000))
    assert as_uas(source=nat, contact="<sip:alice@10.0.0.5>").hop == nat.hop
    elsewhere = "<sip:alice@192.0.2.99>"  # the Via is where it came from: a proxy's or B2BUA's Contact is to be trusted
    assert as_uas(contact=elsewhere).hop is None
    hop = Hop("UDP", "198.51.100.1", 5060)
    response = respond_to(invite(), 200, to_tag="b", headers=[("Contact", "<sip:bob@10.0.0.1>")])
    assert Dialog.as_uac(invite(), response, hop=hop, flow=3).hop == hop
    response.add("Record-Route", "<sip:p;lr>")
    assert Dialog.as_uac(invite(), response, hop=hop, flow=3).hop is None


def test_a_request_within() -> None:
    dialog = as_uas()
    request = dialog.request(
        "INVITE", headers=[("Supported", "timer")], body=b"v=0\r\n", content_type="application/sdp"
    )
    assert request.encode() == (
        b"INVITE sip:alice@192.0.2.1 SIP/2.0\r\n"
        b"From: <sip:1000@example.com>;tag=b1\r\n"
        b'To: "Alice" <sip:alice@example.com>;x=y;tag=a1\r\n'
        b"Call-ID: c1\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Max-Forwards: 70\r\n"
        b"Contact: <sip:3.1.00@192.0.2.10>\r\n"
        b"Content-Type: application/sdp\r\n"
        b"Supported: timer\r\n"
        b"Content-Length: 5\r\n\r\nv=0\r\n"
    )
    bye = dialog.request("BYE")
    assert bye.cseq == CSeq(2, "BYE")
    assert bye.get("Contact") is None
    assert dialog.ack(1).cseq == CSeq(1, "ACK")
    assert dialog.request("INFO").cseq.number == 3


def test_an_ack_may_carry_the_answer() -> None:
    ack = as_uac().ack(7, body=b"v=0\r\n", content_type="application/sdp")
    assert (ack.method, ack.cseq.number, ack.content_type, ack.body) == ("ACK", 7, "application/sdp", b"v=0\r\n")
    assert ack.uri == "sip:bob@192.0.2.20:5070"


def test_loose_routing() -> None:
    request = as_uac("<sip:p2.example.com;lr>", "<sip:p1.example.com;lr;x=1>").request("BYE")
    assert request.uri == "sip:bob@192.0.2.20:5070"
    assert [route.uri for route in request.route] == ["sip:p1.example.com;lr;x=1", "sip:p2.example.com;lr"]


def test_strict_routing() -> None:
    request = as_uac("<sip:p2.example.com;lr>", "<sip:p1.example.com;method=INVITE;x=1?Subject=a>").request("BYE")
    assert request.uri == "sip:p1.example.com;x=1"
    assert [route.uri for route in request.route] == ["sip:p2.example.com;lr", "sip:bob@192.0.2.20:5070"]


def test_a_peer_without_tag() -> None:
    response = respond_to(invite(), 200, headers=[("Contact", "<sip:bob@192.0.2.20>")])
    assert Dialog.as_uac(invite(), response).request("BYE").to == NameAddr("sip:1000@example.com")


def test_order_of_incoming_requests() -> None:
    dialog = as_uas()
    assert dialog.receive(incoming("INFO", 8))
    assert dialog.receive(incoming("BYE", 20))  # §12.2.2: gaps are legal
    assert not dialog.receive(incoming("INFO", 19))
    assert dialog.remote_cseq == 20
    assert dialog.receive(incoming("ACK", 7))
    assert dialog.receive(incoming("CANCEL", 7))
    assert dialog.remote_cseq == 20


def test_the_first_request_sets_an_empty_remote_sequence_number() -> None:
    dialog = as_uac()
    assert dialog.receive(incoming("OPTIONS", 0))
    assert dialog.remote_cseq == 0


def test_target_refresh() -> None:
    dialog = as_uas()
    assert dialog.receive(incoming("INVITE", 8, ("Contact", "<sip:alice@192.0.2.77>")))
    assert dialog.remote_target == "sip:alice@192.0.2.77"
    assert dialog.receive(incoming("UPDATE", 9))
    assert dialog.remote_target == "sip:alice@192.0.2.77"
    assert dialog.receive(incoming("INFO", 10, ("Contact", "<sip:not@this>")))
    assert dialog.remote_target == "sip:alice@192.0.2.77"
    assert not dialog.receive(incoming("INVITE", 2, ("Contact", "<sip:old@host>")))
    assert dialog.remote_target == "sip:alice@192.0.2.77"
    dialog.refresh(Response(200, headers=[("Contact", "<mailto:alice@host>")]))
    assert dialog.remote_target == "sip:alice@192.0.2.77"
    dialog.refresh(Response(200, headers=[("Contact", "<sip:alice@192.0.2.78>")]))
    assert dialog.request("BYE").uri == "sip:alice@192.0.2.78"
