"""A telephone with a voice: SIP by hand on one UDP socket, real RTP on another, a tone for its microphone.

It knows just enough SIP to call, to answer, to hold and to hang up, and nothing of ours: what it says and what it
understands is written down here a second time, on purpose. A thread of its own serves the sockets; tests look on.
"""

import contextlib
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Final, Self

from media.g711 import decode_alaw, encode_alaw
from tests.support.ports import free_pair, free_port
from tests.support.probe import Wire
from tests.support.service import wait_until
from tests.support.tone import RATE, tone

__all__ = ["Message", "Phone", "sdp_target"]

_HOST: Final = "127.0.0.1"
_FRAME: Final = 160
_FRAME_SECONDS: Final = 0.02
_PCMA: Final = 8


@dataclass(slots=True)
class Message:
    """A SIP message as received."""

    wire: Wire
    body: str

    @classmethod
    def parse(cls, data: bytes, peer: tuple[str, int]) -> "Message":
        return cls(Wire.parse(data, 0, peer), data.partition(b"\r\n\r\n")[2].decode())

    def header(self, name: str) -> str:
        return self.wire.headers.get(name.lower(), [""])[0]

    @property
    def routes(self) -> list[str]:
        """Record-Route, value by value (no URI of these tests holds a comma)."""
        return [part.strip() for line in self.wire.headers.get("record-route", []) for part in line.split(",")]


def sdp_target(body: str) -> tuple[tuple[str, int], str]:
    """Where the first audio section wants its RTP, and its direction."""
    host, port, direction = "", 0, "sendrecv"
    for line in body.splitlines():
        if line.startswith("c="):
            host = line.split()[-1]
        elif line.startswith("m=audio "):
            port = int(line.split()[1])
        elif line in ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"):
            direction = line[2:]
    return (host, port), direction


@dataclass(slots=True)
class _Dialog:
    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str] = field(default_factory=list)
    cseq: int = 0


