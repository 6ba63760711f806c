"""Order in line: first come, first served among equals; and with ageing on nobody waits for ever, whoever else comes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from queues.model import QueueConfig, QueueId
from tests.unit.queues.desk import Desk

arrivals = st.lists(
    st.tuples(st.sampled_from(["red", "green"]), st.integers(0, 3), st.sampled_from([{}, {"french": 1}])), max_size=25
)


def desk_of(**green: float) -> Desk:
    queues = [QueueConfig(QueueId("red"), "red", max_wait=None, ageing=green.get("ageing", 0.0))]
    return Desk(*queues, QueueConfig(QueueId("green"), "green", max_wait=None, **green))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(arrivals)
def test_equals_are_served_in_the_order_in_which_they_came(calls: list[tuple[str, int, dict[str, int]]]) -> None:
    desk = desk_of()
    for number, (queue, priority, needs) in enumerate(calls):
        desk.enter(f"{number}", queue, priority=priority, needs=needs, at=float(number // 3))
    desk.agent("ana", {"french": 1}, capacity=100)
    served = [int(ticket) for ticket, _ in desk.offered()]
    assert served == sorted(range(len(calls)), key=lambda number: (-calls[number][1], number))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 200), st.floats(0.1, 5.0), st.floats(0.5, 10.0), st.floats(0.1, 9.0))
def test_with_ageing_nobody_starves(advantage: int, ageing: float, every: float, weight: float) -> None:
    """A stream of more important calls keeps the one agent busy for ever: the ordinary call's turn comes all the same,
    once its wait has made up for their advantage.
    """
    desk = desk_of(ageing=ageing, weight=weight)
    desk.agent("ana")
    desk.enter("first", "green", priority=advantage, at=0.0)
    desk.enter("ordinary", "red")
    answered = None
    for number in range(100_000):
        desk.connect(f"o{number + 1}")
        desk.enter(f"vip{number}", "green", priority=advantage, at=desk.now + every)
        desk.end(desk.view().ticket or "")
        if ("ordinary", "ana") in desk.offered():
            answered = desk.now
            break
    assert answered is not None
    assert answered <= advantage / ageing + 2 * every


def test_a_queues_weight_decides_between_equal_points() -> None:
    desk = desk_of(weight=3.0)
    desk.enter("older", "red", at=0.0)
    desk.enter("heavier", "green", at=10.0)
    desk.now = 14.0
    desk.agent("ana")
    assert desk.offered() == [("older", "ana")], "14 s count more than 3 times 4 s"
    desk.enter("later", "red", at=14.0)
    desk.now = 16.0
    desk.agent("bo")
    assert desk.offered() == [("heavier", "bo")]


def test_to_be_more_important_counts_before_weight() -> None:
    desk = desk_of(weight=100.0)
    desk.enter("heavy", "green", at=0.0)
    desk.enter("important", "red", priority=1, at=50.0)
    desk.agent("ana")
    assert desk.offered() == [("important", "ana")]
