"""Several phones for one ticket: who rings, who joins, who wins, and what the others keep."""

import dataclasses

from queues.commands import (
    Abandon,
    AssignTicket,
    ConfigureAgent,
    ConfigureQueue,
    EnqueueCallback,
    RemoveQueue,
    SetReachable,
    SetReady,
)
from queues.model import AgentId, AgentStatus, FailureCause, QueueId, RoutingState, TicketId
from queues.outputs import CancelReason, MakeOffer, OfferEnded, OfferResult, WithdrawOffer
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, TierRules
from tests.unit.queues.desk import Desk, agent_config, queue_config


def floor(strategy: str, *agents: str, **fields: object) -> Desk:
    desk = Desk(queue_config("support", None, strategy=strategy, **fields))
    for number, name in enumerate(agents):
        desk.agent(name, at=float(number))
    return desk


def withdrawn(desk: Desk) -> list[tuple[str, CancelReason]]:
    return [(output.agent, output.reason) for output in desk.of(WithdrawOffer)]


def test_ring_all() -> None:
    desk = floor("ring-all", "ana", "bo", "cleo")
    desk.enter("a", at=10)
    assert desk.offered() == [("a", "ana"), ("a", "bo"), ("a", "cleo")]
    assert {made.ring_until for made in desk.of(MakeOffer)} == {30.0}
    assert desk.engine.counts()["deadlines"] == 4, "of three phones, and of the wait: there is no further step"
    desk.answer("o2", at=12)
    assert withdrawn(desk) == [("ana", CancelReason.ANSWERED_ELSEWHERE), ("cleo", CancelReason.ANSWERED_ELSEWHERE)]
    desk.connect("o2", at=13)
    assert [desk.state(name) for name in ("ana", "bo", "cleo")] == [
        RoutingState.IDLE, RoutingState.ON_CALL, RoutingState.IDLE,
    ]  # fmt: skip
    desk.end("a", at=20)
    assert desk.engine.counts()["deadlines"] == 0
    assert desk.engine._floor.ringing.short == {}


def test_ring_all_takes_those_idle_longest_where_it_may_not_take_all() -> None:
    desk = floor("ring-all", "ana", "bo", "cleo", ring_at_most=2)
    desk.enter("a", at=10)
    assert desk.offered() == [("a", "ana"), ("a", "bo")]
    desk.enter("b", at=11)
    assert desk.offered() == [("b", "cleo")]
    desk.fail("o1", FailureCause.BUSY, at=12)
    assert desk.offered() == [], "nobody is open to take its place"
    desk.agent("dan", at=13)
    assert desk.offered() == [("a", "dan")], "the older call first"
    for ready in (False, True):
        desk.do(SetReady(TicketId("a"), ready=ready))
    assert desk.outputs == [], "it has all the phones that it may have"
    desk.connect("o2", at=14)
    assert desk.offered() == [("b", "dan")], "who rang for it in vain rings for the other"


def test_of_two_calls_that_want_more_phones_the_other_has_those_of_one_that_is_over() -> None:
    desk = floor("ring-all", "ana", "bo")
    desk.enter("a", at=10)
    desk.do(SetReachable(AgentId("bo"), reachable=False), 11)
    desk.enter("b", at=12)
    desk.do(SetReachable(AgentId("bo"), reachable=True), 13)
    desk.agent("cleo", at=14)
    assert desk.offered() == [("a", "cleo")]
    desk.do(Abandon(TicketId("a")), 15)
    assert desk.offered() == [("b", "ana"), ("b", "cleo")]


def test_losers_keep_their_place_in_the_idle_list() -> None:
    desk = Desk(queue_config("all", None, strategy="ring-all"), queue_config("one"))
    for number, name in enumerate(("ana", "bo", "cleo")):
        desk.agent(name, at=float(number))
    desk.enter("a", "all", at=10)
    desk.connect("o3", at=15)
    desk.enter("b", "one", at=16)
    assert desk.offered() == [("b", "ana")]


def test_who_becomes_open_joins_the_ringing_with_a_ring_time_of_its_own() -> None:
    desk = floor("ring-all", "ana")
    desk.enter("a", at=10)
    desk.agent("bo", at=15)
    assert desk.offered() == [("a", "bo")]
    assert desk.one(MakeOffer).ring_until == 35
    desk.pass_to(30)
    assert [(ended.agent, ended.cause) for ended in desk.of(OfferEnded)] == [("ana", FailureCause.NO_ANSWER)]
    assert desk.engine.ticket_view(TicketId("a")).state == "offered"  # type: ignore[union-attr]
    desk.pass_to(35)
    assert desk.waiting() == ["a"]
    desk.pass_to(45)
    assert desk.offered() == [("a", "ana")], "its delay is over: the ringing begins anew"


def test_every_waiting_call_has_one_phone_before_any_has_two() -> None:
    desk = floor("ring-all")
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.agent("ana", at=5)
    desk.agent("bo", at=6)
    assert desk.offered() == [("b", "bo")]
    desk.agent("cleo", at=7)
    assert desk.offered() == [("a", "cleo")], "then the oldest has another"


