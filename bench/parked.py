"""Many callers in line at once: what a parked call costs in CPU and memory, how soon a free agent is called, how long a
restart takes.

    python -m bench.parked [--waiting 1000,10000] [--samples 300] [--program PATH] [--no-write]

The service is the real one (``callyard serve``, SQLite), the peers are a process of raw sockets: callers, agents, and a media
server without RTP. For each number of ``--waiting`` a service is started, that many calls are parked over 50 queues of
1,000 agents who are not there yet, and then:

- agents are freed one at a time, a caller taking the place of each who is served: by REST (over one connection, as from a
  CRM), by the BYE that ends their call, and by the end of their wrap-up. Measured is the time until the INVITE is at the
  agent (the kernel's time stamp);
- the service is killed (``kill -9``) and started again.

CPU is user and system time of the service. Memory is what the process holds for itself (RssAnon): the journal's pages, which
the kernel may drop at will, are not in it.
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from bench.parked_peers import Peers
from bench.results import machine, table, write_section
from tests.support.probe import quantile
from tests.support.service import CALLYARD, Service, wait_until

__all__ = ["Measured", "main"]

_QUEUES: Final = 50
_AGENTS: Final = 1000
_WINDOW: Final = 32  # callers whose INVITE is unanswered
_STEPS: Final = 10
_SERVED_AFTER_RESTART: Final = 20
_START_SECONDS: Final = 600.0
_WRAPPING_UP: Final = 3  # every third agent has a wrap-up, which somebody ends
_LOG_IN: Final = "logs in by REST"
_BYE: Final = "BYE of the call before"
_WRAP_UP: Final = "wrap-up ended by REST"
_UP: Final = [
    "waiting", "calls/s", "CPU ms a call: first tenth / last tenth", "memory a call, bytes", "journal a call, bytes",
    "lag of the loop, ms: q50 / q99 at most", "retransmissions", "failed",
]  # fmt: skip
_FREE: Final = ["waiting", "the agent becomes free", "samples", "until its INVITE, ms: q50 / q99 / max"]
_AGAIN: Final = [
    "waiting",
    "ready after s",
    "CPU s until then",
    "a new caller is answered",
    "an agent has a caller who waited",
    "lost",
]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the way up: calls in all, CPU in ms a call, calls a second. ``lags``: looks at the loop, by the bucket's end
    in seconds."""

    calls: int
    cpu_ms: float
    rate: float
    lags: Counter[float]


@dataclass(slots=True)
class Measured:
    """One run. Latencies in ms by what freed the agent; sizes in bytes a call."""

    waiting: int
    steps: list[Step] = field(default_factory=list)
    failed: int = 0
    retransmissions: int = 0
    memory: float = 0.0
    journal: float = 0.0
    free: dict[str, list[float]] = field(default_factory=dict)
    restart: dict[str, float] = field(default_factory=dict)
    lost: int = 0


def configuration(agents_port: int, seed: int = 1) -> str:
    """50 queues, and 1,000 agents who serve three to eight of them each."""
    chance = random.Random(seed)
    queues = [f"q{number:02d}" for number in range(_QUEUES)]
    content: dict[str, Any] = {
        "queues": [{"name": name, "ring_seconds": 20, "wrap_up_seconds": 0, "max_wait": 36_000} for name in queues],
        "agents": [
            {
                "name": name,
                "address": f"sip:{name}@127.0.0.1:{agents_port}",
                "queues": chance.sample(queues, chance.randint(3, 8)),
                "status": "logged_out",
                "wrap_up_seconds": 3600 if number % _WRAPPING_UP == 0 else 0,
            }
            for number, name in enumerate(agent_names())
        ],
    }
    return yaml.safe_dump(content)


def agent_names() -> list[str]:
    return [f"a{number:04d}" for number in range(_AGENTS)]


