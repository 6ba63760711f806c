"""Limits of a queue, its closing, and the place of a caller who calls again."""

import pytest

from queues.commands import (
    Abandon,
    CloseQueue,
    ConfigureAgent,
    ConfigureQueue,
    Enqueue,
    OpenQueue,
    RemoveQueue,
    SetOpening,
    SetReachable,
    Withdraw,
)
from queues.floor.places import MOST_PLACES
from queues.floor.snapshot import QueueRow
from queues.model import (
    AgentId,
    AgentStatus,
    Limits,
    Opening,
    OverflowCause,
    QueueId,
    TicketId,
)
from queues.outputs import (
    QueueChanged,
    RefusalReason,
    TicketEnded,
    TicketQueued,
    TicketResult,
    TurnedAway,
)
from tests.unit.queues.desk import Desk, agent_config, queue_config
from tests.unit.queues.overflows import (
    AWAY,
    NIGHT,
    SALES,
    SUPPORT,
    TO_SALES,
    VOICEMAIL,
    journal,
    refused,
    restarted,
    sales,
)

# --- limits


@pytest.mark.parametrize(
    ("limits", "status", "reachable", "reason"),
    [
        (Limits(none_logged_in=True), AgentStatus.LOGGED_OUT, True, RefusalReason.NONE_LOGGED_IN),
        (Limits(none_logged_in=True), AgentStatus.PAUSED, True, None),
        (Limits(none_ready=True), AgentStatus.PAUSED, True, RefusalReason.NONE_READY),
        (Limits(none_ready=True), AgentStatus.AVAILABLE, False, RefusalReason.NONE_READY),
        (Limits(none_ready=True), AgentStatus.AVAILABLE, True, None),
        (Limits(none_logged_in=True, none_ready=True), AgentStatus.LOGGED_OUT, True, RefusalReason.NONE_LOGGED_IN),
        (Limits(), AgentStatus.LOGGED_OUT, True, None),
    ],
)
def test_a_queue_without_staff(
    limits: Limits, status: AgentStatus, reachable: bool, reason: RefusalReason | None
) -> None:
    desk = Desk(queue_config(limits=limits))
    desk.agent("ana")
    desk.status("ana", status)
    desk.do(SetReachable(AgentId("ana"), reachable))
    outputs = desk.enter("a")
    assert (refused(outputs).reason if reason is not None else None) == reason


def test_an_agent_who_talks_is_ready() -> None:
    desk = Desk(queue_config(limits=Limits(none_ready=True)))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    assert isinstance(desk.enter("b")[0], TicketQueued)


def test_an_agent_of_another_queue_is_no_staff() -> None:
    desk = Desk(queue_config(limits=Limits(none_logged_in=True)), sales())
    desk.agent("ana", {}, "sales")
    assert refused(desk.enter("a")).reason is RefusalReason.NONE_LOGGED_IN
    desk.do(ConfigureAgent(agent_config("ana", {}, "sales", "support")))
    assert isinstance(desk.enter("a")[0], TicketQueued)


@pytest.mark.parametrize("also_waiting", [True, False])
def test_those_who_wait_leave_with_the_last_agent_only_if_the_queue_says_so(also_waiting: bool) -> None:
    desk = Desk(queue_config(limits=Limits(none_ready=True, also_waiting=also_waiting), overflow=AWAY))
    desk.agent("ana")
    desk.agent("bo")
    for ticket in "abcd":
        desk.enter(ticket)
    desk.connect("o1")
    desk.status("ana", AgentStatus.PAUSED)  # pending: ana talks, but will not be free for another call
    assert desk.of(TicketEnded) == []
    desk.status("bo", AgentStatus.PAUSED)
    ended = [(each.ticket, each.cause) for each in desk.of(TicketEnded)]
    gone = [("b", OverflowCause.NONE_READY), ("c", OverflowCause.NONE_READY), ("d", OverflowCause.NONE_READY)]
    assert ended == (gone if also_waiting else [])


