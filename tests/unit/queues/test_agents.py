"""Status, pending status, routing state, wrap-up, capacity, eligibility."""

from queues.commands import (
    Abandon,
    ConfigureAgent,
    ConfigureQueue,
    EndWrapUp,
    ExtendWrapUp,
    OfferRinging,
    SetReachable,
)
from queues.model import AgentId, AgentStatus, OfferId, QueueId, RoutingState, TicketId
from queues.outputs import (
    AgentChanged,
    RefusalReason,
)
from tests.unit.queues.desk import Desk, agent_config, queue_config

ANA = AgentId("ana")


def test_a_new_agent_is_logged_out() -> None:
    desk = Desk()
    assert desk.do(ConfigureAgent(agent_config("ana")), 1) == []
    assert (desk.view().status, desk.view().routing_state, desk.view().since) == (AgentStatus.LOGGED_OUT, "offline", 1)
    desk.enter("a")
    assert desk.offered() == []
    assert desk.engine.agents() == ["ana"]
    assert desk.engine.agent_view(AgentId("bo")) is None
    desk.do(ConfigureAgent(agent_config("bo")), 2)
    assert desk.do(ConfigureQueue(queue_config("sales"))) == [], "nothing is told of those who are not there"


def test_a_change_closes_the_interval_before() -> None:
    desk = Desk()
    desk.do(ConfigureAgent(agent_config("ana")), 1)
    desk.status("ana", AgentStatus.PAUSED, "training", at=5)
    change = desk.one(AgentChanged)
    assert (change.previous, change.previous_since, change.state) == ("offline", 1, "paused")
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=8)
    change = desk.one(AgentChanged)
    assert (change.previous_pause_reason, change.pause_reason, change.previous_since) == ("training", "lunch", 5)
    assert desk.view().since == 5
    desk.status("ana", AgentStatus.AVAILABLE, at=9)
    assert desk.one(AgentChanged).previous_since == 8
    assert desk.status("ana", AgentStatus.AVAILABLE, at=10) == []


def test_one_change_per_agent_and_command() -> None:
    desk = Desk(queue_config(wrap_up_seconds=0.0))
    desk.agent("ana")
    desk.enter("a")
    desk.enter("b")
    desk.connect("o1")
    desk.end("a")
    change = desk.one(AgentChanged)
    assert (change.previous, change.state) == (RoutingState.ON_CALL, RoutingState.RESERVED)
    assert (change.previous_ticket, change.ticket) == ("a", "b")


def test_the_longest_idle_agent_is_chosen() -> None:
    desk = Desk()
    desk.agent("bo", at=1)
    desk.agent("ana", at=2)
    desk.enter("a", at=3)
    assert desk.offered() == [("a", "bo")]
    desk.connect("o1", at=4)
    desk.end("a", at=5)
    desk.enter("b", at=6)
    assert desk.offered() == [("b", "ana")]
    desk.connect("o2", at=7)
    desk.enter("c", at=8)
    assert desk.offered() == [("c", "bo")]


def test_wrap_up_keeps_calls_away_until_its_own_deadline() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    for name in ("ana", "bo"):
        desk.agent(name)
    desk.enter("a", at=0)
    desk.enter("b", at=0)
    desk.connect("o1")
    desk.connect("o2")
    desk.end("a", at=5)
    desk.end("b", at=6)
    desk.enter("c", at=7)
    desk.enter("d", at=7)
    assert desk.engine.next_deadline() == 15
    desk.outputs = desk.engine.expire(15)
    assert desk.offered() == [("c", "ana")]
    desk.outputs = desk.engine.expire(16)
    assert desk.offered() == [("d", "bo")]


def test_many_wrap_ups_of_one_instant_end_together() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    for number in range(5):
        desk.agent(f"agent{number}")
        desk.enter(f"t{number}")
        desk.connect(f"o{number + 1}")
    for number in range(5):
        desk.end(f"t{number}", at=20)
    desk.outputs = desk.engine.expire(30)
    assert len(desk.of(AgentChanged)) == 5
    assert {desk.state(f"agent{number}") for number in range(5)} == {RoutingState.IDLE}


