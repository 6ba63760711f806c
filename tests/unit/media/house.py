"""A media server and a caller of it in one virtual world: in-memory wires, a clock that only this file moves."""

import itertools
from collections.abc import Callable
from pathlib import Path

from media.context import Context
from media.pacer import Pacer
from media.rtp import RtpPacket, parse_rtp
from media.server import MediaServer
from media.settings import Settings
from media.sockets import MemoryPorts, MemorySockets
from media.sounds import SoundLibrary
from sipcore.config import EndpointConfig, Listener
from sipcore.dialog import Dialog
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, ClientKey, Event, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request, Response, parse, respond_to
from sipcore.packets import Hop, Source

__all__ = ["START", "Caller", "House", "sdp"]

START = 1_700_000_000.0
SERVER = Hop("UDP", "127.0.0.1", 5070)
CALLER = Hop("UDP", "127.0.0.1", 5080)


def counter(first: int) -> Callable[[], str]:
    numbers = itertools.count(first)
    return lambda: f"{next(numbers):016x}"


def sdp(
    formats: str = "8 0 101", *, port: int = 4000, address: str = "192.168.1.5", more: str = "a=sendrecv\r\n"
) -> bytes:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP {formats}\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\n{more}"
    ).encode()


class House:
    """``drop``: a predicate on messages that get lost on their way."""

    def __init__(self, sounds: Path, settings: Settings | None = None, *, host: str = "127.0.0.1") -> None:
        self.now = START
        self.settings = settings or Settings()
        self.log: list[str] = []
        self.ports = MemoryPorts()
        self.pacer = Pacer()
        listeners = (Listener("UDP", SERVER.host, SERVER.port),)
        ids = Minter(0, 0, counter(1))
        self.endpoint = Endpoint(EndpointConfig(listeners), ids)
        context = Context(
            self.settings, self.endpoint, listeners, ids, SoundLibrary([sounds]), self.pacer, self.ports,
            lambda bits: 1 << (bits - 1), self.log.append,
        )  # fmt: skip
        self.server = MediaServer(context, self.now)
        self.peer = Endpoint(
            EndpointConfig((Listener("UDP", host, CALLER.port),)), Minter(0, 1, counter(1000))
        )  # fmt: skip
        self.host = host
        self.received: list[Request] = []  # requests of the server to the caller
        self.replies: dict[ClientKey, list[Response]] = {}
        self.answers: dict[str, int] = {}  # how the caller answers a method; 0: not at all
        self.answering: Callable[[Request], Response] | None = None
        self.gone = False  # the caller's process is dead
        self.deadlines: list[float] = []

    def run(self, seconds: float = 0.0) -> None:
        """Let the world go on for so long; everything that is due happens in its order."""
        until = self.now + seconds
        self._exchange()
        while (deadline := self._next()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self._tell(self.endpoint.expire(self.now))
            self.server.streamed(self.pacer.advance(self.now), self.now)
            self.server.expire(self.now)
            self._take(self.peer.expire(self.now))
            self._exchange()
        self.now = until

    def _next(self) -> float | None:
        rooms = (self.endpoint, self.server, self.pacer, self.peer)
        return min((each for each in (room.next_deadline() for room in rooms) if each is not None), default=None)

    def _exchange(self) -> None:
        while self.endpoint.sends or self.peer.sends:
            out, self.peer.sends = self.peer.sends, []
            for send in out:
                if not self.gone:
                    source = Source(Hop("UDP", self.host, CALLER.port))
                    self._tell(self.endpoint.receive(send.data, source, self.now))
            back, self.endpoint.sends = self.endpoint.sends, []
            for send in back:
                if not self.gone:
                    self._take(self.peer.receive(send.data, Source(SERVER), self.now))

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self.server.handle(event, self.now)

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, ResponseReceived):
                self.replies.setdefault(event.transaction, []).append(event.response)
            elif isinstance(event, RequestReceived):
                self.received.append(event.request)
                status = self.answers.get(event.request.method, 200)
                if event.transaction is not None and status:
                    response = self.answering(event.request) if self.answering else respond_to(event.request, status)
                    self.peer.respond(event.transaction, response, self.now)
            else:
                assert isinstance(event, ClientFailed), event

    def request(self, request: Request) -> Response:
        """Send a request of the caller; the final response to it."""
        key = self.peer.request(request, self.now, hop=SERVER)
        self.run()
        return self.replies.pop(key)[-1]

    def options(self, *headers: tuple[str, str]) -> Response:
        return self.request(self.outside("OPTIONS", "sip:media", headers=headers))

    def outside(
        self,
        method: str,
        uri: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        kind: str = "application/sdp",
    ) -> Request:
        """A request outside a dialog."""
        number = next(_calls)
        fields = [
            ("From", f"<sip:caller@{self.host}>;tag=f{number}"),
            ("To", "<sip:annc@127.0.0.1>"),
            ("Call-ID", f"call-{number}"),
            ("CSeq", f"1 {method}"),
            ("Max-Forwards", "70"),
            ("Contact", f"<sip:caller@{self.host}:5080>"),
            *headers,
        ]
        if body:
            fields.append(("Content-Type", kind))
        return Request(method, uri, fields, body)

    def call(
        self,
        play: str = "",
        *,
        body: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        ack: bool = True,
        answer: bytes = b"",
    ) -> "Caller":
        """An INVITE with ``play`` (``";play=…"``) that is accepted, and its ACK."""
        request = self.outside(
            "INVITE", f"sip:annc@127.0.0.1:5070{play}", headers=headers, body=sdp() if body is None else body
        )
        key = self.peer.request(request, self.now, hop=SERVER)
        self.run()
        response = self.replies.pop(key)[-1]
        assert response.status == 200, str(response)
        caller = Caller(self, key, Dialog.as_uac(request, response), response)
        if ack:
            caller.ack(answer)
        return caller

    def refused(
        self,
        uri: str,
        *,
        body: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        kind: str = "application/sdp",
    ) -> Response:
        """An INVITE that is refused."""
        response = self.request(
            self.outside("INVITE", uri, headers=headers, body=sdp() if body is None else body, kind=kind)
        )
        assert response.status >= 300
        assert self.server_is_empty()
        return response

    def server_is_empty(self) -> bool:
        return len(self.server) == 0 and len(self.pacer) == 0 and all(pair.closed for pair in self.ports.pairs.values())

    def methods(self) -> list[str]:
        """What the server has asked the caller, ACKs left out; forgets it."""
        methods = [request.method for request in self.received if request.method != "ACK"]
        self.received.clear()
        return methods


