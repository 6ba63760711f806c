"""Registrations held over idle TCP connections: memory and CPU of the service for each, as they grow.

    python -m bench.idle_streams [--levels 1000 5000 10000 20000] [--no-write]

The phones are one process of their own, with loopback addresses enough for their ports. Each connects, registers over its
stream and stays; then all send a keep-alive (RFC 5626 §4.4.1: a double CRLF, answered by one), refresh, and are silent.
In a second run the service pings every contact with OPTIONS. The open-file limit bounds the last level.
"""

import argparse
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.results import machine, table, write_section
from tests.support.service import Service

_HOST: Final = "127.0.0.1"
_LEVELS: Final = (1000, 5000, 10_000, 20_000)
_PORTS: Final = 10_000  # connections from one address
_SPARE: Final = 300  # files that are no connections
_AT_ONCE: Final = 200  # requests under way
_SILENCE: Final = 5.0  # seconds
_PING_SECONDS: Final = 30
_PONG: Final = b"\r\n"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Phones:
    """The phones' process: many streams, one request or keep-alive under way on each."""

    def __init__(self, registrar: tuple[str, int]) -> None:
        self._registrar = registrar
        self._poll = select.epoll()
        self._streams: dict[int, tuple[socket.socket, int]] = {}
        self._order: list[int] = []
        self._cseq = 1
        self.answered = 0
        self.pinged = 0

    def open(self, count: int) -> None:
        """Connections up to ``count``, each registered."""
        self._each(range(len(self._order), count), self._connect)

    def refresh(self, count: int) -> None:
        """All register again."""
        self._cseq += 1
        self._each(range(count), lambda number: self._streams[self._order[number]][0].sendall(self._register(number)))

    def keep_alive(self, count: int) -> None:
        """All send a double CRLF and get their answer."""
        self._each(range(count), lambda number: self._streams[self._order[number]][0].sendall(b"\r\n\r\n"))

    def stay(self, seconds: int) -> None:
        """Answer what comes, for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._listen(left)

    def _each(self, numbers: range, act: Callable[[int], None]) -> None:
        wanted = self.answered
        for start in range(numbers.start, numbers.stop, _AT_ONCE):
            batch = range(start, min(start + _AT_ONCE, numbers.stop))
            for number in batch:
                act(number)
            wanted += len(batch)
            while self.answered < wanted:
                self._listen(60.0)

    def _connect(self, number: int) -> None:
        stream = socket.socket()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind((f"127.0.0.{2 + number // _PORTS}", 0))
        stream.connect(self._registrar)
        self._streams[stream.fileno()] = stream, number
        self._order.append(stream.fileno())
        self._poll.register(stream.fileno(), select.EPOLLIN)
        stream.sendall(self._register(number))

    def _listen(self, seconds: float) -> None:
        for file, _ in self._poll.poll(seconds):
            stream, _number = self._streams[file]
            data = stream.recv(65_536)
            if not data:
                raise ConnectionError(f"connection {_number} was closed")
            for request in data.split(b"OPTIONS ")[1:]:
                self.pinged += 1
                stream.sendall(_answer(request))
            answered = data.count(b"SIP/2.0 200 ") if data != _PONG else 1
            assert answered or b"OPTIONS " in data, data
            self.answered += answered

    def _register(self, number: int) -> bytes:
        host, port = self._streams[self._order[number]][0].getsockname()
        return (
            f"REGISTER sip:callyard SIP/2.0\r\nVia: SIP/2.0/TCP {host}:{port};branch=z9hG4bK{number}.{self._cseq}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:u{number}@callyard>;tag={number}.{self._cseq}\r\nTo: <sip:u{number}@callyard>\r\n"
            f"Call-ID: u{number}-bench\r\nCSeq: {self._cseq} REGISTER\r\n"
            f"Contact: <sip:u{number}@{host}:{port};transport=tcp>;expires=3600\r\nUser-Agent: bench phone 1.0\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()


def _answer(request: bytes) -> bytes:
    """``request`` without its method."""
    lines = request.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    copied = [line for line in lines if line.partition(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0\r\n\r\n"]).encode()


def phones_process(host: str, port: int) -> None:
    """Obeys lines: ``<what> <number>``; says what has been answered and pinged by then."""
    phones = Phones((host, port))
    acts = {"open": phones.open, "refresh": phones.refresh, "keep_alive": phones.keep_alive, "stay": phones.stay}
    for line in sys.stdin:
        what, number = line.split()
        acts[what](int(number))
        print(phones.answered, phones.pinged, flush=True)


class Run:
    """A service, the phones, and what the service's own process has used."""

    def __init__(self, service: Service) -> None:
        self._pid = service.process.pid
        command = [sys.executable, "-m", "bench.idle_streams", "--phones", *map(str, service.sip)]
        self._phones = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, what: str, number: int) -> tuple[float, int]:
        """CPU seconds of the service meanwhile, and the pings that the phones have had so far."""
        assert self._phones.stdin is not None
        assert self._phones.stdout is not None
        before = self.cpu()
        self._phones.stdin.write(f"{what} {number}\n")
        self._phones.stdin.flush()
        said = self._phones.stdout.readline().split()
        return self.cpu() - before, int(said[1])

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident(self) -> int:
        """Bytes."""
        return int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def close(self) -> None:
        self._phones.kill()
        self._phones.wait()


