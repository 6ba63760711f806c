"""A call-centre day in virtual time: callers, agents and their phones around one engine, all from one seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from queues.commands import (
    Abandon,
    CallEnded,
    Command,
    ConfigureAgent,
    ConfigureQueue,
    Connected,
    Enqueue,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
    SetStatus,
)
from queues.engine import Engine
from queues.model import (
    AgentConfig,
    AgentStatus,
    FailureCause,
    OfferId,
    QueueConfig,
    QueueId,
    RoutingState,
    TicketId,
)
from queues.outputs import (
    AgentChanged,
    MakeOffer,
    OfferEnded,
    OfferResult,
    Output,
    TicketEnded,
    TicketQueued,
    TicketResult,
    WithdrawOffer,
)

__all__ = ["Behaviour", "Caller", "Day"]

START = 1_700_000_000.0


@dataclass(slots=True)
class Behaviour:
    """Mean seconds, all exponentially distributed; 0 means at once, ``patience`` None for ever.

    ``failing``: the share of offers that the agent's phone lets ring or turns down.
    """

    talk: float
    answer: float = 0.0
    patience: float | None = None
    failing: float = 0.0


@dataclass(slots=True)
class Caller:
    queue: str
    joined_at: float
    sequence: int
    answered_at: float | None = None
    left_at: float | None = None
    result: TicketResult | None = None

    @property
    def wait(self) -> float:
        until = self.answered_at if self.answered_at is not None else self.left_at
        assert until is not None
        return until - self.joined_at


@dataclass
class Day:
    behaviour: Behaviour
    seed: int
    now: float = START
    callers: dict[str, Caller] = field(default_factory=dict)
    spent: dict[RoutingState, float] = field(default_factory=lambda: dict.fromkeys(RoutingState, 0.0))
    rows: dict[tuple[str, str], object] = field(default_factory=dict)
    offers: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.numbers = count(1)
        self.engine = Engine(lambda: f"o{next(self.numbers)}", self.random.random)
        self.agenda: list[tuple[float, int, Callable[[], Command | None]]] = []

    def open(self, queues: list[QueueConfig], agents: list[AgentConfig]) -> None:
        for queue in queues:
            self.do(ConfigureQueue(queue))
        for agent in agents:
            self.do(ConfigureAgent(agent))
            self.do(SetStatus(agent.id, AgentStatus.AVAILABLE))

    def close(self, agents: list[AgentConfig]) -> None:
        """Log everybody out, which closes the last interval of each."""
        for agent in agents:
            self.do(SetStatus(agent.id, AgentStatus.LOGGED_OUT))

    def arrivals(self, queue: QueueId, calls: int, per_second: float) -> None:
        """A Poisson stream."""
        at = START
        for _ in range(calls):
            at += self.random.expovariate(per_second)
            self.plan(at, self._arrive(queue))

    def plan(self, at: float, happening: Callable[[], Command | None]) -> None:
        heappush(self.agenda, (at, next(self.numbers), happening))

    def run(self) -> None:
        """Until nothing is planned and no deadline is left."""
        while True:
            deadline = self.engine.next_deadline()
            if self.agenda and (deadline is None or self.agenda[0][0] < deadline):
                self.now, _, happening = heappop(self.agenda)
                command = happening()
                if command is not None:
                    self.do(command)
            elif deadline is not None:
                self.now = deadline
                self.hear(self.engine.expire(deadline))
            else:
                return

    def do(self, command: Command) -> None:
        self.hear(self.engine.handle(command, self.now))

    def hear(self, outputs: list[Output]) -> None:
        for table, key, row in self.engine.take_changes():
            if row is None:
                self.rows.pop((table, key), None)
            else:
                self.rows[table, key] = row
        for output in outputs:
            self._hear_one(output)

    def _hear_one(self, output: Output) -> None:
        match output:
            case TicketQueued():
                self.callers[output.ticket] = Caller(output.queue, output.joined_at, next(self.numbers))
                if self.behaviour.patience is not None:
                    self.plan(self._in(self.behaviour.patience), self._hang_up(output.ticket))
            case MakeOffer():
                self.offers += 1
                self._ring(output)
            case OfferEnded():
                if output.result is OfferResult.CONNECTED:
                    self.callers[output.ticket].answered_at = self.now
                    self.plan(self._in(self.behaviour.talk), lambda: CallEnded(output.ticket))
            case TicketEnded():
                caller = self.callers[output.ticket]
                caller.result, caller.left_at = output.result, self.now
            case AgentChanged():
                self.spent[output.previous] += self.now - output.previous_since
            case WithdrawOffer():
                pass
            case _:
                raise AssertionError(output)

    def _ring(self, offer: MakeOffer) -> None:
        if self.behaviour.failing and self.random.random() < self.behaviour.failing:
            if self.random.random() < 0.5:
                self.plan(self.now, self._if_pending(offer.offer, OfferFailed(offer.offer, FailureCause.REJECTED)))
            return  # or nobody picks up: the engine's own deadline
        if self.behaviour.answer:
            self.plan(self.now, self._if_pending(offer.offer, OfferRinging(offer.offer)))
            answered = self._in(self.behaviour.answer)
            self.plan(answered, self._if_pending(offer.offer, OfferAnswered(offer.offer)))
            self.plan(answered + 0.05, self._if_pending(offer.offer, Connected(offer.offer)))
        else:
            self.plan(self.now, self._if_pending(offer.offer, Connected(offer.offer)))

    def _in(self, mean: float) -> float:
        return self.now + self.random.expovariate(1.0 / mean)

    def _arrive(self, queue: QueueId) -> Callable[[], Command]:
        ticket = TicketId(f"t{next(self.numbers)}")
        return lambda: Enqueue(ticket, queue)

    def _hang_up(self, ticket: TicketId) -> Callable[[], Command | None]:
        def leave() -> Command | None:
            caller = self.callers[ticket]
            return Abandon(ticket) if caller.answered_at is None and caller.result is None else None

        return leave

    def _if_pending(self, offer: OfferId, command: Command) -> Callable[[], Command | None]:
        return lambda: command if self.engine.offer_view(offer) is not None else None
