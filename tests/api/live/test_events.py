"""The event stream over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from app.events.hub import EventHub, Interest
from app.events.router import frames
from app.projections.live import LiveView
from tests.unit.app.histories import NOON, Story


def tell(hub: EventHub, live: LiveView) -> Story:
    story = Story()
    story.waits("c1", NOON)
    story.waits("c2", NOON, "q2")
    story.agent("a1", "idle", NOON)
    for fact in story.facts:
        live.apply(fact)
        hub.publish([fact])
    return story


async def stream(client: httpx.AsyncClient, hub: EventHub, params: dict[str, str], last: str) -> httpx.Response:
    """The whole stream, up to the end of the service."""
    asking = asyncio.create_task(client.get("/api/v1/events", params=params, headers={"Last-Event-ID": last}))
    for _ in range(100_000):
        if hub.streams or asking.done():
            break
        await asyncio.sleep(0)
    hub.close()
    return await asking


@pytest.mark.parametrize(
    ("params", "types"),
    [
        ({"topics": "call.queued, agent.*"}, ["call.queued", "call.queued", "agent.state_changed"]),
        ({"topics": "call", "queue": "sales"}, ["call.queued", "call.parked"]),
        ({"agent": "ana"}, ["agent.state_changed"]),
        ({"call": "c1"}, ["call.queued", "call.parked"]),
    ],
)
async def test_resume_with_filters(
    client: httpx.AsyncClient, hub: EventHub, live: LiveView, params: dict[str, str], types: list[str]
) -> None:
    story = tell(hub, live)
    answer = await stream(client, hub, params, story.facts[0].id)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert found == types
    assert hub.streams == 0


async def test_resume_after_what_is_gone(client: httpx.AsyncClient, hub: EventHub, live: LiveView) -> None:
    tell(hub, live)
    answer = await stream(client, hub, {}, "gone")
    assert "event: stream.reset" in answer.text
    assert "event: call" not in answer.text


async def test_new_events_and_keep_alives(hub: EventHub, live: LiveView) -> None:
    reading = frames(hub, Interest(frozenset({"call.queued"})), keep_alive=0.0)
    assert await anext(reading) == b"retry: 2000\n\n"
    assert await anext(reading) == b": still here\n\n"
    tell(hub, live)
    batch = await anext(reading)
    assert batch.count(b"\n\n") == 2
    hub.close()
    assert [frame async for frame in reading if frame != b": still here\n\n"] == []
    assert hub.streams == 0


async def test_a_client_that_leaves_is_forgotten(hub: EventHub) -> None:
    reading: Any = frames(hub, Interest())
    await anext(reading)
    assert hub.streams == 1
    await reading.aclose()
    assert hub.streams == 0


async def test_too_many_streams(client: httpx.AsyncClient, hub: EventHub) -> None:
    hub.subscribe(Interest())
    assert (await client.get("/api/v1/events")).status_code == 503


@pytest.mark.parametrize("field", ["queue", "agent", "topics"])
async def test_unknown_filter(client: httpx.AsyncClient, field: str) -> None:
    answer = await client.get("/api/v1/events", params={field: "x"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
