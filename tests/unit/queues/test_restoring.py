"""A restart: places, states and deadlines as they were; offers forgotten without blame."""

import msgspec
import pytest

from queues.commands import (
    Command,
    ConfigureAgent,
    ConfigurePauseReason,
    ConfigureQueue,
    Enqueue,
    OfferRinging,
    OutsideCalls,
    SetDisposition,
    SetReachable,
    SetStatus,
)
from queues.engine import Engine
from queues.floor.snapshot import ROWS, AgentRow, OfferRow, TicketRow
from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    QueueConfig,
    QueueId,
    RoutingState,
    TicketId,
)
from queues.outputs import AgentChanged, AgentNoted, DispositionGiven, TicketEnded, TicketResult
from queues.rules.agent_rules import PauseReason, PauseReasonId
from tests.unit.queues.desk import Desk, agent_config, queue_config

Rows = dict[tuple[str, str], bytes]


def journal(desk: Desk, rows: Rows | None = None) -> Rows:
    """What a journal holds after the engine's changes so far."""
    rows = {} if rows is None else rows
    for table, key, row in desk.engine.take_changes():
        if row is None:
            rows.pop((table, key), None)
        else:
            rows[table, key] = msgspec.msgpack.encode(row)
    return rows


def restart(
    rows: Rows, now: float, queues: list[QueueConfig], agents: list[AgentConfig], *before: Command
) -> Desk:  # fmt: skip
    """A new engine, configured, with the rows in an order of their own."""
    desk = Desk(*queues, now=now)
    for command in before:
        desk.do(command)
    for agent in agents:
        desk.do(ConfigureAgent(agent))
    numbers = iter(range(100, 1000))
    desk.engine._floor._offer_ids = lambda: f"o{next(numbers)}"
    decoded = [
        (table, key, msgspec.msgpack.decode(value, type=ROWS[table]))
        for (table, key), value in sorted(rows.items(), reverse=True)
    ]
    desk.outputs = desk.engine.restore(decoded, now)
    return desk


def test_waiting_tickets_keep_order_time_readiness_and_priority() -> None:
    desk = Desk()
    desk.enter("c", at=1)
    desk.enter("a", at=1)
    desk.enter("vip", priority=2, at=2)
    desk.enter("parking", ready=False, at=3)
    desk.enter("b", at=4)
    after = restart(journal(desk), 50, [queue_config()], [])
    assert after.outputs == []
    assert after.waiting() == desk.waiting() == ["vip", "c", "a", "parking", "b"]
    view = after.engine.ticket_view(TicketId("parking"))
    assert view is not None
    assert (view.joined_at, view.ready) == (3, False)
    after.enter("new", at=51)
    assert after.waiting()[-1] == "new"
    assert after.engine.next_deadline() == 601


def test_an_offered_ticket_waits_again_in_its_place_without_blame() -> None:
    desk = Desk()
    desk.agent("ana", at=0)
    desk.agent("bo", at=1)
    desk.enter("a", at=2)
    desk.enter("b", at=3)
    desk.enter("c", at=4)
    desk.do(OfferRinging(OfferId("o1")), 5)
    rows = journal(desk)
    assert ("offer", "o1") in rows
    after = restart(rows, 10, [queue_config()], [agent_config("ana"), agent_config("bo")])
    assert after.offered() == [("a", "ana"), ("b", "bo")]
    assert after.waiting() == ["c"]
    change = after.changed("ana")
    assert (change.previous, change.previous_since, change.state) == ("ringing", 5, "reserved")
    journal(after, rows)
    assert {key for table, key in rows if table == "offer"} == {"o100", "o101"}


def test_a_straight_offer_whose_caller_is_not_ready_is_not_repeated() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.fail("o1", FailureCause.BUSY, ready=False)
    after = restart(journal(desk), 60, [queue_config()], [agent_config("ana")])
    assert after.offered() == []
    assert after.waiting() == ["a"]