@pytest.mark.parametrize(
    ("limits", "status", "cause"),
    [
        (Limits(none_logged_in=True, also_waiting=True), AgentStatus.PAUSED, None),
        (Limits(none_logged_in=True, also_waiting=True), AgentStatus.LOGGED_OUT, OverflowCause.NONE_LOGGED_IN),
        (Limits(none_ready=True, also_waiting=True), AgentStatus.LOGGED_OUT, OverflowCause.NONE_READY),
        (Limits(also_waiting=True), AgentStatus.LOGGED_OUT, None),
    ],
)
def test_the_cause_is_the_limit_that_the_queue_has(
    limits: Limits, status: AgentStatus, cause: OverflowCause | None
) -> None:
    desk = Desk(queue_config(limits=limits, overflow=AWAY))
    desk.agent("ana")
    desk.enter("a", ready=False)
    desk.status("ana", status)
    assert [each.cause for each in desk.of(TicketEnded)] == ([] if cause is None else [cause])


def test_a_full_queue_takes_who_can_be_served_at_once() -> None:
    desk = Desk(queue_config(max_length=0))
    desk.agent("ana", {"french": 5})
    assert refused(desk.enter("a", needs={"klingon": 1})).reason is RefusalReason.QUEUE_FULL
    desk.enter("b", needs={"french": 1})
    assert desk.offered() == [("b", "ana")]


def test_a_limit_that_is_new_counts_for_those_who_wait() -> None:
    desk = Desk(queue_config())
    desk.enter("a")
    desk.do(ConfigureQueue(queue_config(limits=Limits(none_logged_in=True, also_waiting=True))))
    assert desk.one(TicketEnded).cause is OverflowCause.NONE_LOGGED_IN


def test_too_long_a_wait_is_expected() -> None:
    desk = Desk(queue_config(limits=Limits(max_expected_wait=60.0), max_wait=None))
    desk.enter("a", at=0)
    assert isinstance(desk.enter("b", at=60)[0], TicketQueued)
    found = refused(desk.enter("c", at=61))
    assert found.turned_away == (TurnedAway(SUPPORT, OverflowCause.EXPECTED_WAIT),)


# --- closing


def test_a_closed_queue_takes_nobody_and_those_who_wait_stay() -> None:
    desk = Desk(queue_config(overflow_on={OverflowCause.EMERGENCY: VOICEMAIL}))
    desk.enter("a")
    assert desk.do(CloseQueue(SUPPORT, "fire alarm")) == [QueueChanged(SUPPORT, OverflowCause.EMERGENCY, "fire alarm")]
    assert desk.waiting() == ["a"]
    found = refused(desk.enter("b"))
    assert (found.reason, found.overflow) == (RefusalReason.EMERGENCY, VOICEMAIL)
    assert desk.do(OpenQueue(SUPPORT)) == [QueueChanged(SUPPORT, None)]
    assert isinstance(desk.enter("b")[0], TicketQueued)
    assert refused(desk.do(OpenQueue(SUPPORT))).reason is RefusalReason.NOT_POSSIBLE_NOW


def test_closing_again_is_said_where_the_reason_is_another() -> None:
    desk = Desk()
    desk.do(CloseQueue(SUPPORT, "fire alarm"))
    assert desk.do(CloseQueue(SUPPORT, "fire alarm", AWAY)) == []
    assert desk.do(CloseQueue(SUPPORT, "fire")) == [QueueChanged(SUPPORT, OverflowCause.EMERGENCY, "fire")]
    assert desk.engine.closure(SUPPORT) == QueueChanged(SUPPORT, OverflowCause.EMERGENCY, "fire")


def test_an_emergency_lasts_since_it_was_first_said() -> None:
    desk = Desk()
    desk.do(CloseQueue(SUPPORT, "fire alarm"), 5)
    desk.do(CloseQueue(SUPPORT, "fire"), 9)
    assert journal(desk) == [("queue", "support", QueueRow(5.0, "fire", None))]


def test_closing_with_an_action_of_its_own_for_those_who_wait_too() -> None:
    desk = Desk(queue_config(), sales())
    desk.enter("a")
    desk.do(CloseQueue(SUPPORT, "", TO_SALES, also_waiting=True))
    assert desk.waiting("sales") == ["a"]
    assert desk.enter("b")[0] == TicketQueued(
        TicketId("b"), SALES, 0.0, 2, 0.0, (TurnedAway(SUPPORT, OverflowCause.EMERGENCY),)
    )


