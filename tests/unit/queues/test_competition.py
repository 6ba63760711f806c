"""Which queue's call an agent who becomes free takes: points first, then weighted waits, then the time of joining."""

import pytest

from queues.commands import ConfigureQueue, RemoveQueue, SetPriority
from queues.model import QueueConfig, QueueId, TicketId
from tests.unit.queues.desk import Desk, queue_config


def first_served(red: QueueConfig, blue: QueueConfig, red_at: float, blue_at: float, now: float) -> list[str]:
    """A call of each queue; an agent becomes free at ``now`` and takes both, one after the other."""
    desk = Desk(red, blue)
    for ticket, at in sorted([("red", red_at), ("blue", blue_at)], key=lambda item: item[1]):
        desk.enter(ticket, ticket, at=at)
    desk.agent("ana", capacity=2, at=now)
    return [ticket for ticket, _ in desk.offered()]


def queue(name: str, **fields: object) -> QueueConfig:
    return queue_config(name, None, **{"max_wait": None, **fields})


def test_among_equals_the_first_to_join_is_first() -> None:
    assert first_served(queue("red"), queue("blue"), 0, 1, 10) == ["red", "blue"]
    assert first_served(queue("red"), queue("blue"), 1, 0, 10) == ["blue", "red"]


def test_the_priority_of_the_queue_comes_first() -> None:
    assert first_served(queue("red"), queue("blue", priority=1), 0, 9, 10) == ["blue", "red"]


@pytest.mark.parametrize(("blue_at", "order"), [(13.0, ["red", "blue"]), (11.0, ["blue", "red"])])
def test_a_wait_counts_by_the_weight_of_its_queue(blue_at: float, order: list[str]) -> None:
    """Red has waited 20 seconds, blue 7 or 9 with a weight of 2.5: 17.5 or 22.5."""
    assert first_served(queue("red"), queue("blue", weight=2.5), 0, blue_at, 20) == order


@pytest.mark.parametrize(("now", "order"), [(104.0, ["blue", "red"]), (106.0, ["red", "blue"])])
def test_a_call_that_ages_overtakes_one_that_does_not(now: float, order: list[str]) -> None:
    """Red gains a point a second, blue has five for good."""
    assert first_served(queue("red", ageing=1.0), queue("blue", priority=5), 100, 90, now) == order


def test_points_count_before_any_weight() -> None:
    assert first_served(queue("red", priority=1), queue("blue", weight=100.0), 19, 0, 20) == ["red", "blue"]


def test_equal_points_and_weighted_waits_leave_the_time_of_joining() -> None:
    assert first_served(queue("red", weight=2.0), queue("blue"), 10, 0, 20) == ["blue", "red"]


@pytest.mark.parametrize(("own_at", "order"), [(5.0, ["own", "blue"]), (15.0, ["blue", "own"])])
def test_lines_of_calls_with_needs_of_their_own_compete_alike(own_at: float, order: list[str]) -> None:
    desk = Desk(queue("red"), queue("blue"))
    arrivals = [("own", "red", own_at), ("blue", "blue", 10.0)]
    for ticket, name, at in sorted(arrivals, key=lambda arrival: arrival[2]):
        desk.enter(ticket, name, needs={"billing": 2} if ticket == "own" else None, at=at)
    desk.agent("ana", {"billing": 2}, capacity=2, at=20)
    assert [ticket for ticket, _ in desk.offered()] == order


def test_the_best_head_of_several_lines_is_taken_first() -> None:
    desk = Desk(queue("red"), queue("blue"))
    for number, (ticket, name, needs) in enumerate([
        ("a", "red", {"billing": 1}), ("b", "blue", None), ("c", "red", None), ("d", "red", {"french": 1}), ("e", "blue", None),
    ]):  # fmt: skip
        desk.enter(ticket, name, needs=needs, at=float(number))
    desk.agent("ana", {"billing": 3, "french": 3}, capacity=5, at=10)
    assert [ticket for ticket, _ in desk.offered()] == ["a", "b", "c", "d", "e"]


