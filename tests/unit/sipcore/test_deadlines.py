"""The heap of deadlines against a plain model, and its lazy deletion."""

from hypothesis import given
from hypothesis import strategies as st

from sipcore.deadlines import NEVER, Deadlines, Timed

TIMES = st.integers(0, 20).map(float)
STEPS = st.lists(st.tuples(st.sampled_from(["set", "clear", "pop"]), st.integers(0, 4), TIMES), max_size=60)


@given(STEPS)
def test_agrees_with_a_plain_model(steps: list[tuple[str, int, float]]) -> None:
    deadlines: Deadlines[Timed] = Deadlines()
    owners = [Timed() for _ in range(5)]
    model: dict[Timed, float] = {}
    for action, index, when in steps:
        owner = owners[index]
        if action == "set":
            deadlines.set(owner, when)
            model[owner] = when
        elif action == "clear":
            deadlines.clear(owner)
            model.pop(owner, None)
        else:
            popped = deadlines.pop(when)
            due = sorted(time for time in model.values() if time <= when)
            assert (popped is None) == (not due)
            if popped is not None:
                assert model.pop(popped) == due[0]
        assert len(deadlines) == len(model)
        assert deadlines.next() == min(model.values(), default=None)


def test_cleared_owners_do_not_pile_up() -> None:
    deadlines: Deadlines[Timed] = Deadlines()
    keeper = Timed()
    deadlines.set(keeper, 5000.0)
    for number in range(10_000):
        owner = Timed()
        deadlines.set(owner, 1000.0 + number)
        deadlines.clear(owner)
    assert deadlines._entries < 1000
    assert deadlines.next() == 5000.0
    assert deadlines.pop(NEVER) is keeper


def test_equal_times_come_in_the_order_they_were_set() -> None:
    deadlines: Deadlines[Timed] = Deadlines()
    owners = [Timed() for _ in range(3)]
    for owner in owners:
        deadlines.set(owner, 1.0)
    assert [deadlines.pop(1.0) for _ in range(4)] == [*owners, None]
