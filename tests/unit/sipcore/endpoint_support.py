"""Endpoints in virtual time for tests: one with its peer played by hand, or two over a link that loses messages."""

import random
from collections.abc import Callable
from heapq import heappop, heappush

from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.events import Event
from sipcore.ids import Minter
from sipcore.message import Request, Response, parse
from sipcore.packets import Hop, Source

__all__ = [
    "PEER",
    "US",
    "Link",
    "invite",
    "make_endpoint",
    "message",
    "request",
    "sent",
    "sent_requests",
    "sent_responses",
]

US = Hop("UDP", "192.0.2.1", 5060)
PEER = Hop("UDP", "192.0.2.2", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def make_endpoint(hop: Hop = US, seed: int = 1, **settings: object) -> Endpoint:
    bits = random.Random(seed)
    config = EndpointConfig((Listener(hop.transport, hop.host, hop.port),), **settings)  # type: ignore[arg-type]
    return Endpoint(config, Minter(1, seed, lambda: f"{bits.getrandbits(64):016x}"))


def request(
    method: str = "INVITE",
    *headers: tuple[str, str],
    uri: str = f"sip:b@{PEER.host}",
    call_id: str = "call-1",
    cseq: int = 1,
    to_tag: str = "",
    body: bytes = b"",
) -> Request:
    """A request without Via, as the TU hands it in."""
    tag = f";tag={to_tag}" if to_tag else ""
    return Request(
        method,
        uri,
        [
            ("Max-Forwards", "70"),
            ("From", "<sip:a@callyard>;tag=from"),
            ("To", f"<sip:b@callyard>{tag}"),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} {method}"),
            *headers,
        ],
        body,
    )


def invite(**keywords: object) -> Request:
    return request("INVITE", ("Contact", "<sip:a@192.0.2.1>"), body=SDP, **keywords)  # type: ignore[arg-type]


def message(
    method: str = "INVITE",
    *headers: tuple[str, str],
    branch: str = "z9hG4bKpeer1",
    via: str = f"SIP/2.0/UDP {PEER.host}:{PEER.port}",
    cseq_method: str = "",
    call_id: str = "call-1",
    cseq: int = 1,
    to_tag: str = "",
) -> bytes:
    """A request of the peer, as bytes."""
    made = request(method, *headers, uri=f"sip:b@{US.host}", call_id=call_id, cseq=cseq, to_tag=to_tag)
    made.prepend("Via", f"{via};branch={branch}")
    if cseq_method:
        made.set("CSeq", f"{cseq} {cseq_method}")
    return made.encode()


def sent(endpoint: Endpoint) -> list[Request | Response]:
    """What was sent since the last look, parsed."""
    taken, endpoint.sends = endpoint.sends, []
    return [parse(send.data) for send in taken]


def sent_requests(endpoint: Endpoint) -> list[Request]:
    return [parsed for parsed in sent(endpoint) if isinstance(parsed, Request)]


def sent_responses(endpoint: Endpoint) -> list[Response]:
    return [parsed for parsed in sent(endpoint) if isinstance(parsed, Response)]


class Link:
    """Two endpoints joined by a link of ``delay`` seconds ± half of it, that loses and doubles messages by a fixed seed."""

    def __init__(
        self,
        ours: Endpoint,
        theirs: Endpoint,
        handle: Callable[["Link", Endpoint, Event], None],
        *,
        loss: float = 0.0,
        doubling: float = 0.0,
        delay: float = 0.02,
        seed: int = 7,
    ) -> None:
        self.now = 0.0
        self.messages = 0
        self._ends = {US: ours, PEER: theirs}
        self._handle = handle
        self._random = random.Random(seed)
        self._loss, self._doubling, self._delay = loss, doubling, delay
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        self._serial += 1
        heappush(self._queue, (when, self._serial, action))

    def run(self, until: float) -> None:
        """Up to and including ``until``, in order of time."""
        self._flush()
        while (when := self._next()) <= until:
            self.now = max(self.now, when)
            if self._queue and self._queue[0][0] <= self.now:
                heappop(self._queue)[2]()
            for endpoint in self._ends.values():
                deadline = endpoint.next_deadline()
                if deadline is not None and deadline <= self.now:
                    self._tell(endpoint, endpoint.expire(self.now))
            self._flush()
        self.now = until

    def _next(self) -> float:
        times = [deadline for end in self._ends.values() if (deadline := end.next_deadline()) is not None]
        if self._queue:
            times.append(self._queue[0][0])
        return min(times, default=float("inf"))

    def _flush(self) -> None:
        for hop, endpoint in self._ends.items():
            taken, endpoint.sends = endpoint.sends, []
            for send in taken:
                self.messages += 1
                copies = 0 if self._random.random() < self._loss else 1 + (self._random.random() < self._doubling)
                for _ in range(copies):
                    arrival = self.now + self._delay * self._random.uniform(0.5, 1.5)
                    self.at(arrival, lambda data=send.data, to=send.hop, hop=hop: self._deliver(data, to, hop))  # type: ignore[misc]

    def _deliver(self, data: bytes, to: Hop, source: Hop) -> None:
        endpoint = self._ends[to]
        self._tell(endpoint, endpoint.receive(data, Source(source), self.now))

    def _tell(self, endpoint: Endpoint, events: list[Event]) -> None:
        for event in events:
            self._handle(self, endpoint, event)
