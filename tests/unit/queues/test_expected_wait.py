"""Expected wait: what a queue learns of the waits that were, and what it says while it knows little or has stalled."""

import itertools

import msgspec
import pytest

from queues.commands import RemoveQueue, SetPriority, SetReady
from queues.floor.snapshot import WaitsRow
from queues.lines.waits import AT_ONCE, Mean, QueueWaits, bin_of
from queues.model import QueueId, TicketId
from queues.outputs import TicketQueued
from tests.unit.queues.desk import Desk, agent_config, queue_config
from tests.unit.queues.test_restoring import journal, restart

SUPPORT = QueueId("support")


def learnt(*waits: float, length: int = 3, priority: int = 0) -> QueueWaits:
    """One call after the other enters at 0, 100, 200 … and is connected after its wait."""
    queue = QueueWaits()
    for number, wait in enumerate(waits):
        queue.learn(priority, length, 100.0 * number, 100.0 * number + wait)
    return queue


def test_a_mean_is_plain_for_the_first_samples_and_decays_by_a_twentieth_afterwards() -> None:
    mean = Mean()
    for sample in range(20):
        mean.add(sample)
    assert mean.value == pytest.approx(9.5)
    for _ in range(30):
        mean.add(100.0)
    assert mean.value == pytest.approx(100 - 90.5 * 0.95**30)


def test_lengths_have_a_mean_each_and_long_ones_share_with_their_neighbours() -> None:
    assert [bin_of(length) for length in range(19)] == [*range(18), 17]
    assert [bin_of(17 << octave) for octave in range(5)] == [17, 25, 33, 41, 49], "eight of them an octave"
    assert bin_of(100_000) < 130
    bins = [bin_of(length) for length in range(1, 5000)]
    assert bins == sorted(bins)
    assert {later - earlier for earlier, later in itertools.pairwise(bins)} == {0, 1}


def test_five_calls_that_met_the_same_length_tell_what_the_next_may_expect() -> None:
    queue = learnt(10, 20, 30, 40, 50)
    assert queue.expected(0, 3, None, 500.0) == pytest.approx(30.0)


def test_below_five_samples_it_is_the_wait_of_the_last_to_enter_service() -> None:
    queue = learnt(10, 20, 30, 40)
    assert queue.expected(0, 3, None, 500.0) == 40.0
    assert queue.expected(0, 7, None, 500.0) == 40.0


def test_a_class_without_history_takes_what_the_queue_knows() -> None:
    queue = learnt(10, 20)
    assert queue.expected(5, 3, None, 500.0) == 20.0
    assert QueueWaits().expected(0, 1, None, 0.0) is None


def test_classes_of_priority_are_told_apart() -> None:
    queue = learnt(100, 100, 100, 100, 100)
    for number in range(5):
        queue.learn(9, 1, 1000.0 + number, 1002.0 + number)
    assert queue.expected(9, 1, None, 1010.0) == pytest.approx(2.0)
    assert queue.expected(0, 3, None, 1010.0) == pytest.approx(100.0)


def test_priorities_beyond_what_is_told_apart_count_with_their_neighbour() -> None:
    queue = QueueWaits()
    for priority in range(100):
        queue.learn(priority, 1, 0.0, float(priority))
    assert len(queue.classes) == 32
    assert queue.class_of(90) == 31
    assert queue.class_of(-5) == 0


def test_with_an_agent_open_the_wait_is_that_of_calls_served_on_arrival() -> None:
    queue = learnt(100, 100)
    assert queue.expected(0, AT_ONCE, None, 300.0) == 0.0
    queue.learn(0, AT_ONCE, 300.0, 304.0)
    assert queue.expected(0, AT_ONCE, None, 305.0) == 4.0
    assert queue.expected(0, 3, None, 305.0) == 100.0, "who is served at once says nothing of those who wait"


def test_a_stalled_queue_never_promises_less_than_its_head_has_waited() -> None:
    queue = learnt(10, 20, 30, 40, 50)
    assert queue.gap.value == pytest.approx(30.0)
    head = 455.0  # joined after the last was connected, at 450
    assert queue.expected(0, 3, head, head + 100) == pytest.approx(30.0), "not longer than by chance"
    assert queue.expected(0, 3, head, head + 240) == pytest.approx(30.0)
    assert queue.expected(0, 3, head, head + 241) == pytest.approx(241.0)
    assert QueueWaits().expected(0, 1, 10.0, 25.0) == 15.0


def test_a_busy_queue_connects_several_calls_a_second() -> None:
    queue = QueueWaits()
    for number in range(6):
        queue.learn(0, 1, 0.0, 0.5 * number)
    assert queue.gap.value == pytest.approx(2.5 / 6)


