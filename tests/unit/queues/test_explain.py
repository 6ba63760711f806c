"""Explained decisions: the chosen agent, the next ones, and what kept everybody else; and why a call still waits."""

import random

import pytest

from queues.commands import ConfigureAgent, ConfigureQueue, ReserveTicket, SetReachable, SetReady
from queues.engine import Engine
from queues.floor.decisions import Chooser, DecisionRules
from queues.insight.explain import Explanation, StillWaiting
from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, QueueConfig, QueueId, TicketId
from queues.rules.requirements import Membership, TierRules
from tests.unit.queues.desk import Desk, agent_config, queue_config


def explaining(*queues: QueueConfig, rules: DecisionRules | None = None, now: float = 0.0) -> Desk:
    desk = Desk(now=now)
    numbers = iter(range(1, 10_000))
    desk.engine = Engine(lambda: f"o{next(numbers)}", desk.luck.random, rules or DecisionRules())
    for queue in queues or (queue_config(),):
        desk.do(ConfigureQueue(queue))
    return desk


def explained(desk: Desk, ticket: str = "a") -> list[Explanation]:
    return desk.engine.explain(TicketId(ticket), desk.now)


def waiting(desk: Desk, ticket: str = "a") -> StillWaiting:
    found = desk.engine.why_waiting(TicketId(ticket), desk.now)
    assert found is not None
    return found


def test_a_call_finds_the_best_of_those_who_are_open() -> None:
    desk = explaining()
    for number in range(8):
        desk.agent(f"n{number}", at=float(number))
    desk.enter("a", at=20)
    (why,) = explained(desk)
    assert (why.offer, why.agent, why.queue, why.at, why.waited, why.chooser) == (
        "o1",
        "n0",
        "support",
        20,
        0,
        Chooser.CALL,
    )
    assert why.next == ("n1", "n2", "n3", "n4", "n5")
    assert why.passed_over == {"ranked_lower": 7}


def test_everybody_is_counted_by_what_kept_them() -> None:
    away = AgentConfig(AgentId("off"), "off", {"billing": 5}, members={queue_config().id: Membership(enabled=False)})
    desk = explaining(queue_config(needs={"billing": 3}, wrap_up_seconds=30), queue_config("sales"))
    desk.agent("talks", {"billing": 3})
    desk.enter("t1")
    desk.connect("o1")
    desk.agent("wraps", {"billing": 3})
    desk.enter("t2")
    desk.connect("o2")
    desk.end("t2")
    desk.agent("missed", {"billing": 3})
    desk.enter("t3")
    desk.fail("o3", FailureCause.BUSY)
    desk.agent("rings", {"billing": 3})
    desk.agent("pauses", {"billing": 9})
    desk.status("pauses", AgentStatus.PAUSED)
    desk.do(ConfigureAgent(agent_config("gone", {"billing": 9})))
    desk.agent("lost", {"billing": 3})
    desk.do(SetReachable(AgentId("lost"), reachable=False))
    desk.agent("unskilled", {"billing": 2})
    desk.agent("seller", {"billing": 5}, "sales")
    desk.do(ConfigureAgent(away))
    desk.agent("free", {"billing": 3})
    desk.enter("a", at=5)
    (why,) = explained(desk)
    assert why.agent == "free"
    assert why.passed_over == {
        "on_call": 1, "wrap_up": 1, "delay": 1, "ringing": 1, "paused": 1, "logged_out": 1, "unreachable": 1,
        "not_skilled": 1, "not_member": 1, "membership_disabled": 1,
    }  # fmt: skip
    desk.connect("o5", at=6)
    desk.pass_to(400)
    assert explained(desk)[0].passed_over == why.passed_over, "as it was then, whatever has become of them"


def test_an_agent_who_becomes_free_takes_the_call() -> None:
    desk = explaining()
    desk.enter("a", at=0)
    desk.agent("ana", at=30)
    (why,) = explained(desk)
    assert (why.agent, why.chooser, why.waited, why.next, why.passed_over) == ("ana", Chooser.AGENT, 30, (), {})


def test_every_offer_of_a_call_is_explained_in_order() -> None:
    desk = explaining()
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    desk.fail("o1", FailureCause.REJECTED, at=5)
    first, second = explained(desk)
    assert (first.agent, first.next, first.passed_over) == ("ana", ("bo",), {"ranked_lower": 1})
    assert (second.agent, second.at, second.passed_over) == ("bo", 5, {"delay": 1})


