"""What a call costs the core alone: no sockets, no loop, one thread; the journal (LMDB) and the projections are there.

    python -m bench.core_call [--calls 1000] [--rounds 7] [--also PYTHON]... [--no-write]

*Straight*: an agent is free on arrival (13 SIP messages). *Parked*: the caller waits for the only agent, with a media
session, until the call before ends (20 messages). Whole datagrams go into the runtime one at a time and come out of it;
the peers' own CPU is not counted. Rounds alternate between this interpreter and those of ``--also`` (another build, say
``.venv-compiled/bin/python``), because a machine that others use is never twice the same: compare within one run.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import uuid_utils

import app.core
from app.configuration import Agent, ConfigObject, EntryPoint, Queue
from app.core import Core, CoreConfig, Sources
from app.directory import Directory
from app.events.hub import EventHub
from app.journal.codec import RowCodec
from app.journal.lmdb import LmdbJournal
from app.journal_tables import TABLES
from app.metrics.metrics import Metrics
from app.projections.live import LiveView
from app.runtime import Runtime
from b2bua.desk import SwitchboardConfig
from bench.results import interpreter, machine, table, write_section
from queues.model import AgentConfig, AgentId, QueueConfig, QueueId
from sipcore.config import EndpointConfig, Listener
from sipcore.packets import Hop, Send, Source
from sipcore.registrar import RegistrarConfig

__all__ = ["Bench", "main"]

_CALLER, _AGENT, _MEDIA = 6001, 7001, 9000
_KINDS: Final = ("straight", "parked")
_WARM_UP: Final = 200
_ROOT: Final = Path(__file__).resolve().parent.parent
_START: Final = (  # the other build's own packages come before this tree's, of which it has no benchmarks
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('bench.core_call', run_name='__main__')"
)
_SDP: Final = "\r\n".join([
    "v=0", "o=peer 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 30000 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
    "a=ptime:20", "a=sendrecv", "",
])  # fmt: skip
_ECHOED: Final = ("via", "from", "call-id", "cseq", "record-route")


class _Alarms:
    """The runtime's timers, in virtual time; what is still to come is kept in a list (there are one or two)."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.waiting: list[_Alarm] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> "_Alarm":
        return self._add(_Alarm(self.now + delay, callback))

    def call_at(self, when: float, callback: Callable[[float], None], when_due: float, /) -> "_Alarm":
        return self._add(_Alarm(when, lambda: callback(when_due)))

    def due(self) -> "list[_Alarm]":
        found = [each for each in self.waiting if each.when <= self.now and not each.cancelled]
        self.waiting = [each for each in self.waiting if each.when > self.now and not each.cancelled]
        return found

    def _add(self, alarm: "_Alarm") -> "_Alarm":
        self.waiting.append(alarm)
        return alarm


class _Alarm:
    def __init__(self, when: float, run: Callable[[], None]) -> None:
        self.when, self.run, self.cancelled = when, run, False

    def cancel(self) -> None:
        self.cancelled = True


