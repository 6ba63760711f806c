"""The queue engine alone: commands a second on one core, and memory of a waiting call.

    python -m bench.engine [--waiting 100000] [--agents 1000] [--queues 50] [--calls 100000]

50 queues with one or two required skills out of 20, 1,000 agents with 3 to 8 skills each, and two loads: *backlog*
(100,000 calls wait, every agent is busy, each call's end takes the next one off a line, and a new one joins) and *idle*
(no backlog, half the agents free when a call comes). A call is six commands (enqueue, ringing, answered, connected,
ended, and an abandon or the end of the wrap-up); rows to journal are taken after every command, as the service does.
"""

import argparse
import gc
import random
import time
import tracemalloc
from collections import deque
from collections.abc import Iterable

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


class Load:
    """Drives an engine through whole calls, and counts its commands and the CPU time spent in it."""

    def __init__(self, queues: int, agents: int, seed: int = 1) -> None:
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
        spent = time.process_time() - before
        self.seconds += spent
        self.slowest = max(self.slowest, spent)
        self.commands += 1
        self.ringing.extend(output for output in outputs if isinstance(output, MakeOffer))
        return outputs

    def enqueue(self) -> TicketId:
        self.tickets += 1
        ticket = TicketId(f"01890a5d-ac96-774b-bcce-{self.tickets:012x}")
        self.do(Enqueue(ticket, self.random.choice(self.queues), self.random.choice((0, 0, 0, 5))))
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

    def reset(self) -> None:
        self.commands, self.seconds, self.slowest = 0, 0.0, 0.0

    def report(self, name: str) -> None:
        rate = self.commands / self.seconds
        print(
            f"{name}: {rate:,.0f} commands/s, {1e6 / rate:.1f} us each, slowest {self.slowest * 1e3:.2f} ms, "
            f"{self.engine.counts()}"
        )


def backlog(load: Load, waiting: int, calls: int) -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    last = deque((load.enqueue() for _ in range(waiting)), maxlen=calls // 10)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"waiting call: {used / waiting:,.0f} bytes, its id of 85 included")
    load.staff(load.agents)
    load.answer_all()
    load.reset()
    for number in range(calls):
        load.enqueue()
        load.end_one()
        load.answer_all()
        if number % 10 == 0 and last:
            load.do(Abandon(last.pop()))
    load.report("backlog")


def idle(load: Load, calls: int) -> None:
    load.staff(load.agents)
    load.reset()
    for _ in range(calls):
        load.enqueue()
        load.answer_all()
        if len(load.talking) > len(load.agents) // 2:
            load.end_one()
    load.report("idle")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--queues", type=int, default=50)
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    gc.collect()
    gc.freeze()
    gc.disable()  # as in the service
    backlog(Load(options.queues, options.agents), options.waiting, options.calls)
    idle(Load(options.queues, options.agents), options.calls)


if __name__ == "__main__":
    main()
