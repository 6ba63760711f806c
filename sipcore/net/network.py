"""All sockets of one process behind two calls: ``send`` and the receiver's ``packets``."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sipcore.config import Listener
from sipcore.message import DEFAULT_LIMITS, Limits
from sipcore.net.receiver import ListenError, Receiver
from sipcore.net.tcp import StreamLimits, StreamTable, listen
from sipcore.net.udp import RECEIVE_BUFFER, UdpListener, kernel_drops
from sipcore.packets import Hop, Send

__all__ = ["Network"]


class Network:
    """Opens the listeners and sends. ``listeners`` are the given ones, after ``start`` with their real ports.

    The index of a listener is its place in that sequence, as in ``Source.listener`` and ``Send.listener``.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        receiver: Receiver,
        *,
        stream_limits: StreamLimits | None = None,
        message_limits: Limits = DEFAULT_LIMITS,
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        self.listeners = tuple(listeners)
        self._receiver = receiver
        self._stream_limits = stream_limits or StreamLimits()
        self._message_limits = message_limits
        self._receive_buffer = receive_buffer
        self._udp: dict[int, UdpListener] = {}
        self._servers: list[asyncio.Server] = []
        self._streams: StreamTable | None = None

    async def start(self) -> None:
        """Open every listener, or none: raises ListenError naming the one that could not be opened."""
        self._streams = StreamTable(self._receiver, self._stream_limits, self._message_limits)
        opened: list[Listener] = []
        try:
            for index, listener in enumerate(self.listeners):
                opened.append(replace(listener, port=await self._open(index, listener, self._streams)))
        except ListenError:
            await self.close()
            raise
        self.listeners = tuple(opened)

    def send(self, send: Send) -> None:
        """Send one message; never blocks. What cannot be sent comes back as ``Receiver.failed``, in a later turn."""
        transport = send.hop.transport
        if transport == "UDP":
            udp = self._udp.get(send.listener) or self._udp_for(send.hop)
            if udp is not None:
                udp.send(send)
                return
        elif transport == "TCP" and self._streams is not None:
            self._streams.send(send)
            return
        asyncio.get_running_loop().call_soon(self._receiver.failed, send.hop, send.flow)

    async def close(self) -> None:
        """Close every socket; may be called twice."""
        for udp in self._udp.values():
            udp.close()
        for server in self._servers:
            server.close()
        if self._streams is not None:
            await self._streams.close()
        self._udp.clear()
        self._servers.clear()

    def metrics(self) -> dict[str, int]:
        """Open streams and the smallest UDP receive buffer (bytes, as the kernel counts); the rest since the start."""
        streams = self._streams
        return {
            "streams": len(streams) if streams is not None else 0,
            "udp_receive_buffer": min((udp.receive_buffer for udp in self._udp.values()), default=0),
            "udp_kernel_drops": kernel_drops({udp.inode for udp in self._udp.values()}),
            "udp_unsent": sum(udp.unsent for udp in self._udp.values()),
            "framing_errors": streams.framing_errors if streams is not None else 0,
            "streams_stalled": streams.stalled if streams is not None else 0,
            "streams_refused": streams.refused if streams is not None else 0,
        }

    async def _open(self, index: int, listener: Listener, streams: StreamTable) -> int:
        if listener.transport == "UDP":
            udp = self._udp[index] = UdpListener(index, listener, self._receiver, self._receive_buffer)
            return udp.port
        if listener.transport == "TCP":
            server, port = await listen(index, listener, streams)
            self._servers.append(server)
            return port
        raise ListenError(listener, f"transport {listener.transport} is not supported")

    def _udp_for(self, hop: Hop) -> UdpListener | None:
        """The first UDP listener of the hop's address family."""
        wants_v6 = ":" in hop.host
        for index, udp in self._udp.items():
            if (":" in self.listeners[index].host) == wants_v6:
                return udp
        return None