class Bench:
    """A whole core with its runtime, and peers that answer. ``cpu``: seconds spent inside, ``messages``: in and out."""

    def __init__(self, folder: Path, agents: int) -> None:
        self.cpu = 0.0
        self.messages = 0
        self._numbers = count(1)
        self._alarms = _Alarms()
        self._out: deque[Send] = deque()
        self._live: dict[int, tuple[str, str]] = {}  # a call's number → (our To, our Contact), as its 200 said
        self._sources = {port: Source(Hop("UDP", "127.0.0.1", port)) for port in (_CALLER, _AGENT, _MEDIA)}
        self._core = _core()
        items = _items(agents)
        view = LiveView(self._alarms.now)
        for item in items:
            view.configure(item)
        hub = EventHub(view, history=1000, new_id=_uuid, clock=self._alarms.time)
        self._journal = LmdbJournal(folder)
        self._runtime = Runtime(
            self._core, self._journal, RowCodec(TABLES), view, hub, self._alarms.time,
            self._alarms,  # type: ignore[arg-type]  # its alarms are no TimerHandles
        )  # fmt: skip
        self._runtime.network = self
        self._runtime.metrics = Metrics(
            view, clock=self._alarms.time, internals=dict, streams=lambda: 0, backlog=lambda: (0, 0.0), shipping=dict
        )
        self._core.set_builtin_media((f"sip:moh@127.0.0.1:{_MEDIA}",), self._alarms.now, controllable=False)
        self._core.load(items, [], self._alarms.now)
        self._runtime.turn(self._alarms.now)
        self._settle()

    def send(self, send: Send, /) -> None:
        """The network's part."""
        self._out.append(send)

    def call(self) -> int:
        """A caller arrives; everybody answers until nobody has more to say. The call's number."""
        self._pass(0.01)
        number = next(self._numbers)
        text = _request(number, "INVITE", "sip:1000@127.0.0.1:5060", "<sip:1000@127.0.0.1:5060>", 1, _SDP)
        self._feed(text, _CALLER)
        self._settle()
        return number

    def end(self, number: int) -> None:
        """The caller of this call hangs up."""
        self._pass(0.01)
        to, target = self._live.pop(number)
        self._feed(_request(number, "BYE", target, to, 2), _CALLER)
        self._settle()

    def close(self) -> None:
        if self._core.centre.calls:
            raise RuntimeError(f"{len(self._core.centre.calls)} calls are left over")
        self._journal.close()

    def _feed(self, text: str, port: int) -> None:
        packets = [(text.encode(), self._sources[port])]
        began = time.thread_time()
        self._runtime.packets(packets)
        self.cpu += time.thread_time() - began
        self.messages += 1

    def _pass(self, seconds: float) -> None:
        self._alarms.now += seconds
        for alarm in self._alarms.due():
            began = time.thread_time()
            alarm.run()
            self.cpu += time.thread_time() - began
        self._settle()

    def _settle(self) -> None:
        while self._out:
            send = self._out.popleft()
            self.messages += 1
            for reply in self._replies(send.data.decode(), send.hop.port):
                self._feed(reply, send.hop.port)

    def _replies(self, text: str, port: int) -> list[str]:
        head, _, _ = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        if lines[0].startswith("SIP/2.0 "):
            return self._acknowledge(lines) if port == _CALLER else []
        method = lines[0].partition(" ")[0]
        if method == "ACK":
            return []
        if method != "INVITE":
            return [_response(lines, "200 OK", port)]
        ringing = [_response(lines, "180 Ringing", port)] if port == _AGENT else []
        return [*ringing, _response(lines, "200 OK", port, _SDP)]

    def _acknowledge(self, lines: list[str]) -> list[str]:
        """The caller's ACK to the 200 of its INVITE."""
        if not lines[0].startswith("SIP/2.0 200") or "1 INVITE" not in _value(lines, "CSeq"):
            return []
        number = int(_value(lines, "Call-ID").partition("@")[0])
        to, target = _value(lines, "To"), _value(lines, "Contact").partition("<")[2].partition(">")[0]
        self._live[number] = (to, target)
        return [_request(number, "ACK", target, to, 1)]


def _core() -> Core:
    listeners = (Listener("UDP", "127.0.0.1", 5060),)
    bits = random.Random(1)
    config = CoreConfig(
        0, 0, "callyard", EndpointConfig(listeners), SwitchboardConfig("127.0.0.1", listeners),
        RegistrarConfig(("callyard",)),
    )  # fmt: skip
    sources = Sources(_uuid, lambda: bits.randbytes(1024).hex(), bits.random, b"x" * 32)
    return Core(config, Directory([ip_network("127.0.0.0/8")]), sources)


def _uuid() -> str:
    return str(uuid_utils.uuid7())


def _items(agents: int) -> list[ConfigObject]:
    return [
        Queue(QueueConfig(QueueId("q"), "support", wrap_up_seconds=0)),
        EntryPoint("e", "1000", "q"),
        *(
            Agent(AgentConfig(AgentId(f"a{n}"), f"a{n}"), f"sip:a{n}@127.0.0.1:{_AGENT}", initial_status="available")
            for n in range(agents)
        ),
    ]


