"""Rosters: each queue's agents who are open, through changes of agents and queues."""

import dataclasses
import random

from queues.commands import ConfigureAgent, ConfigureQueue, RemoveAgent, RemoveQueue
from queues.lines.needs import meets, widest
from queues.model import AgentConfig, AgentId, AgentStatus, QueueConfig, QueueId
from queues.rules.requirements import Membership, RelaxationStep
from queues.strategies import Rank, Standing, register, unregister
from tests.unit.queues.desk import Desk, agent_config, queue_config

NAMES = ("support", "sales", "night")


def some_queue(luck: random.Random) -> QueueConfig:
    steps = (RelaxationStep(30.0, drop=frozenset({"french"})),) if luck.random() < 0.3 else ()
    needs = {skill: luck.randint(1, 5) for skill in luck.sample(("french", "german"), luck.randint(0, 2))}
    return queue_config(luck.choice(NAMES), needs, relaxation=steps)


def some_agent(luck: random.Random) -> AgentConfig:
    name = f"agent {luck.randint(1, 8)}"
    skills = {skill: luck.randint(1, 6) for skill in luck.sample(("french", "german"), luck.randint(0, 2))}
    return agent_config(name, skills, *(luck.sample(NAMES, 2) if luck.random() < 0.4 else ()))


def test_who_could_serve_a_queue_is_known_through_all_changes() -> None:
    luck, desk = random.Random(4), Desk()
    queues: dict[QueueId, QueueConfig] = {QueueId("support"): queue_config()}
    agents: dict[AgentId, AgentConfig] = {}
    for _ in range(1000):
        queue, agent = some_queue(luck), some_agent(luck)
        change = luck.random()
        if change < 0.35:
            desk.do(ConfigureQueue(queue))
            queues[queue.id] = queue
        elif change < 0.5:
            desk.do(RemoveQueue(queue.id))
            queues.pop(queue.id, None)
        elif change < 0.85:
            desk.do(ConfigureAgent(agent))
            desk.status(agent.id, AgentStatus.AVAILABLE)
            agents[agent.id] = agent
        else:
            desk.do(RemoveAgent(agent.id))
            agents.pop(agent.id, None)
        for each, config in queues.items():
            able = {name for name, one in agents.items() if meets(one, each, widest(config))}
            found = desk.engine.eligible(each)
            assert (set(found), len(found)) == (able, len(able))
            assert desk.engine._floor.agents._rosters[each].size == len(able)
        for one in desk.engine._floor.agents.agents.values():
            assert len(set(one.serves)) == len(one.serves)
            assert set(one.serves) <= queues.keys()


def test_a_queue_configured_anew_passes_over_who_is_gone_but_talks() -> None:
    desk = Desk()
    for name in ("gone", "stays"):
        desk.agent(name)
    desk.enter("a")
    desk.connect("o1")
    desk.do(RemoveAgent(AgentId("gone")))
    desk.do(ConfigureQueue(queue_config()))
    desk.enter("b")
    assert desk.offered() == [("b", "stays")]


def test_agents_who_come_and_go_leave_nothing_behind_in_the_heap() -> None:
    desk = Desk()
    names = ("cleo", "ana", "bo")
    for name in names:
        desk.agent(name)
    for number in range(1, 1001):
        name = names[1 + number % 2]
        desk.status(name, AgentStatus.PAUSED, at=float(number))
        desk.status(name, AgentStatus.AVAILABLE)
        assert len(desk.engine._floor.agents._rosters[QueueId("support")].heap) <= 2 * len(names) + 16
    offered = []
    for ticket in "abc":
        desk.enter(ticket)
        offered += desk.offered()
    assert offered == [("a", "cleo"), ("b", "bo"), ("c", "ana")]


def test_who_has_no_place_in_the_list_stands_at_its_top() -> None:
    desk = Desk(queue_config(strategy="top-down"))
    desk.member("listed", position=1)
    desk.agent("plain")
    desk.enter("a")
    assert desk.offered() == [("a", "plain")]


class Noting:
    """A strategy that notes what it is told, and ranks as it was told to."""

    def __init__(self, *ranks: float) -> None:
        self.told: list[Standing] = []
        self.ranks = list(ranks)

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:
        self.told.append(dataclasses.replace(agent))
        return (self.ranks.pop(0) if self.ranks else 0.0, 0.0, 0.0)


def test_what_a_strategy_is_told_of_an_agent() -> None:
    noting = Noting()
    register("noting", noting)
    try:
        desk = Desk(queue_config(strategy="noting"))
        desk.agent("other")
        desk.member("ana", position=4, at=5)
        desk.status("other", AgentStatus.PAUSED)
        desk.enter("a", at=10)
        desk.connect("o1", at=12)
        desk.end("a", at=21)
        told = noting.told[-1]
    finally:
        unregister("noting")
    assert (told.config.id, told.occupied, told.idle_since, told.calls, told.talk_seconds) == ("ana", 0, 21, 1, 9)
    assert (told.idle_order, told.last_offer, told.position, told.listed) == (3, 1, 4, 2)
    assert 0 <= told.draw() < 1


def test_the_clock_that_a_strategy_is_told_never_falls() -> None:
    noting = Noting(0.5, 7.0, 3.0)
    register("noting", noting)
    try:
        desk = Desk(queue_config(strategy="noting"))
        for number in range(4):
            desk.agent(f"agent {number}")
            desk.enter(f"t{number}")
    finally:
        unregister("noting")
    assert [told.clock for told in noting.told] == [0.0, 0.5, 7.0, 7.0]


def test_an_agent_of_no_tier_is_of_the_first() -> None:
    queue = queue_config()
    desk = Desk(queue)
    members = {queue.id: Membership(penalty=1)}
    desk.do(ConfigureAgent(AgentConfig(AgentId("second"), "second", members=members)))
    desk.status("second", AgentStatus.AVAILABLE)
    desk.agent("first", at=5)
    desk.enter("a")
    assert desk.offered() == [("a", "first")]