def measure(run: Run, levels: list[int]) -> list[list[str]]:
    """A row a level; the first connections of all, and what they warm up, are not counted."""
    run.do("open", 200)
    run.do("refresh", 200)
    rows, count, empty = [], 200, run.resident()
    for level in levels:
        made, _ = run.do("open", level)
        added, held = level - count, (run.resident() - empty) / (level - 200)
        kept, _ = run.do("keep_alive", level)
        known, _ = run.do("refresh", level)
        again, _ = run.do("refresh", level)
        idle, _ = run.do("stay", round(_SILENCE))
        rows.append([
            f"{level:,}", f"{held:,.0f}", f"{made / added * 1e6:.0f}", f"{kept / level * 1e6:.1f}",
            f"{known / level * 1e6:.0f} / {again / level * 1e6:.0f}", f"{idle / _SILENCE * 1000:.1f}",
        ])  # fmt: skip
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        count = level
    return rows


def pinged(run: Run, level: int) -> str:
    """CPU of a ping, with its answer."""
    run.do("open", level)
    _, before = run.do("stay", _PING_SECONDS)
    cpu, after = run.do("stay", 2 * _PING_SECONDS)
    count = after - before
    return f"{cpu / max(1, count) * 1e6:.0f} µs an OPTIONS with its answer ({count:,} in {2 * _PING_SECONDS} s)"


def in_service(ping: str, act: Callable[[Run], object]) -> object:
    settings = {
        "REGISTER_TRUSTED": "127.0.0.0/8", "REGISTER_PING": ping, "REGISTER_PING_SECONDS": str(_PING_SECONDS),
        "SIP_MAX_CONNECTIONS": "100000",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "service", settings=settings) as service:
        run = Run(service)
        try:
            return act(run)
        finally:
            run.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--levels", type=int, nargs="+", default=list(_LEVELS))
    parser.add_argument("--no-write", action="store_true", help="leave bench/RESULTS.md as it is")
    parser.add_argument("--phones", nargs=2, metavar=("HOST", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.phones:
        phones_process(options.phones[0], int(options.phones[1]))
        return
    levels = [min(level, most - _SPARE) for level in options.levels]
    rows = in_service("none", lambda run: measure(run, levels))
    assert isinstance(rows, list)
    ping = in_service("all", lambda run: pinged(run, levels[-1]))
    columns = [
        "connections", "bytes held, each", "connect and register, CPU µs", "keep-alive, CPU µs",
        "refresh, first / next, CPU µs", "5 s after, CPU ms a second",
    ]  # fmt: skip
    text = (
        f"## Registrations over idle TCP connections\n\n{machine()}; the phones on the same machine;\n"
        f"open-file limit {most:,}. Bytes: the service's resident memory, without the kernel's buffers.\n"
        "In the 5 s after the refreshes these are written behind to the database.\n"
        "`python -m bench.idle_streams`\n\n"
        f"{table(columns, rows)}\nWith OPTIONS to {levels[-1]:,} contacts every {_PING_SECONDS} s: {ping}.\n"
    )
    print(text)
    if not options.no_write:
        write_section("idle_streams", text)


if __name__ == "__main__":
    main()