def _request(number: int, method: str, uri: str, to: str, cseq: int, body: str = "") -> str:
    return "\r\n".join([
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{_CALLER};branch=z9hG4bK{number}{method}",
        f'From: "Caller {number}" <sip:c{number}@127.0.0.1:{_CALLER}>;tag=f{number}',
        f"To: {to}",
        f"Call-ID: {number}@peer",
        f"CSeq: {cseq} {method}",
        f"Contact: <sip:c{number}@127.0.0.1:{_CALLER}>",
        "Max-Forwards: 70",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
        "",
        body,
    ])  # fmt: skip


def _response(request: list[str], status: str, port: int, body: str = "") -> str:
    lines = [f"SIP/2.0 {status}"]
    for line in request[1:]:
        name = line.partition(":")[0].lower()
        if name in _ECHOED:
            lines.append(line)
        elif name == "to":
            lines.append(line if ";tag=" in line else f"{line};tag=t{port}")
    lines.append(f"Contact: <sip:peer@127.0.0.1:{port}>")
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


def _value(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(f"{name}: ")).partition(": ")[2]


def _straight(bench: Bench, calls: int) -> None:
    for _ in range(calls):
        bench.end(bench.call())


def _parked(bench: Bench, calls: int) -> None:
    """The one agent is busy with the call before."""
    before = bench.call()
    for _ in range(calls):
        number = bench.call()
        bench.end(before)
        before = number
    bench.end(before)


def measure(calls: int) -> dict[str, tuple[float, float]]:
    """(CPU ms, SIP messages) a call, by kind."""
    found: dict[str, tuple[float, float]] = {}
    for kind, run, agents in zip(_KINDS, (_straight, _parked), (20, 1), strict=True):
        with tempfile.TemporaryDirectory(prefix="callyard-bench-") as folder:
            bench = Bench(Path(folder), agents)
            run(bench, _WARM_UP)
            gc.collect()
            gc.freeze()
            gc.disable()
            bench.cpu, bench.messages = 0.0, 0
            run(bench, calls)
            gc.enable()
            found[kind] = (bench.cpu * 1000 / calls, bench.messages / calls)
            bench.close()
    return found


def _build() -> str:
    compiled = not str(app.core.__file__).endswith(".py")
    return f"{'compiled' if compiled else 'interpreted'}, {interpreter()}"


def _one_round(python: str, calls: int) -> tuple[str, dict[str, tuple[float, float]]]:
    """In a process of its own: what ran before is no warm-up."""
    command = [python, "-P", "-c", _START, str(_ROOT), "--calls", str(calls), "--one"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    build, found = json.loads(output)
    return build, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--also", action="append", default=[], metavar="PYTHON", help="the interpreter of another build"
    )
    parser.add_argument("--one", action="store_true", help="one round of this interpreter, as JSON")
    parser.add_argument("--no-write", action="store_true", help="leave bench/RESULTS.md as it is")
    options = parser.parse_args()
    if options.one:
        print(json.dumps((_build(), measure(options.calls))))
        return 0
    found: dict[str, list[dict[str, tuple[float, float]]]] = {}
    for _ in range(options.rounds):
        for python in (sys.executable, *options.also):
            build, one = _one_round(python, options.calls)
            found.setdefault(build, []).append(one)
    rows = []
    for build, rounds in found.items():
        for kind in _KINDS:
            cpu = [one[kind][0] for one in rounds]
            rows.append([kind, build, f"{min(cpu):.2f}", f"{median(cpu):.2f}", f"{rounds[0][kind][1]:.1f}"])
    columns = ["call", "build", "CPU ms a call, best", "median", "SIP messages a call"]
    text = (
        f"## The core alone\n\n{machine()}; {options.rounds} rounds of {options.calls} calls, journal and projections "
        f"included.\n`python -m bench.core_call`\n\n{table(columns, rows)}"
    )
    print(text)
    if not options.no_write:
        write_section("core_call", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