def test_connected_calls_stay_with_their_agents() -> None:
    desk = Desk(queue_config(wrap_up_seconds=10))
    desk.agent("ana", at=0)
    desk.enter("a", at=1)
    desk.connect("o1", at=2)
    desk.enter("b", at=3)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=4)
    after = restart(journal(desk), 20, [queue_config(wrap_up_seconds=10)], [agent_config("ana")])
    assert after.outputs == []
    view = after.engine.agent_view(AgentId("ana"))
    assert view == desk.engine.agent_view(AgentId("ana"))
    assert view is not None
    assert (view.routing_state, view.active, view.pending_status, view.since) == ("on_call", 1, "paused", 2)
    after.end("a", at=30)
    assert after.one(TicketEnded).result is TicketResult.COMPLETED
    assert after.changed("ana").previous_since == 4
    assert after.changed("ana").pause_reason == "lunch"


def test_an_agents_several_calls_keep_their_order() -> None:
    desk = Desk()
    desk.agent("ana", capacity=3)
    for ticket in ("a", "c", "b"):
        desk.enter(ticket, at=1)
    for offer in ("o3", "o1", "o2"):
        desk.connect(offer, at=2)
    after = restart(journal(desk), 20, [queue_config()], [agent_config("ana", capacity=3)])
    assert after.outputs == []
    assert after.engine.agent_view(AgentId("ana")) == desk.engine.agent_view(AgentId("ana"))
    after.end("b", at=21)
    assert after.changed("ana").ticket == "a"


def test_status_wrap_up_delay_and_reachability_are_kept() -> None:
    queue = queue_config(wrap_up_seconds=50)
    desk = Desk(queue)
    names = ("busy", "wrapping", "paused", "gone")
    for name in names:
        desk.agent(name)
    desk.enter("a", at=1)
    desk.fail("o1", FailureCause.UNREACHABLE, ready=False, at=2)
    desk.enter("b", at=3)
    desk.connect("o2", at=4)
    desk.end("b", at=5)
    desk.status("paused", AgentStatus.PAUSED, "training", at=6)
    desk.do(SetReachable(AgentId("gone"), reachable=False), 7)
    after = restart(journal(desk), 10, [queue], [agent_config(name) for name in names])
    assert after.outputs == []
    states = [after.state(name) for name in names]
    assert states == ["not_responding", "wrap_up", "paused", "unreachable"]
    assert [after.engine.agent_view(AgentId(name)) for name in names] == [
        desk.engine.agent_view(AgentId(name)) for name in names
    ]
    assert after.engine.next_deadline() == 32
    after.pass_to(55)
    assert after.state("wrapping") == "idle"


def test_what_fell_due_meanwhile_happens_before_anything_is_offered() -> None:
    queue = queue_config(wrap_up_seconds=5, max_wait=30)
    desk = Desk(queue)
    desk.agent("ana")
    desk.enter("a", at=1)
    desk.connect("o1", at=2)
    desk.enter("old", at=3)
    desk.enter("young", at=90)
    desk.end("a", at=91)
    after = restart(journal(desk), 100, [queue], [agent_config("ana")])
    assert after.one(TicketEnded).ticket == "old"
    assert after.one(TicketEnded).result is TicketResult.FLOWED_OUT
    assert after.offered() == [("young", "ana")]
    assert after.one(AgentChanged).previous == "wrap_up"


def test_a_caller_whose_time_ran_out_meanwhile_is_not_offered_again() -> None:
    desk = Desk(queue_config(max_wait=30))
    desk.agent("ana")
    desk.enter("old", at=1)
    desk.enter("young", at=15)
    after = restart(journal(desk), 40, [queue_config(max_wait=30)], [agent_config("ana")])
    assert after.one(TicketEnded).ticket == "old"
    assert after.offered() == [("young", "ana")]


def test_a_newcomer_of_the_instant_of_the_crash_comes_last() -> None:
    desk = Desk()
    for ticket in "abc":
        desk.enter(ticket, at=1)
    after = restart(journal(desk), 1, [queue_config()], [])
    after.enter("d", at=1)
    assert after.waiting() == ["a", "b", "c", "d"]


