"""The deadlines against a plain model, and their lazy deletion."""

import random

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


def test_many_that_are_moved_and_cleared_come_in_order() -> None:
    luck, now = random.Random(3), 1_700_000_000.0
    deadlines: Deadlines[Timed] = Deadlines()
    owners = [Timed() for _ in range(2000)]
    model: dict[Timed, float] = {}
    for _ in range(300):
        for owner in luck.sample(owners, 40):
            if luck.random() < 0.6:
                model.pop(owner, None)
                deadlines.clear(owner)
            else:
                model[owner] = now + luck.choice([0.5, 1.0, 4.0, 32.0, luck.random() * 40])
                deadlines.set(owner, model[owner])
        now += luck.random()
        assert deadlines.next() == min(model.values(), default=None)
        while (popped := deadlines.pop(now)) is not None:
            assert model.pop(popped) <= min(model.values(), default=NEVER)
        assert len(deadlines) == len(model)
        assert min(model.values(), default=NEVER) > now
    assert len(deadlines._drawers) < 200


def test_cleared_owners_do_not_pile_up() -> None:
    deadlines: Deadlines[Timed] = Deadlines()
    keeper = Timed()
    deadlines.set(keeper, 5000.0)
    for number in range(10_000):
        owner = Timed()
        deadlines.set(owner, 1000.0 + number)
        deadlines.clear(owner)
    assert deadlines._entries == sum(len(drawer.entries) for drawer in deadlines._drawers.values()) < 1000
    assert len(deadlines._drawers) < 1000
    assert deadlines.next() == 5000.0
    assert deadlines.pop(NEVER) is keeper


def test_equal_times_come_in_the_order_they_were_set() -> None:
    deadlines: Deadlines[Timed] = Deadlines()
    owners = [Timed() for _ in range(3)]
    for owner in owners:
        deadlines.set(owner, 1.0)
    assert [deadlines.pop(1.0) for _ in range(4)] == [*owners, None]
