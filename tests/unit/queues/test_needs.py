"""Skills per call, relaxation, groups and tiers: who may serve whom, and from when on."""

import pytest

from queues.commands import ConfigureAgent, ConfigureQueue, RemoveAgent, SetPriority, SetReachable
from queues.lines.needs import Needs, meets, surplus
from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, OfferId, QueueId, Requirement, TicketId
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, TierRules
from tests.unit.queues.desk import Desk, queue_config


def test_a_call_brings_requirements_of_its_own() -> None:
    desk = Desk(queue_config("support", {"billing": 3}))
    desk.agent("ana", {"billing": 5})
    desk.agent("bo", {"billing": 3, "french": 4})
    desk.enter("expert", needs={"french": 4, "billing": 2})
    assert desk.offered() == [("expert", "bo")]
    desk.enter("deep", needs={"billing": 6})
    assert desk.offered() == []
    desk.enter("plain")
    assert desk.offered() == [("plain", "ana")]


def test_a_call_that_nobody_can_serve_holds_up_nobody() -> None:
    """Trap: head-of-line stall."""
    desk = Desk()
    desk.enter("first", needs={"klingon": 1}, priority=9)
    for number in range(3):
        desk.enter(f"t{number}", needs={"french": number})
    desk.agent("ana", {"french": 1})
    assert desk.offered() == [("t0", "ana")]
    assert desk.waiting() == ["first", "t1", "t2"]
    desk.connect("o1")
    desk.end("t0")
    assert desk.offered() == [("t1", "ana")]


def test_lines_of_one_queue_are_served_in_one_order() -> None:
    desk = Desk()
    for number, skill in enumerate(["a", "b", "c", "a", "b", "c"]):
        desk.enter(f"t{number}", needs={skill: 1}, priority=number == 4, at=number)
    desk.agent("ana", {"a": 1, "b": 1, "c": 1}, capacity=6)
    assert [ticket for ticket, _ in desk.offered()] == ["t4", "t0", "t1", "t2", "t3", "t5"]


def test_a_line_ends_with_its_last_ticket() -> None:
    desk = Desk()
    for number in range(50):
        desk.enter(f"t{number}", needs={f"skill{number}": 1})
    lines = desk.engine._floor.lines[QueueId("support")]
    assert len(list(lines)) == 51
    for number in range(50):
        desk.agent(f"a{number}", {f"skill{number}": 1})
        assert desk.offered() == [(f"t{number}", f"a{number}")]
    assert [line.needs.requirements for line in lines] == [()]
    desk.fail("o7", FailureCause.BUSY)
    assert desk.waiting() == ["t6"]
    assert len(list(lines)) == 2


def test_what_a_call_needs_relaxes_as_it_waits() -> None:
    steps = (
        RelaxationStep(60, drop=frozenset({"french"})),
        RelaxationStep(30, (Requirement("billing", 2), Requirement("french", 9), Requirement("other", 1))),
    )
    desk = Desk(queue_config("support", {"billing": 5}, relaxation=steps))
    desk.agent("low", {"billing": 2})
    desk.agent("speaks", {"billing": 3, "french": 2})
    desk.enter("a", at=0)
    desk.enter("b", needs={"french": 3}, at=1)
    assert desk.pass_to(29) == []
    desk.pass_to(30)
    assert desk.offered() == [("a", "low")]
    desk.connect("o1")
    desk.pass_to(60)
    assert desk.offered() == []
    desk.pass_to(61)
    assert desk.offered() == [("b", "speaks")]


def test_an_offered_call_relaxes_too() -> None:
    desk = Desk(queue_config("support", {"billing": 5}, relaxation=(RelaxationStep(10, (Requirement("billing"),)),)))
    desk.agent("ana", {"billing": 5})
    desk.enter("a", at=0)
    desk.pass_to(15)
    desk.agent("bo", {"billing": 1})
    desk.fail("o1", FailureCause.REJECTED, at=16)
    assert desk.offered() == [("a", "bo")]


def test_a_priority_changed_while_waiting_counts_at_once_in_its_line() -> None:
    desk = Desk()
    desk.enter("a", needs={"french": 1}, at=1)
    desk.enter("b", at=2)
    desk.enter("c", at=3)
    desk.do(SetPriority(TicketId("c"), 5))
    assert desk.waiting() == ["c", "a", "b"]
    desk.agent("ana", {"french": 1}, capacity=3)
    assert [ticket for ticket, _ in desk.offered()] == ["c", "a", "b"]


