"""What becomes of an offer, and of its agent and ticket."""

import pytest

from queues.commands import Abandon, OfferAnswered, OfferRinging, SetReachable, Withdraw
from queues.matching.matching import settle
from queues.model import AgentId, AgentStatus, Delays, FailureCause, OfferId, QueueId, RoutingState, TicketId
from queues.outputs import (
    CancelReason,
    MakeOffer,
    OfferEnded,
    OfferResult,
    RefusalReason,
    TicketEnded,
    TicketQueued,
    TicketResult,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, queue_config


def test_an_offer_comes_out_in_the_turn_of_the_arrival() -> None:
    desk = Desk(queue_config(ring_seconds=12.0))
    desk.agent("ana")
    desk.enter("a", at=3)
    assert [type(output) for output in desk.outputs[:2]] == [TicketQueued, MakeOffer]
    offer = desk.one(MakeOffer)
    assert offer == MakeOffer(OfferId("o1"), TicketId("a"), QueueId("support"), AgentId("ana"), 15.0)
    view = desk.engine.offer_view(OfferId("o1"))
    assert view is not None
    assert (view.agent, view.ticket, view.made_at, view.ring_until, view.answered) == ("ana", "a", 3, 15, False)
    assert desk.engine.offer_view(OfferId("o9")) is None


def test_the_whole_way_of_a_call() -> None:
    desk = Desk(queue_config(wrap_up_seconds=5.0))
    desk.agent("ana")
    states = []
    desk.enter("a", at=1)
    states.append(desk.state("ana"))
    desk.do(OfferRinging(OfferId("o1")), 2)
    states.append(desk.state("ana"))
    desk.answer("o1", at=4)
    states.append(desk.state("ana"))
    desk.connect("o1", at=5)
    states.append(desk.state("ana"))
    ended = desk.one(OfferEnded)
    assert (ended.result, ended.cause, ended.ring_seconds) == (OfferResult.CONNECTED, None, 4)
    desk.end("a", at=65)
    states.append(desk.state("ana"))
    assert desk.one(TicketEnded).result is TicketResult.COMPLETED
    desk.pass_to(70)
    states.append(desk.state("ana"))
    assert states == ["reserved", "ringing", "ringing", "on_call", "wrap_up", "idle"]
    assert desk.engine.counts() == {
        "tickets_waiting": 0, "tickets_offered": 0, "tickets_connected": 0, "offers": 0, "agents": 1, "deadlines": 0,
    }  # fmt: skip


def test_connected_is_accepted_straight_after_the_offer() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    assert desk.state("ana") is RoutingState.ON_CALL


def test_no_answer_withdraws_and_goes_to_the_next_agent() -> None:
    desk = Desk(queue_config(ring_seconds=20.0))
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    assert desk.pass_to(21.9) == []
    desk.pass_to(22)
    assert desk.outputs[0] == WithdrawOffer(OfferId("o1"), TicketId("a"), AgentId("ana"), CancelReason.RING_TIMEOUT)
    ended = desk.one(OfferEnded)
    assert (ended.result, ended.cause, ended.ring_seconds) == (OfferResult.FAILED, FailureCause.NO_ANSWER, 20)
    assert desk.offered() == [("a", "bo")]
    assert desk.state("ana") is RoutingState.NOT_RESPONDING


def test_an_answered_offer_does_not_time_out() -> None:
    desk = Desk(queue_config(ring_seconds=20.0))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.answer("o1", at=19)
    assert desk.pass_to(100) == []
    desk.connect("o1", at=101)
    assert desk.state("ana") is RoutingState.ON_CALL


@pytest.mark.parametrize(
    ("cause", "seconds"),
    [
        (FailureCause.BUSY, 11.0),
        (FailureCause.REJECTED, 12.0),
        (FailureCause.NO_ANSWER, 13.0),
        (FailureCause.UNREACHABLE, 14.0),
        (FailureCause.CONNECT_FAILED, 15.0),
    ],
)
def test_the_delay_is_the_causes(cause: FailureCause, seconds: float) -> None:
    delays = Delays(busy=11, rejected=12, no_answer=13, unreachable=14, connect_failed=15)
    desk = Desk(queue_config(delays=delays))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.fail("o1", cause, at=1)
    assert desk.offered() == []
    assert desk.state("ana") is RoutingState.NOT_RESPONDING
    assert desk.waiting() == ["a"]
    assert desk.pass_to(0.9 + seconds) == []
    desk.pass_to(1 + seconds)
    assert desk.offered() == [("a", "ana")]


def test_a_delay_of_zero_is_still_no_loop() -> None:
    desk = Desk(queue_config(delays=Delays(busy=0.0)))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.fail("o1", FailureCause.BUSY, at=1)
    assert desk.offered() == []
    desk.pass_to(2)
    assert desk.offered() == [("a", "ana")]


@pytest.mark.parametrize(("first", "second"), [(5.0, 60.0), (60.0, 5.0)])
def test_of_two_delays_the_longer_one_counts(first: float, second: float) -> None:
    desk = Desk(queue_config(delays=Delays(rejected=first, busy=second)))
    desk.agent("ana", capacity=2)
    desk.enter("a", at=0)
    desk.enter("b", at=0)
    desk.fail("o1", FailureCause.REJECTED, at=1)
    desk.fail("o2", FailureCause.BUSY, at=2)
    assert desk.engine.counts()["deadlines"] == 3, "of one delay, and of two who wait"
    due = max(1 + first, 2 + second)
    assert desk.pass_to(due - 1) == []
    desk.pass_to(due)
    assert desk.offered() == [("a", "ana"), ("b", "ana")]


def test_after_a_failed_offer_the_agent_goes_to_the_end_of_the_idle_list() -> None:
    desk = Desk(queue_config(delays=Delays(rejected=5)))
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    desk.fail("o1", FailureCause.REJECTED, at=3)
    desk.do(Abandon(TicketId("a")), 4)
    desk.pass_to(20)
    desk.enter("b", at=21)
    assert desk.offered() == [("b", "bo")]


def test_the_agent_who_answers_and_drops_costs_the_caller_nothing() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.answer("o1", at=3)
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=4)
    ended = desk.one(OfferEnded)
    assert (ended.result, ended.cause) == (OfferResult.FAILED, FailureCause.CONNECT_FAILED)
    assert desk.waiting() == ["a", "b"]
    desk.agent("bo", at=5)
    assert desk.offered() == [("a", "bo")]


