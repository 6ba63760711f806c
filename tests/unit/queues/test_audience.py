"""Who may serve what, as bits: against a look at every agent."""

import random

from queues.agents.audience import Audience
from queues.lines.needs import Needs, meets
from queues.model import AgentConfig, AgentId, QueueId
from queues.rules.requirements import Membership

QUEUES = tuple(map(QueueId, ("support", "sales", "french")))


def somebody(luck: random.Random, name: str) -> AgentConfig:
    skills = {skill: luck.randint(0, 10) for skill in luck.sample(("billing", "french", "german"), luck.randint(0, 3))}
    queues = None if luck.random() < 0.4 else frozenset(luck.sample(QUEUES, luck.randint(0, 2)))
    groups = frozenset(luck.sample(("north", "south", "night"), luck.randint(0, 2)))
    members = {
        queue: Membership(luck.randint(0, 3), enabled=luck.random() < 0.7)
        for queue in luck.sample(QUEUES, luck.randint(0, 2))
    }
    return AgentConfig(AgentId(name), name, skills, queues, groups=groups, members=members)


def some_needs(luck: random.Random) -> Needs:
    skills = sorted(luck.sample(("billing", "french", "italian"), luck.randint(0, 2)))
    groups = luck.choice((None, frozenset({"north"}), frozenset({"south", "night"}), frozenset({"nobodys"})))
    return Needs(tuple((skill, luck.randint(0, 11)) for skill in skills), groups, luck.choice((None, 0, 1, 2)))


class Centre:
    """An audience, and the plain tables that it is checked against."""

    def __init__(self, luck: random.Random) -> None:
        self.luck, self.audience = luck, Audience()
        self.places: dict[str, int] = {}
        self.serving: dict[str, AgentConfig] = {}
        self.retired: dict[str, AgentConfig] = {}

    def configure(self, name: str) -> None:
        config = somebody(self.luck, name)
        if name in self.serving:
            self.audience.change(self.serving[name], config)
        else:
            place = self.audience.enter(config)
            assert self.retired.pop(name, None) is None or place == self.places[name], "it kept its place"
            self.places[name] = place
        self.serving[name] = config

    def retire(self, name: str) -> None:
        self.retired[name] = self.serving.pop(name)
        self.audience.leave(self.retired[name])

    def release(self, name: str) -> None:
        del self.retired[name]
        self.audience.release(AgentId(name))
        del self.places[name]

    def act(self, name: str) -> None:
        if name in self.serving and self.luck.random() < 0.5:
            self.retire(name)
        elif name in self.retired and self.luck.random() < 0.5:
            self.release(name)
        else:
            self.configure(name)

    def check(self) -> None:
        queue, needs = self.luck.choice(QUEUES), some_needs(self.luck)
        able = {self.places[name] for name, agent in self.serving.items() if meets(agent, queue, needs)}
        assert self.audience.of(queue, needs) == sum(1 << place for place in able)
        members = [agent.members[queue] for agent in self.serving.values() if queue in agent.members]
        assert self.audience.tiers(queue) == sorted({member.penalty for member in members} - {0})


def test_agents_come_change_and_go() -> None:
    luck = random.Random(11)
    centre = Centre(luck)
    for _ in range(2000):
        before = centre.audience.version
        serving = dict(centre.serving)
        centre.act(f"agent {luck.randint(1, 12)}")
        assert (centre.audience.version > before) == (serving != centre.serving), "whoever keeps a set looks again"
        assert sorted(centre.places.values()) == sorted(set(centre.places.values())), "a place each"
        assert max(centre.places.values(), default=0) < 12, "places of those who left are taken first"
        for _ in range(3):
            centre.check()


def test_whoever_left_leaves_nothing_behind() -> None:
    centre = Centre(random.Random(12))
    for number in range(100):
        centre.configure(f"agent {number % 40}")
    for name in list(centre.serving):
        centre.retire(name)
    for queue in QUEUES:
        assert centre.audience.of(queue, Needs()) == 0
        assert centre.audience.tiers(queue) == []
    kept = centre.audience
    assert (kept._everywhere, kept._members, kept._disabled, kept._skills, kept._groups, kept._tiers) == (0, *[{}] * 5)
