"""A supervisor's hand in the lines: assign, reserve, release, requeue, to the front."""

import pytest

from queues.commands import (
    Abandon,
    AssignTicket,
    Command,
    ConfigureQueue,
    MoveToFront,
    ReleaseTicket,
    RemoveAgent,
    RequeueTicket,
    ReserveTicket,
    SetPriority,
    SetReady,
    SetStatus,
)
from queues.model import AgentId, AgentStatus, FailureCause, QueueId, RoutingState, TicketId
from queues.outputs import (
    CancelReason,
    OfferEnded,
    RefusalReason,
    ReservationEnded,
    TicketRequeued,
    TicketReserved,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, queue_config

ANA, BO = AgentId("ana"), AgentId("bo")
A, B, C = TicketId("a"), TicketId("b"), TicketId("c")


def busy_desk() -> Desk:
    """Two queues; ana talks with t1, bo with t2; a, b and c wait."""
    desk = Desk(queue_config(), queue_config("sales", max_wait=60.0))
    desk.agent("ana")
    desk.agent("bo")
    for ticket, offer in (("t1", "o1"), ("t2", "o2")):
        desk.enter(ticket)
        desk.connect(offer)
    for second, ticket in enumerate("abc", 1):
        desk.enter(ticket, at=second)
    return desk


def reserved(desk: Desk, ticket: str) -> tuple[str | None, float | None]:
    view = desk.engine.ticket_view(TicketId(ticket))
    assert view is not None
    return view.reserved_for, view.reserved_until


def test_an_assigned_call_is_the_agents_next_and_nobody_elses() -> None:
    desk = busy_desk()
    desk.do(AssignTicket(B, BO))
    assert desk.one(TicketReserved) == TicketReserved(B, BO, None)
    assert reserved(desk, "b") == ("bo", None)
    assert desk.waiting() == ["a", "b", "c"], "its place in line is kept"
    desk.end("t1", at=10)
    assert desk.offered() == [("a", "ana")]
    desk.connect("o3")
    desk.end("a")
    assert desk.offered() == [("c", "ana")]
    desk.end("t2", at=20)
    assert desk.offered() == [("b", "bo")]
    assert reserved(desk, "b") == (None, None)


def test_an_assigned_call_comes_before_those_that_wait_longer() -> None:
    desk = busy_desk()
    desk.do(AssignTicket(C, ANA))
    desk.end("t1")
    assert desk.offered() == [("c", "ana")]


def test_assigned_to_an_agent_who_is_free_it_is_offered_at_once_whatever_the_skills() -> None:
    desk = Desk(queue_config(needs={"billing": 5}))
    desk.agent("ana")
    desk.enter("a")
    assert desk.offered() == []
    desk.do(AssignTicket(A, ANA))
    assert desk.offered() == [("a", "ana")]


def test_assigned_while_another_agent_rings() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a", at=5)
    desk.do(AssignTicket(A, BO), 8)
    assert desk.one(WithdrawOffer).reason is CancelReason.REASSIGNED
    assert desk.offered() == [("a", "bo")]
    desk.do(AssignTicket(A, BO), 9)
    assert desk.outputs == [], "it rings there already"
    desk.answer("o2")
    desk.do(AssignTicket(A, ANA))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW


def test_an_offer_that_fails_frees_the_call_for_all() -> None:
    desk = busy_desk()
    desk.do(AssignTicket(A, BO))
    desk.end("t2")
    desk.fail("o3", FailureCause.REJECTED)
    desk.end("t1")
    assert desk.offered() == [("a", "ana")]


def test_an_assignment_ends_with_its_time() -> None:
    desk = busy_desk()
    desk.do(AssignTicket(A, BO, until=30.0), 4)
    desk.end("t1", at=29)
    assert desk.offered() == [("b", "ana")]
    desk.connect("o3")
    desk.pass_to(30)
    assert desk.one(ReservationEnded) == ReservationEnded(A, BO)
    desk.end("b", at=31)
    assert desk.offered() == [("a", "ana")]


@pytest.mark.parametrize("gone", [RemoveAgent(BO), SetStatus(BO, AgentStatus.LOGGED_OUT)])
def test_an_agent_who_goes_leaves_its_calls_to_the_others(gone: Command) -> None:
    desk = busy_desk()
    desk.do(AssignTicket(A, BO))
    desk.status("bo", AgentStatus.PAUSED)
    desk.end("t2")
    assert desk.state("bo") is RoutingState.PAUSED
    assert reserved(desk, "a") == ("bo", None)
    desk.do(gone)
    assert reserved(desk, "a") == (None, None)


def test_a_reservation_holds_ticket_and_agent_for_each_other() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", ready=False, at=1)
    desk.do(ReserveTicket(A, ANA, 60.0))
    assert desk.state("ana") is RoutingState.RESERVED
    desk.enter("b", at=2)
    assert desk.offered() == [], "ana is held for a"
    desk.do(SetReady(A), 5)
    assert desk.offered() == [("a", "ana")]


def test_a_ringing_call_is_reserved() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=5)
    desk.agent("bo", at=6)
    desk.do(ReserveTicket(A, BO, 60.0), 8)
    assert (desk.one(OfferEnded).agent, desk.one(OfferEnded).ring_seconds) == (ANA, 3.0)
    assert desk.offered() == [("a", "bo")]