class Phone:
    """Enter it as a context manager. An INVITE is answered at once; ``call`` makes one.

    ``proxy``: where its requests go (outside a dialog always, within one unless a Route says otherwise).
    """

    def __init__(self, name: str, frequency: float, proxy: tuple[str, int], *, answers: bool = True) -> None:
        self.name = name
        self.proxy = proxy
        self.answers = answers
        self.port = free_port()
        self.rtp_port = free_pair()
        self.contact = f"sip:{name}@{_HOST}:{self.port}"
        self.state = "idle"  # idle, calling, ringing, early, up, over
        self.status = 0  # of the last final response
        self.log: list[str] = []  # start lines of everything received
        self.direction = "sendrecv"  # what we want ourselves
        self.peer_direction = "sendrecv"
        self.aim: tuple[str, int] | None = None
        self.frames: list[bytes] = []  # every A-law payload heard
        self._voice = _frames_of(frequency)
        self._dialog = _Dialog("", "", "", "")
        self._version = 0
        self._calls = 0
        self._invite = ""
        self._offered = False
        self._tag = ""
        self._answered: dict[tuple[str, str], bytes] = {}
        self._lock = threading.RLock()
        self._stopping = False
        self._said = 0

    @property
    def routes(self) -> list[str]:
        """The route set of its dialog."""
        return self._dialog.routes

    # -- its life

    def __enter__(self) -> Self:
        self._sip = _bound(self.port)
        self._rtp = _bound(self.rtp_port)
        self._thread = threading.Thread(target=self._run, name=f"phone {self.name}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join(5)
        self._sip.close()
        self._rtp.close()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping:
            readable, _, _ = select.select([self._sip, self._rtp], [], [], max(0.0, due - time.monotonic()))
            with self._lock:
                if self._rtp in readable:
                    self._hear()
                if self._sip in readable:
                    self._take()
                if time.monotonic() >= due:
                    due += _FRAME_SECONDS
                    self._speak()

    # -- its voice and its ear

    def _speak(self) -> None:
        if self.aim is None or self.direction not in ("sendrecv", "sendonly") or self.state in ("idle", "over"):
            return
        number = self._said
        self._said += 1
        head = bytes((0x80, _PCMA | (0x80 if not number else 0)))
        head += (number & 0xFFFF).to_bytes(2, "big") + (number * _FRAME & 0xFFFFFFFF).to_bytes(4, "big")
        with contextlib.suppress(OSError):
            self._rtp.sendto(head + self.port.to_bytes(4, "big") + self._voice[number % len(self._voice)], self.aim)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                data = self._rtp.recv(2048)
                if data[1] & 0x7F == _PCMA:
                    self.frames.append(data[12:])

    def listen(self, packets: int = 25) -> list[int]:
        """The samples of the next so many packets."""
        first = len(self.frames)
        wait_until(lambda: len(self.frames) >= first + packets, f"{self.name} to hear {packets} packets: {self.log}")
        return [sample for frame in self.frames[first : first + packets] for sample in decode_alaw(frame)]

    # -- what it does

    def call(self, user: str, *, offer: bool = True) -> None:
        """INVITE to ``sip:user@proxy``; ``offer`` False: the other side shall make it."""
        with self._lock:
            self._calls += 1
            uri = f"sip:{user}@{self.proxy[0]}:{self.proxy[1]}"
            call_id = f"{self.name}-{self.port}-{self._calls}"
            self._dialog = _Dialog(call_id, f"<{self.contact}>;tag={call_id}", f"<{uri}>", uri)
            self.state, self._said = "calling", 0
            self._ask("INVITE", self._sdp() if offer else "")

    def hang_up(self) -> None:
        with self._lock:
            self._ask("BYE")
            self.state = "over"

    def hold(self, *, on: bool = True) -> None:
        """Re-INVITE with our direction ``sendonly`` (``on`` False: ``sendrecv`` again); waits for its answer."""
        with self._lock:
            self.direction = "sendonly" if on else "sendrecv"
            self.status = 0
            self._ask("INVITE", self._sdp())
        wait_until(lambda: self.status >= 200, f"the answer to the re-INVITE of {self.name}: {self.log}")
        assert self.status == 200, self.log

    def until(self, state: str) -> None:
        wait_until(lambda: self.state == state, f"{self.name} to be {state}, not {self.state}: {self.log}")

    # -- SIP

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                data, peer = self._sip.recvfrom(65_535)
                if len(data) > 16:
                    self._message(Message.parse(data, peer))

    def _message(self, message: Message) -> None:
        self.log.append(message.wire.start)
        if message.wire.status:
            self._response(message)
        else:
            self._request(message)

    def _response(self, message: Message) -> None:
        status, method = message.wire.status, message.wire.method
        if message.header("call-id") != self._dialog.call_id:
            return
        if method == "INVITE" and message.body and status < 300:
            self._agree(message.body)
        if method == "INVITE" and 100 < status < 200 and self.state == "calling":
            self.state = "early" if message.body else self.state
        elif method == "INVITE" and status >= 200:
            self._settled(message)
        if status >= 200:
            self.status = status

    def _settled(self, message: Message) -> None:
        """ACK: of the transaction for a refusal, a request of its own for a 2xx (with an answer where we got an offer)."""
        dialog, status = self._dialog, message.wire.status
        dialog.remote = message.header("to")
        if status >= 300:
            self._send(self._build("ACK", dialog.target, self._invite), self.proxy)
            self.state = "over" if self.state != "up" else "up"
            return
        dialog.target = message.wire.target
        if self.state != "up":
            dialog.routes = message.routes[::-1]
        answer = "" if self._offered else self._sdp()
        self._send(self._build("ACK", dialog.target, f"{self._invite}a", answer), self._hop())
        self.state = "up"

    def _request(self, message: Message) -> None:
        wire = message.wire
        branch = wire.headers["via"][0].partition("branch=")[2].partition(";")[0]
        if wire.method == "ACK":
            if message.body:
                self._agree(message.body)
            self.state = "up" if self.state == "ringing" else self.state
            return
        key = (branch, wire.method)
        if key not in self._answered:
            self._answered[key] = self._reply(message)
        self._send(self._answered[key], wire.peer)

    def _reply(self, message: Message) -> bytes:
        wire = message.wire
        new = ";tag=" not in message.header("to")
        if wire.method == "INVITE" and new and not self.answers:
            return wire.reply("486 Busy Here", tag="busy")
        if wire.method == "INVITE":
            if new:
                self._ring(message)
            if message.body:
                self._agree(message.body)
            if not new:
                self._dialog.target = wire.target
            return wire.reply("200 OK", tag=self._tag, contact=self.contact, body=self._sdp())
        if wire.method == "BYE":
            self.state = "over"
        return wire.reply("200 OK", tag="out-of-dialog")

    def _ring(self, message: Message) -> None:
        wire = message.wire
        self._calls += 1
        self._said = 0
        self._tag = f"{self.name}-{self._calls}"
        self._send(wire.reply("180 Ringing", tag=self._tag, contact=self.contact), wire.peer)
        local = f"{message.header('to')};tag={self._tag}"
        self._dialog = _Dialog(message.header("call-id"), local, message.header("from"), wire.target, message.routes)
        self.state = "ringing"

    def _agree(self, body: str) -> None:
        target, direction = sdp_target(body)
        self.peer_direction = direction
        self.aim = target if target[1] and direction in ("sendrecv", "recvonly") else None

    def _sdp(self) -> str:
        self._version += 1
        return (
            f"v=0\r\no={self.name} {self.port} {self._version} IN IP4 {_HOST}\r\ns=-\r\nc=IN IP4 {_HOST}\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na={self.direction}\r\n"
        )

    def _ask(self, method: str, body: str = "") -> None:
        dialog = self._dialog
        dialog.cseq += 1
        branch = f"z9hG4bK{self.name}-{self.port}-{self._calls}-{dialog.cseq}"
        if method == "INVITE":
            self._invite, self._offered = branch, bool(body)
        self._send(self._build(method, dialog.target, branch, body), self._hop())

    def _hop(self) -> tuple[str, int]:
        if not self._dialog.routes:
            return self.proxy
        host, _, port = self._dialog.routes[0].partition("sip:")[2].partition(">")[0].partition(";")[0].partition(":")
        return host, int(port or 5060)

    def _build(self, method: str, uri: str, branch: str, body: str = "") -> bytes:
        dialog = self._dialog
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {_HOST}:{self.port};branch={branch}",
            *[f"Route: {route}" for route in dialog.routes],
            f"From: {dialog.local}",
            f"To: {dialog.remote}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {dialog.cseq} {method}",
            "Max-Forwards: 70",
            f"Contact: <{self.contact}>",
            *(["Content-Type: application/sdp"] if body else []),
        ]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def _send(self, data: bytes, peer: tuple[str, int]) -> None:
        with contextlib.suppress(ConnectionError):
            self._sip.sendto(data, peer)


def _bound(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.bind((_HOST, port))
    return opened


def _frames_of(frequency: float) -> list[bytes]:
    """One second, a whole number of periods: it repeats without a click."""
    coded = encode_alaw(tone(frequency, RATE))
    return [coded[at : at + _FRAME] for at in range(0, RATE, _FRAME)]
