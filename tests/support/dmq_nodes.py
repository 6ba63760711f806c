"""Nodes of a DMQ bus in virtual time: ours, each a ``Bus`` on an endpoint of its own, and others played by hand."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

from sipcore.config import EndpointConfig, Listener
from sipcore.dmq.bus import Bus
from sipcore.dmq.channel import Answer, Channel, Reply
from sipcore.dmq.config import BusConfig
from sipcore.dmq.peer import Peer
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request, Response, parse, respond_to
from sipcore.packets import Hop, Send, Source

__all__ = ["HOST", "DmqNet", "Node", "Notes", "Stranger", "address", "lines"]

HOST: Final = "127.0.0.1"


def address(port: int) -> str:
    """Of a node, as listed."""
    return f"sip:{HOST}:{port}"


def lines(body: bytes) -> list[tuple[int, str]]:
    """A node list: ports and statuses."""
    assert body.endswith(b"\r\n")
    return [
        (int(line.rpartition(":")[2].partition(";")[0]), line.rpartition("=")[2])
        for line in body.decode().split("\r\n")[:-1]
    ]


@dataclass
class Notes:
    """A channel that notes what it is told, and answers with ``status``."""

    name: str = "usrloc"
    status: int = 200
    said: list[tuple[str, int]] = field(default_factory=list)
    taken: list[tuple[bytes, int | None]] = field(default_factory=list)

    def take(self, request: Request, peer: Peer | None, reply: Reply, now: float) -> None:
        self.taken.append((request.body, None if peer is None else _port(peer)))
        reply(Answer(self.status), now)

    def joined(self, peer: Peer, _now: float) -> None:
        self.said.append(("joined", _port(peer)))

    def left(self, peer: Peer, _now: float) -> None:
        self.said.append(("left", _port(peer)))

    def next_deadline(self) -> float | None:
        return None

    def expire(self, now: float) -> None:
        raise AssertionError(f"nothing was due at {now}")


def _port(peer: Peer) -> int:
    assert peer.hop is not None
    return peer.hop.port


@dataclass
class Node:
    """One of ours."""

    bus: Bus
    endpoint: Endpoint
    channel: Notes

    def statuses(self) -> dict[int, str]:
        """What it holds of the others, by port."""
        return {_port(peer): peer.status.value for peer in self.bus.peers}

    def peer(self, port: int) -> Peer:
        return next(peer for peer in self.bus.peers if _port(peer) == port)

    def receive(self, data: bytes, source: Hop, now: float) -> None:
        for event in self.endpoint.receive(data, Source(source), now):
            self.take(event, now)

    def expire(self, now: float) -> None:
        for event in self.endpoint.expire(now):
            self.take(event, now)
        self.bus.expire(now)

    def take(self, event: object, now: float) -> None:
        if isinstance(event, RequestReceived):
            self.bus.receive(event, now)
        elif isinstance(event, ResponseReceived | ClientFailed):
            assert self.bus.answered(event, now)

    def deadline(self) -> float | None:
        return min(
            (due for due in (self.endpoint.next_deadline(), self.bus.next_deadline()) if due is not None), default=None
        )


@dataclass
class Stranger:
    """A node played by hand: what it got, and how it answers (None: not at all)."""

    got: list[Request | Response] = field(default_factory=list)
    answer: Callable[[Request], Response | None] = lambda _request: None

    def requests(self) -> list[Request]:
        """Each once, however often it was retransmitted."""
        requests = [message for message in self.got if isinstance(message, Request)]
        return list({request.via.branch: request for request in requests}.values())

    def responses(self) -> list[Response]:
        return [message for message in self.got if isinstance(message, Response)]


class DmqNet:
    """The wire between them. Nothing is delivered to or from the ports in ``silent``."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.nodes: dict[int, Node] = {}
        self.strangers: dict[int, Stranger] = {}
        self.silent: set[int] = set()
        self.sent: list[Send] = []
        self._random = random.Random(5)

    def node(self, port: int, *notify: int, join: bool = True, channel: Channel | None = None, **config: Any) -> Node:
        """One of ours, on the bus at once unless it shall not ``join``. A second one at a port replaces the first."""
        ids = Minter(1, 0, lambda: f"{self._random.getrandbits(64):016x}")
        endpoint = Endpoint(EndpointConfig((Listener("UDP", HOST, port),)), ids)
        settings = {"allowed": (ip_network("127.0.0.0/8"),), "notify": tuple(map(address, notify)), **config}
        bus = Bus(BusConfig(address(port), **settings), endpoint, ids)
        notes = Notes()
        bus.carry(channel or notes)
        self.nodes[port] = Node(bus, endpoint, notes)
        if join:
            bus.join(self.now)
            self.deliver()
        return self.nodes[port]

    def stranger(self, port: int, status: int | None = 200, body: bytes | None = None) -> Stranger:
        """Answers with ``status`` and ``body`` (None: itself, active)."""
        list_ = f"{address(port)};status=active\r\n".encode() if body is None else body

        def answer(request: Request) -> Response | None:
            if status is None:
                return None
            headers = [("Content-Type", "text/plain")]
            return respond_to(request, status, to_tag="stranger", headers=headers, body=list_)

        self.strangers[port] = Stranger(answer=answer)
        return self.strangers[port]

    def say(self, data: bytes, to: int, *, host: str = HOST, port: int = 0) -> Response:
        """A message by hand from ``host`` and ``port`` (0: where its Via says); the answer of the node at ``to``."""
        source = Hop("UDP", host, port or parse(data).via.port or 5060)
        self.nodes[to].receive(data, source, self.now)
        sends, self.nodes[to].endpoint.sends = self.nodes[to].endpoint.sends, []
        answers = [send for send in sends if send.hop == source and send.data.startswith(b"SIP/2.0")]
        self._carry(to, [send for send in sends if send not in answers])
        self.deliver()
        (answer,) = [parse(send.data) for send in answers]
        assert isinstance(answer, Response)
        return answer

    def notification(
        self, to: int, sender: int, body: str, *, hops: int = 1, channel: str = "notification_peer",
        host: str = HOST, uri: str = "",
    ) -> Response:  # fmt: skip
        """A KDMQ by hand."""
        token = self._random.getrandbits(64)
        request = Request(
            "KDMQ",
            uri or f"sip:{channel}@{HOST}:{to}",
            [
                ("Via", f"SIP/2.0/UDP {host}:{sender};branch=z9hG4bK{token}"),
                ("From", f"<sip:{channel}@{HOST}:{sender}>;tag=x{token}"),
                ("To", f"<sip:{channel}@{HOST}:{to}>"),
                ("Call-ID", f"{token}"),
                ("CSeq", "10 KDMQ"),
                ("Max-Forwards", str(hops)),
            ],
            body.encode("utf-8", "surrogateescape"),
        )
        return self.say(request.encode(), to, host=host, port=sender)

    # ------------------------------------------------------------------ time and the wire

    def deliver(self) -> None:
        """Carry every datagram until none is left."""
        while any(self._carry(port, self._take(node)) for port, node in list(self.nodes.items())):
            pass

    def _take(self, node: Node) -> list[Send]:
        sends, node.endpoint.sends = node.endpoint.sends, []
        return sends

    def _carry(self, origin: int, sends: list[Send]) -> bool:
        self.sent += sends
        for send in sends:
            port = send.hop.port
            if origin in self.silent or port in self.silent:
                continue
            if port in self.nodes:
                self.nodes[port].receive(send.data, Hop("UDP", HOST, origin), self.now)
            elif port in self.strangers:
                self._show(self.strangers[port], origin, port, parse(send.data))
        return bool(sends)

    def _show(self, stranger: Stranger, origin: int, port: int, message: Request | Response) -> None:
        stranger.got.append(message)
        answer = stranger.answer(message) if isinstance(message, Request) else None
        if answer is not None:
            self.nodes[origin].receive(answer.encode(), Hop("UDP", HOST, port), self.now)

    def wait(self, seconds: float) -> None:
        """Let virtual time pass, deadline by deadline."""
        until = self.now + seconds
        while True:
            due = min((at for node in self.nodes.values() if (at := node.deadline()) is not None), default=until + 1)
            if due > until:
                break
            self.now = max(due, self.now)
            for node in list(self.nodes.values()):
                node.expire(self.now)
            self.deliver()
        self.now = until