def test_a_held_agent_is_free_again_when_the_reservation_ends() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", ready=False, at=1)
    desk.do(ReserveTicket(A, ANA, 60.0))
    desk.enter("b", at=2)
    desk.pass_to(60)
    assert desk.offered() == [("b", "ana")]
    assert desk.state("ana") is RoutingState.RESERVED, "by the offer"


def test_a_reservation_is_released() -> None:
    desk = busy_desk()
    desk.do(ReserveTicket(A, BO, 60.0))
    desk.end("t1")
    assert desk.offered() == [("b", "ana")]
    desk.connect("o3")
    desk.do(ReleaseTicket(A))
    assert desk.one(ReservationEnded).agent == BO
    desk.end("b")
    assert desk.offered() == [("a", "ana")]
    desk.do(ReleaseTicket(C))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW


def test_a_waiting_call_in_another_queue_keeps_its_time_of_joining() -> None:
    desk = busy_desk()
    desk.enter("d", "sales", at=4)
    desk.do(RequeueTicket(A, QueueId("sales")), 50)
    assert desk.one(TicketRequeued) == TicketRequeued(A, QueueId("sales"), 1, 1)
    assert (desk.waiting(), desk.waiting("sales")) == (["b", "c"], ["a", "d"])
    desk.pass_to(64)
    assert desk.waiting("sales") == ["a"], "the queue's max_wait counts from the move"
    desk.pass_to(110)
    assert desk.waiting("sales") == []


def test_a_call_that_went_to_another_queue_is_in_that_alone() -> None:
    """It stood behind another one in either of them."""
    desk = Desk(queue_config(), queue_config("sales"))
    for ticket, queue in (("a", "support"), ("b", "support"), ("c", "sales")):
        desk.enter(ticket, queue)
    desk.do(RequeueTicket(TicketId("b"), QueueId("sales")), at=5)
    desk.do(Abandon(TicketId("a")))
    desk.agent("ana", None, "support", capacity=3)
    assert desk.offered() == []
    desk.agent("bo", None, "sales", capacity=3)
    assert desk.offered() == [("b", "bo"), ("c", "bo")]


def test_an_offered_call_goes_to_another_queue() -> None:
    desk = Desk(queue_config(), queue_config("sales", needs={"french": 1}, max_wait=None))
    desk.agent("ana")
    desk.enter("a")
    desk.do(RequeueTicket(A, QueueId("sales")))
    assert desk.one(WithdrawOffer).reason is CancelReason.REASSIGNED
    assert desk.waiting("sales") == ["a"]
    assert desk.state("ana") is RoutingState.IDLE
    assert desk.engine.next_deadline() is None, "it may wait there for as long as it likes"


def test_a_connected_call_goes_back_into_line() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.connect("o1")
    desk.enter("b", at=2)
    desk.do(RequeueTicket(A), 50)
    assert desk.one(TicketRequeued) == TicketRequeued(A, QueueId("support"), 1, 1)
    assert desk.waiting() == ["a", "b"]
    assert desk.state("ana") is RoutingState.WRAP_UP
    desk.pass_to(60)
    assert desk.offered() == [("a", "ana")]