def test_a_reservation_is_a_reason_of_its_own() -> None:
    desk = explaining()
    desk.enter("a", ready=False, at=0)
    desk.enter("b", ready=False, at=0)
    desk.agent("ana", at=1)
    desk.agent("bo", at=1)
    desk.do(ReserveTicket(TicketId("b"), AgentId("ana"), 60.0), at=2)
    assert waiting(desk, "b").kept_for == "ana"
    assert waiting(desk, "a").kept_for is None
    assert waiting(desk, "a").passed_over == {"reserved_for_another": 1, "ranked_lower": 1}
    assert not waiting(desk, "a").ready


def test_an_agent_who_talks_is_on_call_whatever_is_kept_for_it() -> None:
    desk = explaining()
    desk.agent("ana", at=0)
    desk.enter("x", at=1)
    desk.connect("o1", at=2)
    desk.enter("b", ready=False, at=3)
    desk.do(ReserveTicket(TicketId("b"), AgentId("ana"), 60.0), at=4)
    desk.enter("a", at=5)
    assert waiting(desk).passed_over == {"on_call": 1}


def test_the_phones_of_one_call_ring_each_beside_the_other() -> None:
    """How things were is told as of when the command was carried out whole."""
    desk = explaining(queue_config(strategy="ring-all"))
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    assert [(why.agent, why.passed_over) for why in explained(desk)] == [
        ("ana", {"ringing": 1}),
        ("bo", {"ringing": 1}),
    ]


def test_the_next_ones_stand_in_the_order_of_the_queues_strategy() -> None:
    """Of many, whatever the order in which they came."""
    luck, queue = random.Random(3), queue_config(strategy="top-down")
    desk = explaining(queue)
    positions = luck.sample(range(60), 60)
    for position in positions:
        members = {queue.id: Membership(position=position)}
        desk.do(ConfigureAgent(AgentConfig(AgentId(f"n{position}"), "n", members=members)))
    for position in luck.sample(positions, 60):
        desk.status(f"n{position}", AgentStatus.AVAILABLE)
    for number in range(60):
        desk.enter(f"t{number}", at=10.0 + number)
        (why,) = explained(desk, f"t{number}")
        assert (why.agent, why.next) == (f"n{number}", tuple(f"n{each}" for each in range(number + 1, 60)[:5]))


def test_why_a_call_still_waits() -> None:
    desk = explaining(queue_config(needs={"billing": 3}))
    desk.agent("ana", {"billing": 1}, at=0)
    desk.agent("bo", {"billing": 5}, at=0)
    desk.enter("x", at=1)
    desk.connect("o1", at=2)
    desk.enter("a", at=10)
    assert waiting(desk) == StillWaiting(
        queue_config().id, 1, True, None, waiting(desk).expected_wait, {"not_skilled": 1, "on_call": 1}
    )
    assert desk.engine.why_waiting(TicketId("x"), 10) is None, "it is connected"
    assert desk.engine.why_waiting(TicketId("none"), 10) is None


def test_decisions_outlive_their_call_for_a_while() -> None:
    desk = explaining(rules=DecisionRules(seconds=60))
    desk.agent("ana", at=0)
    desk.enter("a", at=0)
    desk.connect("o1", at=1)
    desk.end("a", at=2)
    desk.enter("c", at=60)
    desk.connect("o2", at=60)
    desk.end("c", at=60)
    assert len(explained(desk)) == 1
    desk.now = 61
    assert explained(desk) == []
    desk.enter("b", at=121)
    log = desk.engine._floor.decisions
    assert log is not None
    assert len(log) == 1, "and then they are forgotten"
    assert list(log._of_ticket) == ["b"]


def test_no_more_are_kept_than_the_rules_say() -> None:
    desk = explaining(rules=DecisionRules(most=5, most_of_ticket=3))
    desk.agent("ana", at=0)
    desk.enter("a", at=0)
    for number in range(1, 7):
        desk.fail(f"o{number}", FailureCause.BUSY, at=20.0 * number)
        desk.pass_to(20.0 * number + 15)
    assert [why.offer for why in explained(desk)] == ["o5", "o6", "o7"]
    log = desk.engine._floor.decisions
    assert log is not None
    assert len(log) == 5


def test_of_one_call_the_last_decisions_are_kept() -> None:
    desk = explaining(rules=DecisionRules(most_of_ticket=3, seconds=60.0))
    desk.agent("ana", at=0)
    desk.enter("other", at=0)
    desk.connect("o1", at=0)
    desk.end("other", at=0)
    desk.enter("a", at=0)
    for number in range(2, 7):
        desk.fail(f"o{number}", FailureCause.BUSY, at=10.0 * number)
        desk.pass_to(10.0 * number + 10)
    assert [why.offer for why in explained(desk)] == ["o5", "o6", "o7"]
    assert [why.at for why in explained(desk)] == [50, 60, 70]