def test_wrap_up_is_ended_and_extended() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.do(EndWrapUp(ANA))
    assert desk.refusal() is RefusalReason.NOT_IN_WRAP_UP
    desk.do(ExtendWrapUp(ANA, 5))
    assert desk.refusal() is RefusalReason.NOT_IN_WRAP_UP
    desk.enter("a")
    desk.connect("o1")
    desk.end("a", at=100)
    assert desk.view().wrap_up_until == 110
    assert desk.view().ticket == "a"
    desk.do(ExtendWrapUp(ANA, 30.0), 105)
    assert desk.changed("ana").wrap_up_until == 140
    for seconds in (0.0, -5.0, float("nan"), float("inf")):
        desk.do(ExtendWrapUp(ANA, seconds))
        assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    assert desk.pass_to(139) == []
    desk.do(EndWrapUp(ANA), 139.5)
    assert desk.state("ana") is RoutingState.IDLE
    assert desk.engine.next_deadline() is None


def test_available_does_not_end_a_wrap_up() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.end("a", at=1)
    assert desk.status("ana", AgentStatus.AVAILABLE, at=2) == []
    assert desk.state("ana") is RoutingState.WRAP_UP


def test_a_pause_during_a_call_is_pending_and_comes_with_the_calls_end() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=5)
    change = desk.one(AgentChanged)
    assert (change.status, change.pending_status, change.state) == ("available", "paused", "on_call")
    desk.end("a", at=6)
    change = desk.one(AgentChanged)
    assert (change.status, change.pending_status, change.pause_reason) == ("paused", None, "lunch")
    assert change.state is RoutingState.WRAP_UP
    desk.pass_to(16)
    assert desk.state("ana") is RoutingState.PAUSED


def test_available_again_clears_what_was_pending() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.status("ana", AgentStatus.LOGGED_OUT, at=5)
    desk.status("ana", AgentStatus.AVAILABLE, at=6)
    assert desk.one(AgentChanged).pending_status is None
    desk.end("a", at=7)
    assert desk.state("ana") is RoutingState.IDLE


def test_logging_out_during_a_call() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.status("ana", AgentStatus.LOGGED_OUT, at=5)
    assert desk.state("ana") is RoutingState.ON_CALL
    desk.end("a", at=7)
    assert desk.state("ana") is RoutingState.OFFLINE


def test_what_was_pending_is_applied_when_the_caller_leaves_while_it_rings() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.status("ana", AgentStatus.PAUSED, "lunch")
    desk.do(Abandon(TicketId("a")))
    assert desk.offered() == []
    assert desk.state("ana") is RoutingState.PAUSED


def test_capacity_takes_several_calls_and_wrap_up_takes_a_slot() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana", capacity=2)
    for ticket in ("a", "b", "c"):
        desk.enter(ticket, at=1)
    assert desk.waiting() == ["c"]
    desk.connect("o1", at=2)
    desk.connect("o2", at=2)
    assert desk.view().active == 2
    desk.end("a", at=5)
    assert desk.offered() == []
    assert (desk.view().routing_state, desk.view().wrap_up_until) == (RoutingState.ON_CALL, 15)
    desk.end("b", at=8)
    assert desk.offered() == [("c", "ana")]
    assert desk.view().wrap_up_until == 18
    assert desk.state("ana") is RoutingState.RESERVED


def test_with_capacity_left_the_agent_with_fewer_calls_comes_first() -> None:
    desk = Desk()
    desk.agent("ana", capacity=2, at=1)
    desk.agent("bo", capacity=2, at=2)
    offered = []
    for ticket in ("a", "b", "c", "d"):
        desk.enter(ticket, at=3)
        offered += desk.offered()
    assert offered == [("a", "ana"), ("b", "bo"), ("c", "ana"), ("d", "bo")]


def test_a_pending_pause_keeps_further_calls_away() -> None:
    desk = Desk()
    desk.agent("ana", capacity=3)
    desk.enter("a")
    desk.enter("b")
    desk.connect("o1")
    desk.connect("o2")
    desk.status("ana", AgentStatus.PAUSED)
    desk.enter("c")
    assert desk.offered() == []
    desk.end("a")
    assert desk.view().pending_status is AgentStatus.PAUSED
    desk.end("b")
    assert desk.view().status is AgentStatus.PAUSED


def test_every_required_skill_at_its_level() -> None:
    desk = Desk(queue_config("support", {"billing": 5, "french": 2}))
    desk.agent("low", {"billing": 4, "french": 9})
    desk.agent("half", {"billing": 9})
    desk.enter("a")
    assert desk.offered() == []
    desk.agent("fits", {"billing": 5, "french": 2})
    assert desk.offered() == [("a", "fits")]
    assert desk.engine.eligible(QueueId("support")) == ["fits"]


