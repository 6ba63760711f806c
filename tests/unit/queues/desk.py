"""A small call centre in virtual time: an engine, and one line for each thing that a test says to it."""

import random
from itertools import count
from typing import TypeVar

from queues.commands import (
    CallEnded,
    Command,
    ConfigureAgent,
    ConfigureQueue,
    Connected,
    Enqueue,
    OfferAnswered,
    OfferFailed,
    SetStatus,
)
from queues.engine import Engine
from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    QueueConfig,
    QueueId,
    Requirement,
    RoutingState,
    TicketId,
)
from queues.outputs import AgentChanged, MakeOffer, Output, RefusalReason, Refused
from queues.rules.requirements import Membership
from queues.views import AgentView

__all__ = ["Desk", "agent_config", "queue_config"]

T = TypeVar("T")


def queue_config(name: str = "support", needs: dict[str, int] | None = None, **fields: object) -> QueueConfig:
    requirements = tuple(Requirement(skill, level) for skill, level in (needs or {}).items())
    return QueueConfig(QueueId(name), name, requirements, **fields)  # type: ignore[arg-type]


def agent_config(name: str, skills: dict[str, int] | None = None, *queues: str, capacity: int = 1) -> AgentConfig:
    served = frozenset(QueueId(queue) for queue in queues) or None
    return AgentConfig(AgentId(name), name, skills or {}, served, capacity)


class Desk:
    """``outputs`` are those of the last command. Offers are called o1, o2, … in the order in which they are made."""

    def __init__(self, *queues: QueueConfig, now: float = 0.0) -> None:
        numbers = count(1)
        self.luck = random.Random(1)
        self.engine = Engine(lambda: f"o{next(numbers)}", self.luck.random)
        self.now = now
        self.outputs: list[Output] = []
        for queue in queues or (queue_config(),):
            self.do(ConfigureQueue(queue))

    def view(self, name: str = "ana") -> AgentView:
        found = self.engine.agent_view(AgentId(name))
        assert found is not None
        return found

    def do(self, command: Command, at: float | None = None) -> list[Output]:
        """Deadlines before ``at`` (default: the present) are left to ``pass_to``."""
        self.now = self.now if at is None else at
        self.outputs = self.engine.handle(command, self.now)
        return self.outputs

    def pass_to(self, now: float) -> list[Output]:
        """Let time pass, each deadline at its own instant, as the one timer of the service does."""
        outputs: list[Output] = []
        while (deadline := self.engine.next_deadline()) is not None and deadline <= now:
            outputs += self.engine.expire(deadline)
        self.now = now
        self.outputs = outputs
        return outputs

    def agent(
        self, name: str, skills: dict[str, int] | None = None, *queues: str, capacity: int = 1, at: float | None = None
    ) -> list[Output]:
        """Configure the agent and make it available."""
        self.do(ConfigureAgent(agent_config(name, skills, *queues, capacity=capacity)), at)
        return self.do(SetStatus(AgentId(name), AgentStatus.AVAILABLE))

    def status(
        self, name: str, status: AgentStatus, reason: str | None = None, at: float | None = None
    ) -> list[Output]:
        return self.do(SetStatus(AgentId(name), status, reason), at)

    def enter(
        self, ticket: str, queue: str = "support", *, priority: int = 0, ready: bool = True, at: float | None = None,
        needs: dict[str, int] | None = None,
    ) -> list[Output]:  # fmt: skip
        own = tuple(Requirement(skill, level) for skill, level in (needs or {}).items())
        return self.do(Enqueue(TicketId(ticket), QueueId(queue), priority, ready, requirements=own), at)

    def member(self, name: str, skills: dict[str, int] | None = None, at: float | None = None, **how: object) -> None:
        """An available agent: ``penalty``, ``position``, ``enabled`` of its membership in support; ``groups``."""
        groups = frozenset(how.pop("groups", ()))  # type: ignore[call-overload]
        members = {QueueId("support"): Membership(**how)}  # type: ignore[arg-type]
        config = AgentConfig(AgentId(name), name, skills or {}, groups=groups, members=members)
        self.do(ConfigureAgent(config), at)
        self.do(SetStatus(AgentId(name), AgentStatus.AVAILABLE))

    def answer(self, offer: str, at: float | None = None) -> list[Output]:
        return self.do(OfferAnswered(OfferId(offer)), at)

    def connect(self, offer: str, at: float | None = None) -> list[Output]:
        return self.do(Connected(OfferId(offer)), at)

    def fail(self, offer: str, cause: FailureCause, *, ready: bool = True, at: float | None = None) -> list[Output]:
        return self.do(OfferFailed(OfferId(offer), cause, ready), at)

    def end(self, ticket: str, at: float | None = None) -> list[Output]:
        return self.do(CallEnded(TicketId(ticket)), at)

    # --- what came of it

    def offered(self) -> list[tuple[str, str]]:
        """(ticket, agent) of every offer made by the last command."""
        return [(offer.ticket, offer.agent) for offer in self.of(MakeOffer)]

    def of(self, kind: type[T]) -> list[T]:
        return [output for output in self.outputs if isinstance(output, kind)]

    def one(self, kind: type[T]) -> T:
        (found,) = self.of(kind)
        return found

    def refusal(self) -> RefusalReason:
        assert len(self.outputs) == 1
        refused = self.one(Refused)
        assert refused.detail, "why, for a person"
        return refused.reason

    def state(self, name: str) -> RoutingState:
        view = self.engine.agent_view(AgentId(name))
        assert view is not None
        return view.routing_state

    def waiting(self, queue: str = "support") -> list[str]:
        return list(self.engine.waiting(QueueId(queue)))

    def changed(self, name: str) -> AgentChanged:
        (found,) = [change for change in self.of(AgentChanged) if change.agent == name]
        return found
