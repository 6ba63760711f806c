"""Limits of a queue, and where the callers go whom it does not take or keep."""

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
    SetReady,
)
from queues.engine import Engine
from queues.floor.places import MOST_PLACES
from queues.model import (
    AgentId,
    AgentStatus,
    FailureCause,
    Limits,
    Opening,
    Overflow,
    OverflowAction,
    OverflowCause,
    QueueConfig,
    QueueId,
    TicketId,
)
from queues.outputs import (
    MakeOffer,
    Output,
    QueueChanged,
    RefusalReason,
    Refused,
    TicketEnded,
    TicketMoved,
    TicketQueued,
    TicketResult,
    TurnedAway,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, agent_config, queue_config

SUPPORT, SALES, NIGHT = QueueId("support"), QueueId("sales"), QueueId("night")
HANG_UP = Overflow()
TO_SALES = Overflow(OverflowAction.QUEUE, queue="sales")
TO_SUPPORT = Overflow(OverflowAction.QUEUE, queue="support")
TO_NIGHT = Overflow(OverflowAction.QUEUE, queue="night")
AWAY = Overflow(OverflowAction.URI, "sip:away@192.0.2.1")
VOICEMAIL = Overflow(OverflowAction.VOICEMAIL, "sip:box@192.0.2.1")


def sales(**fields: object) -> QueueConfig:
    return queue_config("sales", None, **fields)


def refused(outputs: list[Output]) -> Refused:
    (found,) = outputs
    assert isinstance(found, Refused)
    return found


def restarted(desk: Desk, *queues: QueueConfig, rows: list[tuple[str, str, object]]) -> list[Output]:
    desk.engine = Engine(lambda: "again", lambda: 0.5)
    for queue in queues:
        desk.do(ConfigureQueue(queue))
    return desk.engine.restore(rows, desk.now)


def journal(desk: Desk) -> list[tuple[str, str, object]]:
    return [(table, key, row) for table, key, row in desk.engine.take_changes() if row is not None]


# --- into another queue


def test_a_call_flows_into_another_queue_and_keeps_its_place_and_priority() -> None:
    support = queue_config(max_wait=60.0, overflow_on={OverflowCause.MAX_WAIT: TO_SALES})
    desk = Desk(support, sales(max_wait=100.0))
    desk.enter("late", "sales", at=30)
    desk.enter("old", at=0 + 31, priority=2)
    desk.enter("older", priority=0, at=32)
    desk.enter("newer", "sales", at=80)
    desk.pass_to(91)
    assert desk.outputs == [
        TicketMoved(TicketId("old"), SUPPORT, SALES, OverflowCause.MAX_WAIT),
        TicketQueued(TicketId("old"), SALES, 31.0, 0),
    ]
    desk.pass_to(92)
    assert desk.waiting() == []
    assert desk.waiting("sales") == ["old", "late", "older", "newer"]
    desk.pass_to(191)  # max_wait of sales counts from when it came there
    assert [each.ticket for each in desk.of(TicketEnded)] == ["late", "newer", "old"]


def test_an_agent_of_the_other_queue_takes_it_at_once() -> None:
    desk = Desk(queue_config(max_wait=60.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "sales")
    desk.enter("a", at=0)
    desk.pass_to(60)
    assert desk.offered() == [("a", "ana")]


def test_a_ticket_that_is_not_ready_waits_in_the_other_queue_until_it_is() -> None:
    desk = Desk(queue_config(max_wait=60.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "sales")
    desk.enter("a", ready=False, at=0)
    desk.pass_to(60)
    assert desk.of(MakeOffer) == []
    desk.do(SetReady(TicketId("a")))
    assert desk.offered() == [("a", "ana")]


def test_offers_are_withdrawn_when_a_call_flows_on() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.pass_to(10)
    assert desk.one(WithdrawOffer).ticket == "a"
    assert desk.waiting("sales") == ["a"]


def test_a_bridge_that_is_being_built_is_let_stand_and_one_that_fails_lets_the_call_flow_on() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    assert desk.pass_to(10) == []
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=11)
    assert desk.one(TicketMoved).to == SALES
    assert desk.waiting("sales") == ["a"]


def test_no_call_is_in_a_queue_twice_by_overflow() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_wait=10.0, overflow=TO_SUPPORT))
    desk.enter("a", at=0)
    desk.pass_to(10)
    assert desk.waiting("sales") == ["a"]
    desk.pass_to(20)
    ended = desk.one(TicketEnded)
    assert (ended.queue, ended.overflow, ended.cause) == (SALES, HANG_UP, OverflowCause.MAX_WAIT)


