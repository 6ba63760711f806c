"""The body of ``notification_peer``."""

from pathlib import Path

import pytest

from sipcore.dmq.node_list import Node, NodeKey, NodeStatus, address_of, format_nodes, key_of, parse_nodes
from sipcore.errors import BadUri
from sipcore.message import parse

WIRE = Path(__file__).parents[3] / "wire" / "dmq"


def test_the_list_that_kamailio_sends() -> None:
    body = parse((WIRE / "02-notification-200-response-1.sip").read_bytes()).body
    read = parse_nodes(body)
    assert read.nodes == [
        Node("sip:127.0.0.1:15321", NodeKey("UDP", "127.0.0.1", 15321), NodeStatus.ACTIVE),
        Node("sip:127.0.0.1:15311", NodeKey("UDP", "127.0.0.1", 15311), NodeStatus.ACTIVE),
    ]
    assert format_nodes((node.address, node.status) for node in read.nodes) == body


@pytest.mark.parametrize("status", ["active", "disabled", "not_active", "timeout", "pending"])
def test_every_status_of_every_version_is_understood(status: str) -> None:
    (node,) = parse_nodes(f"sip:192.0.2.1:5060;status={status}\r\n".encode()).nodes
    assert node.status == status


@pytest.mark.parametrize(
    ("line", "address", "key"),
    [
        ("sip:192.0.2.1:5062;transport=tcp;status=active", "sip:192.0.2.1:5062;transport=tcp", ("TCP", "192.0.2.1", 5062)),
        ("sip:192.0.2.1:5062;status=active;transport=tcp", "sip:192.0.2.1:5062;transport=tcp", ("TCP", "192.0.2.1", 5062)),
        ("sip:Node.Example;STATUS=Active", "sip:Node.Example", ("UDP", "node.example", 5060)),
        ("sip:[2001:db8::1]:5070;status=active", "sip:[2001:db8::1]:5070", ("UDP", "2001:db8::1", 5070)),
        ("sips:192.0.2.1;status=active", "sips:192.0.2.1", ("TLS", "192.0.2.1", 5061)),
    ],
)  # fmt: skip
def test_a_node_is_kept_as_written_and_told_by_its_address(line: str, address: str, key: tuple[str, str, int]) -> None:
    (node,) = parse_nodes(line.encode() + b"\r\n").nodes
    assert (node.address, node.key) == (address, key)


def test_line_ends_of_any_kind_and_none_at_the_end() -> None:
    body = b"sip:192.0.2.1:1;status=active\nsip:192.0.2.2:2;status=active\r\n\r\nsip:192.0.2.3:3;status=active"
    assert [node.key.port for node in parse_nodes(body).nodes] == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"sip:",
        b"sip:192.0.2.1:5060",  # no status
        b"sip:192.0.2.1:5060;status=active;status=disabled",
        b"sip:192.0.2.1:99999;status=active",
        b"sip:192.0.2.1:5060;transport=pigeon;status=active",
        b"tel:+4930;status=active",
        b"sip:19\xff2.0.2.1:5060;status=active",
        b"\0\0\0\0",
        b"sip:a b;status=active",
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_costs_no_other(line: bytes) -> None:
    read = parse_nodes(line + b"\r\nsip:192.0.2.9:5060;status=active\r\n")
    assert [node.key.host for node in read.nodes] == ["192.0.2.9"]
    assert (read.malformed, read.unknown) == (1, 0)


def test_a_status_that_nobody_knows_is_counted_apart() -> None:
    read = parse_nodes(b"sip:192.0.2.1:5060;status=asleep\r\n")
    assert (read.nodes, read.malformed, read.unknown) == ([], 0, 1)


def test_every_line_ends_with_crlf() -> None:
    own = ("sip:192.0.2.1:5060", NodeStatus.ACTIVE)
    assert format_nodes([own, ("sip:192.0.2.2:5060;transport=tcp", NodeStatus.DISABLED)]) == (
        b"sip:192.0.2.1:5060;status=active\r\nsip:192.0.2.2:5060;transport=tcp;status=disabled\r\n"
    )


@pytest.mark.parametrize(
    "address", ["sip:192.0.2.1:5060", "sip:192.0.2.1:5062;transport=tcp", "sip:[2001:db8::1]:5060"]
)
def test_an_address_made_of_a_key(address: str) -> None:
    assert address_of(key_of(address)) == address


def test_the_user_is_no_part_of_a_node() -> None:
    assert key_of("sip:usrloc@192.0.2.1:5062") == key_of("sip:192.0.2.1:5062")
    with pytest.raises(BadUri):
        key_of("sip:usrloc@")
