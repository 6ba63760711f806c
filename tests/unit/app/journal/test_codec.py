"""Rows to bytes and back, over versions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from app.journal.codec import RowCodec, TableSchema
from app.journal.port import JournalError, Row


class Colour(StrEnum):
    RED = "red"


@dataclass(slots=True)
class Leg:
    tag: str
    cseq: int | None
    routes: tuple[str, ...] = ()
    body: bytes = b""
    colour: Colour = Colour.RED
    until: float = 0.0


@dataclass(slots=True)
class Call:
    legs: tuple[Leg, ...]
    by_name: dict[str, Leg]
    pairs: tuple[tuple[str, int], ...]


def with_until(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "until": fields.pop("deadline") / 1000}


def test_round_trip() -> None:
    codec = RowCodec({"legs": Leg})
    leg = Leg("t", None, ("<sip:a;lr>",), b"\xff\0", until=1.5)
    assert codec.decode(codec.encode("legs", "k", leg)) == leg
    assert codec.encode("legs", "k", None) == Row("legs", "k", None)
    assert [key for _, key, _ in codec.encode_all([("legs", "a", leg), ("legs", "b", None)])] == ["a", "b"]


def test_older_row_is_upgraded() -> None:
    old = msgspec.msgpack.encode((1, {"tag": "t", "cseq": 3, "deadline": 2500, "colour": "red"}))
    codec = RowCodec({"legs": TableSchema(Leg, 3, {1: with_until, 2: lambda fields: fields | {"cseq": 4}})})
    assert codec.decode(Row("legs", "k", old)) == Leg("t", 4, until=2.5)


@pytest.mark.parametrize(
    ("table", "value", "message"),
    [
        ("legs", msgspec.msgpack.encode((9, {})), "rows of version 9, this release knows up to 2"),
        ("legs", msgspec.msgpack.encode((1, {})), "version 1 can no longer be read"),
        ("legs", msgspec.msgpack.encode((2, {"tag": 1})), "'k' of journal table 'legs' is damaged"),
        ("legs", b"\xc1", "is damaged"),
        ("legs", None, "is a deletion"),
        ("limbs", b"", "unknown journal table 'limbs'"),
    ],
)
def test_unreadable(table: str, value: bytes | None, message: str) -> None:
    codec = RowCodec({"legs": TableSchema(Leg, 2)})
    with pytest.raises(JournalError, match=message):
        codec.decode(Row(table, "k", value))


def test_unwritable() -> None:
    codec = RowCodec({"legs": Leg})
    with pytest.raises(JournalError, match="unknown journal table 'limbs'"):
        codec.encode("limbs", "k", Leg("", 1))
    with pytest.raises(JournalError, match="cannot be encoded"):
        codec.encode("legs", "k", Leg("t", 2**70))


def test_text_that_is_no_utf8_comes_back_as_it_was() -> None:
    codec = RowCodec({"legs": Leg})
    leg = Leg("ü" + b"\xff\xe4".decode("utf-8", "surrogateescape"), 2, ("\udc80", "x"), b"\xff", until=1.5)
    assert codec.decode(codec.encode("legs", "k", leg)) == leg
    nested = RowCodec({"calls": Call})
    call = Call((leg,), {"\udcff": leg}, (("a", 1), ("\udcfe", 2)))
    assert nested.decode(nested.encode("calls", "k", call)) == call


def test_upgrade_of_a_row_with_such_text() -> None:
    old = RowCodec({"legs": Leg}).encode("legs", "k", Leg("\udcff", 1))
    new = RowCodec({"legs": TableSchema(Leg, 2, {1: lambda fields: fields | {"cseq": 4}})})
    assert new.decode(old) == Leg("\udcff", 4)


def test_all_rows_equal_texts_are_one_object() -> None:
    codec = RowCodec({"legs": Leg, "calls": Call})
    legs = [Leg(f"tag-{number}", number, ("<sip:a;lr>", f"<sip:{number}>")) for number in range(3)]
    calls = [Call((leg,), {"one": leg}, (("<sip:a;lr>", 1),)) for leg in legs]
    stored = [("legs", leg.tag, leg) for leg in legs] + [("calls", call.legs[0].tag, call) for call in calls]
    found = list(codec.decode_all(codec.encode_all(stored)))
    assert found == stored
    routes = [row.routes[0] for table, _, row in found if table == "legs"]
    routes += [row.pairs[0][0] for table, _, row in found if table == "calls"]
    assert len(routes) == 6
    assert len({id(text) for text in routes}) == 1


def test_more_texts_than_are_known_at_once() -> None:
    codec = RowCodec({"legs": Leg})
    stored = [("legs", f"k{number}", Leg(f"tag-{number}", None, ("<sip:a;lr>",))) for number in range(10_000)]
    found = list(codec.decode_all(codec.encode_all(stored)))
    assert found == stored
    assert len({id(row.routes[0]) for _, _, row in found}) < 10


def test_all_rows_one_of_them_damaged() -> None:
    codec = RowCodec({"legs": Leg})
    rows = [codec.encode("legs", "a", Leg("t", 1)), Row("legs", "b", b"\xc1")]
    with pytest.raises(JournalError, match="'b' of journal table 'legs' is damaged"):
        list(codec.decode_all(rows))
