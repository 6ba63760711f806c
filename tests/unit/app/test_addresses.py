"""Addresses: what is written can be read, and nonsense is refused with a sentence."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.addresses import HostPort, ListenAddress, PortRange, is_host, parse_network

HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True),
)
PORTS = st.integers(0, 65_535)


@settings(max_examples=100, derandomize=True)
@given(host=HOSTS, port=st.none() | PORTS, transport=st.sampled_from(["udp", "tcp"]))
def test_what_is_written_can_be_read(host: str, port: int | None, transport: str) -> None:
    address = HostPort(host, port)
    assert HostPort.parse(str(address)) == address
    if port is not None:
        listener = ListenAddress(transport, host, port)
        assert ListenAddress.parse(str(listener)) == listener


@settings(max_examples=100, derandomize=True)
@given(text=st.text(max_size=20))
def test_anything_else_is_a_value_error(text: str) -> None:
    reasons = ["none at all"]
    for parse in (HostPort.parse, ListenAddress.parse, PortRange.parse, parse_network):
        try:
            parse(text)
        except ValueError as error:
            reasons.append(str(error))
    assert all(reasons)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a..b", "a b", "ä.de", "x" * 64, "a_b", "[::1]"])
def test_what_is_no_host(text: str) -> None:
    assert not is_host(text)


def test_hosts() -> None:
    for text in ("a", "example.com", "example.com.", "192.0.2.1", "::1", str(IPv6Address(7)), "xn--bcher-kva.example"):
        assert is_host(text)