def test_an_emergency_survives_a_restart() -> None:
    support = queue_config()
    desk = Desk(support)
    desk.do(CloseQueue(SUPPORT, "flood", AWAY))
    rows = journal(desk)
    restarted(desk, support, rows=rows)
    assert refused(desk.enter("a")).overflow == AWAY
    desk.do(OpenQueue(SUPPORT))
    assert ("queue", "support", None) in desk.engine.take_changes()


@pytest.mark.parametrize(
    ("opening", "cause"), [(Opening.CLOSED, OverflowCause.CLOSED), (Opening.HOLIDAY, OverflowCause.HOLIDAY)]
)
def test_the_calendar_closes_the_queue(opening: Opening, cause: OverflowCause) -> None:
    desk = Desk(queue_config(overflow_on={cause: AWAY}))
    desk.enter("a")
    assert desk.do(SetOpening(SUPPORT, opening)) == [QueueChanged(SUPPORT, cause)]
    assert desk.do(SetOpening(SUPPORT, opening)) == []
    assert refused(desk.enter("b")).overflow == AWAY
    assert desk.waiting() == ["a"]
    desk.do(SetOpening(SUPPORT, opening, also_waiting=True))
    assert desk.one(TicketEnded).overflow == AWAY
    assert desk.do(SetOpening(SUPPORT, Opening.OPEN, also_waiting=True)) == [QueueChanged(SUPPORT, None)]


@pytest.mark.parametrize("shut", [CloseQueue(SUPPORT, "flood"), SetOpening(SUPPORT, Opening.HOLIDAY)])
def test_a_queue_that_is_configured_anew_stays_shut(shut: CloseQueue | SetOpening) -> None:
    desk = Desk()
    desk.do(shut)
    before = desk.engine.closure(SUPPORT)
    desk.do(ConfigureQueue(queue_config(overflow=VOICEMAIL)))
    assert desk.engine.closure(SUPPORT) == before
    assert refused(desk.enter("a")).overflow == VOICEMAIL


def test_the_calendar_sends_those_who_wait_to_another_queue() -> None:
    desk = Desk(queue_config(overflow=TO_SALES), sales(max_wait=60.0))
    desk.enter("a")
    desk.do(SetOpening(SUPPORT, Opening.CLOSED, also_waiting=True), 100)
    assert desk.waiting("sales") == ["a"]
    assert desk.engine.next_deadline() == 160


def test_an_emergency_is_said_even_when_the_calendar_has_closed() -> None:
    desk = Desk(queue_config())
    desk.do(SetOpening(SUPPORT, Opening.CLOSED))
    assert desk.do(CloseQueue(SUPPORT)) == [QueueChanged(SUPPORT, OverflowCause.EMERGENCY)]
    assert desk.do(SetOpening(SUPPORT, Opening.OPEN)) == []
    desk.do(SetOpening(SUPPORT, Opening.CLOSED))
    assert desk.do(OpenQueue(SUPPORT)) == [QueueChanged(SUPPORT, OverflowCause.CLOSED)]


@pytest.mark.parametrize("command", [SetOpening(NIGHT, Opening.OPEN), CloseQueue(NIGHT), OpenQueue(NIGHT)])
def test_there_is_no_such_queue(command: SetOpening | CloseQueue | OpenQueue) -> None:
    assert refused(Desk().do(command)).reason is RefusalReason.UNKNOWN_QUEUE


# --- the place of a caller who calls again


def calls(desk: Desk, ticket: str, caller: str, at: float, queue: str = "support") -> TicketQueued:
    queued = desk.do(Enqueue(TicketId(ticket), QueueId(queue), caller=caller), at)[0]
    assert isinstance(queued, TicketQueued)
    return queued


def test_a_caller_who_calls_again_soon_enough_has_the_old_place_once() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0, max_wait=600.0))
    calls(desk, "a", "+4930", 0)
    calls(desk, "b", "+4940", 10)
    desk.do(Abandon(TicketId("a")), 20)
    assert desk.one(TicketEnded).result is TicketResult.ABANDONED
    calls(desk, "other", "+4931", 30)
    again = calls(desk, "again", "+4930", 80)
    assert (again.joined_at, again.position) == (0.0, 0)
    assert desk.waiting() == ["again", "b", "other"]
    assert calls(desk, "twin", "+4930", 81).joined_at == 81.0
    desk.pass_to(679)
    assert "again" in desk.waiting()  # max_wait counts from the second call


