"""What is counted and timed to the digit: tallies, pauses after misses, whom a newcomer finds before it, timers that end."""

from typing import Any

from queues.agents.agent import Agent
from queues.agents.tally import Tally
from queues.commands import ConfigurePauseReason, EndWrapUp, OfferFailed, RemoveQueue, RequeueTicket
from queues.lines.lines import Ticket
from queues.model import AgentId, AgentStatus, FailureCause, OfferId, QueueId, TicketId
from queues.outputs import AgentIncident, AgentNoted, DispositionGiven
from queues.rules.agent_rules import PauseReason, PauseReasonId
from queues.rules.requirements import RelaxationStep
from tests.unit.queues.desk import Desk, queue_config

ANA, BO, SUPPORT, SALES = AgentId("ana"), AgentId("bo"), QueueId("support"), QueueId("sales")


def agent(desk: Desk, name: str = "ana") -> Agent:
    return desk.engine._floor.agents.agents[AgentId(name)]


def ticket(desk: Desk, name: str) -> Ticket:
    return desk.engine._floor.tickets[TicketId(name)]


# --- tallies


def test_calls_and_talk_are_added_up() -> None:
    desk = Desk()
    desk.agent("ana")
    for number, (begin, end) in enumerate(((10.0, 40.0), (50.0, 62.5), (70.0, 71.0)), 1):
        desk.enter(f"c{number}", at=begin)
        desk.connect(f"o{number}")
        assert agent(desk).tally.calls == number
        desk.end(f"c{number}", at=end)
    assert agent(desk).tally == Tally(3, 43.5, {SUPPORT: 3})


def test_a_call_put_back_into_line_has_been_talked() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("c1", at=0.0)
    desk.connect("o1", at=5.0)
    desk.do(RequeueTicket(TicketId("c1"), None, ready=False), at=12.0)
    assert (agent(desk).tally.calls, agent(desk).tally.talk_seconds) == (1, 7.0)


def test_a_new_day_begins_with_the_log_in() -> None:
    """Calls and talk from nothing; when each queue rang it last is known still. Pauses end no day."""
    desk = Desk()
    desk.agent("ana")
    desk.enter("c1", at=0.0)
    desk.connect("o1")
    desk.end("c1", at=9.0)
    desk.status("ana", AgentStatus.PAUSED)
    desk.status("ana", AgentStatus.AVAILABLE)
    assert agent(desk).tally == Tally(1, 9.0, {SUPPORT: 1})
    desk.status("ana", AgentStatus.LOGGED_OUT)
    assert agent(desk).tally == Tally(1, 9.0, {SUPPORT: 1})
    desk.status("ana", AgentStatus.AVAILABLE)
    assert agent(desk).tally == Tally(0, 0.0, {SUPPORT: 1})


def test_offers_are_numbered_over_all_queues_and_agents() -> None:
    desk = Desk(queue_config(), queue_config("sales"))
    desk.agent("ana", None, "support", "sales", capacity=3)
    desk.agent("bo", None, "sales")
    desk.enter("c1", "support")
    desk.enter("c2", "sales")
    desk.enter("c3", "support")
    assert (agent(desk).tally.last_offers, agent(desk, "bo").tally.last_offers) == ({SUPPORT: 3}, {SALES: 2})
    assert (agent(desk).tally.last_number(), Tally().last_number()) == (3, 0)
    desk.do(RemoveQueue(SALES))
    assert agent(desk, "bo").tally.last_offers == {}


def test_a_failed_offer_is_no_call() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("c1")
    desk.fail("o1", FailureCause.BUSY)
    assert agent(desk).tally == Tally(0, 0.0, {SUPPORT: 1})


# --- misses


def test_the_pause_after_a_miss_begins_with_the_miss() -> None:
    """Its reason's limit is watched from that instant on."""
    desk = Desk(queue_config(pause_after_misses=1, missed_pause_reason="missed"))
    desk.do(ConfigurePauseReason(PauseReason(PauseReasonId("p"), "missed", limit_seconds=60.0)))
    desk.agent("ana")
    desk.enter("c1", at=90.0)
    desk.do(OfferFailed(OfferId("o1"), FailureCause.NO_ANSWER), at=100.0)
    assert agent(desk).paused_at == 100.0
    desk.pass_to(159.9)
    assert desk.of(AgentNoted) == []
    desk.pass_to(160.0)
    assert [note.incident for note in desk.of(AgentNoted)] == [AgentIncident.PAUSE_OVERDUE]


# --- whom a newcomer finds before it


def test_the_queue_s_own_priority_is_everybody_s() -> None:
    desk = Desk(queue_config(priority=5))
    desk.enter("low", priority=-1, at=0.0)
    desk.enter("plain", at=1.0)
    desk.enter("high", priority=2, at=2.0)
    lines = desk.engine._floor.lines[SUPPORT]
    ahead = {priority: lines.ahead_of_newcomer(priority, 10.0) for priority in (-2, -1, 0, 1, 2, 3)}
    assert ahead == {-2: 3, -1: 3, 0: 2, 1: 1, 2: 1, 3: 0}


def test_who_has_waited_is_ahead_of_a_newcomer_by_its_points() -> None:
    desk = Desk(queue_config(priority=5, ageing=0.5))
    desk.enter("waits", at=0.0)
    lines = desk.engine._floor.lines[SUPPORT]
    assert [lines.ahead_of_newcomer(priority, 10.0) for priority in (4, 5, 6)] == [1, 1, 0]


# --- timers that end


def test_nothing_relaxes_for_a_call_that_is_talked() -> None:
    desk = Desk(queue_config(needs={"french": 5}, relaxation=(RelaxationStep(30.0, drop=frozenset({"french"})),)))
    desk.enter("c1", at=0.0)
    assert desk.engine.next_deadline() == 30.0
    desk.agent("ana", {"french": 7}, at=10.0)
    desk.connect("o1", at=12.0)
    assert ticket(desk, "c1").relax_timer == ticket(desk, "c1").timer == 0
    assert desk.engine.next_deadline() is None


# --- calls without a disposition


def test_a_call_without_a_wrap_up_to_give_its_disposition_in() -> None:
    desk = Desk(queue_config("sales", disposition_required=True), queue_config())
    desk.agent("bo")
    desk.enter("c1", "sales")
    desk.connect("o1")
    desk.end("c1")
    assert desk.of(DispositionGiven) == [DispositionGiven(TicketId("c1"), SALES, BO, "none")]


def test_a_wrap_up_that_ends_without_one_speaks_for_each_of_its_calls() -> None:
    """Of the queue that each call was in; a call of a queue that asks for none needs none."""
    asks: dict[str, Any] = {"disposition_required": True, "wrap_up_seconds": 30.0}
    desk = Desk(queue_config("sales", **asks), queue_config(**asks), queue_config("free", wrap_up_seconds=30.0))
    desk.agent("ana", capacity=3)
    for number, queue in enumerate(("sales", "free", "support"), 1):
        desk.enter(f"c{number}", queue)
        desk.connect(f"o{number}")
    for number in (3, 2, 1):
        desk.end(f"c{number}")
    desk.do(EndWrapUp(ANA, force=True))
    assert desk.of(DispositionGiven) == [
        DispositionGiven(TicketId("c3"), SUPPORT, ANA, "none"), DispositionGiven(TicketId("c1"), SALES, ANA, "none")
    ]  # fmt: skip