def test_an_offered_call_keeps_a_new_priority_for_when_it_waits_again() -> None:
    desk = Desk(queue("red"))
    desk.agent("ana", at=0)
    desk.enter("a", "red", at=1)
    desk.enter("b", "red", priority=2, at=2)
    desk.do(SetPriority(TicketId("a"), 3), at=3)
    assert desk.waiting("red") == ["b"]
    desk.pass_to(25)
    assert desk.waiting("red") == ["a", "b"]
    assert desk.engine.position(TicketId("b")) == 2


def test_where_skill_is_preferred_the_one_further_above_the_requirements_is_first() -> None:
    desk = Desk(queue_config("red", {"billing": 3, "french": 1}, prefer_skilled=True))
    desk.agent("ana", {"billing": 5, "french": 1}, at=0)
    desk.agent("bo", {"billing": 3, "french": 4}, at=1)
    desk.enter("a", "red", at=2)
    assert desk.offered() == [("a", "bo")]


def test_a_call_with_a_need_of_its_own_prefers_those_who_are_above_that_too() -> None:
    desk = Desk(queue_config("red", {"billing": 3}, prefer_skilled=True))
    desk.agent("ana", {"billing": 5, "spanish": 1}, at=0)
    desk.agent("bo", {"billing": 4, "spanish": 9}, at=1)
    desk.enter("a", "red", needs={"spanish": 1}, at=2)
    assert desk.offered() == [("a", "bo")]
    desk.enter("b", "red", at=3)
    assert desk.offered() == [("b", "ana")]


def test_several_lines_of_a_queue_compete_with_the_line_of_another() -> None:
    desk = Desk(queue("red"), queue("blue"))
    desk.enter("first", "blue", needs={"french": 1}, at=1)
    desk.enter("second", "blue", at=3)
    desk.enter("third", "red", at=5)
    desk.enter("fourth", "blue", needs={"billing": 2}, at=10)
    desk.agent("ana", {"billing": 2, "french": 1}, capacity=4, at=20)
    assert [ticket for ticket, _ in desk.offered()] == ["first", "second", "third", "fourth"]


def test_of_two_agents_who_become_free_at_once_the_one_idle_longest_takes_the_call() -> None:
    """Not the one whose phone rang first."""
    desk = Desk(queue("red"), queue("blue"))
    desk.agent("bo", {"german": 1}, at=0)
    desk.agent("ana", {"french": 1}, at=1)
    desk.enter("a", "red", needs={"french": 1}, at=2)
    desk.enter("b", "red", needs={"german": 1}, at=3)
    desk.enter("c", "blue", at=4)
    desk.do(RemoveQueue(QueueId("red")), at=5)
    assert desk.offered() == [("c", "bo")]


def test_a_call_with_needs_of_its_own_overtakes_by_ageing_as_others_do() -> None:
    """It has ten points by then, the other five for good."""
    desk = Desk(queue("blue", priority=5), queue("red", ageing=1.0))
    desk.enter("own", "red", needs={"billing": 1}, at=10)
    desk.enter("plain", "blue", at=11)
    desk.agent("ana", {"billing": 1}, capacity=2, at=20)
    assert desk.offered() == [("own", "ana"), ("plain", "ana")]


def test_lines_that_open_agents_may_serve_by_a_change_of_their_queue_are_served_the_best_first() -> None:
    desk = Desk(queue_config("red", {"klingon": 1}))
    for name in ("ana", "bo"):
        desk.agent(name, {"french": 1}, at=0)
    for number, (ticket, needs) in enumerate([("a", {"french": 1}), ("b", None), ("c", {"french": 1})]):
        desk.enter(ticket, "red", needs=needs, at=float(number))
    desk.do(ConfigureQueue(queue_config("red")))
    assert desk.offered() == [("a", "ana"), ("b", "bo")]