def test_the_place_is_gone_after_its_time() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    desk.pass_to(80)
    assert calls(desk, "again", "+4930", 80).joined_at == 80.0
    assert desk.engine.counts()["deadlines"] == 1


@pytest.mark.parametrize(("seconds", "joined_at"), [(0.0, 20.25), (0.5, 0.0)])
def test_a_place_is_kept_where_the_queue_keeps_any(seconds: float, joined_at: float) -> None:
    desk = Desk(queue_config(place_return_seconds=seconds, max_wait=None))
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    assert desk.engine.counts()["deadlines"] == (seconds > 0)
    assert calls(desk, "again", "+4930", 20.25).joined_at == joined_at


def test_the_place_is_of_one_queue_and_of_abandoned_calls_only() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0), sales(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    assert calls(desk, "b", "+4930", 21, "sales").joined_at == 21.0
    desk.do(CloseQueue(SALES, also_waiting=True), 22)
    desk.do(OpenQueue(SALES), 23)
    assert calls(desk, "c", "+4930", 24, "sales").joined_at == 24.0
    desk.do(Withdraw(TicketId("c")), 25)
    assert calls(desk, "d", "+4930", 26, "sales").joined_at == 26.0


def test_a_place_is_not_given_where_the_queue_keeps_none_any_more() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    desk.do(ConfigureQueue(queue_config()))
    assert calls(desk, "again", "+4930", 30).joined_at == 30.0


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_of_two_places_of_one_caller_the_earlier_counts_and_the_later_limit(order: str) -> None:
    desk = Desk(queue_config(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    calls(desk, "b", "+4930", 10)
    for number, ticket in enumerate(order):
        desk.do(Abandon(TicketId(ticket)), 20 + 5 * number)
    assert desk.engine.next_deadline() == 85
    desk.pass_to(84)
    assert calls(desk, "again", "+4930", 84).joined_at == 0.0
    assert desk.engine.counts()["deadlines"] == 1, "of max_wait: nothing is left of the places"


@pytest.mark.parametrize(("caller", "kept"), [("", False), ("+", True), ("x" * 128, True), ("x" * 129, False)])
def test_no_place_is_kept_for_who_has_no_name_or_too_long_a_one(caller: str, kept: bool) -> None:
    desk = Desk(queue_config(place_return_seconds=60.0))
    calls(desk, "a", caller, 0)
    desk.do(Abandon(TicketId("a")), 20)
    assert (calls(desk, "again", caller, 30).joined_at == 0.0) == kept


def test_places_go_with_their_queue() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0), sales(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    calls(desk, "b", "+4930", 0, "sales")
    for ticket in "ab":
        desk.do(Abandon(TicketId(ticket)), 20)
    desk.do(RemoveQueue(SUPPORT), 21)
    desk.do(ConfigureQueue(queue_config(place_return_seconds=60.0)), 22)
    assert calls(desk, "a", "+4930", 23).joined_at == 23.0
    assert calls(desk, "b", "+4930", 23, "sales").joined_at == 0.0


def test_a_place_kept_survives_a_restart_and_its_row_goes_with_it() -> None:
    support = queue_config(place_return_seconds=60.0)
    desk = Desk(support)
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    rows = journal(desk)
    restarted(desk, support, rows=rows)
    assert calls(desk, "again", "+4930", 60).joined_at == 0.0
    assert ("place", "support/+4930", None) in desk.engine.take_changes()


def test_the_places_kept_are_bounded() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0))
    for number in range(MOST_PLACES + 5):
        calls(desk, f"t{number}", f"+{number}", 0)
        desk.do(Abandon(TicketId(f"t{number}")))
        desk.engine.take_changes()
    assert len(desk.engine._floor.places.kept) == MOST_PLACES
    assert calls(desk, "first", "+0", 1).joined_at == 1.0
