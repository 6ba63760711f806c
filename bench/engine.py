"""The queue engine alone: commands a second on one core, and memory of a waiting call.

    python -m bench.engine [--waiting 100000] [--agents 1000] [--queues 50] [--calls 10000] [--also PYTHON]... [--write]

50 queues with one or two required skills out of 20, 1,000 agents with 3 to 8 skills each, and two loads: *backlog*
(100,000 calls wait, every agent is busy, each call's end takes the next one off a line, and a new one joins) and *idle*
(no backlog, half the agents free when a call comes); and the backlog once more with every call in a line of its own, by
three skills that it requires itself. A call is six commands (enqueue, ringing, answered, connected,
ended, and an abandon or the end of the wrap-up); rows to journal and the next deadline are taken after every command, as
the service does. Each build runs in a process of its own, builds by turns: of several rounds the best counts, as others use
the machine too. ``--also`` names the interpreter of another build, say ``.venv-compiled/bin/python``.
"""

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import queues.engine
from bench.curves import Point, write_curves
from bench.results import machine, table, write_section
from queues.commands import (
    Abandon,
    CallEnded,
    Command,
    ConfigureAgent,
    ConfigureQueue,
    Connected,
    EndWrapUp,
    Enqueue,
    OfferAnswered,
    OfferRinging,
    SetStatus,
)
from queues.engine import Engine
from queues.model import AgentConfig, AgentId, AgentStatus, QueueConfig, QueueId, Requirement, TicketId
from queues.outputs import MakeOffer, Output

SKILLS: Final = [f"skill{number}" for number in range(20)]
LEVELS: Final = {(skill, level): Requirement(skill, level) for skill in SKILLS for level in range(1, 6)}
TRIPLES: Final = list(combinations(SKILLS, 3))
PICTURE: Final = Path(__file__).parent / "engine.svg"
_ROOT: Final = Path(__file__).resolve().parent.parent
_START: Final = (  # the other build's own packages come before this tree's, of which it has no benchmarks
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('bench.engine', run_name='__main__')"
)
_WEIGHED: Final = 20_000  # calls whose memory is measured
_COUNTS: Final = (1_000, 3_000, 10_000, 30_000, 100_000)
_STAFF: Final = (10, 30, 100, 300, 1_000)


