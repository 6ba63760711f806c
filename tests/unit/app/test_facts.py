"""Facts survive their encoding, whatever a peer wrote."""

from app.facts import AgentState, CallEvent, decode, encode, instant_of, is_stored
from tests.unit.app.histories import NOON, Story


def test_round_trip() -> None:
    story = Story()
    story.waits("c1", NOON)
    story.ends("c1", "answered", NOON, NOON + 2, wait=1, talk=1)
    story.wrapped_up("c1", NOON + 3, 1)
    assert [decode(encode(fact)) for fact in story.facts] == story.facts
    assert [instant_of(fact) for fact in story.facts][-2:] == [NOON + 2, NOON + 3]
    assert all(map(is_stored, story.facts))


def test_what_only_the_live_picture_needs_is_not_stored() -> None:
    assert not is_stored(AgentState("x", NOON, "a1", "available", "idle"))


def test_foreign_bytes_are_shown_as_replacement_characters() -> None:
    caller = b"M\xfcller \xc3\xbc".decode("utf-8", "surrogateescape")
    event = CallEvent("x", NOON, "arrived", "c1", caller=caller)
    assert event.caller == "M\ufffdller ü"
    assert decode(encode(event)) == event