class Run:
    """A service with its peers, and how many calls are in it."""

    def __init__(self, service: Service, peers: Peers, waiting: int) -> None:
        self.service = service
        self.peers = peers
        self.measured = Measured(waiting)
        self.calls = 0
        self.served = 0
        self._rest = http.client.HTTPConnection("127.0.0.1", service.http_port, timeout=60)
        self._ids = {each["name"]: each["id"] for each in service.items("/agents")}

    # ------------------------------------------------------------------ up

    def fill(self) -> None:
        measured, service = self.measured, self.service
        empty = anonymous(service.process.pid)
        journal = journal_bytes(service)
        for _ in range(_STEPS):
            measured.steps.append(self._step(measured.waiting // _STEPS))
            print(f"  {self.calls} waiting: {measured.steps[-1]}", flush=True)
        time.sleep(35)  # until the transactions are over (64·T1), of which a parked call has none
        measured.memory = (anonymous(service.process.pid) - empty) / self.calls
        measured.journal = (journal_bytes(service) - journal) / self.calls

    def _step(self, calls: int) -> Step:
        lags, cpu = loop_lags(self.service), self.service.cpu_seconds()
        done = self.peers.park(calls, _WINDOW)
        cpu = self.service.cpu_seconds() - cpu
        self.calls += done.parked
        self.measured.failed += done.failed
        self.measured.retransmissions += done.retransmissions
        return Step(self.calls, cpu * 1000 / calls, done.parked / done.seconds, loop_lags(self.service) - lags)

    # ------------------------------------------------------------------ agents become free

    def free_agents(self, samples: int) -> None:
        names = agent_names()
        brief = [name for number, name in enumerate(names) if number % _WRAPPING_UP][:samples]
        thorough = names[::_WRAPPING_UP][:samples]
        for name in (*brief, *thorough):
            self._sample(name, _LOG_IN, partial(self._log_in, name))
        for name in brief:
            self._sample(name, _BYE, partial(self._hang_up, name))
        for name in thorough:
            self.peers.hang_up(name)
            wait_until(partial(self._wraps_up, name), f"{name} to wrap up")  # REST is as soon as the BYE
            self._sample(name, _WRAP_UP, partial(self._end_wrap_up, name))

    def _sample(self, name: str, what: str, free: Callable[[], tuple[int, int]]) -> None:
        """``free`` returns when that was asked for and when the agent was free, in ns since the epoch."""
        asked, freed = free()
        invited = self.peers.invited(name)
        self.measured.free.setdefault(what, []).append((invited.at - freed) / 1e6)
        if asked != freed:
            self.measured.free.setdefault(f"{what}, from the request on", []).append((invited.at - asked) / 1e6)
        self.measured.failed += self.peers.park(1, 1).failed

    def _hang_up(self, name: str) -> tuple[int, int]:
        at = self.peers.hang_up(name).at
        return at, at

    def _log_in(self, name: str) -> tuple[int, int]:
        return self._change("PUT", f"/agents/{self._ids[name]}/state", {"status": "available"})

    def _end_wrap_up(self, name: str) -> tuple[int, int]:
        return self._change("POST", f"/agents/{self._ids[name]}/wrap-up", {"action": "end"})

    def _wraps_up(self, name: str) -> bool:
        return bool(self._ask("GET", f"/agents/{self._ids[name]}/state")["routing_state"] == "wrap_up")

    def _change(self, method: str, path: str, body: object) -> tuple[int, int]:
        """When it was asked for, and when the core did it, by its own word."""
        asked = time.time_ns()
        said = self._ask(method, path, body)
        return asked, round(datetime.fromisoformat(said["since"]).timestamp() * 1e9)

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.service.admin_key}", "Content-Type": "application/json"}
        self._rest.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        answer = self._rest.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        found: dict[str, Any] = json.loads(text)
        return found

    # ------------------------------------------------------------------ restart

    def restart(self, spare: Sequence[str]) -> None:
        measured, service, peers = self.measured, self.service, self.peers
        before = service.internals()["queues"]
        self._rest.close()
        service.kill()
        service.config = ""  # it is in the database
        began = time.monotonic()
        peers.begin(1, 1, again_after=0.1, patience=_START_SECONDS)
        service.start()
        measured.restart["ready"] = time.monotonic() - began
        measured.restart["cpu"] = service.cpu_seconds()
        done = peers.parked()
        measured.restart["new call answered"] = done.seconds
        self._log_in(spare[0])
        peers.invited(spare[0])
        measured.restart["waiting call served"] = time.monotonic() - began
        for name in spare[1:]:
            self._log_in(name)
            peers.invited(name)
        after = service.internals()["queues"]
        waiting = before["tickets_waiting"] + 1 - len(spare)
        connected = before["tickets_connected"] + len(spare)
        measured.lost = waiting + connected - after["tickets_waiting"] - after["tickets_connected"]
        measured.failed += done.failed


def anonymous(pid: int) -> int:
    """Bytes of memory that the process holds and that no file stands behind."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) * 1024


def loop_lags(service: Service) -> Counter[float]:
    """How many looks found the loop late, by the end of the bucket in seconds."""
    found: Counter[float] = Counter()
    below = 0
    for line in service.client.get("/metrics").text.splitlines():
        if line.startswith("callyard_loop_lag_seconds_bucket"):
            end, looks = float(line.partition('le="')[2].partition('"')[0]), int(float(line.rpartition(" ")[2]))
            found[end], below = looks - below, looks
    return found


def late(steps: Sequence[Step], share: float) -> str:
    """What ``share`` of the looks at the loop did not exceed, in ms."""
    lags: Counter[float] = Counter()
    for step in steps:
        lags.update(step.lags)
    wanted, seen = share * lags.total(), 0
    for end in sorted(lags):
        seen += lags[end]
        if seen >= wanted:
            return f"{end * 1000:g}"
    return "–"


def journal_bytes(service: Service) -> int:
    return sum(path.stat().st_blocks * 512 for path in (service.folder / "data" / "journal").iterdir())


def run(waiting: int, samples: int, program: Path, folder: Path) -> Measured:
    """One service, from its start to its restart."""
    settings = {"MAX_CALLS": str(waiting + 10_000)}
    service = Service(folder, settings=settings, program=program, start_seconds=_START_SECONDS)
    with Peers(service.sip, _QUEUES) as peers:
        service.config = configuration(peers.agents)
        service.settings = settings | {"MEDIA": f"sip:moh@127.0.0.1:{peers.media}"}
        with service:
            bench = Run(service, peers, waiting)
            bench.fill()
            bench.free_agents(min(samples, _AGENTS // _WRAPPING_UP))
            print(report([bench.measured]), flush=True)  # it took long enough
            bench.restart(agent_names()[-3 * _SERVED_AFTER_RESTART :][1::3])
            service.kill()
    return bench.measured


def report(measured: Sequence[Measured], build: str = "") -> str:
    """The three tables; ``build`` is what the program says of itself."""
    up = [
        [
            str(one.waiting), f"{one.waiting / sum(_each(one) / step.rate for step in one.steps):.0f}",
            f"{one.steps[0].cpu_ms:.2f} / {one.steps[-1].cpu_ms:.2f}", f"{one.memory:,.0f}", f"{one.journal:,.0f}",
            f"{late(one.steps, 0.5)} / {late(one.steps, 0.99)}", str(one.retransmissions), str(one.failed),
        ]
        for one in measured
    ]  # fmt: skip
    free = [
        [str(one.waiting), what, str(len(times)), " / ".join(f"{quantile(times, share):.1f}" for share in (0.5, 0.99, 1))]
        for one in measured
        for what, times in one.free.items()
    ]  # fmt: skip
    again = [
        [str(one.waiting), *(f"{seconds:.1f}" for seconds in one.restart.values()), str(one.lost)] for one in measured
    ]  # fmt: skip
    return (
        f"## Calls in line\n\n{machine()}; load generator on the same machine, and whatever else ran there; {_QUEUES} queues, "
        f"{_AGENTS:,} agents, media by a foreign server. {build}\n`python -m bench.parked`\n\n{table(_UP, up)}\n"
        f"{table(_FREE, free)}\nAfter `kill -9`:\n\n{table(_AGAIN, again)}"
    )


def _each(one: Measured) -> int:
    return one.waiting // _STEPS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", default="1000,10000", help="callers in line, one run each")
    parser.add_argument("--samples", type=int, default=300, help="agents that become free in each way")
    parser.add_argument("--program", type=Path, default=CALLYARD, help="the callyard to measure")
    parser.add_argument("--no-write", action="store_true", help="leave bench/RESULTS.md as it is")
    options = parser.parse_args()
    build = subprocess.run([options.program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    measured: list[Measured] = []
    for waiting in options.waiting.split(","):
        with tempfile.TemporaryDirectory(prefix="callyard-bench-") as folder:
            measured.append(run(int(waiting), options.samples, options.program.absolute(), Path(folder)))
        print(report(measured[-1:], build), flush=True)
    if not options.no_write:
        write_section("parked", report(measured, build))
    return 1 if any(one.failed or one.lost for one in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