def test_groups_and_their_widening() -> None:
    steps = (RelaxationStep(10, groups=frozenset({"back"})), RelaxationStep(20, any_group=True))
    desk = Desk(queue_config(groups=frozenset({"front"}), relaxation=steps))
    desk.member("nobodys")
    desk.member("backs", groups=["back"])
    desk.enter("a", at=0)
    desk.enter("b", at=1)
    assert desk.offered() == []
    desk.pass_to(10)
    assert desk.offered() == [("a", "backs")]
    desk.member("fronts", groups=["front", "other"])
    assert desk.offered() == [("b", "fronts")]
    desk.connect("o1")
    desk.connect("o2")
    desk.enter("c", at=12)
    desk.pass_to(32)
    assert desk.offered() == [("c", "nobodys")]


def test_lower_tiers_are_asked_first_and_the_disabled_never() -> None:
    desk = Desk()
    desk.member("second", penalty=1, at=0)
    desk.agent("first", at=1)
    desk.member("never", enabled=False)
    for ticket in "abc":
        desk.enter(ticket)
    assert desk.engine.counts()["offers"] == 2
    assert [desk.engine.offer_view(OfferId(offer)).agent for offer in ("o1", "o2")] == ["first", "second"]  # type: ignore[union-attr]
    assert desk.waiting() == ["c"]


def test_tiers_open_by_waiting() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_after_seconds=10)))
    desk.member("one", penalty=1)
    desk.member("two", penalty=2)
    desk.enter("a", at=0)
    desk.enter("b", at=5)
    desk.pass_to(9.5)
    assert desk.outputs == []
    desk.pass_to(10)
    assert desk.offered() == [("a", "one")]
    desk.pass_to(20)
    assert desk.offered() == []
    desk.pass_to(25)
    assert desk.offered() == [("b", "two")]


def test_skills_relax_beside_tiers_that_open_by_waiting() -> None:
    steps = (RelaxationStep(15, drop=frozenset({"billing"})),)
    desk = Desk(queue_config(needs={"billing": 5}, relaxation=steps, tier_rules=TierRules(open_after_seconds=10)))
    desk.member("skilled", {"billing": 5}, penalty=1)
    desk.member("plain")
    for ticket in "ab":
        desk.enter(ticket, at=0)
    desk.pass_to(10)
    assert desk.offered() == [("a", "skilled")]
    desk.pass_to(15)
    assert desk.offered() == [("b", "plain")]


def test_a_tier_that_the_queue_had_nobody_in_opens_in_its_time() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_after_seconds=10)))
    desk.enter("a", at=0)
    desk.member("three", penalty=3, at=12)
    assert desk.offered() == []
    desk.pass_to(29)
    assert desk.outputs == []
    desk.pass_to(30)
    assert desk.offered() == [("a", "three")]


def test_a_queue_that_is_new_knows_the_tiers_of_agents_who_were_there_before() -> None:
    desk = Desk(queue_config("sales"))
    desk.member("two", penalty=2)
    desk.do(ConfigureQueue(queue_config(tier_rules=TierRules(open_after_seconds=10))))
    desk.enter("a", at=0)
    desk.pass_to(19)
    assert desk.offered() == []
    desk.pass_to(20)
    assert desk.offered() == [("a", "two")]


def test_who_is_in_a_tier_of_one_queue_serves_the_others_like_anybody() -> None:
    desk = Desk(queue_config(), queue_config("sales"))
    desk.member("ana", penalty=2)
    desk.enter("a", "sales")
    assert desk.offered() == [("a", "ana")]


def test_tiers_open_when_nobody_is_logged_in() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=OpenWhen.NONE_LOGGED_IN)))
    desk.member("first")
    desk.member("second", penalty=1)
    desk.member("third", penalty=2)
    desk.enter("a")
    assert desk.offered() == [("a", "first")]
    desk.enter("b")
    desk.status("first", AgentStatus.PAUSED)
    assert desk.offered() == []
    desk.fail("o1", FailureCause.BUSY)
    desk.status("first", AgentStatus.LOGGED_OUT)
    assert desk.offered() == [("a", "second")]
    desk.do(RemoveAgent(AgentId("second")))
    assert desk.offered() == [("a", "third")]


