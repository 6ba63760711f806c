"""Runs the service for thousands of calls of all kinds and says whether anything is left, lost or growing.

    python -m bench.soak [--program PATH] [--calls 10000] [--rate 40] [--kills 3]

Four streams of calls by SIPp at once: *straight* to an agent who is free, *parked* for one who is not, *abandoned* while
parked, and *cancelled* while an agent rings. Meanwhile agents pause and come back, queues change, and a queue comes and
goes, by REST. Then the same with ``kill -9`` now and then: calls survive it. Between the parts, and at the end, the
service must come to rest: no call, leg, transaction or journal row of one. Its memory at rest is printed for each part;
it must not grow with the calls. Exit code 1 where something failed. ``--program`` names another build's ``callyard``.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.interop.conftest import lingering, live
from tests.support.service import CALLYARD, Service, wait_until
from tests.support.sipp import Sipp, sipp_agent

__all__ = ["Soak", "main"]

_PARTS: Final = 4
_TALK_MS: Final = 400
_REST_SECONDS: Final = 90.0  # until the last transaction is forgotten, on a machine that has much to do
_PLAYED: Final = {  # stream: SIPp's scenario, its values, share of the calls
    "straight": ("uac_straight", {"talk_ms": 60_000}, 0.4),
    "parked": ("uac_straight", {"talk_ms": 60_000}, 0.3),
    "abandoned": ("uac_abandon", {"wait_ms": 3_000}, 0.2),
    "cancelled": ("uac_cancel", {"wait_ms": 300}, 0.1),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the run was: calls by SIPp's count, and the service when it had come to rest."""

    calls: int
    failed: int
    kills: int
    changes: int
    resident_mb: float
    left: dict[str, int]

    def __str__(self) -> str:
        return (
            f"{self.calls} calls, {self.failed} failed; {self.kills} kills, {self.changes} changes by REST; "
            f"at rest {self.resident_mb:.1f} MB, left over: {self.left or 'nothing'}"
        )


def configuration(answering: int, silent: int) -> dict[str, list[dict[str, Any]]]:
    """A queue for each stream: agents in plenty, one too few, none, and one who lets it ring."""
    crews = {"straight": 40, "parked": 6, "abandoned": 0, "cancelled": 40}
    return {
        "queues": [
            {"name": name, "ring_seconds": 10, "wrap_up_seconds": 0, "max_wait": 300, "requirements": []}
            for name in crews
        ],
        "agents": [
            {
                "name": f"{queue}-{number}",
                "address": f"sip:{queue}{number}@127.0.0.1:{silent if queue == 'cancelled' else answering}",
                "queues": [queue],
                "status": "available",
            }
            for queue, count in crews.items()
            for number in range(count)
        ],
    }


class Soak:
    """A service, its agents, and the parts of the run."""

    def __init__(self, service: Service, folder: Path, rate: int) -> None:
        self._service = service
        self._folder = folder
        self._rate = rate
        self._agents = cycle([f"straight-{number}" for number in range(40)])
        self._ring = cycle([5, 10, 15])

    def part(self, name: str, calls: int, kills: int) -> Part:
        """All four streams until their calls are over, with changes and kills meanwhile; then until all is at rest."""
        with ExitStack() as stack:
            callers = [stack.enter_context(each) for each in self._callers(name, calls)]
            changes, killed = 0, 0
            began, lasting = time.monotonic(), calls / self._rate
            while any(each.process.poll() is None for each in callers):
                changes += self._change()
                if killed < kills and time.monotonic() - began > lasting * (killed + 1) / (kills + 1):
                    killed += 1
                    self._service.kill()
                    self._service.start()
                time.sleep(0.2)
            stats = [each.finish(1) for each in callers]
        self._rest()
        return Part(
            sum(each.created for each in stats), sum(each.failed for each in stats), killed, changes,
            resident_mb(self._service.process.pid), self._left(),
        )  # fmt: skip

    def _callers(self, part: str, calls: int) -> Iterator[Sipp]:
        for stream, (scenario, values, share) in _PLAYED.items():
            rate = max(1, round(self._rate * share))
            yield Sipp(
                scenario, self._folder / part / stream, remote=self._service.sip, user=stream, values=values,
                options={
                    "call_count": round(calls * share), "rate": rate, "limit": 20 * rate,
                    "default_behaviors": "all,-abortunexp",  # a datagram that is sent again after a kill is no failure
                },
            )  # fmt: skip

    def _change(self) -> int:
        """An agent pauses and comes back, a queue rings longer, another queue is made and taken away."""
        client, agent = self._service.client, next(self._agents)
        self._service.set_state(agent, "paused")
        self._service.set_state(agent, "available").raise_for_status()
        queue = self._service.by_name("/queues", "straight")
        path = f"/api/v1/queues/{queue['id']}"
        version = {"If-Match": f'"{queue["version"]}"'}
        client.patch(path, json={"ring_seconds": next(self._ring)}, headers=version).raise_for_status()
        client.post("/api/v1/queues", json={"name": "passing"}).raise_for_status()
        client.delete("/api/v1/queues/passing").raise_for_status()
        client.get("/api/v1/queues/stats").raise_for_status()
        client.get("/metrics").raise_for_status()
        return 5

    def _rest(self) -> None:
        wait_until(lambda: not self._left(), "rest", seconds=_REST_SECONDS, log=lambda: f"{self._left()}")

    def _left(self) -> dict[str, int]:
        return live(self._service) | lingering(self._service)


def resident_mb(pid: int) -> float:
    """What the process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def run(program: Path, calls: int, rate: int, kills: int, folder: Path) -> list[Part]:
    """The parts, printed as they end: most of them without a kill, so that memory can be compared, the last one with."""
    with (
        sipp_agent("uas_agent_again", folder / "agents", values={"talk_ms": _TALK_MS}) as answering,
        sipp_agent("uas_no_answer", folder / "silent") as silent,
    ):
        config = yaml.safe_dump(configuration(answering.port, silent.port))
        with Service(folder / "service", config, program=program) as service:
            print(service.internals()["build"], f"at the start {resident_mb(service.process.pid):.1f} MB", flush=True)
            soak = Soak(service, folder, rate)
            parts = []
            for number in range(_PARTS):
                parts.append(soak.part(f"part-{number}", calls // _PARTS, kills if number == _PARTS - 1 else 0))
                print(parts[-1], flush=True)
            return parts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--program", type=Path, default=CALLYARD, help="the service to run (default: this environment's)"
    )
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=40, help="calls a second, all kinds together")
    parser.add_argument("--kills", type=int, default=3, help="in the last part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callyard-soak-") as folder:
        try:
            parts = run(options.program.absolute(), options.calls, options.rate, options.kills, Path(folder))
        except (AssertionError, httpx.HTTPError) as error:
            print(f"failed: {error}")
            return 1
    return int(any(part.failed or part.left for part in parts))


if __name__ == "__main__":
    sys.exit(main())