def own_needs(number: int) -> tuple[Requirement, ...]:
    """Three skills at levels 1–5: others for each number up to 142,500. Configuration hands in the same objects again."""
    levels, triple = divmod(number, len(TRIPLES))
    return tuple(LEVELS[skill, 1 + levels // 5**at % 5] for at, skill in enumerate(TRIPLES[triple]))


class Load:
    """Drives an engine through whole calls, and counts its commands and the CPU time spent in it.

    ``own``: every call has requirements that no other has, and so stands in a line of its own.
    """

    def __init__(self, queues: int, agents: int, *, own: bool = False, seed: int = 1) -> None:
        self.own = own
        self.random = random.Random(seed)
        self.offers = 0
        self.engine = Engine(self._offer_id, self.random.random)
        self.queues = [QueueId(f"queue{number}") for number in range(queues)]
        self.agents = [AgentId(f"agent{number}") for number in range(agents)]
        self.now = 1_700_000_000.0
        self.tickets = 0
        self.commands = 0
        self.seconds = 0.0
        self.slowest = (0.0, "")
        self.ringing: deque[MakeOffer] = deque()
        self.talking: deque[MakeOffer] = deque()
        self._configure()

    def _offer_id(self) -> str:
        self.offers += 1
        return f"01890a5d-ac96-774b-bcce-{self.offers:012d}"

    def _configure(self) -> None:
        for queue in self.queues:
            needs = self.random.sample(SKILLS, self.random.choice((1, 1, 2)))
            requirements = tuple(Requirement(skill, self.random.randint(1, 5)) for skill in needs)
            self.engine.handle(ConfigureQueue(QueueConfig(queue, queue, requirements, wrap_up_seconds=10)), self.now)
        for agent in self.agents:
            skills = {
                skill: self.random.randint(1, 10) for skill in self.random.sample(SKILLS, self.random.randint(3, 8))
            }
            self.engine.handle(ConfigureAgent(AgentConfig(agent, agent, skills)), self.now)

    def staff(self, agents: Iterable[AgentId]) -> None:
        for agent in agents:
            self.do(SetStatus(agent, AgentStatus.AVAILABLE))

    def do(self, command: Command) -> list[Output]:
        self.now += 0.0005
        before = time.process_time()
        outputs = self.engine.handle(command, self.now)
        self.engine.take_changes()
        self.engine.next_deadline()
        spent = time.process_time() - before
        self.seconds += spent
        self.slowest = max(self.slowest, (spent, type(command).__name__))
        self.commands += 1
        self.ringing.extend(output for output in outputs if isinstance(output, MakeOffer))
        return outputs

    def enqueue(self) -> TicketId:
        self.tickets += 1
        ticket = TicketId(f"01890a5d-ac96-774b-bcce-{self.tickets:012x}")
        queue, priority = self.random.choice(self.queues), self.random.choice((0, 0, 0, 5))
        needs = own_needs(self.tickets) if self.own else ()
        self.do(Enqueue(ticket, queue, priority, requirements=needs))
        return ticket

    def answer_all(self) -> None:
        while self.ringing:
            offer = self.ringing.popleft()
            self.do(OfferRinging(offer.offer))
            self.do(OfferAnswered(offer.offer))
            self.do(Connected(offer.offer))
            self.talking.append(offer)

    def end_one(self) -> None:
        if self.talking:
            call = self.talking.popleft()
            self.do(CallEnded(call.ticket))
            self.do(EndWrapUp(call.agent))

    def lines(self) -> int:
        """Lines in which somebody stands."""
        return sum(1 for lines in self.engine._floor.lines.values() for line in lines if line.size)  # noqa: SLF001

    def reset(self) -> None:
        self.commands, self.seconds, self.slowest = 0, 0.0, (0.0, "")

    def measured(self) -> "Measured":
        slowest, command = self.slowest
        return Measured(1e6 * self.seconds / self.commands, slowest * 1e3, command, self.lines())


@dataclass(frozen=True)
class Measured:
    """CPU microseconds a command; milliseconds of the slowest, and which that was; lines with somebody in them."""

    each: float
    slowest: float
    command: str
    lines: int


def backlog(load: Load, waiting: int, calls: int) -> Measured:
    """``waiting`` calls in line and every agent busy: each call's end takes the next one off a line, a new one joins."""
    last = deque((load.enqueue() for _ in range(waiting)), maxlen=max(calls // 10, 1))
    load.staff(load.agents)
    load.answer_all()
    load.reset()
    for number in range(calls):
        load.enqueue()
        load.end_one()
        load.answer_all()
        if number % 10 == 0 and last:
            load.do(Abandon(last.pop()))
    return load.measured()


def idle(load: Load, calls: int) -> Measured:
    """Nobody waits, half the agents are free when a call comes."""
    load.staff(load.agents)
    load.reset()
    for _ in range(calls):
        load.enqueue()
        load.answer_all()
        if len(load.talking) > len(load.agents) // 2:
            load.end_one()
    return load.measured()


def weigh(load: Load) -> float:
    """Bytes of a waiting call, its id of 85 included."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(_WEIGHED):
        load.enqueue()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / _WEIGHED


def measure(waiting: int, queues: int, agents: int, calls: int) -> dict[str, Measured]:
    size = (queues, agents)
    return {
        "backlog": backlog(Load(*size), waiting, calls),
        "idle": idle(Load(*size), calls),
        "backlog, each call a line of its own": backlog(Load(*size, own=True), waiting, calls // 2),
    }


def growth(queues: int, calls: int) -> dict[str, list[Point]]:
    """CPU microseconds a command as the lines and the staff grow."""
    return {
        "calls waiting, 1,000 agents": [(n, backlog(Load(queues, 1000), n, calls).each) for n in _COUNTS],
        "the same, every call a line of its own": [
            (n, backlog(Load(queues, 1000, own=True), n, calls // 2).each) for n in _COUNTS
        ],
        "agents, 10,000 calls waiting": [(n, backlog(Load(queues, n), 10_000, calls).each) for n in _STAFF],
        "agents, half of them idle": [(n, idle(Load(queues, n), calls).each) for n in _STAFF],
    }


def build() -> str:
    return "interpreted" if str(queues.engine.__file__).endswith(".py") else "compiled"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--queues", type=int, default=50)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--also", action="append", default=[], metavar="PYTHON", help="interpreter of another build")
    parser.add_argument("--write", action="store_true", help="also the growth curves; into RESULTS.md and engine.svg")
    parser.add_argument("--one", choices=("loads", "bytes", "growth"), help="one round of this interpreter, as JSON")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps((build(), _one(options))))
        return
    text = _rows(options)
    print(text)
    if options.write:
        curves: dict[str, list[Point]] = {}
        for python in (sys.executable, *options.also):
            name, found = _in_a_process(python, "growth", options)
            curves |= {f"{series} ({name})": points for series, points in found.items()}
        write_curves(PICTURE, curves)
        write_section("engine", _section(options, text))


def _one(options: argparse.Namespace) -> object:
    gc.collect()
    gc.freeze()
    gc.disable()  # as in the service
    if options.one == "growth":
        return growth(options.queues, options.calls // 4)
    if options.one == "bytes":
        return [weigh(Load(options.queues, options.agents, own=own)) for own in (False, True)]
    found = measure(options.waiting, options.queues, options.agents, options.calls)
    return {name: asdict(measured) for name, measured in found.items()}


def _in_a_process(python: str, what: str, options: argparse.Namespace) -> tuple[str, Any]:
    sizes = [f"--{name}={getattr(options, name)}" for name in ("waiting", "agents", "queues", "calls")]
    command = [python, "-P", "-c", _START, str(_ROOT), f"--one={what}", *sizes]
    name, found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return name, found


def _rows(options: argparse.Namespace) -> str:
    pythons = (sys.executable, *options.also)
    rounds = [[_in_a_process(python, "loads", options) for python in pythons] for _ in range(options.rounds)]
    rows = []
    for number, python in enumerate(pythons):
        common, own = _in_a_process(python, "bytes", options)[1]
        for load in rounds[0][number][1]:
            found = [Measured(**of_round[number][1][load]) for of_round in rounds]
            best = min(found, key=lambda measured: measured.each)
            slow = min(found, key=lambda measured: measured.slowest)
            memory = "–" if load == "idle" else f"{own if 'own' in load else common:,.0f}"
            slowest = f"{slow.slowest:.1f} ({slow.command})"
            each = [f"{1e6 / best.each:,.0f}", f"{best.each:.1f}"]
            rows.append([load, rounds[0][number][0], *each, slowest, memory, f"{best.lines:,}"])
    columns = ["load", "build", "commands/s", "CPU µs a command", "slowest, ms", "bytes a waiting call", "lines"]
    return table(columns, rows)


def _section(options: argparse.Namespace, rows: str) -> str:
    rounds = f"Best of {options.rounds} rounds" if options.rounds > 1 else "One round"
    return (
        f"## The queue engine alone\n\n{machine()}; one core, {options.waiting:,} calls waiting over {options.queues} queues, "
        f"{options.agents:,} agents with 3–8 skills.\n{rounds}, builds by turns; the machine's load average was "
        f"{os.getloadavg()[1]:.0f} on {os.cpu_count()} processors. `python -m bench.engine --write`\n\n{rows}\n"
        "![CPU microseconds a command as lines and staff grow](engine.svg)\n"
    )


if __name__ == "__main__":
    main()