def test_a_call_of_another_queue_goes_before_a_second_phone() -> None:
    desk = Desk(queue_config("all", None, strategy="ring-all", priority=9), queue_config("one"))
    desk.agent("ana", None, "all", at=0)
    desk.enter("a", "all", at=1)
    desk.enter("b", "one", at=2)
    desk.agent("bo", at=3)
    assert desk.offered() == [("b", "bo")]


def test_one_phone_of_several_fails_and_the_ticket_is_still_offered() -> None:
    desk = floor("ring-all", "ana", "bo")
    desk.enter("a", at=10)
    desk.fail("o1", FailureCause.REJECTED, at=11)
    assert desk.waiting() == []
    assert desk.state("ana") is RoutingState.NOT_RESPONDING
    assert withdrawn(desk) == []
    desk.pass_to(21)
    assert desk.offered() == [("a", "ana")], "after its delay it rings again"
    desk.connect("o2")
    assert withdrawn(desk) == [("ana", CancelReason.ANSWERED_ELSEWHERE)]


def test_no_phone_rings_twice_for_a_ticket_however_many_calls_its_agent_may_have() -> None:
    desk = Desk(queue_config("support", None, strategy="ring-all"))
    desk.agent("ana", capacity=3)
    desk.agent("bo", capacity=2)
    desk.enter("a", at=10)
    assert desk.offered() == [("a", "ana"), ("a", "bo")]
    desk.enter("b", at=11)
    assert desk.offered() == [("b", "ana"), ("b", "bo")]
    desk.enter("c", at=12)
    assert desk.offered() == [("c", "ana")], "bo is full: 2 offers of 2"


def test_the_bridge_fails_and_all_ring_again() -> None:
    desk = floor("ring-all", "ana", "bo", "cleo")
    desk.enter("a", at=10)
    desk.answer("o1", at=11)
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=12)
    assert desk.offered() == [("a", "bo"), ("a", "cleo")]
    assert desk.engine.ticket_view(TicketId("a")).joined_at == 10  # type: ignore[union-attr]


def test_nobody_joins_once_an_agent_has_answered() -> None:
    desk = floor("ring-all", "ana")
    desk.enter("a", at=10)
    desk.answer("o1", at=11)
    desk.agent("bo", at=12)
    assert desk.offered() == []


def test_the_caller_leaves_and_every_phone_stops() -> None:
    desk = floor("ring-all", "ana", "bo")
    desk.enter("a", at=10)
    desk.do(Abandon(TicketId("a")), at=12)
    assert withdrawn(desk) == [("ana", CancelReason.ABANDONED), ("bo", CancelReason.ABANDONED)]
    assert {ended.result for ended in desk.of(OfferEnded)} == {OfferResult.CANCELLED}
    desk.enter("b", at=13)
    assert desk.offered() == [("b", "ana"), ("b", "bo")]


def test_a_ticket_that_is_not_ready_rings_no_more_phones() -> None:
    desk = floor("ring-all", "ana")
    desk.enter("a", at=10)
    desk.do(SetReady(TicketId("a"), ready=False))
    desk.agent("bo", at=12)
    assert desk.offered() == []
    desk.do(SetReady(TicketId("a")), at=13)
    assert desk.offered() == [("a", "bo")]


def test_ring_progressively() -> None:
    desk = floor("ring-progressively", "ana", "bo", "cleo", "dan", ring_step_seconds=5.0, ring_at_most=3)
    desk.enter("a", at=10)
    assert desk.offered() == [("a", "ana")]
    assert desk.pass_to(14) == []
    desk.pass_to(15)
    assert desk.offered() == [("a", "bo")]
    desk.pass_to(20)
    assert desk.offered() == [("a", "cleo")]
    desk.pass_to(25)
    assert desk.offered() == [], "three at most"
    desk.pass_to(30)
    assert [ended.agent for ended in desk.of(OfferEnded)] == ["ana"]
    assert desk.offered() == [("a", "dan")], "in its place"
    desk.connect("o2")
    desk.end("a", at=31)
    desk.pass_to(100)
    assert desk.engine.counts()["deadlines"] == 0
    desk.enter("b", at=100)
    assert desk.offered() == [("b", "ana")], "down the list again, one phone first"


def test_ring_progressively_waits_for_who_is_not_there() -> None:
    desk = floor("ring-progressively", "ana", ring_step_seconds=5.0)
    desk.enter("a", at=10)
    desk.pass_to(16)
    desk.agent("bo", at=17)
    assert desk.offered() == [("a", "bo")], "its step came at 15"
    desk.agent("cleo", at=18)
    assert desk.offered() == []


