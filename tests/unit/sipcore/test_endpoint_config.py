"""Listeners as peers see them, and which of several a message leaves from."""

import pytest

from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.ids import Minter
from sipcore.packets import Hop
from sipcore.routing import Router
from tests.unit.sipcore.endpoint_support import request, sent_requests

UDP_LOOPBACK = Listener("UDP", "127.0.0.1", 5060)
UDP_LAN = Listener("UDP", "192.0.2.1", 5060, "203.0.113.9", 15060)
UDP_V6 = Listener("UDP", "2001:db8::1", 5060)
TCP_LAN = Listener("TCP", "192.0.2.1", 5060)
ALL = (UDP_LOOPBACK, UDP_LAN, UDP_V6, TCP_LAN)


@pytest.mark.parametrize(
    ("listener", "sent_by", "contact"),
    [
        (UDP_LOOPBACK, "127.0.0.1:5060", "sip:ana@127.0.0.1:5060"),
        (UDP_LAN, "203.0.113.9:15060", "sip:ana@203.0.113.9:15060"),
        (UDP_V6, "[2001:db8::1]:5060", "sip:ana@[2001:db8::1]:5060"),
        (TCP_LAN, "192.0.2.1:5060", "sip:ana@192.0.2.1:5060;transport=tcp"),
        (Listener("TLS", "192.0.2.1", 5061), "192.0.2.1:5061", "sips:ana@192.0.2.1:5061"),
    ],
)
def test_advertised(listener: Listener, sent_by: str, contact: str) -> None:
    assert (listener.sent_by, listener.contact_uri("ana")) == (sent_by, contact)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_needs_an_advertised_one(host: str) -> None:
    with pytest.raises(ValueError, match="needs an advertised address"):
        EndpointConfig((Listener("UDP", host, 5060),))
    EndpointConfig((Listener("UDP", host, 5060, "192.0.2.1"),))


def test_no_listener() -> None:
    with pytest.raises(ValueError, match="at least one listener"):
        EndpointConfig(())


@pytest.mark.parametrize(
    ("hop", "index"),
    [
        (Hop("UDP", "127.0.0.7", 5060), 0),
        (Hop("UDP", "198.51.100.1", 5060), 1),
        (Hop("UDP", "2001:db8::7", 5060), 2),
        (Hop("TCP", "127.0.0.1", 5060), 3),
        (Hop("TLS", "127.0.0.1", 5061), -1),
    ],
)
def test_listener_for(hop: Hop, index: int) -> None:
    router = Router(EndpointConfig(ALL))
    assert router.listener_for(hop) == index
    assert router.listener_for(hop) == index


def test_what_is_remembered_is_bounded() -> None:
    router = Router(EndpointConfig(ALL))
    for number in range(10_000):
        router.listener_for(Hop("UDP", f"10.0.{number // 250}.{number % 250}", 5060))
    assert len(router._paths) <= 4097


def test_via_is_that_of_the_listener_that_sends() -> None:
    endpoint = Endpoint(EndpointConfig(ALL), Minter(1, 1, lambda: f"{1:016x}"))
    endpoint.request(request("OPTIONS"), 0.0, hop=Hop("UDP", "198.51.100.1", 5060))
    assert endpoint.sends[0].listener == 1
    assert sent_requests(endpoint)[0].via.sent_by == "203.0.113.9:15060"


def test_without_a_listener_of_the_transport_answers_come_back_over_the_stream() -> None:
    endpoint = Endpoint(EndpointConfig((UDP_LOOPBACK,)), Minter(1, 1, lambda: f"{1:016x}"))
    endpoint.request(request("OPTIONS"), 0.0, hop=Hop("TCP", "127.0.0.1", 5060))
    assert sent_requests(endpoint)[0].get("Via") == "SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK1.1.0000000000000001"
