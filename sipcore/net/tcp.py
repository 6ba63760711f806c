"""TCP: listening and outgoing streams, found again by flow id or by hop, framed by Content-Length (RFC 3261 §18).

"connections be kept open for some implementation-defined duration" (§18): until they are idle for ``StreamLimits.idle``
seconds. A stream has one id, its *flow*, for as long as it lives.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from sipcore.config import Listener
from sipcore.errors import FramingError
from sipcore.message import Limits
from sipcore.message.framing import PONG, StreamFramer
from sipcore.net.receiver import ListenError, Receiver
from sipcore.packets import Hop, Send, Source

__all__ = ["StreamLimits", "StreamTable", "listen"]

_SWEEP_SLICE: Final = 500
_SWEEP_PAUSE: Final = 0.05
_BACKLOG: Final = 4096  # after a restart all phones come back at once; Linux cuts it to net.core.somaxconn (4096)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Bounds on streams; seconds and bytes."""

    connections: int = 20_000
    connect: float = 5.0  # for an outgoing connection to stand
    idle: float = 3600.0  # without a message or a keep-alive
    half_message: float = 32.0  # with a message begun and not finished
    write_buffer: int = 1_048_576  # a peer that lets this much pile up is not reading
    waiting: int = 64  # messages kept while a connection is being made


class _Stream(asyncio.Protocol):
    """One connection, whichever side opened it."""

    def __init__(self, table: "StreamTable", listener: int, hop: Hop | None) -> None:
        self._table = table
        self._listener = listener
        self._framer = StreamFramer(table.message_limits)
        self.transport: asyncio.Transport | None = None
        self.hop = hop  # None until an incoming connection is made
        self.flow = 0
        self.last_heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        peer = transport.get_extra_info("peername")
        if self.hop is None:
            if not peer:  # gone between accept and here
                self.abort()
                return
            self.hop = Hop("TCP", peer[0], peer[1])
        opened = transport.get_extra_info("socket")
        if opened is not None:
            with contextlib.suppress(OSError):
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._table.enter(self)
        self._source = Source(self.hop, self._listener, self.flow)

    def data_received(self, data: bytes) -> None:
        self.last_heard = self._table.now()
        try:
            messages = self._framer.feed(data)
        except FramingError:
            self._table.framing_errors += 1
            self.abort()
            return
        if self._framer.pings:
            self.write(PONG * self._framer.pings)
            self._framer.pings = 0
        if messages:
            source = self._source
            self._table.receiver.packets([(message, source) for message in messages])
        if self._framer.broken:
            self._table.framing_errors += 1
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self.flow:
            self._table.leave(self)

    def write(self, data: bytes) -> None:
        """Never blocks; a peer that does not read is cut off."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > self._table.limits.write_buffer:
            self._table.stalled += 1
            self.abort()

    def abort(self) -> None:
        """Close at once; ``connection_lost`` follows."""
        if self.transport is not None:
            self.transport.abort()

    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def is_spent(self, now: float) -> bool:
        """Idle for too long, or stuck within a message."""
        silent = now - self.last_heard
        limits = self._table.limits
        return silent > (limits.half_message if self._framer.pending else limits.idle)


class StreamTable:
    """The open streams and those being opened."""

    def __init__(self, receiver: Receiver, limits: StreamLimits, message_limits: Limits) -> None:
        self.receiver = receiver
        self.limits = limits
        self.message_limits = message_limits
        self.framing_errors = 0
        self.stalled = 0
        self.refused = 0
        self._loop = asyncio.get_running_loop()
        self._flows: dict[int, _Stream] = {}
        self._by_hop: dict[Hop, _Stream] = {}
        self._waiting: dict[Hop, list[bytes]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._last_flow = 0
        self._closed = False
        self._unswept: list[int] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._sweep()

    def __len__(self) -> int:
        return len(self._flows)

    def now(self) -> float:
        """The loop's clock."""
        return self._loop.time()

    def incoming(self, listener: int) -> Callable[[], _Stream]:
        """A protocol factory for the server of listener ``listener``."""
        return lambda: _Stream(self, listener, None)

    def send(self, send: Send) -> None:
        """Over its flow, else over a stream to the hop, else over a new one (RFC 3261 §18.2.2)."""
        stream = self._flows.get(send.flow) or self._by_hop.get(send.hop)
        if stream is not None and stream.is_open():
            stream.write(send.data)
            return
        waiting = self._waiting.get(send.hop)
        if waiting is None:
            self._waiting[send.hop] = [send.data]
            task = self._loop.create_task(self._connect(send.hop, max(send.listener, 0)))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        elif len(waiting) < self.limits.waiting:
            waiting.append(send.data)

    def enter(self, stream: _Stream) -> None:
        """A connection stands: give it its flow; one too many is cut off."""
        if len(self._flows) >= self.limits.connections:
            self.refused += 1
            stream.abort()
            return
        self._last_flow += 1
        stream.flow = self._last_flow
        stream.last_heard = self.now()
        self._flows[stream.flow] = stream
        assert stream.hop is not None
        self._by_hop[stream.hop] = stream

    def leave(self, stream: _Stream) -> None:
        """A connection has ended: whoever waits on it is told."""
        del self._flows[stream.flow]
        assert stream.hop is not None
        if self._by_hop.get(stream.hop) is stream:
            del self._by_hop[stream.hop]
        if not self._closed:
            self.receiver.failed(stream.hop, stream.flow)

    async def close(self) -> None:
        """Close every stream, writing out what was sent; stop connecting."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._connecting):
            task.cancel()
        for stream in list(self._flows.values()):
            if stream.transport is not None:
                stream.transport.close()
        await asyncio.gather(*self._connecting, return_exceptions=True)

    async def _connect(self, hop: Hop, listener: int) -> None:
        stream = _Stream(self, listener, hop)
        try:
            async with asyncio.timeout(self.limits.connect):
                await self._loop.create_connection(lambda: stream, hop.host, hop.port)
        except (OSError, TimeoutError, OverflowError, ValueError):
            self._waiting.pop(hop, None)
            self.receiver.failed(hop, 0)
            return
        waiting = self._waiting.pop(hop, [])
        if not stream.flow:  # one too many
            self.receiver.failed(hop, 0)
        for data in waiting:
            stream.write(data)

    def _sweep(self) -> None:
        """Look for spent streams, a slice a turn: 20,000 at once would hold the loop for milliseconds."""
        now = self.now()
        if not self._unswept:
            self._unswept = list(self._flows)
        turn, self._unswept = self._unswept[:_SWEEP_SLICE], self._unswept[_SWEEP_SLICE:]
        for flow in turn:
            stream = self._flows.get(flow)
            if stream is not None and stream.is_spent(now):
                stream.abort()
        every = min(self.limits.half_message, self.limits.idle) / 2
        self._sweeper = self._loop.call_later(_SWEEP_PAUSE if self._unswept else every, self._sweep)


async def listen(index: int, listener: Listener, table: StreamTable) -> tuple[asyncio.Server, int]:
    """Open a listening socket; returns its server and its real port. Raises ListenError."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((listener.host, listener.port))
        server = await asyncio.get_running_loop().create_server(table.incoming(index), sock=opened, backlog=_BACKLOG)
    except OSError as error:
        opened.close()
        raise ListenError(listener, error.strerror or str(error)) from error
    return server, opened.getsockname()[1]
