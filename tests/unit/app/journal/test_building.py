"""Rows of compiled classes are made by their constructors: every kind of row comes back as msgspec would make it."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from app.journal.building import build, converted, decoder, is_compiled
from app.journal.codec import TableSchema
from app.journal_tables import TABLES
from queues.floor.snapshot import TicketRow
from queues.model import Overflow, OverflowCause, QueueConfig
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import sdp


def rows() -> Iterator[tuple[str, object]]:
    """What a call centre has in its journal at several moments."""
    centre = Centre(queue(), entry("1000"))
    phone, caller = centre.peer(7001), centre.peer(6001)
    centre.add(agent("ana", phone))
    caller.invite(sdp(30000))
    centre.wait(1)
    phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(1)
    for row in centre.journal.load():
        yield row.table, centre.codec.decode(row)


@pytest.mark.parametrize(("table", "row"), list(rows()))
def test_a_row_is_built_as_msgspec_makes_it(table: str, row: object) -> None:
    schema = TABLES[table]
    kind = schema.type if isinstance(schema, TableSchema) else schema
    built = build(kind, msgspec.msgpack.decode(msgspec.msgpack.encode(row)))
    assert type(built) is kind
    assert msgspec.msgpack.encode(built) == msgspec.msgpack.encode(row)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="Expected `object`"):
        build(TicketRow, [])
    with pytest.raises(msgspec.ValidationError, match="missing"):
        build(TicketRow, {})
    with pytest.raises(msgspec.ValidationError):
        build(TicketRow, {"queue": 1})


def test_stored_configuration_is_converted_whatever_the_build() -> None:
    assert converted({"queue": "other"}, Overflow) == Overflow(queue="other")
    stored = {"closed": {"queue": "q"}}
    kind: Any = Mapping[OverflowCause, Overflow]
    assert converted(stored, kind) == {"closed": Overflow(queue="q")}
    assert converted([1, 2], tuple[int, ...]) == (1, 2)
    with pytest.raises(msgspec.ValidationError):
        converted({"queue": 1}, Overflow)


def test_a_compiled_class_is_seen_at_any_depth() -> None:
    inner = is_compiled(Overflow)
    assert is_compiled(QueueConfig) is inner
    assert is_compiled(dict[str, tuple[Overflow, ...] | None]) is inner
    assert not is_compiled(dict[str, tuple[int, ...] | None])


class Shown(msgspec.Struct):
    """As projections and facts are: a class of msgspec's own, with one in it that may be compiled."""

    overflow: Overflow


def test_a_class_of_msgspec_may_hold_a_compiled_one() -> None:
    assert is_compiled(Shown) is is_compiled(Overflow)


def test_a_decoder_makes_what_was_encoded_whatever_the_build() -> None:
    overflow = Overflow(queue="other")
    made = decoder(Overflow)(msgspec.msgpack.encode(overflow))
    assert (type(made), made) == (Overflow, overflow)
    with pytest.raises(msgspec.ValidationError):
        decoder(Overflow)(msgspec.msgpack.encode({"queue": 1}))
    with pytest.raises(msgspec.DecodeError):
        decoder(Overflow)(b"\xc1")