def test_a_ticket_is_told_what_to_expect_when_it_enters() -> None:
    desk = Desk()
    desk.enter("a", at=0)
    assert desk.one(TicketQueued).expected_wait is None
    desk.enter("b", at=4)
    assert desk.one(TicketQueued).expected_wait == 4.0, "nothing learnt: the head's wait"
    desk.agent("ana", at=10)
    desk.connect("o1", at=12)
    desk.enter("c", at=12)
    assert desk.one(TicketQueued).expected_wait == 12.0
    assert desk.engine.expected_wait(SUPPORT, 0, 12) == 12.0
    assert desk.engine.remaining_wait(TicketId("b"), 12) == 12.0
    assert desk.engine.remaining_wait(TicketId("a"), 12) is None, "it is connected"
    assert desk.engine.expected_wait(QueueId("none"), 0, 12) is None


def test_the_head_that_has_waited_may_have_needs_of_its_own() -> None:
    desk = Desk()
    desk.enter("a", needs={"french": 1}, ready=False, at=0)
    desk.enter("b", at=1)
    assert desk.one(TicketQueued).expected_wait is None, "nobody to serve"
    desk.do(SetReady(TicketId("a")), at=2)
    desk.enter("c", at=4)
    assert desk.one(TicketQueued).expected_wait == 4.0


def test_with_an_agent_open_nothing_is_to_be_waited_for() -> None:
    desk = Desk()
    desk.agent("ana", at=0)
    assert desk.engine.expected_wait(SUPPORT, 0, 0) == 0.0
    desk.enter("a", at=1)
    assert desk.outputs[0] == TicketQueued(TicketId("a"), SUPPORT, 1, 1, 0.0)


def test_nothing_is_learnt_from_a_call_that_changed_its_class() -> None:
    desk = Desk()
    desk.enter("a", at=0)
    desk.do(SetPriority(TicketId("a"), 3), at=5)
    desk.agent("ana", at=60)
    desk.connect("o1", at=60)
    desk.enter("b", at=61)
    assert desk.one(TicketQueued).expected_wait is None


def test_what_was_learnt_survives_a_restart_and_goes_with_its_queue() -> None:
    desk = Desk()
    desk.enter("a", at=0)
    desk.enter("b", at=1)
    desk.agent("ana", at=20)
    desk.connect("o1", at=25)
    rows = journal(desk)
    row = msgspec.msgpack.decode(rows["waits", "support/0"], type=WaitsRow)
    assert (row.last, row.served_at, row.means) == (25.0, 25.0, ((1, 25.0, 1),))
    after = restart(rows, 25, [queue_config()], [agent_config("ana")])
    assert after.engine.expected_wait(SUPPORT, 0, 25) == 25.0
    after.end("a", at=31)
    after.connect("o100", at=61)
    journal(after, rows)
    row = msgspec.msgpack.decode(rows["waits", "support/0"], type=WaitsRow)
    assert sorted(row.means) == [(1, 25.0, 1), (2, 60.0, 1)], "the ticket kept what it met before the restart"
    after.do(RemoveQueue(SUPPORT), at=62)
    journal(after, rows)
    assert ("waits", "support/0") not in rows


def test_rows_of_a_queue_that_is_gone_are_dropped() -> None:
    row = WaitsRow(QueueId("gone"), 0, 1.0, 1.0, 1, 1.0, ())
    rows = {("waits", "gone/0"): msgspec.msgpack.encode(row)}
    after = restart(rows, 30, [queue_config()], [])
    journal(after, rows)
    assert ("waits", "gone/0") not in rows


def test_rows_are_saved_every_ten_seconds_at_most() -> None:
    queue = QueueWaits()
    assert [queue.learn(0, 1, 0.0, now) for now in (100.0, 105.0, 109.9, 110.0)] == [0, None, None, 0]


def test_a_place_in_line_is_asked_about_in_its_own_class() -> None:
    desk = Desk()
    queue = desk.engine._floor.waits[SUPPORT]
    for length, wait in ((1, 10.0), (2, 20.0), (3, 40.0)):
        for number in range(5):
            queue.learn(0, length, 100.0 * number, 100.0 * number + wait)
            queue.learn(4, length, 100.0 * number, 100.0 * number + wait + 3)
    assert desk.engine.expected_wait(SUPPORT, 0, 500) == pytest.approx(10.0)
    assert desk.engine.expected_wait(SUPPORT, 4, 500) == pytest.approx(13.0)
    assert desk.engine.expected_wait(SUPPORT, 0, 500, 3) == pytest.approx(40.0)
    desk.enter("a", at=500)
    assert desk.engine.expected_wait(SUPPORT, 0, 500) == pytest.approx(20.0), "one is before it"
    assert desk.engine.expected_wait(SUPPORT, 4, 500) == pytest.approx(13.0), "but not before this one"
    desk.enter("b", at=500)
    desk.enter("vip", priority=4, at=500)
    assert desk.one(TicketQueued).expected_wait == pytest.approx(13.0)
    assert desk.engine.remaining_wait(TicketId("b"), 500) == pytest.approx(40.0)
    assert desk.engine.remaining_wait(TicketId("vip"), 500) == pytest.approx(13.0)
    assert desk.engine.remaining_wait(TicketId("nobody"), 500) is None
