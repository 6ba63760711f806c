"""Instants to be woken at, near and far."""

import random

from queues.floor.deadlines import RING, Deadlines


def popped(deadlines: Deadlines, now: float) -> list[str]:
    found = []
    while (due := deadlines.pop_due(now)) is not None:
        found.append(due[1])
    return found


def test_the_earliest_is_the_next_however_far_it_is() -> None:
    deadlines = Deadlines()
    assert deadlines.next() is None
    for at in (5000.0, 70.0, 69.0, 1e12, float("inf"), 0.5):
        deadlines.arm(at, RING, str(at))
    found = []
    while (due := deadlines.next()) is not None and due < float("inf"):
        assert deadlines.pop_due(due - 0.25) is None
        found += popped(deadlines, due)
    assert found == ["0.5", "69.0", "70.0", "5000.0", "1000000000000.0"]
    assert len(deadlines) == 1


def test_equal_instants_come_in_the_order_of_arming() -> None:
    deadlines = Deadlines()
    for key in "zam":
        deadlines.arm(100.0, RING, key)
    assert deadlines.next() == 100.0
    deadlines.arm(100.0, RING, "b")
    assert popped(deadlines, 100.0) == ["z", "a", "m", "b"]


def test_nothing_is_armed_by_0() -> None:
    deadlines = Deadlines()
    deadlines.arm(1.0, RING, "a")
    deadlines.disarm(0)
    assert len(deadlines) == 1


def test_one_that_is_armed_for_the_span_that_comes_next_waits_behind_those_before_it() -> None:
    deadlines = Deadlines()
    deadlines.arm(70.0, RING, "second")
    deadlines.arm(40.0, RING, "first")
    assert deadlines.next() == 40.0
    deadlines.arm(80.0, RING, "third")
    assert popped(deadlines, 100.0) == ["first", "second", "third"]


def test_what_is_disarmed_takes_little_room() -> None:
    """Neither near (in the heap) nor far (in a drawer): it is swept out."""
    deadlines = Deadlines()
    kept = [deadlines.arm(10.0 + at, RING, f"kept {at}") for at in range(5)]
    assert deadlines.next() == 10.0
    for number in range(1000):
        near, far = deadlines.arm(9.0 + number / 1000, RING, "gone"), deadlines.arm(5000.0, RING, "gone")
        deadlines.disarm(near)
        deadlines.disarm(far)
        entries = len(deadlines._heap) + sum(map(len, deadlines._drawers.values()))
        assert entries == deadlines._entries <= 2 * len(kept) + 64
    assert popped(deadlines, 100.0) == [f"kept {at}" for at in range(5)]


def test_armed_and_disarmed_at_random() -> None:
    """Against a plain dictionary of what is armed."""
    luck, deadlines, now = random.Random(7), Deadlines(), 1_700_000_000.0
    armed: dict[int, tuple[float, str]] = {}
    for number in range(4000):
        if luck.random() < 0.6:
            at = now + luck.choice((-1.0, 0.0, 3.0, 20.0, 31.0, 600.0, 86_400.0)) * luck.random()
            armed[deadlines.arm(at, RING, str(number))] = (at, str(number))
        elif armed:
            gone = luck.choice(list(armed))
            deadlines.disarm(gone)
            deadlines.disarm(gone)  # of one that is over already nothing comes
            del armed[gone]
        assert len(deadlines) == len(armed)
        assert deadlines.next() == min((at for at, _ in armed.values()), default=None)
        if luck.random() < 0.2:
            now += luck.choice((0.01, 1.0, 40.0))
            due = sorted((at, handle) for handle, (at, _) in armed.items() if at <= now)
            assert popped(deadlines, now) == [armed.pop(handle)[1] for _, handle in due]
    assert deadlines.armed() == {(at, RING, key) for at, key in armed.values()}