def test_a_pending_pause_is_applied_when_the_offer_is_forgotten() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.status("ana", AgentStatus.PAUSED, "lunch")
    after = restart(journal(desk), 10, [queue_config()], [agent_config("ana")])
    assert after.offered() == []
    assert after.state("ana") == "paused"


def test_the_idle_list_keeps_its_order() -> None:
    desk = Desk()
    for name in ("cleo", "ana", "bo"):
        desk.agent(name, at=5)
    after = restart(journal(desk), 10, [queue_config()], [agent_config(name) for name in ("ana", "bo", "cleo")])
    assert after.outputs == []
    offered = []
    for ticket in ("a", "b", "c"):
        after.enter(ticket)
        offered += after.offered()
    assert offered == [("a", "cleo"), ("b", "ana"), ("c", "bo")]


def test_rows_of_a_queue_that_is_gone() -> None:
    desk = Desk(queue_config("gone"), queue_config())
    desk.agent("ana")
    desk.enter("called", "gone", at=1)
    desk.connect("o1")
    desk.enter("waiting", "gone", at=2)
    rows = journal(desk)
    after = restart(rows, 10, [queue_config()], [agent_config("ana")])
    assert after.outputs == [TicketEnded(TicketId("waiting"), QueueId("gone"), TicketResult.WITHDRAWN)]
    assert after.state("ana") == "on_call"
    after.end("called", at=20)
    assert after.one(TicketEnded).queue == "gone"
    journal(after, rows)
    assert {key for table, key in rows if table == "ticket"} == set()


def test_rows_of_an_agent_who_is_gone() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a")
    desk.connect("o1")
    rows = journal(desk)
    after = restart(rows, 10, [queue_config()], [])
    assert after.engine.counts()["tickets_connected"] == 1
    journal(after, rows)
    assert {key for table, key in rows if table == "agent"} == set()
    after.enter("b")
    assert after.offered() == []
    after.end("a", at=20)
    assert after.one(TicketEnded).result is TicketResult.COMPLETED
    assert after.engine.counts()["agents"] == 0


def test_a_configured_agent_without_a_row_is_logged_out() -> None:
    after = restart({}, 10, [queue_config()], [agent_config("new")])
    assert after.state("new") == "offline"


def test_a_row_of_another_kind_is_an_error() -> None:
    desk = Desk()
    with pytest.raises(TypeError, match="not a row of the queue engine"):
        desk.engine.restore([("ticket", "a", {"queue": "support"})], 1.0)


def test_changes_are_coalesced_and_carry_the_latest_content() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a", at=1)
    changes = desk.engine.take_changes()
    assert [(table, key, type(row)) for table, key, row in changes] == [
        ("ticket", "a", TicketRow), ("agent", "ana", AgentRow), ("offer", "o1", OfferRow),
    ]  # fmt: skip
    assert desk.engine.take_changes() == []
    desk.connect("o1", at=2)
    desk.end("a", at=3)
    changes = desk.engine.take_changes()
    assert [(table, key) for table, key, row in changes if row is None] == [("ticket", "a"), ("offer", "o1")]
    assert len(changes) == 3


def test_every_row_survives_the_wire() -> None:
    desk = Desk(queue_config(wrap_up_seconds=5))
    desk.agent("ana", capacity=2)
    desk.enter("a", at=1)
    desk.enter("b", at=2)
    desk.connect("o1", at=3)
    rows = [(table, row) for table, _, row in desk.engine.take_changes() if row is not None]
    assert len(rows) == 4
    for table, row in rows:
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=ROWS[table])
        assert again == row
        assert again.version == 1


def test_an_engine_may_be_restored_with_nothing() -> None:
    engine = Engine(lambda: "o", lambda: 0.5)
    assert engine.handle(ConfigureQueue(queue_config()), 1.0) == []
    assert engine.restore([], 2.0) == []