_calls = itertools.count(1)


class Caller:
    """The caller's side of one dialog."""

    def __init__(self, house: House, invite: ClientKey, dialog: Dialog, response: Response) -> None:
        self.house, self.dialog, self.response, self.invite = house, dialog, response, invite
        self.sockets: MemorySockets = list(house.ports.pairs.values())[-1]

    def ack(self, body: bytes = b"") -> None:
        ack = self.dialog.ack(1, body=body, content_type="application/sdp" if body else None)
        self.house.peer.ack(self.invite, ack, self.house.now, hop=SERVER)
        self.house.run()

    def request(
        self, method: str, *, body: bytes = b"", kind: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        request = self.dialog.request(method, body=body, content_type=kind or "application/sdp", headers=headers)
        key = self.house.peer.request(parse_again(request), self.house.now, hop=SERVER)
        self.house.run()
        response = self.house.replies.pop(key)[-1]
        if method == "INVITE" and response.status < 300:
            ack = self.dialog.ack(self.dialog.local_cseq)
            self.house.peer.ack(key, ack, self.house.now, hop=SERVER)
            self.house.run()
        return response

    def play(self, body: bytes) -> Response:
        return self.request("INFO", body=body, kind="application/vnd.callyard.play+json")

    def heard(self, seconds: float = 0.1) -> set[int]:
        """The first bytes of the packets of the next so many seconds: which sounds they are of."""
        del self.sockets.sent[:]
        self.house.run(seconds)
        return {packet.payload[0] for packet in self.packets()}

    def packets(self) -> list[RtpPacket]:
        return [parse_rtp(data) for data, _ in self.sockets.sent]

    def press(self, data: bytes) -> None:
        (key,) = [key for key, pair in self.house.ports.pairs.items() if pair is self.sockets]
        self.house.server.packet(key, data, ("192.168.1.5", 4000), self.house.now)
        self.house.run()


def parse_again(request: Request) -> Request:
    """The request as it is on the wire: what is sent is also well-formed."""
    request.prepend("Via", "SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bKx")
    message = parse(request.encode())
    assert isinstance(message, Request)
    message.remove("Via")
    return message
