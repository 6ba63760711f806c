"""Who is served first, and what never changes a place in line."""

import pytest

from queues.commands import Abandon, ConfigureQueue, SetPriority, SetReady, Withdraw
from queues.model import (
    FailureCause,
    Overflow,
    OverflowAction,
    OverflowCause,
    QueueId,
    TicketId,
    TicketState,
)
from queues.outputs import (
    CancelReason,
    OfferEnded,
    OfferResult,
    RefusalReason,
    TicketEnded,
    TicketQueued,
    TicketResult,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, queue_config


def test_tickets_wait_in_the_order_of_arrival() -> None:
    desk = Desk()
    for number, ticket in enumerate("abc"):
        desk.enter(ticket, at=float(number))
        queued = desk.one(TicketQueued)
        assert (queued.ticket, queued.queue) == (ticket, "support")
        assert (queued.joined_at, queued.position) == (float(number), number + 1)
    assert desk.waiting() == ["a", "b", "c"]
    desk.agent("ana")
    assert desk.offered() == [("a", "ana")]


def test_arrivals_of_one_instant_keep_their_sequence() -> None:
    desk = Desk()
    for ticket in ("z", "a", "m"):
        desk.enter(ticket, at=5.0)
    assert desk.waiting() == ["z", "a", "m"]


def test_a_higher_priority_goes_before_and_says_its_position() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.enter("vip", priority=3, at=3)
    assert desk.one(TicketQueued).position == 1
    desk.enter("c", at=4)
    assert desk.one(TicketQueued).position == 4
    assert desk.waiting() == ["vip", "a", "b", "c"]
    assert [desk.engine.position(TicketId(ticket)) for ticket in ("vip", "a", "b", "c")] == [1, 2, 3, 4]


def test_the_queues_priority_is_added_to_the_calls_own() -> None:
    desk = Desk(queue_config("low"), queue_config("high", priority=5))
    desk.enter("a", "low", priority=4, at=1)
    desk.enter("b", "high", at=2)
    desk.enter("c", "low", priority=6, at=3)
    served = []
    desk.agent("ana", capacity=3)
    served = desk.offered()
    assert served == [("c", "ana"), ("b", "ana"), ("a", "ana")]


def test_equal_priority_over_queues_goes_by_the_time_of_joining() -> None:
    desk = Desk(queue_config("one"), queue_config("two"))
    desk.enter("a", "two", at=1)
    desk.enter("b", "one", at=2)
    desk.enter("c", "two", at=3)
    desk.agent("ana", capacity=3)
    assert desk.offered() == [("a", "ana"), ("b", "ana"), ("c", "ana")]


def test_a_changed_queue_priority_counts_for_those_who_wait() -> None:
    desk = Desk(queue_config("one"), queue_config("two"))
    desk.enter("a", "one", at=1)
    desk.enter("b", "two", at=2)
    desk.do(ConfigureQueue(queue_config("two", priority=1)))
    desk.agent("ana")
    assert desk.offered() == [("b", "ana")]


def test_set_priority_moves_a_ticket_and_keeps_its_time_of_joining() -> None:
    desk = Desk()
    for number, ticket in enumerate("abc"):
        desk.enter(ticket, at=float(number))
    desk.do(SetPriority(TicketId("c"), 1))
    assert desk.waiting() == ["c", "a", "b"]
    desk.do(SetPriority(TicketId("c"), 0))
    assert desk.waiting() == ["a", "b", "c"]


def test_a_lower_priority_takes_effect_before_the_next_agent_comes() -> None:
    """Nothing of the old place is left, neither of one taken twice."""
    desk = Desk()
    for ticket, priority in (("a", 9), ("b", 5), ("c", 3)):
        desk.enter(ticket, priority=priority)
    desk.do(SetPriority(TicketId("b"), 0))
    desk.agent("ana", capacity=3)
    assert desk.offered() == [("a", "ana"), ("c", "ana"), ("b", "ana")]


def test_a_failed_offer_keeps_the_place_and_the_time_of_joining() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.fail("o1", FailureCause.BUSY, at=3)
    assert desk.waiting() == ["a", "b"]
    view = desk.engine.ticket_view(TicketId("a"))
    assert view is not None
    assert view.joined_at == 1
    desk.agent("bo", at=4)
    assert desk.offered() == [("a", "bo")]


def test_a_newcomer_never_overtakes() -> None:
    desk = Desk()
    desk.enter("old", ready=True, at=1)
    desk.agent("ana", at=2)
    desk.fail("o1", FailureCause.NO_ANSWER, at=3)
    desk.enter("new", at=4)
    assert desk.offered() == []
    desk.agent("bo", at=5)
    assert desk.offered() == [("old", "bo")]


def test_an_unanswerable_head_holds_up_nobody() -> None:
    """The head-of-line stall of the peers: matching looks at the head of every line."""
    desk = Desk(queue_config("rare", {"klingon": 5}, priority=9), queue_config("support", {"billing": 1}))
    desk.enter("stuck", "rare", at=1)
    desk.enter("a", at=2)
    desk.agent("ana", {"billing": 3})
    assert desk.offered() == [("a", "ana")]
    assert desk.waiting("rare") == ["stuck"]


def test_a_ticket_that_is_not_ready_holds_its_place_and_lets_others_pass() -> None:
    desk = Desk()
    desk.enter("a", ready=False, at=1)
    desk.enter("b", at=2)
    desk.enter("c", at=3)
    assert desk.waiting() == ["a", "b", "c"]
    desk.agent("ana")
    assert desk.offered() == [("b", "ana")]
    desk.do(SetReady(TicketId("a")))
    desk.agent("bo")
    assert desk.offered() == [("a", "bo")]


def test_set_ready_is_matched_at_once() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", ready=False)
    assert desk.offered() == []
    desk.do(SetReady(TicketId("a")))
    assert desk.offered() == [("a", "ana")]


def test_ready_may_be_taken_back_and_given_again() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.do(SetReady(TicketId("a"), ready=False))
    desk.do(SetReady(TicketId("a")))
    desk.do(SetReady(TicketId("a")))
    desk.agent("ana", capacity=2)
    assert desk.offered() == [("a", "ana"), ("b", "ana")]


def test_not_ready_while_offered_counts_when_the_offer_fails() -> None:
    """A straight offer that runs into its time-out must find its caller parked before the next."""
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a", at=0)
    desk.do(SetReady(TicketId("a"), ready=False))
    desk.pass_to(20)
    assert desk.offered() == []
    desk.do(SetReady(TicketId("a")))
    assert desk.offered() == [("a", "bo")]


def test_a_failed_offer_that_is_not_ready_waits_for_set_ready() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a")
    desk.fail("o1", FailureCause.REJECTED, ready=False)
    assert desk.offered() == []
    assert desk.waiting() == ["a"]
    desk.do(SetReady(TicketId("a")))
    assert desk.offered() == [("a", "bo")]


def test_max_wait_carries_the_overflow() -> None:
    overflow = Overflow(OverflowAction.URI, "sip:elsewhere@192.0.2.1")
    desk = Desk(queue_config(max_wait=60.0, overflow=overflow))
    desk.enter("a", at=10)
    assert desk.engine.next_deadline() == 70
    assert desk.pass_to(69) == []
    desk.pass_to(70)
    assert desk.outputs == [
        TicketEnded(TicketId("a"), QueueId("support"), TicketResult.FLOWED_OUT, overflow, OverflowCause.MAX_WAIT)
    ]
    assert desk.waiting() == []
    assert desk.engine.counts()["deadlines"] == 0


def test_max_wait_withdraws_an_offer_that_still_rings() -> None:
    desk = Desk(queue_config(max_wait=10.0))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.pass_to(10)
    assert desk.one(WithdrawOffer).reason is CancelReason.TIMED_OUT
    assert desk.one(OfferEnded).result is OfferResult.CANCELLED
    assert desk.one(TicketEnded).result is TicketResult.FLOWED_OUT
    assert desk.state("ana") == "idle"


def test_max_wait_spares_a_bridge_being_built() -> None:
    desk = Desk(queue_config(max_wait=10.0))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    assert desk.pass_to(15) == []
    desk.connect("o1", at=16)
    assert desk.one(OfferEnded).result is OfferResult.CONNECTED
    desk.end("a", at=17)
    assert desk.one(TicketEnded).result is TicketResult.COMPLETED


def test_max_wait_fires_at_once_when_that_bridge_fails() -> None:
    desk = Desk(queue_config(max_wait=10.0))
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    desk.pass_to(15)
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=16)
    assert desk.one(TicketEnded).result is TicketResult.FLOWED_OUT
    assert desk.one(TicketEnded).overflow == Overflow()
    assert desk.offered() == []


