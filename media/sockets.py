"""The sockets of a stream: an even port for RTP, the next one for RTCP (RFC 3550 §11), and what the kernel lets in.

Once a stream knows its peer, a classic BPF filter on its socket drops everything but telephone-events in the kernel, so
that 50 packets a second and caller cost this process nothing. Where the system allows no filter the packets are read
and thrown away.
"""

import asyncio
import ctypes
import errno
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

__all__ = [
    "Address",
    "MemoryPorts",
    "MemorySockets",
    "NoPortFree",
    "Ports",
    "Sockets",
    "UdpPorts",
    "UdpSockets",
    "let_only_in",
]

Address = tuple[str, int]
Deliver = Callable[[str, bytes, Address], None]
_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_RECEIVE_BUFFER: Final = 64 * 1024
_PACKETS_A_WAKE: Final = 32
_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD_BYTE, _AND, _JUMP_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_PAYLOAD_TYPE_AT: Final = 8 + 1  # a UDP socket's filter sees the UDP header first


class NoPortFree(OSError):  # noqa: N818 - named for what it says, as in sipcore
    """Every pair of ports in the range is taken."""


class Sockets(Protocol):
    """What a stream needs of its pair of sockets. Sending may raise OSError."""

    port: int

    @property
    def sendto(self) -> Callable[[bytes, Address], int]:
        """Send RTP; taken once by the stream, to be called without a detour."""

    def send_control(self, data: bytes, address: Address) -> None:
        """Send RTCP."""

    def let_in(self, payload_type: int | None) -> None:
        """From now on only packets of this payload type matter; None: nothing does."""

    def let_all_in(self) -> None:
        """Take `let_in` back."""

    def close(self) -> None:
        """Give the ports back."""


class Ports(Protocol):
    """Where streams get their sockets."""

    def open(self, key: str) -> Sockets:
        """A pair for the stream ``key``; raises `NoPortFree`."""


def _program(payload_type: int | None) -> bytes:
    if payload_type is None:
        return _INSTRUCTION.pack(_RETURN, 0, 0, 0)
    return b"".join(
        (
            _INSTRUCTION.pack(_LOAD_BYTE, 0, 0, _PAYLOAD_TYPE_AT),
            _INSTRUCTION.pack(_AND, 0, 0, 0x7F),
            _INSTRUCTION.pack(_JUMP_EQUAL, 0, 1, payload_type),
            _INSTRUCTION.pack(_RETURN, 0, 0, 0xFFFFFFFF),
            _INSTRUCTION.pack(_RETURN, 0, 0, 0),
        )
    )


def let_only_in(sock: socket.socket, payload_type: int | None) -> bool:
    """Have the kernel drop what ``sock`` gets but this RTP payload type (None: drop all); False where it cannot."""
    if sys.platform != "linux":
        return False
    program = _program(payload_type)
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HP", len(program) // _INSTRUCTION.size, ctypes.addressof(code))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError:
        return False
    return True


class UdpSockets:
    """A real pair. ``deliver`` is called with every RTP datagram that comes in, from the event loop."""

    def __init__(
        self, key: str, pair: tuple[socket.socket, socket.socket], loop: asyncio.AbstractEventLoop, deliver: Deliver
    ) -> None:
        self._key, self._loop, self._deliver = key, loop, deliver
        self._rtp, self._rtcp = pair
        self.port: int = self._rtp.getsockname()[1]
        self.sendto: Callable[[bytes, Address], int] = self._rtp.sendto
        loop.add_reader(self._rtp.fileno(), self._readable)

    def send_control(self, data: bytes, address: Address) -> None:
        """Send RTCP."""
        self._rtcp.sendto(data, address)

    def let_in(self, payload_type: int | None) -> None:
        """Filter in the kernel where the system can."""
        let_only_in(self._rtp, payload_type)

    def let_all_in(self) -> None:
        """Take the filter off."""
        if sys.platform == "linux":
            try:
                self._rtp.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            except OSError as problem:
                if problem.errno != errno.ENOENT:  # none was attached
                    raise

    def close(self) -> None:
        """Stop reading and close both."""
        self._loop.remove_reader(self._rtp.fileno())
        self._rtp.close()
        self._rtcp.close()

    def _readable(self) -> None:
        for _ in range(_PACKETS_A_WAKE):
            try:
                data, source = self._rtp.recvfrom(2048)
            except OSError:  # nothing left, or an ICMP error that a later send will meet again
                return
            self._deliver(self._key, data, (source[0], source[1]))
            if self._rtp.fileno() < 0:
                return  # what it brought has ended the session