def test_what_is_too_long_ago_is_told_without_reasons() -> None:
    desk = explaining(rules=DecisionRules(changes=4))
    desk.agent("ana", at=0)
    desk.agent("bo", at=0)
    desk.enter("a", at=1)
    assert explained(desk)[0].passed_over == {"ranked_lower": 1}
    for number in range(3):
        desk.status("bo", AgentStatus.PAUSED, at=2.0 + number)
        desk.status("bo", AgentStatus.AVAILABLE)
    (why,) = explained(desk)
    assert (why.agent, why.next, why.passed_over) == ("ana", ("bo",), None)


def test_names_are_looked_for_so_often_a_second() -> None:
    desk = explaining(rules=DecisionRules(named_per_second=2))
    for number in range(5):
        desk.agent(f"n{number}", at=0)
    for ticket in "abc":
        desk.enter(ticket, at=1.5)
    assert [explained(desk, ticket)[0].next for ticket in "abc"] == [("n1", "n2", "n3", "n4"), ("n2", "n3", "n4"), None]
    desk.enter("d", at=2.5)
    assert explained(desk, "d")[0].next == ("n4",)


@pytest.mark.parametrize("ticket", ["a", "none"])
def test_an_engine_that_keeps_nothing_explains_nothing(ticket: str) -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    assert explained(desk, ticket) == []
    assert desk.engine.why_waiting(TicketId(ticket), 0) is None


def test_whoever_lacks_something_is_counted_by_that_first() -> None:
    """In this order: membership, skills, groups, tier; one who is logged out besides is not counted for it."""
    queue = queue_config(needs={"billing": 3}, groups=frozenset({"north"}), tier_rules=TierRules(60.0))
    desk = explaining(queue)
    north, south = frozenset({"north"}), frozenset({"south"})
    configs = [
        AgentConfig(AgentId("unskilled"), "unskilled", {"billing": 2}, groups=south),
        AgentConfig(AgentId("south"), "south", {"billing": 3}, groups=south, members={queue.id: Membership(1)}),
        AgentConfig(AgentId("second"), "second", {"billing": 3}, groups=north, members={queue.id: Membership(1)}),
        AgentConfig(AgentId("other"), "other", {}, frozenset({QueueId("sales")}), groups=south),
        AgentConfig(AgentId("off"), "off", {"billing": 3}, groups=north, members={queue.id: Membership(enabled=False)}),
    ]
    for config in configs:
        desk.do(ConfigureAgent(config))
    desk.enter("a", at=5)
    lacks = {"not_skilled": 1, "other_group": 1, "not_member": 1, "membership_disabled": 1}
    assert waiting(desk).passed_over == {**lacks, "tier_closed": 1}
    assert waiting(desk).position == 1
    desk.pass_to(65)
    assert waiting(desk).passed_over == {**lacks, "logged_out": 1}
    desk.enter("b", at=66)
    assert waiting(desk, "b").position == 2
    assert waiting(desk, "b").queue == "support"


def test_a_kept_call_says_that_it_was_kept() -> None:
    desk = explaining()
    desk.enter("a", ready=False, at=0)
    desk.agent("ana", at=1)
    desk.agent("bo", at=2)
    desk.do(ReserveTicket(TicketId("a"), AgentId("bo"), 60.0), at=3)
    desk.do(SetReady(TicketId("a")), at=4)
    (why,) = explained(desk)
    assert (why.agent, why.chooser, why.next, why.passed_over) == ("bo", Chooser.RESERVATION, (), {"ranked_lower": 1})
    assert explained(desk, "never heard of") == []


@pytest.mark.parametrize(("later", "kept"), [(3, True), (4, False)])
def test_the_trail_reaches_so_many_changes_back(later: int, kept: bool) -> None:
    """The offer's own change, and those after it."""
    desk = explaining(rules=DecisionRules(changes=3))
    desk.agent("ana", at=0)
    desk.agent("bo", at=0)
    desk.enter("a", at=1)
    for number in range(later):
        desk.status("bo", AgentStatus.AVAILABLE if number % 2 else AgentStatus.PAUSED, at=2.0 + number)
    assert explained(desk)[0].passed_over == ({"ranked_lower": 1} if kept else None)


def test_a_skill_that_an_agent_has_not_at_all_is_lacking_at_any_level() -> None:
    desk = explaining(queue_config(needs={"billing": 1}))
    desk.agent("ana", at=0)
    desk.enter("a", at=0)
    desk.now = 15
    assert waiting(desk).passed_over == {"not_skilled": 1}
    assert waiting(desk).expected_wait == 15.0
