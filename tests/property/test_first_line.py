"""An agent who becomes free gets the ticket that it would get if every ticket were looked at, however many lines there are."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from queues.commands import (
    Abandon,
    Command,
    ConfigureAgent,
    ConfigureQueue,
    Enqueue,
    SetPriority,
    SetReady,
    SetStatus,
)
from queues.engine import Engine
from queues.model import AgentConfig, AgentId, AgentStatus, QueueConfig, QueueId, Requirement, TicketId
from queues.outputs import MakeOffer
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, TierRules
from tests.property.routing_oracle import Asked, place_of, suits

SKILLS = ("billing", "french", "law", "repair", "sales", "travel")
GROUPS = (frozenset({"front"}), frozenset({"back"}), frozenset({"front", "back"}), frozenset[str]())
RED, GREEN, BLUE = QueueId("red"), QueueId("green"), QueueId("blue")
STEPS = (
    RelaxationStep(20.0, (Requirement("french", 2), Requirement("law")), groups=frozenset({"back"})),
    RelaxationStep(60.0, drop=frozenset({"law", "sales"}), any_group=True),
)
QUEUES = (
    QueueConfig(RED, RED, relaxation=STEPS, groups=frozenset({"front"}), max_wait=None),
    QueueConfig(
        GREEN, GREEN, (Requirement("billing", 2),), tier_rules=TierRules(30.0, OpenWhen.NONE_READY), max_wait=None
    ),
    QueueConfig(BLUE, BLUE, ageing=0.125, weight=2.0, priority=1, tier_rules=TierRules(), max_wait=None),
)
AGENTS = tuple(AgentId(name) for name in ("ana", "bo", "cleo", "dan", "eve"))


class House:
    """Many who wait, hardly two of whom need the same; agents who become free one at a time."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.numbers = 0
        self.now = 1000.0
        self.popular = self.luck.choice(QUEUES)
        self.asked: dict[TicketId, Asked] = {}
        self.engine = Engine(self.number, self.luck.random)
        self.agents: dict[AgentId, AgentConfig] = {}
        for queue in QUEUES:
            self.do(ConfigureQueue(queue))
        for agent in AGENTS:
            self.configure(agent)
            self.do(SetStatus(agent, AgentStatus.PAUSED))

    def number(self) -> str:
        self.numbers += 1
        return f"{self.numbers}"

    def do(self, command: Command) -> list[MakeOffer]:
        outputs = self.engine.handle(command, self.now)
        return [output for output in outputs if isinstance(output, MakeOffer)]

    def configure(self, agent: AgentId) -> None:
        luck = self.luck
        skills = {skill: luck.randint(1, 10) for skill in luck.sample(SKILLS, luck.randint(2, 5))}
        members = {queue: Membership(luck.choice((0, 0, 1, 2)), enabled=luck.random() < 0.8) for queue in (GREEN, BLUE)}
        self.agents[agent] = AgentConfig(agent, agent, skills, groups=luck.choice(GROUPS), members=members)
        self.do(ConfigureAgent(self.agents[agent]))

    def enter(self) -> None:
        luck, ticket = self.luck, TicketId(self.number())
        own = {skill: luck.randint(1, 6) for skill in luck.sample(SKILLS, luck.randint(0, 3))}
        queue = luck.choice((*QUEUES, self.popular, self.popular, self.popular))
        self.asked[ticket] = Asked(queue, self.now, own)
        needs = tuple(Requirement(skill, level) for skill, level in own.items())
        self.do(Enqueue(ticket, queue.id, luck.choice((0, 0, 1, 5)), luck.random() < 0.9, requirements=needs))

    def disturb(self) -> None:
        """Something happens to somebody who waits, or to an agent."""
        self.now += self.luck.choice((0.0, 1.0, 15.0))
        self.engine.expire(self.now)
        ticket = self.luck.choice(list(self.asked))
        what = self.luck.randrange(5)
        if what == 0:
            self.do(Abandon(ticket))
            del self.asked[ticket]
        elif what == 1:
            self.do(SetPriority(ticket, self.luck.randint(0, 6)))
        elif what == 2:
            self.do(SetReady(ticket, self.luck.random() < 0.7))
        elif what == 3:
            self.configure(self.luck.choice(AGENTS))
        else:
            self.do(SetStatus(self.luck.choice(AGENTS), self.luck.choice((AgentStatus.PAUSED, AgentStatus.LOGGED_OUT))))
        self.enter()

    def ask(self, agent: AgentId) -> tuple[TicketId | None, TicketId | None]:
        """The agent becomes free: what it is offered, and what it should be."""
        offers = self.do(SetStatus(agent, AgentStatus.AVAILABLE))
        offered = offers[0].ticket if offers else None
        expected = next((ticket for ticket in self.in_order() if self.may_serve(agent, ticket)), None)
        if offered is not None and self.luck.random() < 0.5:
            self.do(Abandon(offered))
            del self.asked[offered]
        self.do(SetStatus(agent, AgentStatus.PAUSED, force=True))
        return offered, expected

    def in_order(self) -> list[TicketId]:
        """By points now, then the weighted wait, then arrival."""
        views = [self.engine.ticket_view(ticket) for ticket in self.asked]
        found = []
        for view in views:
            assert view is not None
            if view.ready:
                queue = self.asked[view.ticket].queue
                points, joined_at, arrival = place_of(
                    queue, view.priority + queue.priority, view.joined_at, int(view.ticket)
                )
                weighted = queue.weight * (joined_at - self.now)
                found.append((points - queue.ageing * self.now, weighted, joined_at, arrival, view.ticket))
        return [entry[-1] for entry in sorted(found)]

    def may_serve(self, agent: AgentId, ticket: TicketId) -> bool:
        live = self.engine._floor.agents.agents
        return suits(self.asked[ticket], self.agents[agent], self.agents.values(), live, self.now)


@settings(max_examples=settings().max_examples // 4)  # each asks many times
@given(st.integers(0, 10_000))
def test_the_first_that_it_may_serve_of_all_who_wait(seed: int) -> None:
    house = House(seed)
    for _ in range(house.luck.choice((20, 450))):
        house.enter()
    answers = []
    for _ in range(25):
        house.disturb()
        answers.append(house.ask(house.luck.choice(AGENTS)))
    assert [offered for offered, _ in answers] == [expected for _, expected in answers]
