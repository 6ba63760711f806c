"""The pause after calls missed in a row."""

from queues.commands import ConfigureAgent, SetReachable
from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, QueueId
from queues.outputs import AgentIncident, AgentNoted, OfferEnded
from tests.unit.queues.desk import Desk, queue_config

ANA = AgentId("ana")
PAUSED, AVAILABLE, LOGGED_OUT = AgentStatus.PAUSED, AgentStatus.AVAILABLE, AgentStatus.LOGGED_OUT


def miss(desk: Desk, cause: FailureCause = FailureCause.NO_ANSWER) -> None:
    """Whoever rings does not take the call."""
    (offer,) = desk.engine._floor.offers.values()
    if cause is FailureCause.NO_ANSWER:
        desk.pass_to(offer.ring_until)
    else:
        desk.fail(offer.id, cause)


def rest(desk: Desk) -> None:
    """Until the delay after a miss is over, and the phone rings again."""
    delay = desk.engine._floor.agents.agents[ANA].delay
    assert delay is not None
    desk.pass_to(delay.until)


def alone(**queue: object) -> Desk:
    desk = Desk(queue_config("support", None, **queue))
    desk.agent("ana")
    desk.enter("a")
    return desk


def test_who_misses_too_many_calls_is_paused() -> None:
    desk = alone(pause_after_misses=2)
    miss(desk)
    assert desk.state("ana") == "not_responding"
    rest(desk)
    miss(desk, FailureCause.REJECTED)
    note = desk.one(AgentNoted)
    assert (note.agent, note.incident, note.reason, note.misses) == (ANA, AgentIncident.AUTO_PAUSED, "missed calls", 2)
    assert (note.queue, note.cause) == (QueueId("support"), FailureCause.REJECTED)
    assert (desk.state("ana"), desk.view().pause_reason) == ("paused", "missed calls")
    assert desk.waiting() == ["a"]
    desk.status("ana", AVAILABLE)
    assert desk.offered() == [("a", "ana")]
    miss(desk)
    assert desk.view().status is AVAILABLE, "counting began anew"


def test_only_the_causes_that_the_queue_counts() -> None:
    desk = alone(pause_after_misses=1, miss_causes=(FailureCause.NO_ANSWER,), missed_pause_reason="away")
    for cause in (FailureCause.BUSY, FailureCause.REJECTED, FailureCause.CONNECT_FAILED, FailureCause.UNREACHABLE):
        miss(desk, cause)
        assert desk.view().status is AVAILABLE
        rest(desk)
    miss(desk)
    assert (desk.view().status, desk.view().pause_reason) == (PAUSED, "away")


def test_a_call_that_is_taken_ends_the_row() -> None:
    desk = alone(pause_after_misses=2)
    miss(desk)
    rest(desk)
    desk.connect("o2")
    desk.end("a")
    desk.enter("b")
    miss(desk)
    assert desk.view().status is AVAILABLE


def test_the_agent_s_own_number_counts_before_the_queue_s() -> None:
    desk = alone(pause_after_misses=1)
    desk.do(ConfigureAgent(AgentConfig(ANA, "ana", pause_after_misses=0)))
    for _ in range(3):
        miss(desk)
        assert desk.view().status is AVAILABLE, "0: never"
        rest(desk)
    desk.do(ConfigureAgent(AgentConfig(ANA, "ana", pause_after_misses=1)))
    miss(desk)
    assert desk.view().status is PAUSED


def test_a_registration_that_ends_is_no_miss() -> None:
    desk = alone(pause_after_misses=1)
    desk.do(SetReachable(ANA, reachable=False))
    assert desk.one(OfferEnded).cause is FailureCause.UNREACHABLE
    desk.do(SetReachable(ANA, reachable=True))
    assert desk.view().status is AVAILABLE
    assert desk.offered() == [("a", "ana")]


def test_who_talks_in_another_call_is_paused_after_it() -> None:
    desk = Desk(queue_config(pause_after_misses=1))
    desk.agent("ana", capacity=2)
    desk.enter("a")
    desk.connect("o1")
    desk.enter("b")
    miss(desk)
    assert (desk.view().status, desk.view().pending_status) == (AVAILABLE, PAUSED)
    desk.end("a")
    assert (desk.view().status, desk.view().pause_reason) == (PAUSED, "missed calls")


def test_a_pause_for_missed_calls_that_is_taken_back_begins_the_count_anew() -> None:
    desk = Desk(queue_config(pause_after_misses=2))
    desk.agent("ana", capacity=2)
    desk.enter("a")
    desk.connect("o1")
    desk.enter("b")
    miss(desk)
    rest(desk)
    miss(desk)
    assert desk.view().pending_status is PAUSED
    desk.status("ana", AVAILABLE)
    assert desk.offered() == [("b", "ana")]
    miss(desk)
    assert desk.view().pending_status is None, "one only"


def test_who_is_about_to_log_out_is_not_paused_instead() -> None:
    desk = alone(pause_after_misses=1)
    desk.status("ana", LOGGED_OUT)
    miss(desk)
    assert (desk.of(AgentNoted), desk.view().status) == ([], LOGGED_OUT)
