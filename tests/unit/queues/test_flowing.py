"""Calls that one queue does not keep and another takes."""

import pytest

from queues.commands import (
    CloseQueue,
    ConfigureQueue,
    RemoveQueue,
    SetOpening,
    SetReady,
)
from queues.model import (
    FailureCause,
    Limits,
    Opening,
    OverflowCause,
    TicketId,
)
from queues.outputs import (
    MakeOffer,
    RefusalReason,
    TicketEnded,
    TicketMoved,
    TicketQueued,
    TicketResult,
    TurnedAway,
    WithdrawOffer,
)
from tests.unit.queues.desk import Desk, queue_config
from tests.unit.queues.overflows import (
    AWAY,
    HANG_UP,
    NIGHT,
    SALES,
    SUPPORT,
    TO_NIGHT,
    TO_SALES,
    TO_SUPPORT,
    VOICEMAIL,
    journal,
    refused,
    restarted,
    sales,
)


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


def test_max_wait_that_is_over_later_does_not_change_why_a_call_leaves_if_its_bridge_fails() -> None:
    desk = Desk(
        queue_config(max_wait=10.0, overflow=TO_SALES, overflow_on={OverflowCause.EMERGENCY: TO_NIGHT}), sales()
    )
    desk.do(ConfigureQueue(queue_config("night", None)))
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=1)
    desk.do(CloseQueue(SUPPORT, "fire", also_waiting=True), at=2)
    desk.pass_to(11)
    desk.fail("o1", FailureCause.CONNECT_FAILED)
    assert desk.one(TicketMoved) == TicketMoved(TicketId("a"), SUPPORT, NIGHT, OverflowCause.EMERGENCY)


def test_a_closing_later_does_not_change_why_a_call_leaves_if_its_bridge_fails() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES, overflow_on={OverflowCause.EMERGENCY: AWAY}), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    desk.pass_to(10)
    desk.do(CloseQueue(SUPPORT, "fire", also_waiting=True), at=11)
    desk.fail("o1", FailureCause.CONNECT_FAILED)
    assert desk.one(TicketMoved) == TicketMoved(TicketId("a"), SUPPORT, SALES, OverflowCause.MAX_WAIT)


def test_a_bridge_that_is_being_built_is_let_stand_and_one_that_fails_lets_the_call_flow_on() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    assert desk.pass_to(10) == []
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=11)
    assert desk.one(TicketMoved) == TicketMoved(TicketId("a"), SUPPORT, SALES, OverflowCause.MAX_WAIT)
    assert desk.waiting("sales") == ["a"]


def test_a_bridge_that_fails_after_the_queue_was_closed_lets_the_call_go_for_that() -> None:
    desk = Desk(queue_config(max_wait=60.0, overflow_on={OverflowCause.HOLIDAY: TO_SALES}), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    desk.do(SetOpening(SUPPORT, Opening.HOLIDAY, also_waiting=True), 10)
    assert desk.waiting("sales") == []
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=11)
    assert desk.one(TicketMoved) == TicketMoved(TicketId("a"), SUPPORT, SALES, OverflowCause.HOLIDAY)


def test_the_queue_is_removed_while_a_bridge_is_being_built_that_fails() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales())
    desk.agent("ana", {}, "support")
    desk.enter("a", at=0)
    desk.answer("o1", at=9)
    desk.pass_to(10)
    desk.do(RemoveQueue(SUPPORT), 10.5)
    desk.fail("o1", FailureCause.CONNECT_FAILED, at=11)
    ended = desk.one(TicketEnded)
    assert (ended.ticket, ended.result, ended.queue) == ("a", TicketResult.WITHDRAWN, SUPPORT)
    assert not desk.waiting("sales")


@pytest.mark.parametrize(
    ("needs", "ready", "taken"),
    [({"french": 1}, True, True), ({"klingon": 1}, True, False), ({"french": 1}, False, False)],
    ids=["somebody-is-free", "nobody-can", "not-ready"],
)
def test_a_full_queue_takes_who_comes_from_another_only_where_somebody_is_free_for_this_call(
    needs: dict[str, int], ready: bool, taken: bool
) -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_length=0, overflow=VOICEMAIL))
    desk.agent("sam", {"french": 5}, "sales")
    desk.enter("a", needs=needs, ready=ready, at=0)
    desk.pass_to(10)
    if taken:
        assert desk.offered() == [("a", "sam")]
    else:
        assert desk.one(TicketEnded).overflow == VOICEMAIL


def test_the_wait_that_a_call_may_expect_elsewhere_is_that_of_its_own_priority() -> None:
    limits = Limits(max_expected_wait=60.0)
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales(limits=limits, overflow=VOICEMAIL))
    for number in range(5):
        for priority, wait in ((0, 100.0), (4, 5.0)):
            desk.engine._floor.waits[SALES].learn(priority, 1, 0.0, wait + number)
    desk.enter("plain", at=500)
    desk.enter("vip", priority=4, at=500)
    desk.pass_to(510)
    ended = desk.one(TicketEnded)
    assert (ended.ticket, ended.overflow) == ("plain", VOICEMAIL)
    assert ended.turned_away == (TurnedAway(SALES, OverflowCause.EXPECTED_WAIT),)
    assert desk.waiting("sales") == ["vip"]


def test_no_call_is_in_a_queue_twice_by_overflow() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_wait=10.0, overflow=TO_SUPPORT))
    desk.enter("a", at=0)
    desk.pass_to(10)
    assert desk.waiting("sales") == ["a"]
    desk.pass_to(20)
    ended = desk.one(TicketEnded)
    assert (ended.queue, ended.overflow, ended.cause) == (SALES, HANG_UP, OverflowCause.MAX_WAIT)


def test_a_queue_that_will_not_have_the_call_does_not_send_it_back() -> None:
    desk = Desk(queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_length=0, overflow=TO_SUPPORT))
    desk.enter("a", at=0)
    desk.pass_to(10)
    ended = desk.one(TicketEnded)
    assert (ended.queue, ended.overflow) == (SUPPORT, HANG_UP)
    assert ended.turned_away == (TurnedAway(SALES, OverflowCause.QUEUE_FULL),)


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


def test_a_call_that_flows_on_goes_from_queue_to_queue_until_one_takes_it() -> None:
    desk = Desk(
        queue_config(max_wait=10.0, overflow=TO_SALES),
        sales(max_length=0, overflow=TO_NIGHT),
        queue_config("night"),
    )
    desk.enter("a", at=5)
    assert desk.pass_to(15) == [
        TicketMoved(TicketId("a"), SUPPORT, NIGHT, OverflowCause.MAX_WAIT),
        TicketQueued(TicketId("a"), NIGHT, 5.0, 0, None, (TurnedAway(SALES, OverflowCause.QUEUE_FULL),)),
    ]


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


def test_a_ticket_that_flowed_on_is_restored_with_where_it_was() -> None:
    queues = queue_config(max_wait=10.0, overflow=TO_SALES), sales(max_wait=10.0, overflow=TO_SUPPORT)
    desk = Desk(*queues)
    desk.enter("a", at=0)
    desk.pass_to(10)
    restarted(desk, *queues, rows=journal(desk))
    assert desk.waiting("sales") == ["a"]
    desk.pass_to(20)
    assert desk.one(TicketEnded).overflow == HANG_UP
