"""Facts survive their encoding, whatever a peer wrote."""

import msgspec
import pytest

from app.facts import (
    AgentInterval,
    AgentState,
    CallEvent,
    Fact,
    Stored,
    decode,
    encode,
    encode_stored,
    instant_of,
    values_of,
)
from tests.unit.app.histories import NOON, Story


def test_round_trip() -> None:
    story = Story()
    story.waits("c1", NOON)
    story.ends("c1", "answered", NOON, NOON + 2, wait=1, talk=1)
    story.wrapped_up("c1", NOON + 3, 1)
    assert [decode(encode(fact)) for fact in story.facts] == [[fact] for fact in story.facts]
    assert [instant_of(fact) for fact in story.facts][-2:] == [NOON + 2, NOON + 3]
    (turn,) = encode_stored([AgentState("x", NOON, "a1", "available", "idle"), *story.facts])
    assert decode(turn) == story.facts


def test_what_only_the_live_picture_needs_is_not_stored() -> None:
    assert encode_stored([AgentState("x", NOON, "a1", "available", "idle")]) == []


def test_foreign_bytes_are_shown_as_replacement_characters() -> None:
    caller = b"M\xfcller \xc3\xbc".decode("utf-8", "surrogateescape")
    event = CallEvent("x", NOON, "arrived", "c1", caller=caller)
    assert event.caller == "M\ufffdller ü"
    assert decode(encode(event)) == [event]


def test_facts_of_the_release_before_are_read() -> None:
    """Then each fact was by itself, before that a map of its fields but for those with their default."""
    as_map = {"type": "agent_interval", "id": "x", "agent": "a1", "state": "idle", "start": NOON, "end": NOON + 1}
    interval = AgentInterval("x", "a1", "idle", NOON, NOON + 1)
    assert decode(msgspec.msgpack.encode(as_map)) == [interval]
    assert decode(msgspec.msgpack.encode(interval.row())) == [interval]
    assert values_of(msgspec.msgpack.encode(as_map)) == values_of(encode(interval))
    with pytest.raises(msgspec.ValidationError, match="'agent' is missing"):
        decode(msgspec.msgpack.encode({"type": "agent_interval", "id": "x"}))


def test_a_field_more_or_less_is_no_matter() -> None:
    event = CallEvent("x", NOON, "parked", "c1", "q1")
    (values,) = msgspec.msgpack.decode(encode(event))
    assert decode(msgspec.msgpack.encode([values[:6], [*values, "new"]])) == [event, event]
    with pytest.raises(msgspec.ValidationError, match="'call' is missing"):
        decode(msgspec.msgpack.encode([values, values[:4]]))


@pytest.mark.parametrize(
    "other", [None, 7, [], ["weather", "x"], {"type": "weather"}, {}, [[]], [[["call_event"]]], [["x"]]]
)
def test_what_is_no_fact(other: object) -> None:
    with pytest.raises(msgspec.ValidationError, match="no kind of fact"):
        values_of(msgspec.msgpack.encode(other))


def test_values_of_another_type_are_refused() -> None:
    (values,) = msgspec.msgpack.decode(encode(AgentInterval("x", "a1", "idle", NOON, NOON + 1)))
    values[4] = "yesterday"
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.msgpack.encode([values]))


def test_facts_that_are_not_stored_have_no_encoding() -> None:
    state: Fact = AgentState("x", NOON, "a1", "available", "idle")
    assert not isinstance(state, Stored)
    with pytest.raises(TypeError, match="AgentState is not stored"):
        encode(state)
