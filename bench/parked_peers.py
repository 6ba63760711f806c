"""The other ends of parked calls, as cheap as they come: a process of its own with raw UDP sockets.

Callers on several ports, agents on one, a foreign media server on another (no RTP). It knows just enough SIP to place and
answer calls, and nothing of ours. When an INVITE reached an agent is told by the kernel's time stamp (SO_TIMESTAMPNS).
``Peers`` is the handle in the benchmark's own process.
"""

import contextlib
import multiprocessing
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final, NamedTuple, Self, TypeVar

from tests.support.ports import free_port, free_ports

__all__ = ["Gone", "Invited", "Parked", "Peers"]

_HOST: Final = "127.0.0.1"
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_BUFFER: Final = 16 * 1024 * 1024
_CALLER_PORTS: Final = 8
_GIVE_UP_AFTER: Final = 32.0
_PATIENCE: Final = 120.0
_AT_ONCE: Final = 64
_SDP: Final = "\r\n".join([
    "v=0", "o=peer 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 30000 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
    "a=ptime:20", "a=sendrecv", "",
]).encode()  # fmt: skip
_COPIED: Final = (b"Via", b"From", b"Call-ID", b"CSeq", b"Record-Route")

Head = list[bytes]
_Said = TypeVar("_Said", "Parked", "Invited", "Gone", "_Bridged")


class Parked(NamedTuple):
    """What became of the calls that were to be parked. ``byes``: that callers were sent, of all calls so far."""

    parked: int
    failed: int
    retransmissions: int
    seconds: float
    byes: int


class Invited(NamedTuple):
    """A new call reached the agent ``name`` at ``at``, in ns since the epoch."""

    name: str
    at: int


class Gone(NamedTuple):
    """The agent ``name`` hung up: its BYE was sent at ``at``, in ns since the epoch."""

    name: str
    at: int


class _Park(NamedTuple):
    calls: int
    window: int
    again_after: float
    patience: float


class _HangUp(NamedTuple):
    name: str


class _Bridged(NamedTuple):
    """The agent ``name`` has the ACK of its call."""

    name: str


@dataclass(slots=True)
class Peers:
    """A context manager; the process ends with it. ``media`` and ``agents`` are ports; callers call ``target``."""

    target: tuple[str, int]
    queues: int
    media: int = field(default_factory=free_port)
    agents: int = field(default_factory=free_port)
    _pipe: Connection = field(init=False, repr=False)
    _process: multiprocessing.Process = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._pipe, other = multiprocessing.Pipe()
        arguments = (other, self.target, self.queues, self.media, self.agents, free_ports(_CALLER_PORTS))
        self._process = multiprocessing.Process(target=_play, args=arguments, daemon=True)
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._process.join(5)
        self._process.kill()

    def park(self, calls: int, window: int) -> Parked:
        """Place ``calls``, at most ``window`` of them unanswered at once; returns when each is answered or has failed."""
        self.begin(calls, window)
        return self.parked()

    def begin(self, calls: int, window: int, again_after: float = 2.0, patience: float = _GIVE_UP_AFTER) -> None:
        """As ``park``, whose end ``parked`` awaits. An unanswered INVITE is sent again after ``again_after`` seconds, and
        given up after ``patience``."""
        self._pipe.send(_Park(calls, window, again_after, patience))

    def parked(self) -> Parked:
        return self._expect(Parked, "", 3600.0)

    def hang_up(self, name: str) -> Gone:
        """The agent says BYE."""
        self._pipe.send(_HangUp(name))
        return self._expect(Gone, name, _PATIENCE)

    def invited(self, name: str) -> Invited:
        """The next call to the agent, when it is connected."""
        found = self._expect(Invited, name, _PATIENCE)
        self._expect(_Bridged, name, _PATIENCE)
        return found

    def _expect(self, kind: type[_Said], name: str, seconds: float) -> _Said:
        if not self._pipe.poll(seconds):
            raise TimeoutError(f"{kind.__name__} {name}: nothing came within {seconds:g} s")
        said = self._pipe.recv()
        if not isinstance(said, kind) or (name and said[0] != name):
            raise RuntimeError(f"{kind.__name__} {name} was expected, what came is {said}")
        return said