def test_to_the_front() -> None:
    desk = busy_desk()
    desk.enter("d", priority=3, at=4)
    assert desk.waiting() == ["d", "a", "b", "c"]
    desk.do(MoveToFront(C))
    assert desk.waiting() == ["c", "d", "a", "b"]
    desk.do(MoveToFront(C))
    view = desk.engine.ticket_view(C)
    assert view is not None
    assert view.priority == 4, "no more than it takes"
    desk.end("t1")
    assert desk.offered() == [("c", "ana")]
    desk.do(SetPriority(B, 2))
    desk.do(MoveToFront(B))
    view = desk.engine.ticket_view(B)
    assert view is not None
    assert view.priority == 4, "nor where it had some before"


def test_a_ringing_call_is_moved_to_the_front_for_when_it_waits_again() -> None:
    desk = busy_desk()
    desk.enter("d", priority=3, at=4)
    desk.end("t1")
    assert desk.offered() == [("d", "ana")]
    desk.end("t2")
    assert desk.offered() == [("a", "bo")]
    desk.enter("e", priority=5, at=5)
    desk.do(MoveToFront(A))
    desk.fail("o4", FailureCause.BUSY)
    assert desk.waiting() == ["a", "e", "b", "c"]
    desk.fail("o3", FailureCause.BUSY)
    assert desk.waiting() == ["a", "e", "d", "b", "c"]


def refused(desk: Desk, command: Command) -> RefusalReason:
    desk.do(command)
    return desk.refusal()


def test_what_cannot_be() -> None:
    desk = busy_desk()
    unknown, impossible = RefusalReason.UNKNOWN_TICKET, RefusalReason.NOT_POSSIBLE_NOW
    gone, talking = TicketId("x"), TicketId("t1")
    for ticket, reason in ((gone, unknown), (talking, impossible)):
        assert refused(desk, AssignTicket(ticket, BO)) is reason
        assert refused(desk, ReserveTicket(ticket, BO, 99.0)) is reason
        assert refused(desk, ReleaseTicket(ticket)) is reason
        assert refused(desk, MoveToFront(ticket)) is reason
    assert refused(desk, RequeueTicket(gone)) is unknown
    assert refused(desk, RequeueTicket(A)) is impossible
    assert refused(desk, RequeueTicket(A, QueueId("x"))) is RefusalReason.UNKNOWN_QUEUE
    assert refused(desk, AssignTicket(A, AgentId("x"))) is RefusalReason.UNKNOWN_AGENT
    assert refused(desk, AssignTicket(A, BO, at_once=True)) is impossible
    assert refused(desk, ReserveTicket(A, BO, desk.now)) is impossible
    desk.do(ConfigureQueue(queue_config("sales", max_length=0)))
    assert refused(desk, RequeueTicket(A, QueueId("sales"))) is RefusalReason.QUEUE_FULL
    desk.status("bo", AgentStatus.LOGGED_OUT)
    desk.end("t2")
    assert refused(desk, AssignTicket(A, BO)) is impossible


def test_a_reservation_survives_a_restart() -> None:
    desk = busy_desk()
    desk.do(AssignTicket(A, BO, until=30.0), 4)
    rows = [change for change in desk.engine.take_changes() if change[2] is not None]
    other = Desk(queue_config(), queue_config("sales"), now=5)
    for name in ("ana", "bo"):
        other.agent(name)
    assert not [output for output in other.engine.restore(rows, 6) if isinstance(output, TicketReserved)]
    assert reserved(other, "a") == ("bo", 30.0)
    other.pass_to(30)
    assert reserved(other, "a") == (None, None)


def test_a_slot_that_is_held_is_not_given_to_another_call() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", ready=False, at=1)
    desk.do(ReserveTicket(A, ANA, 60.0))
    desk.enter("b", at=2)
    desk.do(AssignTicket(B, ANA, at_once=True))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    desk.do(AssignTicket(B, ANA))
    assert desk.offered() == []
    desk.do(ReleaseTicket(A))
    assert desk.offered() == [("b", "ana")]
