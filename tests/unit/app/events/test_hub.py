"""The hub: order, resuming, slow readers, coalesced statistics, the end."""

import json
from itertools import count
from typing import Any

import pytest

from app.events.hub import EventHub, Interest, Subscription, TooManyStreams
from app.facts import AgentInterval, CallEvent
from app.projections.live import LiveView
from tests.unit.app.histories import NOON, Story, agent, queue


def hub_of(view: LiveView | None = None, **options: Any) -> EventHub:
    ids = count(1)
    options.setdefault("history", 8)
    return EventHub(view or LiveView(NOON), new_id=lambda: f"h{next(ids)}", clock=lambda: NOON, **options)


def step(number: int, queue_id: str = "q1", kind: Any = "queued") -> CallEvent:
    return CallEvent(f"e{number}", NOON + number, kind, f"c{number}", queue=queue_id)


def read(subscription: Subscription) -> list[dict[str, Any]]:
    events = []
    while subscription.wake.is_set():
        for frame in subscription.take():
            head, _, body = frame.decode().partition("\ndata: ")
            event = json.loads(body)
            assert head == f"id: {event['id']}\nevent: {event['type']}"
            events.append(event)
        if subscription.ended:
            break
    return events


def test_an_event_has_its_five_members() -> None:
    view = LiveView(NOON)
    view.configure(queue())
    hub = hub_of(view)
    reader = hub.subscribe(Interest())
    hub.publish([step(1)])
    hub.publish([AgentInterval("i", "a1", "idle", NOON, NOON + 1)])  # not told
    assert read(reader) == [
        {
            "id": "e1", "type": "call.queued", "time": "2026-01-01T12:00:01.000Z", "seq": 1,
            "data": {"call": "c1", "queue": "support", "queue_id": "q1"},
        }
    ]  # fmt: skip
    assert read(reader) == []


def test_every_kind_of_fact_can_be_told() -> None:
    story = Story()
    story.waits("c1", NOON)
    story.agent("a1", "idle", NOON)
    story.ends("c1", "answered", NOON, NOON + 2, wait=1, talk=1)
    story.wrapped_up("c1", NOON + 3, 1)
    hub = hub_of()
    reader = hub.subscribe(Interest())
    for fact in story.facts:
        hub.publish([fact])
    assert [event["type"] for event in read(reader)] == [
        "call.arrived", "call.queued", "call.parked", "agent.state_changed", "call.ended",
        "agent.wrap_up_ended",
    ]  # fmt: skip


def test_interest() -> None:
    hub = hub_of()
    family = hub.subscribe(Interest(frozenset({"call"}), queue="q2"))
    topic = hub.subscribe(Interest(frozenset({"call.abandoned"})))
    one = hub.subscribe(Interest(call="c1"))
    hub.publish([step(1)])
    hub.publish([step(2, "q2")])
    hub.publish([step(1, "q1", "abandoned")])
    assert [event["data"]["call"] for event in read(family)] == ["c2"]
    assert [event["type"] for event in read(topic)] == ["call.abandoned"]
    assert len(read(one)) == 2


def test_resume_after_the_last_event_id() -> None:
    hub = hub_of()
    for number in range(1, 6):
        hub.publish([step(number)])
    assert [event["id"] for event in read(hub.subscribe(Interest(), "e3"))] == ["e4", "e5"]
    assert read(hub.subscribe(Interest(), "e5")) == []


@pytest.mark.parametrize("last", ["e1", "unknown"])
def test_resume_after_what_is_gone(last: str) -> None:
    hub = hub_of()
    for number in range(1, 11):
        hub.publish([step(number)])
    reader = hub.subscribe(Interest(), last)
    assert [event["type"] for event in read(reader)] == ["stream.reset"]
    hub.publish([step(11)])
    assert [event["id"] for event in read(reader)] == ["e11"]


def test_a_slow_reader_is_reset() -> None:
    hub = hub_of()
    reader = hub.subscribe(Interest())
    for number in range(1, 9):
        hub.publish([step(number)])
    assert len(read(reader)) == 8
    for number in range(9, 18):
        hub.publish([step(number)])
    assert [event["type"] for event in read(reader)] == ["stream.reset"]


def test_statistics_at_most_once_a_second() -> None:
    view = LiveView(NOON)
    view.configure(queue())
    view.configure(agent())
    hub = hub_of(view, history=64)
    assert hub.next_deadline() is None  # nobody listens
    hub.tick(NOON)
    reader = hub.subscribe(Interest(frozenset({"queue.stats"})))
    hub.tick(NOON)
    story = Story()
    for number in range(3):
        story.waits(f"c{number}", NOON + number / 10)
    for fact in story.facts:
        view.apply(fact)
        hub.publish([fact])
        hub.tick(NOON + 0.5)
    assert hub.next_deadline() == NOON + 1
    hub.tick(NOON + 1)
    assert hub.next_deadline() is None
    first, second = read(reader)
    assert (first["data"]["waiting"], second["data"]["waiting"]) == (0, 3)
    assert second["data"]["today"]["since"] == "2026-01-01T00:00:00.000Z"
    view.configure(queue())
    view.take_touched()
    view.unconfigure("queue", "q1")
    hub.tick(NOON + 5)
    assert read(reader) == []


def test_streams_are_bounded_and_end() -> None:
    hub = hub_of(max_streams=1)
    reader = hub.subscribe(Interest())
    with pytest.raises(TooManyStreams):
        hub.subscribe(Interest())
    read(reader)
    hub.publish([step(1)])
    hub.close()
    assert [event["id"] for event in read(reader)] == ["e1"]
    assert reader.ended
    reader.close()
    assert hub.streams == 0