def test_a_tier_in_which_nobody_is_logged_in_either_is_passed_over() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=OpenWhen.NONE_LOGGED_IN)))
    desk.member("second", penalty=1)
    desk.status("second", AgentStatus.LOGGED_OUT)
    desk.member("third", penalty=2)
    desk.member("fourth", penalty=3)
    desk.enter("a")
    desk.enter("b")
    assert desk.engine.offer_view(OfferId("o1")).agent == "third"  # type: ignore[union-attr]
    assert desk.waiting() == ["b"], "the fourth tier is not open: somebody of the third is there"


def test_an_agent_of_a_tier_that_is_open_by_emptiness_takes_the_next_call() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=OpenWhen.NONE_LOGGED_IN)))
    desk.member("first")
    desk.member("second", penalty=1)
    desk.status("first", AgentStatus.LOGGED_OUT)
    for ticket in "ab":
        desk.enter(ticket)
    desk.connect("o1")
    desk.end("a")
    assert desk.offered() == [("b", "second")]


def test_a_call_with_needs_of_its_own_finds_a_tier_that_is_open_by_emptiness() -> None:
    support, rules = QueueId("support"), TierRules(open_when=OpenWhen.NONE_READY)
    desk = Desk(queue_config(tier_rules=rules))
    members = {support: Membership(1)}
    second = AgentConfig(AgentId("second"), "second", {"french": 5}, frozenset({support}), members=members)
    desk.do(ConfigureAgent(second))
    desk.status("second", AgentStatus.AVAILABLE)
    for ticket in "ab":
        desk.enter(ticket, needs={"french": 3})
    desk.connect("o1")
    desk.end("a")
    assert desk.offered() == [("b", "second")]


@pytest.mark.parametrize("when", [OpenWhen.NONE_LOGGED_IN, OpenWhen.NONE_READY])
def test_who_was_never_logged_in_keeps_no_tier_shut(when: OpenWhen) -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=when)))
    desk.do(ConfigureAgent(AgentConfig(AgentId("first"), "first")))
    desk.member("second", penalty=1)
    desk.enter("a")
    assert desk.offered() == [("a", "second")]


def test_no_tier_opens_where_there_is_none() -> None:
    desk = Desk(queue_config(max_wait=None, tier_rules=TierRules(open_after_seconds=10)))
    desk.enter("a", at=0)
    assert desk.engine.next_deadline() is None
    desk.member("one", penalty=1)
    assert desk.engine.next_deadline() == 10


def test_tiers_open_when_nobody_is_ready_who_could_serve_the_call() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=OpenWhen.NONE_READY)))
    desk.member("first", {"french": 1})
    desk.member("second", {"german": 1}, penalty=1)
    desk.enter("german", needs={"german": 1})
    assert desk.offered() == [("german", "second")]
    desk.connect("o1")
    desk.end("german")
    desk.enter("a")
    desk.enter("b")
    assert desk.waiting() == ["b"], "first is ready, if in a call"
    desk.do(SetReachable(AgentId("first"), reachable=False))
    assert desk.offered() == [("a", "second")]


def test_who_is_moved_to_another_tier_leaves_the_old_one_empty() -> None:
    desk = Desk(queue_config(tier_rules=TierRules(open_when=OpenWhen.NONE_READY)))
    desk.member("first", penalty=0)
    desk.member("second", penalty=1)
    desk.enter("a")
    desk.enter("b")
    members = {QueueId("support"): Membership(enabled=False)}
    desk.do(ConfigureAgent(AgentConfig(AgentId("first"), "first", members=members)))
    assert desk.offered() == [("b", "second")]


def test_the_most_skilled_come_first_where_the_queue_wants_that() -> None:
    desk = Desk(queue_config("support", {"billing": 2}, prefer_skilled=True))
    desk.agent("good", {"billing": 9}, at=2)
    desk.agent("fair", {"billing": 5, "french": 8}, at=1)
    desk.agent("poor", {"billing": 2, "french": 9}, at=0)
    desk.enter("a")
    assert desk.offered() == [("a", "good")]
    desk.enter("b", needs={"french": 8})
    assert desk.offered() == [("b", "fair")]
    desk.enter("c")
    assert desk.offered() == [("c", "poor")]


