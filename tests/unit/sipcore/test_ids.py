"""Identifiers carry their owner."""

from itertools import count
from random import Random

import pytest

from sipcore.ids import MAGIC_COOKIE, Minter


def minter(node: int = 3, worker: int = 1) -> Minter:
    numbers = count(255)
    return Minter(node, worker, lambda: f"{next(numbers):016x}")


def test_forms() -> None:
    ids = minter()
    assert ids.branch() == "z9hG4bK3.1.00000000000000ff"
    assert ids.tag() == "3.1.0000000000000100"
    assert ids.call_id() == "3.1.0000000000000101"
    assert ids.contact_user() == "3.1.0000000000000102"


def test_every_identifier_names_its_owner() -> None:
    random = Random(7)
    ids = Minter(12, 345, lambda: random.randbytes(32).hex())
    for text in (ids.branch(), ids.tag(), ids.call_id(), ids.contact_user()):
        assert Minter.owner_of(text) == (12, 345)
    assert ids.branch().startswith(MAGIC_COOKIE)


@pytest.mark.parametrize(
    "text",
    [
        "", "z9hG4bK", "z9hG4bK-74bf9-1-0", "192.0.2.1", "1.2", "1.2.", "1.2.abc", "a.2.0123456789abcdef",
        "1.b.0123456789abcdef", "1.2.0123456789abcdeg", "1.2.0123456789ABCDEF", "-1.2.0123456789abcdef",
        "1.2.0123456789abcdef@host", "1234567.2.0123456789abcdef", "١.2.0123456789abcdef", ".2.0123456789abcdef",
    ],
)  # fmt: skip
def test_what_others_minted_has_no_owner(text: str) -> None:
    assert Minter.owner_of(text) is None


def test_no_digit_serves_twice() -> None:
    drawn = iter(["0123456789abcdeffedcba9876543210", "00112233445566778899aabbccddeeff" * 2])
    ids = Minter(1, 1, lambda: next(drawn))
    assert [ids.tag().rpartition(".")[2] for _ in range(4)] == [
        "0123456789abcdef", "fedcba9876543210", "0011223344556677", "8899aabbccddeeff",
    ]  # fmt: skip


@pytest.mark.parametrize("digits", ["", "0123456789abcde", "0123456789abcdef0"])
def test_too_few_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="by the 16"):
        Minter(1, 1, lambda: digits).tag()


@pytest.mark.parametrize(("node", "worker"), [(-1, 0), (0, -1), (10**6, 0), (0, 10**6)])
def test_owner_range(node: int, worker: int) -> None:
    with pytest.raises(ValueError, match="999999"):
        minter(node, worker)