def test_max_wait_is_the_one_of_the_time_of_joining() -> None:
    desk = Desk(queue_config(max_wait=10.0))
    desk.enter("a", at=0)
    desk.do(ConfigureQueue(queue_config(max_wait=None)))
    desk.enter("b", at=5)
    desk.pass_to(1000)
    assert desk.waiting() == ["b"]


def test_a_full_queue_refuses() -> None:
    desk = Desk(queue_config(max_length=1))
    desk.enter("a")
    desk.enter("b")
    assert desk.refusal() is RefusalReason.QUEUE_FULL
    assert desk.waiting() == ["a"]


def test_a_full_queue_takes_a_call_that_need_not_wait() -> None:
    desk = Desk(queue_config(max_length=0))
    desk.agent("ana")
    desk.enter("a")
    assert desk.offered() == [("a", "ana")]
    desk.enter("b")
    assert desk.refusal() is RefusalReason.QUEUE_FULL


@pytest.mark.parametrize("ready", [True, False])
def test_abandon_and_withdraw_end_a_waiting_ticket(ready: bool) -> None:
    desk = Desk()
    desk.enter("a", ready=ready)
    desk.enter("b", ready=ready)
    desk.do(Abandon(TicketId("a")))
    assert desk.outputs == [TicketEnded(TicketId("a"), QueueId("support"), TicketResult.ABANDONED)]
    desk.do(Withdraw(TicketId("b")))
    assert desk.outputs == [TicketEnded(TicketId("b"), QueueId("support"), TicketResult.WITHDRAWN)]
    desk.agent("ana")
    assert desk.offered() == []