@pytest.mark.parametrize("answered", [False, True])
def test_the_caller_who_leaves_sends_the_agent_to_the_front(answered: bool) -> None:
    """Also while the agent's answer is on its way: no wrap-up, no delay, first in the idle list as before."""
    desk = Desk(queue_config(wrap_up_seconds=30))
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    if answered:
        desk.answer("o1", at=3)
    desk.do(Abandon(TicketId("a")), 4)
    withdrawn = desk.one(WithdrawOffer)
    assert (withdrawn.offer, withdrawn.reason) == ("o1", CancelReason.ABANDONED)
    assert desk.one(OfferEnded).result is OfferResult.CANCELLED
    assert desk.one(TicketEnded).result is TicketResult.ABANDONED
    assert desk.state("ana") is RoutingState.IDLE
    desk.enter("b", at=5)
    assert desk.offered() == [("b", "ana")]


def test_the_front_of_the_idle_list_holds_among_agents_of_one_instant() -> None:
    desk = Desk()
    for name in ("ana", "bo", "cleo"):
        desk.agent(name, at=0)
    desk.enter("a", at=0)
    desk.do(Abandon(TicketId("a")))
    desk.enter("b")
    assert desk.offered() == [("b", "ana")]


def test_the_agent_of_a_caller_who_left_takes_the_next_one_at_once() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.do(Abandon(TicketId("a")), 3)
    assert desk.offered() == [("b", "ana")]
    change = desk.changed("ana")
    assert (change.previous_ticket, change.ticket) == ("a", "b")
    assert change.state is RoutingState.RESERVED