def test_where_the_other_queue_is_gone_the_general_action_counts() -> None:
    support = queue_config(max_wait=10.0, overflow=AWAY, overflow_on={OverflowCause.MAX_WAIT: TO_SALES})
    desk = Desk(support, sales())
    desk.do(RemoveQueue(SALES))
    desk.enter("a", at=0)
    desk.pass_to(10)
    assert desk.one(TicketEnded).overflow == AWAY


def test_a_queue_that_will_not_have_the_call_sends_it_on_by_its_own_action() -> None:
    desk = Desk(
        queue_config(max_wait=10.0, overflow=TO_SALES),
        sales(max_length=0, overflow_on={OverflowCause.QUEUE_FULL: VOICEMAIL}),
    )
    desk.enter("a", at=0)
    desk.pass_to(10)
    ended = desk.one(TicketEnded)
    assert (ended.queue, ended.overflow) == (SUPPORT, VOICEMAIL)
    assert ended.turned_away == (TurnedAway(SALES, OverflowCause.QUEUE_FULL),)


def test_an_arriving_call_goes_from_queue_to_queue_until_one_takes_it() -> None:
    desk = Desk(
        queue_config(max_length=0, overflow=TO_SALES),
        sales(limits=Limits(none_ready=True), overflow=TO_NIGHT),
        queue_config("night"),
    )
    queued = desk.enter("a", at=5)
    away = (TurnedAway(SUPPORT, OverflowCause.QUEUE_FULL), TurnedAway(SALES, OverflowCause.NONE_READY))
    assert queued == [TicketQueued(TicketId("a"), NIGHT, 5.0, 1, None, away)]


def test_queues_that_send_to_each_other_end_in_a_refusal() -> None:
    desk = Desk(queue_config(max_length=0, overflow=TO_SALES), sales(max_length=0, overflow=TO_SUPPORT))
    found = refused(desk.enter("a"))
    assert (found.reason, found.overflow) == (RefusalReason.QUEUE_FULL, HANG_UP)
    assert [away.queue for away in found.turned_away] == [SUPPORT, SALES]
    assert desk.engine.take_changes() == []


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
    assert calls(desk, "again", "+4930", 80).joined_at == 0.0
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


def test_the_place_is_of_one_queue_and_of_abandoned_calls_only() -> None:
    desk = Desk(queue_config(place_return_seconds=60.0), sales(place_return_seconds=60.0))
    calls(desk, "a", "+4930", 0)
    desk.do(Abandon(TicketId("a")), 20)
    assert calls(desk, "b", "+4930", 21, "sales").joined_at == 21.0
    desk.do(CloseQueue(SALES, also_waiting=True), 22)
    desk.do(OpenQueue(SALES), 23)
    assert calls(desk, "c", "+4930", 24, "sales").joined_at == 24.0


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


def test_a_ticket_that_flowed_on_is_restored_with_where_it_was() -> None:
    queues = queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_wait=10.0, overflow=TO_SUPPORT)
    desk = Desk(*queues)
    desk.enter("a", at=0)
    desk.pass_to(10)
    restarted(desk, *queues, rows=journal(desk))
    assert desk.waiting("sales") == ["a"]
    desk.pass_to(20)
    assert desk.one(TicketEnded).overflow == HANG_UP
