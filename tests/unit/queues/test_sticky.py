"""Sticky agents: a call is kept for the agent who knows its caller, for a while, without jumping the line."""

from queues.commands import Enqueue, RemoveAgent, SetReachable, SetReady, SetStatus
from queues.model import AgentId, AgentStatus, QueueId, TicketId
from queues.outputs import ReservationEnded, TicketReserved
from queues.rules.sticky import StickyPolicy
from tests.unit.queues.desk import Desk, queue_config

ANA, BO = AgentId("ana"), AgentId("bo")
A = TicketId("a")


def desk_with(wait: float = 10.0, needs: dict[str, int] | None = None) -> Desk:
    desk = Desk(queue_config(needs=needs, sticky=StickyPolicy(3600.0, wait)))
    desk.agent("ana", {"french": 5}, at=0)
    desk.agent("bo", at=1)
    return desk


def enter(desk: Desk, ticket: str, preferred: AgentId, *, ready: bool = True, at: float | None = None) -> None:
    desk.do(Enqueue(TicketId(ticket), QueueId("support"), ready=ready, preferred=preferred), at)


def test_whoever_knows_the_caller_is_offered_the_call_whatever_the_strategy() -> None:
    desk = desk_with()
    enter(desk, "a", BO, at=5)
    assert desk.offered() == [("a", "bo")]
    desk = desk_with(wait=0)
    enter(desk, "a", BO, at=5)
    assert desk.offered() == [("a", "bo")]


def test_the_call_waits_for_a_busy_agent_and_then_for_anyone() -> None:
    desk = desk_with()
    enter(desk, "t", BO, at=5)
    desk.connect("o1")
    enter(desk, "a", BO, at=6)
    assert desk.offered() == []
    assert desk.one(TicketReserved) == TicketReserved(A, BO, 16.0)
    desk.pass_to(15.9)
    desk.pass_to(16)
    assert desk.one(ReservationEnded).agent == BO
    assert desk.offered() == [("a", "ana")]


def test_the_agent_comes_back_in_time() -> None:
    desk = desk_with()
    enter(desk, "t", BO, at=5)
    desk.connect("o1")
    enter(desk, "a", BO, at=6)
    desk.end("t", at=9)
    assert desk.offered() == [("a", "bo")]


def test_nobody_jumps_the_line() -> None:
    desk = Desk(queue_config(sticky=StickyPolicy(3600.0, 60.0)))
    desk.agent("bo")
    desk.enter("t")
    desk.connect("o1")
    desk.enter("first", at=1)
    enter(desk, "a", BO, at=2)
    desk.end("t", at=9)
    assert desk.offered() == [("first", "bo")]
    desk.connect("o2")
    desk.end("first", at=20)
    assert desk.offered() == [("a", "bo")]


def test_a_policy_without_patience_does_not_wait() -> None:
    desk = desk_with(wait=0)
    enter(desk, "t", BO, at=5)
    enter(desk, "a", BO, at=6)
    assert desk.offered() == [("a", "ana")]


def test_the_patience_may_be_short() -> None:
    desk = desk_with(wait=0.5)
    enter(desk, "t", BO, at=5)
    enter(desk, "a", BO, at=6)
    assert desk.offered() == []
    desk.pass_to(6.5)
    assert desk.offered() == [("a", "ana")]


def test_the_patience_begins_when_the_call_is_ready() -> None:
    desk = desk_with()
    enter(desk, "t", BO, at=5)
    desk.connect("o1")
    enter(desk, "a", BO, ready=False, at=6)
    desk.pass_to(20)
    desk.do(SetReady(A), 20)
    assert desk.offered() == []
    assert desk.pass_to(29.5) == []
    desk.pass_to(30)
    assert desk.offered() == [("a", "ana")]


def test_an_agent_who_is_not_there_or_may_not_serve_is_not_waited_for() -> None:
    for gone in (SetStatus(BO, AgentStatus.LOGGED_OUT), SetReachable(BO, reachable=False)):
        desk = desk_with()
        desk.do(gone)
        enter(desk, "a", BO, at=5)
        assert desk.offered() == [("a", "ana")]
        assert desk.of(TicketReserved) == []
    desk = desk_with(needs={"french": 3})
    enter(desk, "a", BO, at=5)
    assert desk.offered() == [("a", "ana")]
    desk = desk_with()
    enter(desk, "a", AgentId("who"), at=5)
    assert desk.offered() == [("a", "ana")]


def test_an_agent_who_goes_is_not_waited_for_any_more() -> None:
    for gone in (SetReachable(BO, reachable=False), RemoveAgent(BO)):
        desk = desk_with(wait=60)
        desk.status("bo", AgentStatus.PAUSED)
        enter(desk, "a", BO, at=5)
        assert desk.offered() == []
        desk.do(gone)
        assert desk.offered() == [("a", "ana")]


def test_an_offer_that_fails_opens_the_call_to_all() -> None:
    desk = desk_with(wait=60)
    enter(desk, "a", BO, at=5)
    desk.pass_to(25)
    assert desk.offered() == [("a", "ana")]


def test_of_several_who_wait_for_the_agent_the_most_urgent_is_first() -> None:
    desk = desk_with(wait=60)
    enter(desk, "t", BO, at=5)
    desk.connect("o1")
    for number, (ticket, priority) in enumerate([("plain", 0), ("urgent", 9), ("second", 9)]):
        desk.do(Enqueue(TicketId(ticket), QueueId("support"), priority, preferred=BO), 6.0 + number)
    order = []
    for at, over in enumerate(("t", "urgent", "second"), start=10):
        desk.end(over, at=at)
        ((offered, agent),) = desk.offered()
        assert agent == "bo"
        order.append(offered)
        desk.connect(f"o{at - 8}")
    assert order == ["urgent", "second", "plain"]
