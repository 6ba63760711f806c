"""Tickets without a call: their place, their offers, and what does not take them out."""

from queues.commands import (
    Abandon,
    CallbackReached,
    ConfigurePauseReason,
    ConfigureQueue,
    Enqueue,
    EnqueueCallback,
    HoldOffer,
    RemoveQueue,
    RequeueTicket,
    ReturnOffer,
    SetReady,
)
from queues.model import AgentStatus, FailureCause, OfferId, QueueId, RoutingState, TicketId
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
from queues.rules.agent_rules import PauseReason, PauseReasonId
from queues.rules.requirements import RelaxationStep
from tests.unit.queues.desk import Desk, queue_config

B, O1 = TicketId("back"), OfferId("o1")


def back(desk: Desk, joined_at: float | None = None, at: float | None = None) -> None:
    desk.do(EnqueueCallback(B, QueueId("support"), 0, joined_at), at)


def test_the_place_in_line_is_kept_and_nobody_is_overtaken() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.enter("b", at=3)
    back(desk, 2.0, at=5)
    assert desk.one(TicketQueued) == TicketQueued(B, QueueId("support"), 2.0, 2)
    assert desk.waiting() == ["a", "back", "b"]
    back(desk)
    assert desk.refusal() is RefusalReason.DUPLICATE_TICKET
    desk.do(EnqueueCallback(TicketId("x"), QueueId("nowhere")))
    assert desk.refusal() is RefusalReason.UNKNOWN_QUEUE


def test_of_one_instant_it_comes_in_the_order_of_asking() -> None:
    desk = Desk()
    desk.enter("a", at=1)
    desk.enter("b", at=1)
    back(desk, at=1)
    desk.enter("c", at=1)
    assert desk.waiting() == ["a", "b", "back", "c"]


def test_neither_max_wait_nor_max_length_concerns_it_before_its_caller_is_there() -> None:
    desk = Desk(queue_config(max_wait=60.0, max_length=0))
    back(desk, at=0)
    desk.pass_to(1000)
    assert desk.waiting() == ["back"]
    desk.do(CallbackReached(B))
    desk.pass_to(1060)
    assert desk.one(TicketEnded).ticket == B


def test_in_another_queue_it_is_a_callback_still() -> None:
    desk = Desk(queue_config(), queue_config("sales", max_wait=60.0))
    back(desk, at=0)
    desk.do(RequeueTicket(B, QueueId("sales")), 5)
    assert desk.engine.next_deadline() is None
    desk.do(CallbackReached(B), 50)
    desk.do(CallbackReached(B), 90)  # said twice, it begins once
    assert desk.engine.next_deadline() == 110
    desk.do(Abandon(B), 100)
    assert desk.pass_to(200) == []


def test_its_offer_holds_the_agent_while_the_caller_is_dialled() -> None:
    desk = Desk(queue_config(ring_seconds=10.0))
    desk.agent("ana")
    back(desk, at=0)
    assert desk.offered() == [("back", "ana")]
    desk.do(HoldOffer(O1, 40.0))
    view = desk.engine.offer_view(O1)
    assert view is not None
    assert view.ring_until == 40.0
    desk.pass_to(39)
    assert desk.state("ana") is RoutingState.RESERVED
    desk.do(HoldOffer(O1, 49.0))
    desk.pass_to(49)
    assert desk.one(WithdrawOffer).reason is CancelReason.RING_TIMEOUT


def test_an_offer_taken_back_blames_nobody() -> None:
    desk = Desk()
    desk.agent("ana")
    back(desk, at=0)
    desk.do(ReturnOffer(O1), 20)
    assert desk.one(WithdrawOffer).reason is CancelReason.WITHDRAWN
    assert desk.one(OfferEnded).result is OfferResult.CANCELLED
    assert desk.state("ana") is RoutingState.IDLE
    assert desk.waiting() == ["back"]
    desk.enter("later", at=30)
    assert desk.offered() == [("later", "ana")], "not ready, it keeps nobody waiting"
    desk.connect("o2")
    desk.enter("last", at=31)
    desk.do(SetReady(B), 40)
    desk.end("later", at=50)
    assert desk.offered() == [("back", "ana")]
    for command in (HoldOffer(O1, 99.0), ReturnOffer(O1)):
        desk.do(command)
        assert desk.refusal() is RefusalReason.UNKNOWN_OFFER


def test_a_pause_asked_for_meanwhile_begins_when_the_offer_is_taken_back() -> None:
    desk = Desk()
    desk.do(ConfigurePauseReason(PauseReason(PauseReasonId("r"), "lunch", limit_seconds=60.0)))
    desk.agent("ana")
    back(desk, at=0)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=5)
    desk.do(ReturnOffer(O1), 20)
    assert desk.state("ana") is RoutingState.PAUSED
    assert desk.engine.next_deadline() == 80


def test_it_asks_for_less_as_it_waits() -> None:
    steps = (RelaxationStep(10.0, drop=frozenset({"french"})),)
    desk = Desk(queue_config(needs={"french": 1}, relaxation=steps))
    desk.agent("ana")
    back(desk, 5.0, at=7)
    assert desk.offered() == []
    desk.pass_to(15)
    assert desk.offered() == [("back", "ana")]


def test_one_phone_at_a_time_whatever_the_strategy() -> None:
    desk = Desk(queue_config(strategy="ring-all"))
    desk.agent("ana")
    desk.agent("bo")
    back(desk)
    assert len(desk.offered()) == 1


def test_one_phone_at_a_time_whatever_the_strategy_becomes_and_when_its_caller_is_there() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    back(desk)
    desk.do(CallbackReached(B))
    desk.do(ConfigureQueue(queue_config(strategy="ring-progressively")))
    desk.pass_to(19)
    assert desk.offered() == []


def test_of_a_queue_that_is_removed_while_its_bridge_is_built_it_has_no_wait() -> None:
    desk = Desk(queue_config(max_wait=60.0))
    desk.agent("ana")
    back(desk, at=0)
    desk.answer("o1", at=5)
    desk.do(RemoveQueue(QueueId("support")), 6)
    desk.do(CallbackReached(B), 7)
    assert desk.engine.next_deadline() is None
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=8)
    assert desk.one(TicketEnded).result is TicketResult.WITHDRAWN


def test_a_restart_knows_it_for_a_callback() -> None:
    desk = Desk(queue_config(max_wait=60.0))
    back(desk, at=0)
    rows = [change for change in desk.engine.take_changes() if change[2] is not None]
    other = Desk(queue_config(max_wait=60.0), now=5)
    other.engine.restore(rows, 6)
    other.pass_to(1000)
    assert other.waiting() == ["back"]
    other.do(CallbackReached(B))
    other.do(ConfigureQueue(queue_config()))
    other.do(Enqueue(TicketId("a"), QueueId("support")))
    assert other.waiting() == ["back", "a"]