def _play(
    pipe: Connection, target: tuple[str, int], queues: int, media: int, agents: int, callers: list[int]
) -> None:  # fmt: skip
    everybody = selectors.DefaultSelector()
    crew = _Agents(_socket(agents), pipe)
    callers_of = _Callers([_socket(port) for port in callers], target, queues, pipe)
    everybody.register(crew.socket, selectors.EVENT_READ, crew.read)
    everybody.register(player := _socket(media), selectors.EVENT_READ, lambda: _read_media(player))
    for each in callers_of.sockets:
        everybody.register(each, selectors.EVENT_READ, lambda mine=each: callers_of.read(mine))
    everybody.register(pipe, selectors.EVENT_READ, None)
    while True:
        for key, _ in everybody.select(0.05 if callers_of.outstanding else None):
            if key.data is not None:
                key.data()
                continue
            match pipe.recv():
                case _Park() as order:
                    callers_of.begin(order)
                case _HangUp(name):
                    crew.hang_up(name)
                case _:
                    return
        callers_of.look()


@dataclass(slots=True)
class _Asked:
    """A caller's INVITE that has no final response yet."""

    data: bytes
    socket: socket.socket
    first: float
    last: float


class _Callers:
    """Each stays until it is sent BYE."""

    def __init__(
        self, sockets: list[socket.socket], target: tuple[str, int], queues: int, pipe: Connection
    ) -> None:  # fmt: skip
        self.sockets = sockets
        self.outstanding: dict[bytes, _Asked] = {}
        self._target = target
        self._queues = queues
        self._pipe = pipe
        self._order = _Park(0, 1, 2.0, _GIVE_UP_AFTER)
        self._number = 0
        self._began = 0.0
        self._to_place = self._parked = self._failed = self._again = self._byes = 0

    def begin(self, order: _Park) -> None:
        self._order = order
        self._to_place, self._began = order.calls, time.monotonic()
        self._parked = self._failed = self._again = 0
        self._place()

    def look(self) -> None:
        """What is unanswered for too long is sent again, or given up."""
        now = time.monotonic()
        for call, asked in list(self.outstanding.items()):
            if now - asked.first > self._order.patience:
                del self.outstanding[call]
                self._failed += 1
                self._settled()
            elif now - asked.last > self._order.again_after:
                asked.last = now
                self._again += 1
                asked.socket.sendto(asked.data, self._target)

    def read(self, mine: socket.socket) -> None:
        for data, peer, _ in _drain(mine):
            lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
            if not lines[0].startswith(b"SIP/2.0 "):
                self._byes += lines[0].startswith(b"BYE ")
                _answer(mine, lines, peer)
            elif lines[0][8:9] != b"1" and _value(lines, b"CSeq") == b"1 INVITE":
                self._final(mine, lines, peer)

    def _place(self) -> None:
        while self._to_place and len(self.outstanding) < self._order.window:
            self._to_place -= 1
            self._number += 1
            mine = self.sockets[self._number % len(self.sockets)]
            data, now = self._invite(mine), time.monotonic()
            self.outstanding[b"%d-parked@peer" % self._number] = _Asked(data, mine, now, now)
            mine.sendto(data, self._target)

    def _invite(self, mine: socket.socket) -> bytes:
        number, port = self._number, mine.getsockname()[1]
        uri = f"sip:q{number % self._queues:02d}@{self._target[0]}:{self._target[1]}"
        head = [
            f"INVITE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {_HOST}:{port};rport;branch=z9hG4bK-{port}-{number}",
            f'From: "Caller {number}" <sip:+4930{number:07d}@{_HOST}:{port}>;tag=caller-{number}',
            f"To: <{uri}>",
            f"Call-ID: {number}-parked@peer",
            "CSeq: 1 INVITE",
            f"Contact: <sip:+4930{number:07d}@{_HOST}:{port}>",
            "Max-Forwards: 70",
            "User-Agent: trunk",
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO",
            "Supported: timer, replaces",
            "Content-Type: application/sdp",
            f"Content-Length: {len(_SDP)}",
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + _SDP

    def _final(self, mine: socket.socket, lines: Head, peer: tuple[str, int]) -> None:
        """ACK, to every copy of it."""
        call, number = _value(lines, b"Call-ID"), _value(lines, b"Via").rpartition(b"-")[2]
        accepted = lines[0].startswith(b"SIP/2.0 2")
        asked = self.outstanding.pop(call, None)
        uri = _uri(_value(lines, b"Contact")) if accepted else b"sip:callyard"
        branch = b"z9hG4bK-ack-" + number if accepted else _value(lines, b"Via").rpartition(b"branch=")[2]
        mine.sendto(_request(b"ACK", uri, branch, mine, lines, b"1"), peer)
        if asked is not None:
            self._parked += accepted
            self._failed += not accepted
            self._settled()

    def _settled(self) -> None:
        self._place()
        if not self.outstanding and not self._to_place:
            seconds = time.monotonic() - self._began
            self._pipe.send(Parked(self._parked, self._failed, self._again, seconds, self._byes))


class _Agents:
    """They answer at once. ``calls``: what the last INVITE to each said, and whether our 200 was ACKed."""

    def __init__(self, mine: socket.socket, pipe: Connection) -> None:
        self.socket = mine
        self._pipe = pipe
        self._calls: dict[str, Head] = {}
        self._waiting: set[str] = set()

    def read(self) -> None:
        for data, peer, at in _drain(self.socket):
            lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
            method = lines[0].partition(b" ")[0]
            if method == b"SIP/2.0":
                continue
            name = lines[0].partition(b"sip:")[2].partition(b"@")[0].decode()
            if method == b"ACK":
                if name in self._waiting:
                    self._waiting.discard(name)
                    self._pipe.send(_Bridged(name))
                continue
            if method == b"INVITE" and b";tag=" not in _value(lines, b"To"):
                known = self._calls.get(name)
                if known is None or _value(known, b"Call-ID") != _value(lines, b"Call-ID"):
                    self._calls[name] = lines
                    self._waiting.add(name)
                    self._pipe.send(Invited(name, at))
            _answer(self.socket, lines, peer, name)

    def hang_up(self, name: str) -> None:
        invite = self._calls[name]
        turned = [
            b"",
            b"From: " + _value(invite, b"To") + b";tag=peer",
            b"To: " + _value(invite, b"From"),
            b"Call-ID: " + _value(invite, b"Call-ID"),
        ]
        host, _, port = _uri(_value(invite, b"Contact")).partition(b"@")[2].partition(b";")[0].partition(b":")
        branch = b"z9hG4bK-bye-" + _value(invite, b"Call-ID")
        bye = _request(b"BYE", _uri(_value(invite, b"Contact")), branch, self.socket, turned, b"1")
        at = time.time_ns()
        self.socket.sendto(bye, (host.decode(), int(port)))
        self._pipe.send(Gone(name, at))


def _read_media(mine: socket.socket) -> None:
    for data, peer, _ in _drain(mine):
        lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        if not lines[0].startswith((b"ACK ", b"SIP/2.0 ")):
            _answer(mine, lines, peer, "media")


def _answer(mine: socket.socket, lines: Head, peer: tuple[str, int], name: str = "peer") -> None:
    """200 to a request, with a session description where one may be wanted."""
    method = lines[0].partition(b" ")[0]
    if method == b"ACK":
        return
    said = [b"SIP/2.0 200 OK"]
    for line in lines[1:]:
        header = line.partition(b":")[0]
        if header in _COPIED:
            said.append(line)
        elif header == b"To":
            said.append(line if b";tag=" in line else line + b";tag=peer")
    body = _SDP if method in (b"INVITE", b"UPDATE") else b""
    said.append(b"Contact: <sip:%b@127.0.0.1:%d>" % (name.encode(), mine.getsockname()[1]))
    if body:
        said.append(b"Content-Type: application/sdp")
    said.append(b"Content-Length: %d\r\n\r\n" % len(body))
    mine.sendto(b"\r\n".join(said) + body, peer)


def _request(method: bytes, uri: bytes, branch: bytes, mine: socket.socket, dialog: Head, cseq: bytes) -> bytes:
    """A request within the dialog that the headers From, To and Call-ID of ``dialog`` name."""
    return b"\r\n".join([
        b"%b %b SIP/2.0" % (method, uri),
        b"Via: SIP/2.0/UDP 127.0.0.1:%d;branch=%b" % (mine.getsockname()[1], branch),
        b"Max-Forwards: 70",
        *(line for line in dialog if line.partition(b":")[0] in (b"From", b"To", b"Call-ID")),
        b"CSeq: %b %b" % (cseq, method),
        b"Content-Length: 0\r\n\r\n",
    ])  # fmt: skip


def _value(lines: Head, name: bytes) -> bytes:
    """The first header of this name, as it is written in full."""
    start = name + b": "
    return next(line for line in lines if line.startswith(start))[len(start) :]


def _uri(value: bytes) -> bytes:
    return value.partition(b"<")[2].partition(b">")[0]


def _socket(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    opened.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    opened.bind((_HOST, port))
    return opened


def _drain(mine: socket.socket) -> list[tuple[bytes, tuple[str, int], int]]:
    """(datagram, sender, when the kernel had it) of what is there, at most so many."""
    found = []
    for _ in range(_AT_ONCE):
        try:
            data, ancillary, _, peer = mine.recvmsg(65_535, 64)
        except (BlockingIOError, InterruptedError):
            break
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        found.append((data, peer, seconds * 1_000_000_000 + nanoseconds))
    return found
