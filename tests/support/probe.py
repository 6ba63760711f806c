"""The latency probe: one caller and one agent on two raw UDP sockets, one call at a time.

It knows just enough SIP to make a call, and nothing of ours. Arrival times are the kernel's (SO_TIMESTAMPNS), so that
the probe's own scheduling is not measured. Times are milliseconds.
"""

import contextlib
import math
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from tests.support.ports import free_port

__all__ = ["LatencyProbe", "ProbeError", "Sample", "Wire", "quantile"]

_HOST: Final = "127.0.0.1"
_SO_TIMESTAMPNS: Final = 35
_PATIENCE: Final = 2.0
_SDP: Final = (
    "v=0\r\no=probe 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


class ProbeError(AssertionError):
    """An expected message did not come."""


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0..1) of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: INVITE there, the agent's 200 back, and their sum, the set-up latency that the service adds."""

    invite_ms: float
    answer_ms: float

    @property
    def added_ms(self) -> float:
        return self.invite_ms + self.answer_ms


@dataclass(slots=True)
class Wire:
    """A message as received: its start line, its headers by lower-case name, and when the kernel had it (ns)."""

    start: str
    headers: dict[str, list[str]]
    at: int
    peer: tuple[str, int]

    @classmethod
    def parse(cls, data: bytes, at: int, peer: tuple[str, int]) -> Self:
        head = data.partition(b"\r\n\r\n")[0].decode()
        start, _, rest = head.partition("\r\n")
        headers: dict[str, list[str]] = {}
        for line in rest.split("\r\n"):
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        return cls(start, headers, at, peer)

    @property
    def method(self) -> str:
        """The request's method, or for a response that of its CSeq."""
        return self.headers["cseq"][0].split()[1]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def target(self) -> str:
        """The URI of its Contact."""
        contact = self.headers["contact"][0]
        return contact.partition("<")[2].partition(">")[0] if "<" in contact else contact

    def reply(self, status: str, *, tag: str = "", contact: str = "", body: str = "") -> bytes:
        """A response to this request, with all that must be copied copied."""
        lines = [f"SIP/2.0 {status}"]
        lines += [
            f"{name}: {value}" for name in ("Via", "Record-Route") for value in self.headers.get(name.lower(), [])
        ]
        to = self.headers["to"][0]
        lines += [
            f"From: {self.headers['from'][0]}",
            f"To: {to}" + (f";tag={tag}" if tag and ";tag=" not in to else ""),
        ]
        lines += [f"Call-ID: {self.headers['call-id'][0]}", f"CSeq: {self.headers['cseq'][0]}"]
        return _finish(lines, contact, body)


def _finish(lines: list[str], contact: str, body: str) -> bytes:
    lines = [
        *lines,
        *([f"Contact: <{contact}>"] if contact else []),
        *(["Content-Type: application/sdp"] if body else []),
    ]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


