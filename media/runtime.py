"""The process around the media server: the one loop, its one timer, the sockets, the port file, SIGTERM.

A turn: what came in is decided by endpoint and server, then what they want sent is sent. Streams have a timer of their own,
at most one wake-up a millisecond.
"""

import asyncio
import gc
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from media.context import Context
from media.pacer import Pacer
from media.server import MediaServer
from media.settings import Settings
from media.sockets import Address, UdpPorts
from media.sounds import SoundLibrary
from sipcore.config import EndpointConfig, Listener
from sipcore.endpoint import Endpoint
from sipcore.events import Event
from sipcore.ids import Minter
from sipcore.net import Network
from sipcore.packets import Hop, Source

__all__ = ["Runtime", "remove_port_file", "serve", "write_port_file"]

_MILLISECOND: Final = 0.001
_FAREWELL: Final = 0.2  # for the answers to our BYEs
_LONGEST_SLEEP: Final = 3600.0


def _log(line: str) -> None:
    print(f"media: {line}", file=sys.stderr, flush=True)


class Runtime:
    """A running media server. ``clock`` is wall time that no NTP step moves (seconds since 1970)."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._pacing: asyncio.Handle | None = None
        self._pacer = Pacer(settings.report_seconds)
        listeners = [Listener(each.transport, each.host, each.port, settings.sip_advertise) for each in settings.listen]
        self._network = Network(listeners, self)
        self._endpoint: Endpoint
        self._server: MediaServer

    async def start(self) -> None:
        """Listen; raises ListenError, or ValueError for settings that cannot work."""
        settings = self._settings
        library = SoundLibrary(settings.sounds, settings.sound_cache_bytes)
        for problem in library.preload():
            _log(str(problem))
        await self._network.start()
        listeners = self._network.listeners
        ids = Minter(0, 0, lambda: secrets.token_hex(64))
        config = EndpointConfig(listeners, user_agent="Callyard media")
        self._endpoint = Endpoint(config, ids)
        ports = UdpPorts(
            settings.rtp_host,
            settings.rtp_ports,
            self._loop,
            self._rtp,
            start=secrets.randbits(16),
            tos=settings.rtp_tos,
        )
        context = Context(
            settings, self._endpoint, listeners, ids, library, self._pacer, ports, secrets.randbits, _log
        )  # fmt: skip
        self._server = MediaServer(context, self._clock())
        if settings.port_file is not None:
            write_port_file(settings.port_file, listeners, self._clock())
        names = ", ".join(f"{each.transport.lower()}:{each.host}:{each.port}" for each in listeners)
        _log(f"listening on {names}, RTP on {settings.rtp_host}, {len(library.names())} sounds")
        gc.freeze()
        self._turn_over(self._clock())

    async def run(self) -> None:
        """Serve until `stop` is called or the owner is gone; then end every session and close."""
        await self._stop.wait()
        now = self._clock()
        self._server.close(now)
        self._turn_over(now)
        await asyncio.sleep(_FAREWELL)
        for handle in (self._timer, self._pacing):
            if handle is not None:
                handle.cancel()
        await self._network.close()
        _log("stopped")

    def stop(self) -> None:
        """Have `run` end."""
        self._stop.set()

    # -- what comes in

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        """SIP messages from the network."""
        now = self._clock()
        for data, source in packets:
            self._handle(self._endpoint.receive(data, source, now), now)
        self._turn_over(now)

    def failed(self, hop: Hop, flow: int) -> None:
        """A peer could not be reached."""
        now = self._clock()
        self._handle(self._endpoint.transport_failed(hop, flow, now), now)
        self._turn_over(now)

    def _rtp(self, key: str, data: bytes, source: Address) -> None:
        now = self._clock()
        self._server.packet(key, data, source, now)
        if self._endpoint.sends:
            self._turn_over(now)

    def _handle(self, events: Iterable[Event], now: float) -> None:
        for event in events:
            self._server.handle(event, now)

    # -- time

    def _turn_over(self, now: float) -> None:
        """The end of every turn: send, and set the timers to what is wanted next."""
        sends = self._endpoint.sends
        if sends:
            self._endpoint.sends = []
            for send in sends:
                self._network.send(send)
        if self._server.over:
            self.stop()
        deadlines = [
            each for each in (self._endpoint.next_deadline(), self._server.next_deadline()) if each is not None
        ]
        if deadlines:
            self._wake_at(min(deadlines), now)
        if self._pacing is None:
            self._pace_next()

    def _wake_at(self, deadline: float, now: float) -> None:
        if self._timer is not None:
            if deadline >= self._timer_at:
                return  # it comes early enough, and will look again
            self._timer.cancel()
        self._timer_at = deadline
        delay = min(max(deadline - now, _MILLISECOND), _LONGEST_SLEEP)
        self._timer = self._loop.call_later(delay, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self._clock()
        self._handle(self._endpoint.expire(now), now)
        self._server.expire(now)
        self._turn_over(now)

    def _pace_next(self) -> None:
        deadline = self._pacer.next_deadline()
        if deadline is None:
            self._pacing = None
            return
        delay = deadline - self._clock()
        if delay > 0:
            self._pacing = self._loop.call_later(max(delay, _MILLISECOND), self._pace)
        else:  # behind: go on at once, but let signalling have its turn
            self._pacing = self._loop.call_soon(self._pace)

    def _pace(self) -> None:
        now = self._clock()
        events = self._pacer.advance(now)
        if events:
            self._server.streamed(events, now)
        self._pace_next()
        if events:
            self._turn_over(now)


def write_port_file(path: Path, listeners: tuple[Listener, ...], started: float) -> None:
    """Say where we are, so that an owner finds us again after its own restart; readers never see half a file."""
    first = listeners[0]
    content = {
        "pid": os.getpid(),
        "transport": first.transport.lower(),
        "host": first.host,
        "port": first.port,
        "started": started,
        "listeners": [
            {"transport": each.transport.lower(), "host": each.host, "port": each.port} for each in listeners
        ],
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content) + "\n", encoding="utf-8")
    draft.replace(path)


def _clock() -> Callable[[], float]:
    started, monotonic = time.time() - time.monotonic(), time.monotonic
    return lambda: started + monotonic()


async def serve(settings: Settings) -> None:
    """Run a media server until SIGTERM, SIGINT or the loss of its owner; raises OSError or ValueError if it cannot start."""
    runtime = Runtime(settings, _clock())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runtime.stop)
    await runtime.start()
    try:
        await runtime.run()
    finally:
        if settings.port_file is not None:
            remove_port_file(settings.port_file)


def remove_port_file(path: Path) -> None:
    """Take the port file away, unless another process has written it meanwhile."""
    try:
        if json.loads(path.read_text(encoding="utf-8"))["pid"] == os.getpid():
            path.unlink()
    except (OSError, ValueError, KeyError, TypeError):
        return