def test_refusals_change_nothing() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.engine.take_changes()
    assert desk.enter("a", at=2)
    assert desk.refusal() is RefusalReason.DUPLICATE_TICKET
    desk.enter("b", "nowhere")
    assert desk.refusal() is RefusalReason.UNKNOWN_QUEUE
    for command in (
        Abandon(TicketId("x")),
        Withdraw(TicketId("x")),
        SetReady(TicketId("x")),
        SetPriority(TicketId("x"), 1),
    ):
        desk.do(command)
        assert desk.refusal() is RefusalReason.UNKNOWN_TICKET
    desk.end("x")
    assert desk.refusal() is RefusalReason.UNKNOWN_TICKET
    desk.end("a")
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    assert desk.engine.take_changes() == []


def test_a_connected_ticket_cannot_leave_or_be_moved() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    for command in (
        Abandon(TicketId("a")),
        Withdraw(TicketId("a")),
        SetReady(TicketId("a")),
        SetPriority(TicketId("a"), 1),
    ):
        desk.do(command)
        assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW


def test_positions_of_offered_and_connected_tickets() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.agent("ana")
    assert desk.engine.position(TicketId("a")) == 1
    assert desk.engine.position(TicketId("b")) == 1
    desk.connect("o1")
    assert desk.engine.position(TicketId("a")) is None
    view = desk.engine.ticket_view(TicketId("a"))
    assert view is not None
    assert (view.state, view.agent) == (TicketState.CONNECTED, "ana")
    assert desk.engine.ticket_view(TicketId("x")) is None
    assert desk.engine.depth(QueueId("support")) == 1
    assert desk.engine.depth(QueueId("nowhere")) == 0
