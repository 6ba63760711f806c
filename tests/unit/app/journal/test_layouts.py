"""The order of a row's fields is durable: arrays of values lie in journals. New fields come at the end, with a default."""

from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.journal.codec import RowCodec, TableSchema
from app.journal.port import Row
from app.journal_tables import TABLES
from app.live_call import LiveCall
from b2bua.leg import LegKind, LegState
from b2bua.snapshot import CallRow, LegRow
from queues.floor.snapshot import TicketRow
from queues.model import QueueId, TicketState

_AS_MAPS = (
    Path(__file__).parent / "rows_as_maps.msgpack"
)  # [table, key, value] each, of a call centre before rows were arrays

LAYOUTS: dict[tuple[str, int], str] = {
    ("agent", 1): (
        "status pause_reason pending_status pending_reason reachable idle_since idle_order wrap_up_until"
        " wrap_up_ticket delay_until state since ticket told_at version wrap_up_calls wrap_up_latest misses"
        " paused_at pause_overdue forced_by told_outside calls talk_seconds last_offers"
    ),
    ("bindings", 1): "bindings version",
    ("call", 2): (
        "state caller identity passed_on hops_left answered winner sounds loop queue early_seconds"
        " early_until ends_at legs media departing at version origin"
    ),
    ("desk", 1): "address since version",
    ("invite", 1): "data hop listener version",
    ("last_talk", 1): "talks version",
    ("live_call", 1): (
        "id sip_call_id caller called queue priority arrived_at has_offer queued_at connected_at agent offers"
        " ringing ring_ms parked greeting announcing forward left_queue_at outcome expected_wait_ms version"
        " talked_ms caller_agents entered_at joined_at segments overflow overflow_cause farewell retune number"
        " agent_first"
    ),
    ("live_callback", 1): (
        "id queue number priority source requested_at joined_at expires_at next_at attempts dialling offer"
        " agent version agent_first leg"
    ),
    ("offer", 1): "ticket agent made_at ring_until version",
    ("place", 1): "queue caller joined_at until version",
    ("queue", 1): "since reason overflow version",
    ("ticket", 1): (
        "queue state priority joined_at sequence ready flow_out_at agent call_order met entered_at version"
        " wrap_up_seconds coded visited caller connected_at requirements reserved_for reserved_until"
        " reserved_first reserved_holds reserved_seconds callback"
    ),
    ("waits", 1): "queue priority last gap gap_samples served_at means version",
}
LEG = (
    "id kind state dialog route_set local_cseq remote_cseq hop session session_expires refreshing updates timer"
    " transaction branch uri invite_cseq mode server"
)


CALLER = LegRow(
    "c", LegKind.CALLER, LegState.UP, ("i", "l", "r", "<l>", "<r>", "<c>", "t"), ("<p;lr>",), 1, None, ("UDP", "h", 5060),
    (1, 2, b"said", b"heard"), 1800, refreshing=True, updates=False, timer=True,
)  # fmt: skip
CALLEE = CALLER._replace(id="a", kind=LegKind.CALLEE, timer=False, uri="sip:a", mode="caller", invite_cseq=3)
MEDIA = CALLEE._replace(id="m", kind=LegKind.MEDIA, mode="late", server="sip:m")
LEGS: dict[str, Any] = {"caller": CALLEE, "legs": (CALLEE,), "media": CALLEE, "departing": (CALLEE,), "origin": CALLEE}


def kind_of(table: str) -> type[Any]:
    schema = TABLES[table]
    return schema.type if isinstance(schema, TableSchema) else schema


def layout(table: str) -> tuple[int, list[str], int]:
    """Version and names now; and how many of them must be given."""
    schema = TABLES[table]
    kind, version = (schema.type, schema.version) if isinstance(schema, TableSchema) else (schema, 1)
    found = [each for each in fields(kind) if each.init]
    needed = [each for each in found if each.default is MISSING and each.default_factory is MISSING]
    return version, [each.name for each in found], len(needed)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_fields_keep_their_places(table: str) -> None:
    version, names, needed = layout(table)
    known = LAYOUTS[table, version].split()
    assert names[: len(known)] == known, "a field was moved or removed: raise the version and say how it is upgraded"
    assert needed <= len(known), "a new field has no default: an older row cannot be read"


