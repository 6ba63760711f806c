"""What a queued call costs, beside Kamailio's plain proxying of a call on the same machine in the same run.

    python -m bench.queued_call [--seconds 15] [--rates 100,200] [--straight-rates 500,700] [--compiled PATH] [--apart]
        [--no-write]

*Straight*: an agent is free on arrival. *Parked, then served*: callers wait first; the load is a closed loop, in which a
fixed number of agents is always busy and the callers beyond them wait, so that the rate is agents ÷ call length.
CPU is user and system time of all processes of the service (or of Kamailio) between the first call's start and the last
one's end, divided by the calls. The set-up latency that is added (the INVITE on its way to the agent, and the agent's 200
on its way back) is measured by raw sockets in calls of their own amid the load; they count as calls. At the rates of
``--straight-rates`` calls may fail, and a run that does not end is left out: they show where it ends. ``--apart``: the
service, or Kamailio, has a processor of its own that never goes idle, see ``bench.apart``.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from bench.apart import Place, own_processor, stay
from bench.results import machine, table, write_section
from tests.support.kamailio import Kamailio
from tests.support.peers import answering, media_server
from tests.support.ports import free_port
from tests.support.probe import LatencyProbe, quantile
from tests.support.service import CALLYARD, Service
from tests.support.sipp import Sipp, SippError

__all__ = ["Measured", "main"]

_TALK_MS: Final = 500
_PROBE_SECONDS: Final = 0.02
_BACKLOG: Final = 40
_QUANTILES: Final = (0.5, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. ``latencies`` in ms, empty where there was no probe; ``messages`` per call, in and out, None: unknown."""

    what: str
    rate: float
    calls: int
    cpu_ms: float
    messages: float | None
    retransmissions: int
    failed: int
    latencies: Sequence[float] = field(default_factory=tuple)

    def row(self) -> list[str]:
        shares = _QUANTILES if self.latencies else ()
        quantiles = " / ".join(f"{quantile(self.latencies, share):.2f}" for share in shares) or "–"
        messages = "–" if self.messages is None else f"{self.messages:.1f}"
        return [
            self.what, f"{self.rate:.0f}", str(self.calls), f"{self.cpu_ms:.2f}", messages,
            quantiles, str(self.retransmissions), str(self.failed),
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Build:
    """A service to measure: its program, and what is added to the names of its rows."""

    program: Path = CALLYARD
    label: str = ""


_COLUMNS: Final = [
    "call", "calls/s", "calls", "CPU ms a call", "SIP messages a call", "set-up latency added, ms: q50 / q99 / q99.9 / max",
    "retransmissions", "failed",
]  # fmt: skip


def configuration(agents: int, agent_port: int, probe_port: int | None = None) -> str:
    """A queue ``load`` with ``agents`` agents at one port, and a queue ``probe`` with one of its own."""
    crew = [_agent(f"a{number:04d}", agent_port, "load") for number in range(agents)]
    queues = ["load"]
    if probe_port is not None:
        queues.append("probe")
        crew.append(_agent("probe", probe_port, "probe"))
    content: dict[str, Any] = {
        "queues": [{"name": name, "ring_seconds": 10, "wrap_up_seconds": 0, "max_wait": 600} for name in queues],
        "agents": crew,
    }
    return yaml.safe_dump(content)


def _agent(name: str, port: int, queue: str) -> dict[str, Any]:
    address = f"sip:{name}@127.0.0.1:{port}"
    return {"name": name, "address": address, "queues": [queue], "status": "available", "offer": "late"}


def _caller(
    folder: Path, remote: tuple[str, int], user: str, *, rate: int, calls: int, limit: int, talk_ms: int
) -> Sipp:
    lenient = "all,-abortunexp"  # Kamailio has several workers: a 180 may come after the 200
    options = {"call_count": calls, "rate": rate, "limit": limit, "default_behaviors": lenient}
    return Sipp("uac_straight", folder, remote=remote, user=user, values={"talk_ms": talk_ms}, options=options)


def messages_of(service: Service) -> int:
    """SIP messages in and out since its start."""
    counters: dict[str, int] = service.internals()["messages"]
    return sum(count for name, count in counters.items() if name.startswith(("received_", "sent_")))


def _straight(
    what: str, folder: Path, remote: tuple[str, int], probe: LatencyProbe, rate: int, seconds: int,
    cpu: Callable[[], float], messages: Callable[[], int] | None,
) -> Measured:  # fmt: skip
    """Open loop: ``rate`` calls a second including the probe's, each talking for half a second."""
    own_rate = rate - round(1 / _PROBE_SECONDS)
    cpu_before, messages_before = cpu(), messages() if messages else 0
    calls = own_rate * seconds
    with _caller(
        folder, remote, "load", rate=own_rate, calls=calls, limit=10 * rate, talk_ms=_TALK_MS
    ) as caller, probe:  # fmt: skip
        probe.run(seconds, _PROBE_SECONDS)
        stats = caller.finish(60)
    total = stats.created + len(probe.samples)
    return Measured(
        what=what,
        rate=total / seconds,
        calls=total,
        cpu_ms=(cpu() - cpu_before) * 1000 / total,
        messages=(messages() - messages_before) / total if messages else None,
        retransmissions=stats.retransmissions,
        failed=stats.failed + probe.lost,
        latencies=[sample.added_ms for sample in probe.samples],
    )


def straight(folder: Path, rate: int, seconds: int, *, build: Build, place: Place) -> Measured:
    """To agents of ours, of whom one is always free."""
    probe_port = free_port()
    with answering(folder / "agents") as agents:
        config = configuration(2 * rate, agents.port, probe_port)
        with Service(folder / "service", config, program=build.program) as service:
            place(service.process.pid)
            probe = LatencyProbe(service.sip, "probe", probe_port)
            return _straight(
                f"straight to an agent{build.label}", folder / "callers", service.sip, probe, rate, seconds,
                service.cpu_seconds, lambda: messages_of(service),
            )  # fmt: skip


def proxied(folder: Path, rate: int, seconds: int, *, place: Place) -> Measured:
    """The same calls through Kamailio as a plain stateful proxy."""
    probe_port = free_port()
    with (
        answering(folder / "agents") as agents,
        Kamailio(folder / "kamailio", ("127.0.0.1", agents.port), {"probe": probe_port}) as proxy,
    ):
        place(proxy.pid)
        probe = LatencyProbe(proxy.sip, "probe", probe_port)
        return _straight(
            "Kamailio, plain proxy", folder / "callers", proxy.sip, probe, rate, seconds, proxy.cpu_seconds, None
        )  # fmt: skip


def parked(folder: Path, rate: int, seconds: int, *, build: Build, builtin: bool, place: Place) -> Measured:
    """Closed loop: the agents are always busy, 40 callers wait. Media by SIPp, or by the built-in server with music."""
    busy = rate * _TALK_MS // 1000
    with answering(folder / "agents", talk_ms=_TALK_MS) as agents, media_server(folder / "media") as media:
        settings = {} if builtin else {"MEDIA": f"sip:moh@{media.address}"}
        with Service(folder / "service", configuration(busy, agents.port), settings, program=build.program) as service:
            place(service.process.pid)
            cpu_before, messages_before = service.cpu_seconds(), messages_of(service)
            caller = _caller(
                folder / "callers", service.sip, "load", rate=4 * rate, calls=rate * seconds, limit=busy + _BACKLOG,
                talk_ms=60_000,
            )  # fmt: skip
            with caller:
                stats = caller.finish(seconds * 3 + 60)
            return Measured(
                what=f"parked {'with music' if builtin else '(media by SIPp)'}, then served{build.label}",
                rate=stats.created / stats.seconds,
                calls=stats.created,
                cpu_ms=(service.cpu_seconds() - cpu_before) * 1000 / stats.created,
                messages=(messages_of(service) - messages_before) / stats.created,
                retransmissions=stats.retransmissions,
                failed=stats.failed,
            )


def run(
    rates: Sequence[int],
    straight_rates: Sequence[int],
    builds: Sequence[Build],
    seconds: int,
    folder: Path,
    place: Place,
) -> list[Measured]:
    """All runs, one after the other: what is compared is measured within a minute."""
    found: list[Measured] = []
    for rate in (*rates, *straight_rates):
        runs: list[Callable[[Path, int, int], Measured]] = [
            partial(proxied, place=place),
            *(partial(straight, build=each, place=place) for each in builds),
        ]
        if rate in rates:
            runs += [
                partial(parked, build=each, builtin=builtin, place=place)
                for builtin in (False, True)
                for each in builds
            ]
        for number, measure in enumerate(runs):
            try:
                measured = measure(folder / f"{rate}-{number}", rate, seconds)
            except SippError as error:
                if rate in rates:
                    raise
                print(f"{rate} calls/s, no result: {error}".partition("\n")[0], flush=True)
                continue
            print(" | ".join(measured.row()), flush=True)
            found.append(measured)
    return found


def report(measured: Sequence[Measured], seconds: int, *, apart: bool) -> str:
    heading, flag = (", on a processor of its own", " --apart") if apart else ("", "")
    return (
        f"## A queued call{heading}\n\n{machine()}; load generator on the same machine; {seconds} s a run, "
        f"calls of {_TALK_MS / 1000:g} s.\n`python -m bench.queued_call{flag}`\n\n"
        + table(_COLUMNS, [one.row() for one in measured])
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=12, help="of load in each run")
    parser.add_argument("--rates", default="100,200", help="calls a second")
    parser.add_argument("--straight-rates", default="500,700,1000", help="more rates, of straight calls only")
    parser.add_argument("--compiled", type=Path, help="the compiled build's callyard, to be measured too")
    parser.add_argument(
        "--apart", action="store_true", help="a processor for what is measured, the others for the load"
    )
    parser.add_argument("--no-write", action="store_true", help="leave bench/RESULTS.md as it is")
    options = parser.parse_args()
    rates, straight_rates = _numbers(options.rates), _numbers(options.straight_rates)
    builds = [Build()]
    if options.compiled is not None:
        builds.append(Build(options.compiled.absolute(), ", compiled"))
    placing = own_processor() if options.apart else nullcontext(stay)
    with tempfile.TemporaryDirectory(prefix="callyard-bench-") as folder, placing as place:
        measured = run(rates, straight_rates, builds, options.seconds, Path(folder), place)
    if not options.no_write:
        section = "queued_call_apart" if options.apart else "queued_call"
        write_section(section, report(measured, options.seconds, apart=options.apart))
    sure = measured[: len(rates) * (1 + 3 * len(builds))]
    return 1 if any(one.failed for one in sure) else 0


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


if __name__ == "__main__":
    sys.exit(main())
