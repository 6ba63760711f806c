"""The engine's door: what is due, what is counted, who is named."""

from queues.commands import CloseQueue, OfferAnswered, RemoveAgent, SetOpening
from queues.model import AgentId, OfferId, Opening, OverflowCause, QueueId, TicketId, TicketState
from queues.outputs import MakeOffer, QueueChanged, TicketEnded, WithdrawOffer
from queues.views import OfferView, TicketView
from tests.unit.queues.desk import Desk, queue_config

SUPPORT = QueueId("support")


def test_everything_that_is_due_is_carried_out_before_anything_is_offered() -> None:
    desk = Desk(queue_config(wrap_up_seconds=30.0, max_wait=20.0))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.connect("o1")
    desk.end("a", at=10)
    desk.enter("b", at=22)
    outputs = desk.engine.expire(45.0)  # ana's wrap-up was over at 40, b's patience at 42
    assert [output.ticket for output in outputs if isinstance(output, TicketEnded)] == ["b"]
    assert not [output for output in outputs if isinstance(output, MakeOffer)]


def test_what_comes_of_a_deadline_and_is_due_itself_is_told_too() -> None:
    desk = Desk(queue_config(wrap_up_seconds=30.0, ring_seconds=0.0))
    desk.agent("ana")
    desk.enter("a", at=0)
    desk.connect("o1")
    desk.enter("b", at=5)
    desk.end("a", at=10)
    outputs = desk.engine.expire(40.0)
    assert [type(output) for output in outputs if isinstance(output, MakeOffer | WithdrawOffer)] == [
        MakeOffer, WithdrawOffer,
    ]  # fmt: skip


def test_everything_is_counted_where_it_is() -> None:
    desk = Desk(queue_config(max_wait=None))
    desk.agent("ana")
    desk.agent("bo")
    desk.agent("cleo")
    for ticket in "abcdefgh":
        desk.enter(ticket)
    desk.connect("o1")
    assert desk.engine.counts() == {
        "tickets_waiting": 5, "tickets_offered": 2, "tickets_connected": 1, "offers": 2, "agents": 3, "deadlines": 2,
    }  # fmt: skip


def test_who_is_configured_and_who_may_serve_a_queue() -> None:
    desk = Desk(queue_config(), queue_config("sales"))
    desk.agent("ana", None, "support")
    desk.agent("bo", None, "sales")
    desk.agent("cleo")
    desk.enter("a")
    desk.connect("o1")
    desk.do(RemoveAgent(AgentId("ana")))  # who talks on
    assert desk.engine.agents() == ["bo", "cleo"]
    assert desk.engine.eligible(SUPPORT) == ["cleo"]
    assert desk.engine.eligible(QueueId("sales")) == ["bo", "cleo"]


def test_a_ticket_and_its_offer_are_shown_whole() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", priority=3, at=5)
    desk.do(OfferAnswered(OfferId("o1")), 9)
    a, o1, ana = TicketId("a"), OfferId("o1"), AgentId("ana")
    assert desk.engine.offer_view(o1) == OfferView(o1, a, ana, 5, 25, answered=True)
    assert desk.engine.ticket_view(a) == TicketView(a, SUPPORT, TicketState.OFFERED, 3, 5, True, (o1,), None)
    desk.connect("o1", at=10)
    assert desk.engine.offer_view(o1) is None
    assert desk.engine.ticket_view(a) == TicketView(a, SUPPORT, TicketState.CONNECTED, 3, 5, True, (), ana)


def test_what_keeps_a_queue_shut() -> None:
    desk = Desk()
    assert desk.engine.closure(SUPPORT) is None
    assert desk.engine.closure(QueueId("nowhere")) is None
    desk.do(SetOpening(SUPPORT, Opening.CLOSED))
    assert desk.engine.closure(SUPPORT) == QueueChanged(SUPPORT, OverflowCause.CLOSED)
    desk.do(CloseQueue(SUPPORT, "flood"))
    assert desk.engine.closure(SUPPORT) == QueueChanged(SUPPORT, OverflowCause.EMERGENCY, "flood")
