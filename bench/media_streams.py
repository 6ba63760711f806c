"""How many PCMA streams with music one core carries: real sockets, the real pacer, a sink that throws everything away.

    python -m bench.media_streams [--streams 1500] [--seconds 10] [--callers-talk]

The sink is a process of its own; its cost is not counted. ``--callers-talk``: every caller sends 50 packets a second,
so that latching and the socket filter have their part in the result. Prints one line: CPU share of the sending process
(user and system), packets sent and left out, and how late slots were sent.
"""

import argparse
import asyncio
import multiprocessing
import random
import resource
import socket
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import uvloop

from media.pacer import Pacer
from media.playlist import Playlist
from media.rtp import RtpPacket
from media.sockets import Address, UdpPorts, let_only_in
from media.sounds import SoundLibrary
from media.stream import RtpStream, Target

_SOUNDS = Path(__file__).resolve().parent.parent / "media" / "sounds"


def _sink(sockets: list[socket.socket], ports: list[int], ready: Event, stop: Event) -> None:
    """Receive into tiny buffers that nobody reads; send one packet every 20 ms to each of ``ports``."""
    started, sequence = time.monotonic(), 0
    ready.set()
    while not stop.is_set():
        sequence += 1
        packet = RtpPacket(8, sequence, sequence * 160, 7, bytes(160)).encode()
        for sock, port in zip(sockets, ports, strict=False):
            sock.sendto(packet, ("127.0.0.1", port))
        time.sleep(max(0.0, started + sequence * 0.02 - time.monotonic()))


def _sockets(count: int) -> list[socket.socket]:
    sockets = []
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        let_only_in(sock, None)  # dropped in the kernel: the sink shall cost little
        sock.bind(("127.0.0.1", 0))
        sockets.append(sock)
    return sockets


class _Bench:
    """The loop of the media server without its SIP side."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pacer: Pacer) -> None:
        self.loop, self.pacer, self.late = loop, pacer, [0.0]

    def run(self) -> None:
        deadline = self.pacer.next_deadline()
        now = time.time()
        if deadline is not None and now >= deadline:
            self.late.append(now - deadline)
            self.pacer.advance(now)
        delay = (self.pacer.next_deadline() or now) - time.time()
        if delay > 0:
            self.loop.call_later(max(delay, 0.001), self.run)
        else:
            self.loop.call_soon(self.run)


async def measure(streams: int, seconds: float, *, callers_talk: bool) -> str:
    """Run it; gives the line to print."""
    loop, bits = asyncio.get_running_loop(), random.Random(1).getrandbits
    sinks = _sockets(streams)
    known: dict[str, RtpStream] = {}

    def deliver(key: str, data: bytes, source: Address) -> None:
        known[key].receive(data, source)

    ports = UdpPorts("127.0.0.1", (30000, 60999), loop, deliver)
    library, pacer = SoundLibrary([_SOUNDS]), Pacer()
    library.preload()
    for number, sink in enumerate(sinks):
        stream = known[str(number)] = RtpStream(str(number), ports.open(str(number)), bits)
        stream.play(Playlist([library.get("music")], None))
        stream.aim(Target("PCMA", sink.getsockname(), event_type=101))
        pacer.update(stream, time.time())
    forking = multiprocessing.get_context("fork")  # the sink inherits the sockets
    ready, stop = forking.Event(), forking.Event()
    to = [stream.sockets.port for stream in known.values()] if callers_talk else []
    sink_process = forking.Process(target=_sink, args=(sinks, to, ready, stop))
    sink_process.start()
    ready.wait()
    bench = _Bench(loop, pacer)
    bench.run()
    await asyncio.sleep(1)
    span = await _observe(seconds, known)
    stop.set()
    sink_process.join()
    late, latched = sorted(bench.late), sum(stream.latched for stream in known.values())
    return (
        f"{streams} streams, {latched} latched: {span.line()}; packets left out {pacer.counters['packets_skipped']}; "
        f"slots late q50 {1e3 * late[len(late) // 2]:.1f}, q99 {1e3 * late[len(late) * 99 // 100]:.1f}, "
        f"max {1e3 * late[-1]:.1f} ms"
    )


def _packets(known: dict[str, RtpStream]) -> int:
    return sum(stream.sender_info(0.0).packets for stream in known.values())


@dataclass(frozen=True)
class _Span:
    """What the process used in ``wall`` seconds."""

    wall: float
    user: float
    system: float
    packets: int

    def line(self) -> str:
        used = self.user + self.system
        return (
            f"{self.packets / self.wall:.0f} packets/s, CPU {100 * used / self.wall:.0f} % of a core (user "
            f"{100 * self.user / self.wall:.0f}, system {100 * self.system / self.wall:.0f}), "
            f"{1e6 * used / max(self.packets, 1):.1f} µs a packet"
        )


async def _observe(seconds: float, known: dict[str, RtpStream]) -> _Span:
    before, started, first = resource.getrusage(resource.RUSAGE_SELF), time.monotonic(), _packets(known)
    await asyncio.sleep(seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return _Span(time.monotonic() - started, user, system, _packets(known) - first)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--callers-talk", action="store_true")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(measure(options.streams, options.seconds, callers_talk=options.callers_talk)))
