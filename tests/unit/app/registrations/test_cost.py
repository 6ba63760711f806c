"""What a REGISTER costs, in Python calls from its bytes to its answer: the same on every machine and at any load."""

import sys
from collections.abc import Callable
from types import FrameType

from tests.property.test_familiar_phones import SOURCES, Phones, Step, World


def calls(act: Callable[[], object]) -> int:
    """Python functions entered by ``act`` (none are seen in a compiled build)."""
    count = 0

    def watch(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def unobserved(*, digest: bool) -> World:
    world = World(1, digest=digest)
    world.desk.observers.clear()
    return world


def costs(world: World, phones: Phones, proof: str, times: int, user: str = "ana") -> list[int]:
    """Of one phone's REGISTERs, one after the other."""
    found = []
    for _ in range(times):
        data, answers = phones.says(Step(user, 0, 1, 0, "", proof, 0)), []
        found.append(calls(lambda: answers.extend(world.receive(data, SOURCES[0], 1000.0))))  # noqa: B023 - called at once
        phones.hear(answers)
    return found


def test_without_digest() -> None:
    world, phones = unobserved(digest=False), Phones()
    costs(world, phones, "none", 1, "bo")  # headers that all phones send alike are known now
    first, _, third = costs(world, phones, "none", 3)
    assert first < 170  # a new contact: read as a whole, every line of it becomes an object
    assert third < 50  # a refresh in the words of the one before


def test_with_digest() -> None:
    world, phones = unobserved(digest=True), Phones()
    costs(world, phones, "none", 1)
    *_, known = costs(world, phones, "good", 3)
    assert known < 80