def test_legs_keep_their_places() -> None:
    known = LEG.split()
    assert list(LegRow._fields[: len(known)]) == known
    assert set(LegRow._fields[len(known) :]) <= LegRow._field_defaults.keys()


@pytest.mark.interpreted  # its values are of no field's type
@pytest.mark.parametrize("kind", [kind for kind in map(kind_of, sorted(TABLES)) if hasattr(kind, "values")])
def test_a_rows_own_values_are_its_fields(kind: type[Any]) -> None:
    names = [each.name for each in fields(kind) if each.init]
    given = {name: LEGS.get(name, name) for name in names} | ({"ringing": {}} if kind is LiveCall else {})
    assert kind(**given).values() == tuple(given.values())


def test_a_row_is_written_without_its_last_defaults() -> None:
    codec = RowCodec(TABLES)
    ticket = TicketRow(QueueId("q"), TicketState.WAITING, 0, 1.0, 1, True, None, None, 0)
    short = codec.encode("ticket", "k", ticket)
    assert codec.decode(short) == ticket
    assert len(msgspec.msgpack.decode(short.value or b"")[1]) == 18
    for changes in ({"callback": True}, {"reserved_holds": True}, {"reserved_seconds": 2.0}, {"reserved_for": "ana"}):
        row = replace(ticket, **changes)
        assert codec.decode(codec.encode("ticket", "k", row)) == row


def test_a_calls_row_comes_back_whole() -> None:
    codec = RowCodec(TABLES)
    call = CallRow(
        4, CALLER, "<i>", (("X-A", "b"),), 70, answered=True, winner="a", sounds=(), loop=False, queue="",
        early_seconds=None, early_until=None, ends_at=9.5, legs=(CALLEE,),
    )  # fmt: skip
    for changes in ({}, {"at": "tag"}, {"departing": (CALLEE, CALLER)}, {"origin": CALLEE}, {"media": MEDIA}):
        row = replace(call, **changes)
        assert codec.decode(codec.encode("call", "k", row)) == row


def test_rows_that_are_maps_are_read() -> None:
    codec = RowCodec(TABLES)
    stored = msgspec.msgpack.decode(_AS_MAPS.read_bytes())
    rows = [(table, codec.decode(Row(table, key, value))) for table, key, value in stored]
    calls = [row for _, row in rows if isinstance(row, CallRow)]
    assert [LegState(call.caller.state) for call in calls] == [LegState.OK_SENT] * 3
    assert [[leg.uri for leg in call.legs] for call in calls] == [["sip:peer@127.0.0.1:7001"], [], []]
    assert all(isinstance(leg, LegRow) for call in calls for leg in (call.caller, *call.legs))
    assert sorted(row.called for _, row in rows if isinstance(row, LiveCall)) == ["1000", "1000", "1000"]
    for table, row in rows:
        again = codec.decode(codec.encode(table, "k", row))
        assert again == row or isinstance(row, LiveCall)


def test_a_row_of_fewer_or_more_fields() -> None:
    codec = RowCodec(TABLES)
    _, names, needed = layout("ticket")
    stored = msgspec.msgpack.decode(_AS_MAPS.read_bytes())
    row = codec.decode(next(Row(*each) for each in stored if each[0] == "ticket"))
    version, values = msgspec.msgpack.decode(codec.encode("ticket", "k", replace(row, callback=True)).value or b"")
    older = msgspec.msgpack.encode((version, values[:needed]))
    newer = msgspec.msgpack.encode((version, [*values, "of a later release"]))
    assert codec.decode(Row("ticket", "k", older)).joined_at == row.joined_at
    assert codec.decode(Row("ticket", "k", newer)) == replace(row, callback=True)
    assert len(values) == len(names)