class _Phone:
    """A UDP socket that can wait for a certain message, answering OPTIONS and skipping the rest meanwhile."""

    def __init__(self, port: int, user: str) -> None:
        self.port = port
        self.contact = f"sip:{user}@{_HOST}:{port}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.bind((_HOST, port))

    def send(self, data: bytes, peer: tuple[str, int]) -> int:
        """Returns when it was sent (ns)."""
        at = time.time_ns()
        self.socket.sendto(data, peer)
        return at

    def _receive(self, limit: float) -> Wire | None:
        self.socket.settimeout(max(0.001, limit - time.monotonic()))
        try:
            data, ancillary, _, peer = self.socket.recvmsg(65_535, 64)
        except TimeoutError:
            return None
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        return Wire.parse(data, seconds * 1_000_000_000 + nanoseconds, peer) if b"CSeq" in data else None

    def drain(self) -> None:
        """Forgets what arrived for a call that failed."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(65_535)

    def expect(self, method: str, *, status: int = 0, call_id: str = "") -> Wire:
        """The next message of that method and status (0: a request); raises ProbeError where none comes in time."""
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit:
            message = self._receive(limit)
            if message is None:
                continue
            if message.method == method and message.status == status and call_id in ("", message.headers["call-id"][0]):
                return message
            if message.method == "OPTIONS" and message.status == 0:
                self.send(message.reply("200 OK", tag="probe"), message.peer)
            elif message.method == method and message.status >= 300:
                raise ProbeError(f"{method} was answered: {message.start}")
        raise ProbeError(f"no {method} {status or 'request'} at port {self.port} within {_PATIENCE:g} s")


@dataclass(slots=True)
class LatencyProbe:
    """Calls ``sip:user@target`` and answers at ``agent_port``. A context manager; ``run`` makes the calls."""

    target: tuple[str, int]
    user: str
    agent_port: int = field(default_factory=free_port)
    samples: list[Sample] = field(default_factory=list)
    lost: int = 0
    _count: int = field(init=False, default=0)
    _caller: _Phone = field(init=False, repr=False)
    _agent: _Phone = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._caller = _Phone(free_port(), "caller")
        self._agent = _Phone(self.agent_port, "probe")
        return self

    def __exit__(self, *_: object) -> None:
        self._caller.socket.close()
        self._agent.socket.close()

    def run(self, seconds: float, interval: float = 0.04) -> None:
        """A call every ``interval`` seconds (or as fast as they end) for so long; a call that fails counts as lost."""
        end = time.monotonic() + seconds
        while (started := time.monotonic()) < end:
            try:
                self.samples.append(self.call())
            except ProbeError:
                self.lost += 1
                self._caller.drain()
                self._agent.drain()
            time.sleep(max(0.0, started + interval - time.monotonic()))

    def call(self) -> Sample:
        """One call, from INVITE to the last 200."""
        self._count += 1
        call_id = f"probe-{self._caller.port}-{self._count}"
        sent = self._caller.send(self._request("INVITE", call_id, body=_SDP), self.target)
        invite = self._agent.expect("INVITE")
        tag = f"a{self._count}"
        self._agent.send(invite.reply("180 Ringing", tag=tag, contact=self._agent.contact), invite.peer)
        answer = invite.reply("200 OK", tag=tag, contact=self._agent.contact, body=_SDP)
        answered = self._agent.send(answer, invite.peer)
        final = self._caller.expect("INVITE", status=200, call_id=call_id)
        self._caller.send(self._in_dialog("ACK", call_id, final, 1), self.target)
        self._agent.expect("ACK")
        self._caller.send(self._in_dialog("BYE", call_id, final, 2), self.target)
        bye = self._agent.expect("BYE")
        self._agent.send(bye.reply("200 OK"), bye.peer)
        self._caller.expect("BYE", status=200, call_id=call_id)
        return Sample((invite.at - sent) / 1e6, (final.at - answered) / 1e6)

    def _request(self, method: str, call_id: str, *, body: str = "") -> bytes:
        uri = f"sip:{self.user}@{self.target[0]}:{self.target[1]}"
        return self._build(f"{method} {uri} SIP/2.0", f"<{uri}>", call_id, f"1 {method}", body)

    def _in_dialog(self, method: str, call_id: str, final: Wire, cseq: int) -> bytes:
        return self._build(f"{method} {final.target} SIP/2.0", final.headers["to"][0], call_id, f"{cseq} {method}", "")

    def _build(self, start: str, to: str, call_id: str, cseq: str, body: str) -> bytes:
        branch = f"z9hG4bK{call_id}-{cseq.replace(' ', '-')}"
        lines = [
            start,
            f"Via: SIP/2.0/UDP {_HOST}:{self._caller.port};branch={branch}",
            f"From: <{self._caller.contact}>;tag={call_id}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq}",
            "Max-Forwards: 70",
        ]
        return _finish(lines, self._caller.contact, body)
