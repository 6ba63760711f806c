"""The queue engine alone: commands a second on one core, and memory of a waiting call.

    python -m bench.engine [--waiting 100000] [--agents 1000] [--queues 50] [--calls 20000] [--write]

50 queues with one or two required skills out of 20, 1,000 agents with 3 to 8 skills each, and two loads: *backlog*
(100,000 calls wait, every agent is busy, each call's end takes the next one off a line, and a new one joins) and *idle*
(no backlog, half the agents free when a call comes); and the backlog once more with every call in a line of its own, by
three skills that it requires itself. A call is six commands (enqueue, ringing, answered, connected,
ended, and an abandon or the end of the wrap-up); rows to journal are taken after every command, as the service does.
"""

import argparse
import gc
import random
import time
import tracemalloc
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

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

SKILLS = [f"skill{number}" for number in range(20)]


def own_needs(number: int) -> tuple[Requirement, ...]:
    """Three skills at levels 1–5: others for each number up to 142,500."""
    levels, triple = divmod(number, len(TRIPLES))
    return tuple(Requirement(skill, 1 + levels // 5**at % 5) for at, skill in enumerate(TRIPLES[triple]))


TRIPLES = list(combinations(SKILLS, 3))
PICTURE = Path(__file__).parent / "engine.svg"


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
        self.slowest = 0.0
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
        self.slowest = max(self.slowest, spent)
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
        self.commands, self.seconds, self.slowest = 0, 0.0, 0.0

    def measured(self) -> "Measured":
        return Measured(1e6 * self.seconds / self.commands, self.slowest * 1e3)


@dataclass(frozen=True)
class Measured:
    """CPU microseconds a command, and the milliseconds of the slowest; bytes of a waiting call, its id of 85 included."""

    each: float
    slowest: float
    memory: float | None = None
    lines: int = 0

    def row(self, name: str) -> list[str]:
        memory = f"{self.memory:,.0f}" if self.memory is not None else "–"
        return [name, f"{1e6 / self.each:,.0f}", f"{self.each:.1f}", f"{self.slowest:.1f}", memory, f"{self.lines:,}"]


def backlog(load: Load, waiting: int, calls: int, *, memory: bool = False) -> Measured:
    """``waiting`` calls in line and every agent busy: each call's end takes the next one off a line, a new one joins."""
    used = None
    if memory:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
    last = deque((load.enqueue() for _ in range(waiting)), maxlen=max(calls // 10, 1))
    if memory:
        used = (tracemalloc.get_traced_memory()[0] - before) / waiting
        tracemalloc.stop()
    lines = load.lines()
    load.staff(load.agents)
    load.answer_all()
    load.reset()
    for number in range(calls):
        load.enqueue()
        load.end_one()
        load.answer_all()
        if number % 10 == 0 and last:
            load.do(Abandon(last.pop()))
    return replace(load.measured(), memory=used, lines=lines)


def idle(load: Load, calls: int) -> Measured:
    """Nobody waits, half the agents are free when a call comes."""
    load.staff(load.agents)
    load.reset()
    for _ in range(calls):
        load.enqueue()
        load.answer_all()
        if len(load.talking) > len(load.agents) // 2:
            load.end_one()
    return replace(load.measured(), lines=load.lines())


def growth(queues: int, calls: int) -> dict[str, list[Point]]:
    """CPU microseconds a command as the lines and the staff grow."""
    waiting = [(n, backlog(Load(queues, 1000), n, calls).each) for n in (1_000, 10_000, 100_000)]
    own = [(n, backlog(Load(queues, 1000, own=True), n, calls).each) for n in (1_000, 10_000)]
    staff = (10, 100, 1000)
    busy = [(n, backlog(Load(queues, n), 10_000, calls).each) for n in staff]
    free = [(n, idle(Load(queues, n), calls).each) for n in staff]
    return {
        "calls waiting, 1,000 agents": waiting,
        "the same, every call a line of its own": own,
        "agents, 10,000 calls waiting": busy,
        "agents, half of them idle": free,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--queues", type=int, default=50)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--own", type=int, default=20_000, help="calls that each stand in a line of their own")
    parser.add_argument("--write", action="store_true", help="also the growth curves; into RESULTS.md and engine.svg")
    options = parser.parse_args()
    gc.collect()
    gc.freeze()
    gc.disable()  # as in the service
    size = (options.queues, options.agents)
    rows = [
        backlog(Load(*size), options.waiting, options.calls, memory=True).row("backlog"),
        idle(Load(*size), options.calls).row("idle"),
        backlog(Load(*size, own=True), options.own, options.calls // 20, memory=True).row(
            f"{options.own:,} calls, each a line of its own"
        ),
    ]
    columns = ["load", "commands/s", "CPU µs a command", "slowest, ms", "bytes a waiting call", "lines"]
    text = table(columns, rows)
    print(text)
    if options.write:
        write_curves(PICTURE, growth(options.queues, options.calls // 4))
        write_section("engine", _section(options, text))


def _section(options: argparse.Namespace, rows: str) -> str:
    return (
        f"## The queue engine alone\n\n{machine()}; one core, {options.waiting:,} calls waiting over {options.queues} queues, "
        f"{options.agents:,} agents with 3–8 skills.\n`python -m bench.engine --write`\n\n{rows}\n"
        "![CPU microseconds a command as lines and staff grow](engine.svg)\n"
    )


if __name__ == "__main__":
    main()