def test_the_limit_of_a_pause_runs_on() -> None:
    desk = Desk()
    lunch = ConfigurePauseReason(PauseReason(PauseReasonId("r"), "lunch", limit_seconds=60.0))
    desk.do(lunch)
    desk.agent("ana", at=0)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=10)
    rows = journal(desk)
    after = restart(rows, 30, [queue_config()], [agent_config("ana")], lunch)
    assert after.outputs == []
    assert after.engine.next_deadline() == 70
    after.pass_to(70)
    assert after.one(AgentNoted).reason == "lunch"
    again = restart(journal(after, rows), 80, [queue_config()], [agent_config("ana")], lunch)
    assert again.outputs == [], "told once"
    assert again.view().pause_overdue
    late = restart(rows, 500, [queue_config()], [agent_config("ana")])
    assert late.engine.next_deadline() is None, "the reason is gone"


def test_a_limit_that_was_reached_meanwhile_is_told_at_once() -> None:
    desk = Desk()
    lunch = ConfigurePauseReason(PauseReason(PauseReasonId("r"), "lunch", limit_seconds=60.0))
    desk.do(lunch)
    desk.agent("ana", at=0)
    desk.status("ana", AgentStatus.PAUSED, "lunch", at=10)
    after = restart(journal(desk), 500, [queue_config()], [agent_config("ana")], lunch)
    assert after.one(AgentNoted).reason == "lunch"
    assert after.changed("ana").pause_overdue


def test_misses_outside_calls_and_who_forced_a_state_are_kept() -> None:
    queue = queue_config(pause_after_misses=2)
    desk = Desk(queue)
    desk.agent("ana", at=0)
    desk.enter("a", at=1)
    desk.fail("o1", FailureCause.REJECTED, at=2)
    desk.do(OutsideCalls(AgentId("ana"), 2), 3)
    desk.do(SetStatus(AgentId("ana"), AgentStatus.AVAILABLE, force=True, by="boss"))
    after = restart(journal(desk), 30, [queue], [agent_config("ana")])
    assert after.view() == desk.view()
    assert (after.view().outside_calls, after.view().forced_by) == (2, "boss")
    after.do(OutsideCalls(AgentId("ana"), 0))
    (offer,) = after.offered()
    assert offer == ("a", "ana")
    after.fail(next(iter(after.engine._floor.offers)), FailureCause.REJECTED)
    assert after.view().pause_reason == "missed calls"


def test_wrap_ups_and_dispositions_are_kept() -> None:
    queue = queue_config(wrap_up_seconds=30.0, disposition_required=True, max_wrap_up_seconds=50.0)
    desk = Desk(queue)
    desk.agent("ana", capacity=2, at=0)
    desk.do(Enqueue(TicketId("a"), QueueId("support"), wrap_up_seconds=45.0), 1)
    desk.connect("o1")
    rows = journal(desk)
    desk = restart(rows, 5, [queue], [agent_config("ana", capacity=2)])
    desk.do(SetDisposition(AgentId("ana"), None, "sold"))
    desk.enter("b")
    desk.connect("o100", at=6)
    rows = journal(desk, rows)
    desk = restart(rows, 10, [queue], [agent_config("ana", capacity=2)])
    desk.end("a", at=10)
    assert (desk.view().wrap_up_until, desk.view().uncoded) == (55, ())
    desk.end("b", at=20)
    rows = journal(desk, rows)
    desk = restart(rows, 30, [queue], [agent_config("ana", capacity=2)])
    assert (desk.view().wrap_up_until, desk.view().uncoded, desk.view().ticket) == (55, ("b",), "b")
    desk.pass_to(55)
    assert [(each.ticket, each.code) for each in desk.of(DispositionGiven)] == [("b", "none")]


def test_a_wrap_up_of_an_older_release_is_taken_up() -> None:
    row = AgentRow(
        AgentStatus.AVAILABLE, None, None, None, True, 0.0, 1, 40.0, TicketId("a"), None, RoutingState.WRAP_UP, 10.0,
        TicketId("a"), 10.0,
    )  # fmt: skip
    desk = Desk(now=20.0)
    desk.do(ConfigureAgent(agent_config("ana")))
    desk.outputs = desk.engine.restore([("agent", "ana", row)], 20.0)
    assert desk.outputs == []
    assert desk.view().wrap_up_until == 40
    desk.pass_to(40)
    assert desk.state("ana") == "idle"
