"""Records are acyclic: with automatic collection off, reference counting alone frees what is over."""

import gc
from collections.abc import Iterator

import pytest

from queues.commands import Abandon, RemoveAgent, RemoveQueue
from queues.model import AgentId, AgentStatus, FailureCause, QueueId, TicketId
from tests.unit.queues.desk import Desk, queue_config


@pytest.fixture
def collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_nothing_is_left_to_the_garbage_collector(collected: None) -> None:
    desk = Desk(queue_config(wrap_up_seconds=5), queue_config("other", {"rare": 1}))
    for name in ("ana", "bo"):
        desk.agent(name)
    for number in range(0, 60, 3):
        desk.enter(f"t{number}", at=float(number * 100))
        desk.enter(f"t{number + 1}")
        desk.enter(f"t{number + 2}", "other")
        first, second = sorted(desk.engine._floor.offers)
        desk.fail(first, FailureCause.BUSY)
        desk.connect(second)
        desk.do(Abandon(TicketId(f"t{number + 2}")))
        for ticket in [*desk.engine._floor.tickets.values()]:
            desk.do(Abandon(ticket.id))
            desk.end(ticket.id)
        del ticket
        desk.engine.take_changes()
        desk.pass_to(desk.now + 90)
    desk.enter("last")
    desk.status("ana", AgentStatus.LOGGED_OUT)
    desk.do(RemoveAgent(AgentId("bo")))
    desk.do(RemoveQueue(QueueId("support")))
    assert gc.collect() == 0
