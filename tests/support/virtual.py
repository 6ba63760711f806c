"""Peers around a part of ours, in virtual time: every datagram is delivered at once, in order, by hand.

Peers are bare SIP user agents on ``Endpoint``s of their own: they say exactly what a test tells them to say.
"""

import random
from dataclasses import dataclass, field

from sipcore.config import EndpointConfig, Listener
from sipcore.dialog import Dialog
from sipcore.endpoint import Endpoint
from sipcore.events import (
    CancelReceived,
    ClientFailed,
    ClientKey,
    Event,
    RequestReceived,
    ResponseReceived,
)  # fmt: skip
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to
from sipcore.packets import Hop, Send, Source

US = Hop("UDP", "127.0.0.1", 5060)


def sdp(port: int, *, session: int = 1, version: int = 1, codec: str = "8", direction: str = "sendrecv") -> bytes:
    return (
        f"v=0\r\no=- {session} {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {codec}\r\na={direction}\r\n"
    ).encode()


def port_of(body: bytes) -> int:
    return int(body.partition(b"m=audio ")[2].split(b" ", 1)[0])


def origin_of(body: bytes) -> tuple[str, int, int]:
    user, session, version, *_ = body.partition(b"o=")[2].splitlines()[0].decode().split(" ")
    return user, int(session), int(version)


