"""Agents and queues that are unknown, or taken out while something is in hand."""

from queues.commands import (
    CloseQueue,
    ConfigureQueue,
    EndWrapUp,
    ExtendWrapUp,
    MoveToFront,
    RemoveAgent,
    RemoveQueue,
    SetPriority,
    SetReachable,
    SetReady,
    SetStatus,
)
from queues.model import AgentId, AgentStatus, FailureCause, QueueId, RoutingState, TicketId
from queues.outputs import (
    CancelReason,
    OfferEnded,
    RefusalReason,
    TicketEnded,
    TicketResult,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, queue_config

ANA = AgentId("ana")


def test_unknown_agents_are_refused() -> None:
    desk = Desk()
    for command in (
        SetStatus(ANA, AgentStatus.AVAILABLE),
        SetReachable(ANA, reachable=True),
        EndWrapUp(ANA),
        ExtendWrapUp(ANA, 1.0),
        RemoveAgent(ANA),
    ):
        desk.do(command)
        assert desk.refusal() is RefusalReason.UNKNOWN_AGENT


def test_a_removed_agents_offer_fails_and_it_is_gone() -> None:
    desk = Desk()
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    desk.do(RemoveAgent(ANA), 3)
    assert desk.one(WithdrawOffer).reason is CancelReason.AGENT_GONE
    assert desk.one(OfferEnded).cause is FailureCause.UNREACHABLE
    assert desk.offered() == [("a", "bo")]
    assert desk.changed("ana").state is RoutingState.OFFLINE
    assert desk.engine.agents() == ["bo"]
    assert ("agent", "ana", None) in desk.engine.take_changes()


def test_a_removed_agents_call_goes_on_and_then_it_is_forgotten() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.do(RemoveAgent(ANA), 3)
    assert desk.engine.agent_view(ANA) is None
    assert desk.engine.counts()["tickets_connected"] == 1
    desk.status("ana", AgentStatus.AVAILABLE)
    assert desk.refusal() is RefusalReason.UNKNOWN_AGENT
    desk.end("a", at=9)
    assert desk.one(TicketEnded).result is TicketResult.COMPLETED
    assert desk.changed("ana").state is RoutingState.OFFLINE
    assert desk.engine.counts() == {
        "tickets_waiting": 0, "tickets_offered": 0, "tickets_connected": 0, "offers": 0, "agents": 0, "deadlines": 0,
    }  # fmt: skip


def test_an_agent_removed_in_wrap_up_or_delay_leaves_no_deadline() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10.0))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.end("a", at=1)
    desk.do(RemoveAgent(ANA))
    assert desk.engine.counts()["deadlines"] == 0
    desk.agent("ana")
    desk.enter("b")
    desk.fail("o2", FailureCause.BUSY)
    desk.do(RemoveAgent(ANA))
    assert desk.pass_to(100) == []
    assert desk.waiting() == ["b"]


def test_an_agent_removed_during_a_call_may_come_back() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.do(RemoveAgent(ANA))
    desk.agent("ana")
    assert desk.view().active == 1
    desk.enter("b")
    assert desk.offered() == []
    desk.end("a")
    assert desk.offered() == [("b", "ana")]


def test_an_agent_removed_while_its_bridge_is_built_keeps_the_call() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.answer("o1")
    desk.do(RemoveAgent(ANA))
    assert desk.of(OfferEnded) == []
    desk.connect("o1")
    desk.end("a")
    assert desk.engine.counts()["agents"] == 0


def test_a_removed_queue_ends_its_waiting_tickets_and_spares_its_calls() -> None:
    desk = Desk(queue_config("support", wrap_up_seconds=5), queue_config("sales"))
    for name in ("ana", "bo", "cleo"):
        desk.agent(name)
    for ticket in ("called", "bridging", "rung", "waiting"):
        desk.enter(ticket)
    desk.enter("other", "sales")
    desk.connect("o1")
    desk.answer("o2")
    desk.do(RemoveQueue(QueueId("support")), 9)
    ended = {end.ticket: end.result for end in desk.of(TicketEnded)}
    assert ended == {"rung": TicketResult.WITHDRAWN, "waiting": TicketResult.WITHDRAWN}
    assert desk.one(WithdrawOffer).reason is CancelReason.WITHDRAWN
    assert desk.offered() == [("other", "cleo")]
    desk.fail("o2", FailureCause.CONNECT_FAILED)
    assert desk.one(TicketEnded).result is TicketResult.WITHDRAWN
    desk.end("called", at=20)
    assert desk.view().wrap_up_until == 25
    desk.do(RemoveQueue(QueueId("support")))
    assert desk.refusal() is RefusalReason.UNKNOWN_QUEUE


def test_a_bridge_being_built_for_a_queue_that_is_gone_has_no_place_any_more() -> None:
    for command in (SetPriority(TicketId("a"), 3), MoveToFront(TicketId("a")), SetReady(TicketId("a"), ready=False)):
        desk = Desk(queue_config(), queue_config("sales"))
        desk.agent("ana")
        desk.enter("a")
        desk.answer("o1")
        desk.do(RemoveQueue(QueueId("support")))
        assert desk.do(command) == []
        desk.fail("o1", FailureCause.CONNECT_FAILED)
        assert desk.one(TicketEnded).result is TicketResult.WITHDRAWN


def test_a_bridge_being_built_for_a_queue_that_is_gone_has_no_max_wait_nor_another_queue_of_that_name() -> None:
    desk = Desk(queue_config(max_wait=10.0), queue_config("sales"))
    desk.agent("ana", None, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=5)
    desk.do(RemoveQueue(QueueId("support")), 6)
    assert desk.engine.next_deadline() is None
    desk.do(ConfigureQueue(queue_config(max_wait=10.0)))
    desk.do(CloseQueue(QueueId("support"), "fire", also_waiting=True), 12)
    assert desk.do(SetPriority(TicketId("a"), 3)) == []
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=13)
    assert desk.one(TicketEnded).result is TicketResult.WITHDRAWN
