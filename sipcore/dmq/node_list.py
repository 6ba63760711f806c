"""The body of ``notification_peer``: a line a node, ``sip:host:port[;transport=x];status=active`` and CRLF.

Every line ends with CRLF, the last one too: Kamailio's parser drops the last character of an unterminated line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sipcore.config import DEFAULT_PORTS
from sipcore.errors import BadUri
from sipcore.message import Uri

__all__ = ["Node", "NodeKey", "NodeList", "NodeStatus", "address_of", "format_nodes", "key_of", "parse_nodes"]

_SCHEMES: Final = ("sip", "sips")


class NodeStatus(StrEnum):
    """What a list says of a node. Kamailio 5.6.3 fails on ``not_active``, newer ones fail on ``timeout`` and ``pending``:
    only the other two are ever sent.
    """

    ACTIVE = "active"
    DISABLED = "disabled"
    NOT_ACTIVE = "not_active"
    TIMEOUT = "timeout"
    PENDING = "pending"


class NodeKey(NamedTuple):
    """What tells nodes apart: ``transport`` in upper case, ``host`` in lower case, perhaps a name, never in brackets."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Node:
    """A line. ``address``: as written, without its status."""

    address: str
    key: NodeKey
    status: NodeStatus


@dataclass(slots=True)
class NodeList:
    """``malformed``: lines that name no node or no status; ``unknown``: lines with a status that nobody knows."""

    nodes: list[Node]
    malformed: int = 0
    unknown: int = 0


def key_of(address: str) -> NodeKey:
    """Of a SIP URI, whatever its user. Raises BadUri where it names no node."""
    uri = Uri.parse(address)
    if uri.scheme not in _SCHEMES or not uri.host:
        raise BadUri("no address of a node")
    secure = uri.scheme == "sips"
    transport = (uri.params.get("transport") or ("tls" if secure else "udp")).upper()
    if secure and transport == "TCP":
        transport = "TLS"
    if transport not in DEFAULT_PORTS:
        raise BadUri("unknown transport")
    return NodeKey(transport, uri.host.lower(), uri.port or DEFAULT_PORTS[transport])


def address_of(key: NodeKey) -> str:
    """The address to list a node by: its port always shown, its transport where it is not UDP."""
    host = f"[{key.host}]" if ":" in key.host else key.host
    transport = "" if key.transport == "UDP" else f";transport={key.transport.lower()}"
    return f"sip:{host}:{key.port}{transport}"


def parse_nodes(body: bytes) -> NodeList:
    """Read a list. What cannot be read is counted and left out; nothing raises."""
    found = NodeList([])
    for line in body.decode("utf-8", "replace").split("\n"):
        text = line.strip()
        if text:
            _read_line(text, found)
    return found


def _read_line(line: str, found: NodeList) -> None:
    head, *params = line.split(";")
    states = [param for param in params if param.lower().startswith("status=")]
    address = ";".join([head, *(param for param in params if param not in states)])
    try:
        key = key_of(address)
    except BadUri:
        found.malformed += 1
        return
    if len(states) != 1:
        found.malformed += 1
        return
    try:
        status = NodeStatus(states[0].partition("=")[2].strip().lower())
    except ValueError:
        found.unknown += 1
        return
    found.nodes.append(Node(address, key, status))


def format_nodes(nodes: Iterable[tuple[str, NodeStatus]]) -> bytes:
    """The body for these addresses."""
    return "".join([f"{address};status={status}\r\n" for address, status in nodes]).encode()