@dataclass
class Peer:
    """A user agent: what it got, in order, and the means to answer."""

    net: "Wire"
    hop: Hop
    endpoint: Endpoint
    got: list[Event] = field(default_factory=list)
    dialog: Dialog | None = None
    invite_key: ClientKey = ClientKey("")
    answer_requests: bool = True  # 200 to BYE, INFO, UPDATE; 200 with the last SDP to re-INVITE only if ``sdp`` is set
    answers_cancels: bool = True  # 487 to the INVITE that is cancelled
    sdp: bytes = b""
    answers_with: bytes = b""  # new INVITEs are answered 200 with this
    counter: int = 0
    name: str = "caller"  # the user of its From

    @property
    def uri(self) -> str:
        return f"sip:peer@{self.hop.host}:{self.hop.port}"

    # what it has received

    def requests(self, method: str) -> list[RequestReceived]:
        return [e for e in self.got if isinstance(e, RequestReceived) and e.request.method == method]

    def responses(self, status: int) -> list[Response]:
        return [e.response for e in self.got if isinstance(e, ResponseReceived) and e.response.status == status]

    def last_request(self, method: str) -> RequestReceived:
        return self.requests(method)[-1]

    def cancels(self) -> list[CancelReceived]:
        return [e for e in self.got if isinstance(e, CancelReceived)]

    # what it says

    def invite(self, body: bytes, user: str = "1000", headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.counter += 1
        tag, call_id = f"t{self.hop.port}{self.counter}", f"c{self.hop.port}.{self.counter}"
        self.dialog = Dialog(
            call_id, tag, "", f"<sip:{self.name}@127.0.0.1:{self.hop.port}>", f"<sip:{user}@127.0.0.1>",
            f"<{self.uri}>", f"sip:{user}@127.0.0.1:5060", hop=US,
        )  # fmt: skip
        self.sdp = body
        kind = "application/sdp" if body else None
        self.say(self.dialog.request("INVITE", headers=headers, body=body, content_type=kind), invite=True)

    def say(self, request: Request, *, invite: bool = False) -> ClientKey:
        key = self.endpoint.request(request, self.net.now, hop=US)
        if invite:
            self.invite_key = key
        self.net.deliver()
        return key

    def request(self, method: str, body: bytes = b"", kind: str = "application/sdp") -> ClientKey:
        assert self.dialog is not None
        return self.say(self.dialog.request(method, body=body, content_type=kind if body else None))

    def ack(self, response: Response, body: bytes = b"", key: ClientKey | None = None) -> None:
        assert self.dialog is not None
        self.dialog.remote_tag = response.to_tag
        self.dialog.refresh(response)
        ack = self.dialog.ack(response.cseq.number, body=body, content_type="application/sdp" if body else None)
        self.endpoint.ack(key or self.invite_key, ack, self.net.now, hop=US)
        self.net.deliver()

    def cancel(self) -> None:
        self.endpoint.cancel(self.invite_key, self.net.now)
        self.net.deliver()

    def reply(self, event: RequestReceived, status: int, body: bytes = b"", tag: str = "callee") -> None:
        assert event.transaction is not None
        request = event.request
        headers = [("Contact", f"<{self.uri}>")] if 100 < status < 300 else []
        headers += [("Content-Type", "application/sdp")] if body else []
        if request.method == "INVITE" and status < 300 and not request.to_tag:
            self.dialog = Dialog.as_uas(request, event.source, local_tag=tag, contact=f"<{self.uri}>")
            self.dialog.hop = US
        if status == 200 and body:
            self.sdp = body
        self.endpoint.respond(
            event.transaction, respond_to(request, status, to_tag=tag, headers=headers, body=body), self.net.now
        )
        self.net.deliver()

    def take(self, event: Event) -> None:
        self.got.append(event)
        if isinstance(event, RequestReceived) and event.transaction is not None and self.answer_requests:
            if event.request.method in ("BYE", "INFO", "UPDATE", "OPTIONS"):
                self.reply(event, 200)
            elif event.request.method == "INVITE" and not event.request.to_tag and self.answers_with:
                self.reply(event, 200, self.answers_with)
            elif event.request.method == "INVITE" and event.request.to_tag and self.sdp:
                if self.dialog is not None:
                    self.dialog.receive(event.request)
                self.reply(event, 200, self.sdp)
        elif isinstance(event, CancelReceived) and self.answers_cancels:
            invite = self.endpoint.invite_of(event.transaction)
            if invite is not None:
                self.endpoint.respond(event.transaction, respond_to(invite, 487, to_tag="callee"), self.net.now)


class Wire:
    """Peers, and us at ``US``: a subclass says what receives, what is due and what is sent there."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.random = random.Random(7)
        self.lost: set[Hop] = set()
        self.peers: dict[Hop, Peer] = {}
        self._busy = False

    # what a subclass says

    def receive(self, data: bytes, source: Source) -> None:
        raise NotImplementedError

    def expire(self) -> None:
        raise NotImplementedError

    def deadlines(self) -> list[float | None]:
        raise NotImplementedError

    def take_sends(self) -> list[Send]:
        raise NotImplementedError

    # the wire

    def peer(self, port: int) -> Peer:
        hop = Hop("UDP", "127.0.0.1", port)
        ids = Minter(2, 0, lambda: f"{self.random.getrandbits(64):016x}")
        endpoint = Endpoint(EndpointConfig((Listener("UDP", hop.host, port),)), ids)
        self.peers[hop] = Peer(self, hop, endpoint)
        return self.peers[hop]

    def deliver(self) -> None:
        """Carry every datagram until none is left."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._step():
                pass
        finally:
            self._busy = False

    def _step(self) -> bool:
        sends = [(US, send) for send in self.take_sends()]
        for peer in self.peers.values():
            sends += [(peer.hop, send) for send in peer.endpoint.sends]
            peer.endpoint.sends = []
        for origin, send in sends:
            self._carry(origin, send)
        return bool(sends)

    def _carry(self, origin: Hop, send: Send) -> None:
        if send.hop in self.lost or origin in self.lost:
            return
        if send.hop == US:
            self.receive(send.data, Source(origin))
        elif send.hop in self.peers:
            peer = self.peers[send.hop]
            for event in peer.endpoint.receive(send.data, Source(US), self.now):
                peer.take(event)

    def wait(self, seconds: float) -> None:
        """Let virtual time pass, deadline by deadline."""
        until = self.now + seconds
        while True:
            times = [*self.deadlines(), *(peer.endpoint.next_deadline() for peer in self.peers.values())]
            due = min((t for t in times if t is not None), default=until + 1)
            if due > until:
                break
            self.now = max(due, self.now)
            self._expire()
        self.now = until
        self._expire()

    def _expire(self) -> None:
        self.expire()
        for peer in self.peers.values():
            for event in peer.endpoint.expire(self.now):
                if not isinstance(event, ClientFailed):
                    peer.take(event)
        self.deliver()


__all__ = ["US", "Peer", "Wire", "origin_of", "port_of", "sdp"]
