"""UDP by ``add_reader``: the loop says readable, the socket is drained and written to directly (no protocol object)."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from time import monotonic
from typing import Final

from sipcore.config import Listener
from sipcore.net.receiver import ListenError, Receiver
from sipcore.packets import Hop, Send, Source

__all__ = ["RECEIVE_BUFFER", "UdpListener", "kernel_drops"]

_LARGEST: Final = 65_535
_MAX_DATAGRAMS: Final = 64  # a turn of the loop takes at most so many …
_MAX_SECONDS: Final = 0.002  # … or so long
_FLOWING: Final = 0.0002  # seconds from the end of a look to the next one: where it is longer, one datagram is there
RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Bytes asked for: the kernel's default holds 92 datagrams, a burst of a blink."""
_SO_RCVBUFFORCE: Final = 33  # Linux, with CAP_NET_ADMIN; the socket module has no name for it
_MAX_SOURCES: Final = 16_384


class UdpListener:
    """One bound UDP socket. ``port`` is the real one, also where 0 was asked for; ``receive_buffer`` bytes are what the
    kernel has granted.
    """

    def __init__(
        self, index: int, listener: Listener, receiver: Receiver, receive_buffer: int = RECEIVE_BUFFER
    ) -> None:
        self._index = index
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self._socket = _bind(listener, receive_buffer)
        self._buffer = bytearray(_LARGEST)
        self._view = memoryview(self._buffer)
        self._sources: dict[tuple[str, int], Source] = {}
        self.port: int = self._socket.getsockname()[1]
        self.inode = os.fstat(self._socket.fileno()).st_ino
        self.receive_buffer = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._looked_at = 0.0
        self.unsent = 0  # datagrams that the socket would not take: lost, as in any full queue on their way
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def send(self, send: Send) -> None:
        """Send one datagram, never blocking. An address that cannot be sent to is reported in the next turn."""
        hop = send.hop
        try:
            self._socket.sendto(send.data, (hop.host, hop.port))
        except (BlockingIOError, InterruptedError):
            self.unsent += 1
        except (OSError, OverflowError):
            self._loop.call_soon(self._receiver.failed, hop, 0)

    def close(self) -> None:
        """Close the socket; may be called twice."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _readable(self) -> None:
        """Take what is there. That nothing more is there is said by an error, which costs as much as a datagram: so under
        little load one is taken without asking for another (the loop says again that there is).
        """
        packets: list[tuple[bytes, Source]] = []
        began = monotonic()
        until = began + _MAX_SECONDS
        most = _MAX_DATAGRAMS if began - self._looked_at < _FLOWING else 1
        receive, buffer, view = self._socket.recvfrom_into, self._buffer, self._view
        for _ in range(most):
            try:
                size, address = receive(buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error of some datagram sent before: says nothing about what is in the queue
            packets.append(
                (bytes(view[:size]), self._source(address[0], address[1]))
            )  # IPv6 has flow info and scope, too
            if most > 1 and monotonic() > until:
                break
        if packets:
            self._receiver.packets(packets)
        self._looked_at = monotonic()

    def _source(self, host: str, port: int) -> Source:
        key = (host, port)
        source = self._sources.get(key)
        if source is None:
            if len(self._sources) >= _MAX_SOURCES:
                self._sources.clear()
            source = self._sources[key] = Source(Hop("UDP", host, port), self._index)
        return source


def kernel_drops(inodes: set[int]) -> int:
    """Datagrams that the kernel dropped because our sockets were full (Linux; 0 where it does not say)."""
    total = 0
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[9]) in inodes:
                    total += int(fields[-1])
    return total


def _enlarge(opened: socket.socket, wanted: int) -> None:
    """Ask for a large receive buffer: past ``net.core.rmem_max`` where we may, else up to it (the kernel cuts silently)."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted)


def _bind(listener: Listener, receive_buffer: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        _enlarge(opened, receive_buffer)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((listener.host, listener.port))
    except OSError as error:
        opened.close()
        raise ListenError(listener, error.strerror or str(error)) from error
    return opened