def test_ring_progressively_begins_anew_when_no_phone_rings() -> None:
    desk = floor("ring-progressively", "ana", "bo", ring_step_seconds=5.0)
    desk.enter("a", at=10)
    desk.pass_to(15)
    for offer in ("o1", "o2"):
        desk.fail(offer, FailureCause.BUSY, at=16)
    assert desk.waiting() == ["a"]
    desk.pass_to(26)
    assert desk.offered() == [("a", "ana")]
    desk.pass_to(31)
    assert desk.offered() == [("a", "bo")]


def test_a_change_of_the_queue_holds_for_calls_that_ring() -> None:
    desk = floor("longest-idle", "ana", "bo", "cleo")
    desk.enter("a", at=10)
    desk.do(ConfigureQueue(queue_config("support", None, strategy="ring-progressively")), at=11)
    assert desk.offered() == []
    desk.pass_to(16)
    assert desk.offered() == [("a", "bo")]
    desk.do(ConfigureQueue(queue_config("support", None, strategy="ring-all")), at=17)
    assert desk.offered() == [("a", "cleo")]
    desk.do(ConfigureQueue(queue_config("support", None, strategy="random")), at=18)
    desk.agent("dan", at=19)
    assert desk.offered() == []
    assert withdrawn(desk) == [], "who rings rings on"
    desk.do(RemoveQueue(QueueId("support")), at=20)
    assert [agent for agent, _ in withdrawn(desk)] == ["ana", "bo", "cleo"]
    assert desk.engine.counts()["deadlines"] == 0


def tiered(desk: Desk, name: str, penalty: int, at: float) -> None:
    """The agent in this tier of the queue, available."""
    config = agent_config(name)
    desk.do(ConfigureAgent(dataclasses.replace(config, members={QueueId("support"): Membership(penalty)})), at)
    desk.status(name, AgentStatus.AVAILABLE)


def test_a_change_of_the_queue_brings_no_other_phone_where_one_rings_alone() -> None:
    """A callback, and a call that was assigned to its agent."""
    desk = floor("ring-all", "ana", "bo", "cleo")
    desk.do(EnqueueCallback(TicketId("back"), QueueId("support")), 10)
    assert desk.offered() == [("back", "ana")]
    desk.do(ConfigureQueue(queue_config("support", None, strategy="ring-all", ring_at_most=5)), 11)
    assert desk.offered() == []
    assert desk.engine._floor.ringing.short == {}
    desk.enter("a", ready=False)
    desk.do(AssignTicket(TicketId("a"), AgentId("cleo")))
    desk.do(SetReady(TicketId("a")))
    desk.do(ConfigureQueue(queue_config("support", None, strategy="ring-all", ring_at_most=6)), 12)
    assert desk.offered() == []
    desk.fail("o2", FailureCause.BUSY, at=13)
    assert desk.offered() == [("a", "bo")], "not assigned any more, it is for all"
    desk.agent("dan", at=14)
    assert desk.offered() == [("a", "dan")]


def test_a_tier_that_opens_joins_the_ringing() -> None:
    config = queue_config(
        "support", None, strategy="ring-all", ring_seconds=60.0, tier_rules=TierRules(open_after_seconds=10.0)
    )
    desk = Desk(config)
    for name, penalty in (("ana", 0), ("bo", 1), ("cleo", 2)):
        tiered(desk, name, penalty, at=0)
    desk.enter("a", at=5)
    assert desk.offered() == [("a", "ana")]
    desk.pass_to(15)
    assert desk.offered() == [("a", "bo")]
    desk.pass_to(25)
    assert desk.offered() == [("a", "cleo")]


def test_a_tier_that_opens_by_emptiness_joins_the_ringing() -> None:
    rules = TierRules(open_when=OpenWhen.NONE_READY)
    desk = Desk(queue_config("support", None, strategy="ring-all", tier_rules=rules))
    for name, penalty in (("ana", 0), ("bo", 1), ("cleo", 1)):
        tiered(desk, name, penalty, at=0)
    desk.enter("a", at=5)
    assert desk.offered() == [("a", "ana")]
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=6)  # pending: it rings on, but is not ready any more
    assert desk.offered() == [("a", "bo"), ("a", "cleo")]


def test_a_skill_that_is_not_required_any_more_brings_more_phones() -> None:
    steps = (RelaxationStep(10.0, drop=frozenset({"billing"})),)
    desk = Desk(queue_config("support", {"billing": 3}, strategy="ring-all", relaxation=steps))
    desk.agent("ana", {"billing": 5})
    desk.agent("bo")
    desk.enter("a", at=5)
    assert desk.offered() == [("a", "ana")]
    desk.pass_to(15)
    assert desk.offered() == [("a", "bo")]


def test_an_agent_who_leaves_stops_ringing_alone() -> None:
    desk = floor("ring-all", "ana", "bo")
    desk.enter("a", at=10)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=11)
    assert withdrawn(desk) == [], "its pause is pending while it is rung"
    desk.fail("o1", FailureCause.REJECTED, at=12)
    assert desk.view("ana").status is AgentStatus.PAUSED
    desk.connect("o2", at=13)
    assert desk.engine.agent_view(AgentId("bo")).active == 1  # type: ignore[union-attr]