def test_who_lacks_a_skill_that_is_dropped_comes_after_whoever_has_the_least_of_it() -> None:
    steps = (RelaxationStep(10, drop=frozenset({"billing"})),)
    desk = Desk(queue_config("support", {"billing": 2}, prefer_skilled=True, relaxation=steps))
    desk.agent("none", at=0)
    desk.agent("little", {"billing": 1}, at=1)
    desk.enter("a", at=2)
    desk.enter("b", at=2)
    desk.pass_to(12)
    assert desk.offered() == [("a", "little"), ("b", "none")]


def test_of_a_call_with_needs_of_its_own_the_tier_counts_before_the_level() -> None:
    desk = Desk(queue_config("support", {"billing": 2}, prefer_skilled=True))
    desk.agent("plain", {"billing": 2, "french": 4}, at=1)
    desk.member("second", {"billing": 9, "french": 9}, penalty=1, at=0)
    for ticket in "ab":
        desk.enter(ticket, needs={"french": 4})
    assert [desk.engine.offer_view(OfferId(offer)).agent for offer in ("o1", "o2")] == ["plain", "second"]  # type: ignore[union-attr]


def test_a_queue_configured_anew_places_everybody_anew() -> None:
    desk = Desk(queue_config("support", {"billing": 5}))
    desk.agent("ana", {"billing": 3})
    desk.agent("bo", {"billing": 5})
    desk.enter("offered", at=0)
    desk.enter("a", at=1)
    desk.enter("b", needs={"french": 1}, at=2)
    desk.do(ConfigureQueue(queue_config("support", {"billing": 3}, relaxation=(RelaxationStep(9, any_group=True),))), 3)
    assert desk.offered() == [("a", "ana")]
    desk.fail("o1", FailureCause.BUSY)
    assert desk.waiting() == ["offered", "b"]
    desk.do(ConfigureQueue(queue_config("support", relaxation=(RelaxationStep(20, drop=frozenset({"french"})),))), 4)
    desk.agent("cleo")
    assert desk.offered() == [("offered", "cleo")]
    desk.agent("dan")
    assert desk.offered() == []
    desk.pass_to(22)
    assert ("b", "dan") in desk.offered()


def test_calls_of_equal_needs_share_a_line_when_the_queue_is_configured_anew() -> None:
    desk = Desk()
    for ticket in "ab":
        desk.enter(ticket, needs={"french": 1})
    desk.do(ConfigureQueue(queue_config(priority=1)))
    desk.agent("ana", {"french": 1}, capacity=2)
    assert desk.offered() == [("a", "ana"), ("b", "ana")]


def test_what_a_call_brings_never_asks_for_less_than_its_queue() -> None:
    desk = Desk(queue_config(needs={"french": 5}, relaxation=(RelaxationStep(9, drop=frozenset({"french"})),)))
    desk.agent("ana", {"french": 3})
    desk.enter("a", needs={"french": 2}, at=0)
    assert desk.offered() == []
    desk.pass_to(9)
    assert desk.offered() == [("a", "ana")]


def test_who_meets_what() -> None:
    """The very edge of each condition: membership, its tier, groups, levels."""
    support, other = QueueId("support"), QueueId("other")
    members = {support: Membership(penalty=2)}
    served, north = frozenset({support}), frozenset({"north"})
    ana = AgentConfig(AgentId("ana"), "ana", {"french": 4}, served, groups=north, members=members)
    away = AgentConfig(AgentId("bo"), "bo", {"french": 4}, members={support: Membership(enabled=False)})
    french = (("french", 4),)
    assert meets(ana, support, Needs(french, frozenset({"north", "south"}), 2))
    assert not meets(ana, support, Needs((("french", 5),)))
    assert not meets(ana, support, Needs((("french", 4), ("german", 1))))
    assert not meets(ana, support, Needs(french, frozenset({"south"})))
    assert not meets(ana, support, Needs(french, None, 1))
    assert not meets(ana, other, Needs())
    assert not meets(away, support, Needs())


def test_how_far_above_the_needs() -> None:
    ana = AgentConfig(AgentId("ana"), "ana", {"french": 7, "billing": 4, "german": 9})
    assert surplus(ana, Needs((("billing", 3), ("french", 2)))) == 6
    assert surplus(ana, Needs((("italian", 2),))) == -2
    assert surplus(ana, Needs()) == 0