class UdpPorts:
    """Real ports of one address, handed out in turn so that a port is reused as late as possible."""

    def __init__(
        self,
        host: str,
        ports: tuple[int, int],
        loop: asyncio.AbstractEventLoop,
        deliver: Deliver,
        *,
        start: int = 0,
        tos: int = 0,
    ) -> None:
        """``ports``: first and last, both included. ``start`` picks the first pair. ``tos``: the IP header's byte."""
        self._host, self._loop, self._deliver, self._tos = host, loop, deliver, tos
        self._first = ports[0] + (ports[0] & 1)
        self._pairs = (ports[1] - self._first + 1) // 2
        self._next = start % max(self._pairs, 1)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def open(self, key: str) -> UdpSockets:
        """The next pair that is free; raises `NoPortFree`."""
        for _ in range(self._pairs):
            port = self._first + 2 * self._next
            self._next = (self._next + 1) % self._pairs
            try:
                pair = self._bind(port)
            except OSError as problem:
                if problem.errno == errno.EADDRINUSE:
                    continue
                raise
            return UdpSockets(key, pair, self._loop, self._deliver)
        raise NoPortFree(f"no pair of RTP ports is free on {self._host}")

    def _bind(self, port: int) -> tuple[socket.socket, socket.socket]:
        rtp = self._socket(port)
        try:
            rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if self._tos and self._family == socket.AF_INET:
                rtp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, self._tos)
            rtcp = self._socket(port + 1)
            # What receivers report is not used and never read: a queue of next to nothing, the kernel drops the rest.
            rtcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
            return rtp, rtcp
        except OSError:
            rtp.close()
            raise

    def _socket(self, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind((self._host, port))
        except OSError:
            sock.close()
            raise
        return sock


@dataclass(slots=True)
class MemorySockets:
    """A pair without a network: keeps what is sent, for tests and simulations."""

    port: int
    sent: list[tuple[bytes, Address]] = field(default_factory=list)
    control: list[tuple[bytes, Address]] = field(default_factory=list)
    only: int | str | None = "all"
    closed: bool = False
    sendto: Callable[[bytes, Address], int] = field(init=False)

    def __post_init__(self) -> None:
        """Sending is an attribute, as on the real ones, where it is the socket's own method."""
        self.sendto = self._keep

    def _keep(self, data: bytes, address: Address) -> int:
        self.sent.append((data, address))
        return len(data)

    def send_control(self, data: bytes, address: Address) -> None:
        """Keep it."""
        self.control.append((data, address))

    def let_in(self, payload_type: int | None) -> None:
        """Note it."""
        self.only = payload_type

    def let_all_in(self) -> None:
        """Note it."""
        self.only = "all"

    def close(self) -> None:
        """Note it."""
        self.closed = True


@dataclass(slots=True)
class MemoryPorts:
    """Hands out `MemorySockets`; ``limit`` pairs in all."""

    limit: int = 100
    pairs: dict[str, MemorySockets] = field(default_factory=dict)

    def open(self, key: str) -> MemorySockets:
        """The next pair; raises `NoPortFree`."""
        if len(self.pairs) >= self.limit:
            raise NoPortFree("no pair left")
        self.pairs[key] = pair = MemorySockets(20000 + 2 * len(self.pairs))
        return pair