def test_a_late_answer_is_refused() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.do(Withdraw(TicketId("a")))
    assert desk.one(WithdrawOffer).reason is CancelReason.WITHDRAWN
    for command in (OfferAnswered(OfferId("o1")), OfferRinging(OfferId("o1"))):
        desk.do(command)
        assert desk.refusal() is RefusalReason.UNKNOWN_OFFER
    desk.connect("o1")
    assert desk.refusal() is RefusalReason.UNKNOWN_OFFER
    desk.fail("o1", FailureCause.BUSY)
    assert desk.refusal() is RefusalReason.UNKNOWN_OFFER


def test_of_several_offers_the_first_answer_wins() -> None:
    """Ring-all is a strategy to come; the tables hold several offers for a ticket already."""
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    floor = desk.engine._floor
    desk.agent("bo", at=2)
    floor.make_offer(floor.tickets[TicketId("a")], floor.agents.agents[AgentId("bo")], 2.0)
    settle(floor, 2.0)
    desk.answer("o2", at=3)
    withdrawn = desk.one(WithdrawOffer)
    assert (withdrawn.offer, withdrawn.reason) == ("o1", CancelReason.ANSWERED_ELSEWHERE)
    assert desk.state("ana") is RoutingState.IDLE
    desk.answer("o1", at=3)
    assert desk.refusal() is RefusalReason.UNKNOWN_OFFER
    desk.connect("o2", at=4)
    assert desk.state("bo") is RoutingState.ON_CALL


def test_one_of_several_offers_fails_and_the_other_goes_on() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    floor = desk.engine._floor
    desk.agent("bo", at=2)
    floor.make_offer(floor.tickets[TicketId("a")], floor.agents.agents[AgentId("bo")], 2.0)
    settle(floor, 2.0)
    desk.fail("o1", FailureCause.BUSY, at=3)
    assert desk.waiting() == []
    assert desk.engine.counts()["tickets_offered"] == 1
    desk.do(Abandon(TicketId("a")), 4)
    assert [withdrawn.offer for withdrawn in desk.of(WithdrawOffer)] == ["o2"]


def test_an_unreachable_agents_offer_fails_and_the_caller_goes_on() -> None:
    desk = Desk()
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    desk.do(SetReachable(AgentId("ana"), reachable=False), 3)
    withdrawn = desk.one(WithdrawOffer)
    assert (withdrawn.offer, withdrawn.reason) == ("o1", CancelReason.AGENT_GONE)
    assert desk.one(OfferEnded).cause is FailureCause.UNREACHABLE
    assert desk.offered() == [("a", "bo")]
    assert desk.state("ana") is RoutingState.UNREACHABLE
    desk.do(SetReachable(AgentId("ana"), reachable=True), 4)
    assert desk.state("ana") is RoutingState.IDLE


def test_unreachable_leaves_an_answered_offer_and_a_call_alone() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.answer("o1")
    desk.do(SetReachable(AgentId("ana"), reachable=False))
    assert desk.of(OfferEnded) == []
    desk.connect("o1")
    desk.end("a")
    assert desk.one(TicketEnded).result is TicketResult.COMPLETED
    assert desk.state("ana") is RoutingState.UNREACHABLE
    desk.enter("b")
    assert desk.offered() == []


def test_a_pause_while_it_rings_lets_the_offer_go_on() -> None:
    desk = Desk()
    desk.agent("ana", at=0)
    desk.enter("a", at=1)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=2)
    assert desk.of(OfferEnded) == []
    desk.fail("o1", FailureCause.REJECTED, at=3)
    view = desk.engine.agent_view(AgentId("ana"))
    assert view is not None
    assert (view.status, view.pending_status, view.pause_reason) == (AgentStatus.PAUSED, None, "lunch")
