"""Ids: UUIDv7s, each later than the one before."""

from itertools import count
from uuid import UUID

from app.ids import Uuids

NOON = 1_700_000_000_123  # milliseconds


def drawn() -> Uuids:
    """Of a clock that stands still; random bytes that are none."""
    numbers = count()
    return Uuids(lambda: NOON * 1_000_000, lambda size: bytes([next(numbers) % 256]) * size)


def test_it_is_a_uuid_of_version_7() -> None:
    text = drawn().new()
    made = UUID(text)
    assert str(made) == text
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == NOON


def test_ids_ascend_and_none_is_made_twice() -> None:
    ids = drawn()
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert UUID(made[4095]).int >> 80 == NOON
    assert UUID(made[4096]).int >> 80 == NOON + 1  # so many in a millisecond that the next one is begun


def test_a_clock_that_is_put_back_changes_nothing() -> None:
    times = iter([NOON, NOON - 60_000, NOON - 60_000, NOON + 1])
    ids = Uuids(lambda: next(times) * 1_000_000, bytes)
    made = [ids.new() for _ in range(4)]
    assert made == sorted(set(made))
    assert [UUID(each).int >> 80 for each in made] == [NOON, NOON, NOON, NOON + 1]


def test_random_digits_are_used_once() -> None:
    ids = Uuids(lambda: NOON * 1_000_000, lambda size: bytes(n % 251 for n in range(size)))
    digits = "".join(ids.new()[20:].replace("-", "") for _ in range(4))
    assert digits == bytes(range(30)).hex()
