"""Days with a tide of callers who give up: what three estimators say when a call enters, and what it then waits.

The engine's own (AvgC-LES), beside the two that a newcomer would write: queue length ÷ service rate, and the wait of the
last call that entered service (LES). Only calls that had to wait and were connected are compared, after a day of learning.
"""

from dataclasses import dataclass, field
from math import pi, sin, sqrt

from queues.commands import Enqueue
from queues.model import AgentConfig, AgentId, QueueConfig, QueueId, TicketId
from queues.outputs import OfferEnded, OfferResult, Output, TicketQueued
from tests.simulation.day import START, Behaviour, Day

__all__ = ["ESTIMATORS", "Error", "Forecast", "Load"]

QUEUE = QueueId("support")
DAY_SECONDS = 86_400.0
ESTIMATORS = ("AvgC-LES", "LES", "queue length / service rate")


@dataclass(frozen=True, slots=True)
class Load:
    """Mean seconds; ``swing``: the share by which the load rises and falls about ``load`` (per agent) within ``tide``."""

    agents: int = 20
    talk: float = 240.0
    patience: float = 300.0
    load: float = 1.05
    swing: float = 0.35
    tide: float = 6 * 3600.0
    days: int = 3


@dataclass(slots=True)
class Error:
    """Of predictions, in seconds: root mean square, and mean (above 0: more was said than was waited)."""

    calls: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, error: float) -> None:
        self.calls += 1
        self.total += error
        self.squares += error * error

    @property
    def rmse(self) -> float:
        return sqrt(self.squares / self.calls)

    @property
    def bias(self) -> float:
        return self.total / self.calls


@dataclass
class Forecast(Day):
    """``run`` plays the days; ``errors`` by estimator."""

    load: Load = field(default_factory=Load)
    errors: dict[str, Error] = field(default_factory=lambda: {name: Error() for name in ESTIMATORS})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.said: dict[str, dict[str, float]] = {}
        self.last_wait = 0.0

    @classmethod
    def of(cls, load: Load, seed: int) -> "Forecast":
        forecast = cls(Behaviour(talk=load.talk, patience=load.patience), seed, load=load)
        agents = [AgentConfig(AgentId(f"agent{number}"), f"agent{number}") for number in range(load.agents)]
        forecast.open([QueueConfig(QUEUE, QUEUE, max_wait=None)], agents)
        forecast.plan(START, forecast._next_arrival)
        return forecast

    def _next_arrival(self) -> Enqueue | None:
        """A Poisson stream whose rate follows the tide (thinned from its peak)."""
        load = self.load
        peak = load.load * load.agents / load.talk * (1 + load.swing)
        at = self.now + self.random.expovariate(peak)
        if at - START < load.days * DAY_SECONDS:
            self.plan(at, self._next_arrival)
        level = (1 + load.swing * sin(2 * pi * (self.now - START) / load.tide)) / (1 + load.swing)
        return Enqueue(TicketId(f"t{next(self.numbers)}"), QUEUE) if self.random.random() < level else None

    def hear(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, TicketQueued) and len(outputs) == 1 and output.expected_wait is not None:
                naive = output.position * self.load.talk / self.load.agents
                said = (output.expected_wait, self.last_wait, naive)
                self.said[output.ticket] = dict(zip(ESTIMATORS, said, strict=True))
        super().hear(outputs)
        for output in outputs:
            if isinstance(output, OfferEnded) and output.result is OfferResult.CONNECTED:
                self._compare(output.ticket)

    def _compare(self, ticket: str) -> None:
        caller, said = self.callers[ticket], self.said.pop(ticket, None)
        if said is None:
            return
        self.last_wait = caller.wait
        if caller.joined_at - START > DAY_SECONDS:
            for name, seconds in said.items():
                self.errors[name].add(seconds - caller.wait)