def test_an_agent_of_named_queues_serves_only_those() -> None:
    desk = Desk(queue_config("support"), queue_config("sales"))
    desk.agent("ana", None, "sales")
    desk.enter("a", "support")
    assert desk.offered() == []
    desk.enter("b", "sales")
    assert desk.offered() == [("b", "ana")]


def test_a_named_queue_still_asks_for_its_skills() -> None:
    desk = Desk(queue_config("sales", {"german": 1}))
    desk.agent("ana", {}, "sales")
    desk.enter("b", "sales")
    assert desk.offered() == []


def test_new_skills_take_effect_at_once_and_leave_the_state_alone() -> None:
    desk = Desk(queue_config("support", {"billing": 5}))
    desk.agent("ana", {"billing": 1}, at=1)
    desk.enter("a", at=2)
    desk.do(ConfigureAgent(agent_config("ana", {"billing": 5})), 3)
    assert desk.offered() == [("a", "ana")]
    desk.do(ConfigureAgent(agent_config("ana", {})), 4)
    assert desk.outputs == []
    desk.connect("o1")
    desk.end("a")
    desk.enter("b")
    assert desk.offered() == []
    assert desk.view().status is AgentStatus.AVAILABLE


def test_new_requirements_take_effect_at_once() -> None:
    desk = Desk(queue_config("support", {"billing": 5}))
    desk.agent("ana", {"french": 5})
    desk.enter("a")
    desk.do(ConfigureQueue(queue_config("support", {"french": 5})))
    assert desk.offered() == [("a", "ana")]
    desk.do(ConfigureQueue(queue_config("support", {"billing": 5})))
    desk.connect("o1")
    desk.end("a")
    desk.enter("b")
    assert desk.offered() == []


def test_an_unknown_strategy_is_refused() -> None:
    desk = Desk()
    desk.do(ConfigureQueue(queue_config("other", strategy="by-horoscope")))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    desk.enter("a", "other")
    assert desk.refusal() is RefusalReason.UNKNOWN_QUEUE


def test_a_smaller_capacity_ends_nothing() -> None:
    desk = Desk()
    desk.agent("ana", capacity=2)
    desk.enter("a")
    desk.enter("b")
    desk.connect("o1")
    desk.connect("o2")
    desk.do(ConfigureAgent(agent_config("ana", capacity=1)))
    assert desk.changed("ana").capacity == 1
    desk.enter("c")
    desk.end("a")
    assert desk.offered() == []
    desk.end("b")
    assert desk.offered() == [("c", "ana")]


def test_unreachable_is_shown_and_offline_is_when_logged_out() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.do(SetReachable(ANA, reachable=False))
    assert desk.state("ana") is RoutingState.UNREACHABLE
    assert desk.do(SetReachable(ANA, reachable=False)) == []
    desk.status("ana", AgentStatus.LOGGED_OUT)
    assert desk.state("ana") is RoutingState.OFFLINE


def test_ringing_twice_is_said_once() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    assert desk.do(OfferRinging(OfferId("o1")))
    assert desk.do(OfferRinging(OfferId("o1"))) == []


def test_time_never_runs_backwards() -> None:
    desk = Desk()
    desk.enter("a", at=10)
    desk.enter("b", at=9)
    found = desk.engine.ticket_view(TicketId("b"))
    assert found is not None
    assert found.joined_at == 10
    assert desk.waiting() == ["a", "b"]


def test_capacity_is_offers_calls_and_one_for_a_wrap_up() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana", capacity=3)
    for ticket in ("a", "b", "c", "d"):
        desk.enter(ticket)
    assert len(desk.engine._floor.offers) == 3
    assert desk.waiting() == ["d"]
    desk.connect("o1")
    desk.end("a", at=5)
    assert desk.waiting() == ["d"], "the wrap-up has its place"
    desk.pass_to(15)
    assert desk.offered() == [("d", "ana")]


def test_a_lower_capacity_takes_no_call_away() -> None:
    desk = Desk()
    desk.agent("ana", capacity=2)
    for ticket in ("a", "b"):
        desk.enter(ticket)
    desk.connect("o1")
    desk.connect("o2")
    desk.do(ConfigureAgent(agent_config("ana", capacity=1)))
    assert (desk.view().active, desk.view().capacity) == (2, 1)
    desk.enter("c")
    desk.end("a")
    assert desk.offered() == []
    desk.end("b")
    assert desk.offered() == [("c", "ana")]
