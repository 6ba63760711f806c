"""Closing a queue over REST, and what is counted of calls through several queues."""

import httpx
import pytest

from app.commands import CloseQueue, OpenQueue
from app.db.engine import Database
from app.facts import QueueSegment, QueueState
from app.projections.live import LiveView
from queues.model import Overflow, OverflowAction
from tests.api.conftest import RecordingGateway
from tests.api.helpers import problem
from tests.api.live.conftest import QUEUE, store
from tests.unit.app.histories import NOON, Story


def through_two_queues() -> Story:
    """c1: out of support into sales, answered there. c2: not taken by support, abandoned in sales. c3: still in sales."""
    story = Story()
    for number, call in enumerate(("c1", "c3")):
        at = NOON + number
        story.waits(call, at)
        story.facts.append(
            QueueSegment(f"s{call}", call, 1, "q1", at, at + 10, "flowed_out", "max_wait", 10_000, to="q2")
        )
        story.waits(call, at + 10, "q2")
    story.talks("c1", NOON + 15, "q2")
    story.facts.append(
        QueueSegment("s2", "c1", 2, "q2", NOON + 10, NOON + 15, "answered", "bye", 5000, 20_000, "a1", None, True)
    )
    story.ends("c1", "answered", NOON, NOON + 35, wait=15, talk=20, queue_id="q2", segments=2)
    story.facts.append(QueueSegment("s3", "c2", 1, "q1", NOON, NOON, "rejected", "queue_full", 0))
    story.waits("c2", NOON, "q2")
    story.facts.append(QueueSegment("s4", "c2", 2, "q2", NOON, NOON + 4, "abandoned", "bye", 4000))
    story.ends("c2", "abandoned", NOON, NOON + 4, wait=4, queue_id="q2", segments=2)
    return story


NAMES = ("offered", "answered", "abandoned", "flowed_out", "system", "rejected", "in_progress")
SUPPORT, SALES = (2, 0, 0, 2, 0, 1, 0), (3, 1, 1, 0, 0, 0, 1)


async def test_each_queue_counts_its_own_view_live(client: httpx.AsyncClient, live: LiveView) -> None:
    for fact in through_two_queues().facts:
        live.apply(fact)
    for queue, counts in (("support", SUPPORT), ("sales", SALES)):
        today = (await client.get(f"/api/v1/queues/{queue}/stats")).json()["today"]
        assert tuple(today[name] for name in NAMES) == counts


async def test_each_queue_counts_its_own_view_in_reports(client: httpx.AsyncClient, database: Database) -> None:
    await store(database, through_two_queues())
    items = (await client.get("/api/v1/reports/queues")).json()["items"]
    found = {item["queue_id"]: tuple(item[name] for name in NAMES) for item in items}
    assert found == {"q1": SUPPORT, "q2": SALES}
    calls = (await client.get("/api/v1/reports/calls")).json()["items"]
    assert {call["id"]: (call["segments"], call["wait_seconds"]) for call in calls} == {"c1": (2, 15.0), "c2": (2, 4.0)}


async def test_the_segments_of_a_call_one_by_one(client: httpx.AsyncClient, database: Database) -> None:
    await store(database, through_two_queues())
    found = (await client.get("/api/v1/reports/calls/c1/segments")).json()
    assert found["next_cursor"] is None
    first, second = found["items"]
    assert first == {
        "number": 1, "queue": "support", "queue_id": "q1", "entered_at": "2026-01-01T12:00:00Z",
        "left_at": "2026-01-01T12:00:10Z", "outcome": "flowed_out", "cause": "max_wait", "overflow_cause": "max_wait",
        "to": "q2", "to_id": "q2", "wait_seconds": 10.0, "talk_seconds": 0.0, "agent": None, "agent_id": None,
        "within_threshold": None, "short_abandon": False,
    }  # fmt: skip
    names = ("number", "queue", "outcome", "cause", "overflow_cause", "to", "wait_seconds", "talk_seconds", "agent")
    assert tuple(second[name] for name in names) == (2, "q2", "answered", "bye", None, None, 5.0, 20.0, "ana")
    refused, left = (await client.get("/api/v1/reports/calls/c2/segments")).json()["items"]
    assert (refused["outcome"], refused["overflow_cause"], refused["wait_seconds"]) == ("rejected", "queue_full", 0.0)
    assert (left["outcome"], left["overflow_cause"]) == ("abandoned", None)


@pytest.fixture
async def stored(database: Database) -> None:
    await store(database, Story())


@pytest.mark.usefixtures("stored")
async def test_a_queue_is_closed_and_opened(
    client: httpx.AsyncClient, gateway: RecordingGateway, live: LiveView
) -> None:
    live.apply(QueueState("x", NOON, "q1", "emergency", "flood"))
    body = {"reason": "flood", "action": {"action": "uri", "uri": "sip:hotline@192.0.2.9"}, "also_waiting": True}
    answer = await client.post("/api/v1/queues/support/close", json=body)
    assert (answer.json()["state"], answer.json()["closed_reason"]) == ("emergency", "flood")
    hotline = Overflow(OverflowAction.URI, "sip:hotline@192.0.2.9")
    assert gateway.commands == [CloseQueue(QUEUE["id"], "flood", hotline, also_waiting=True)]
    await client.post("/api/v1/queues/support/open")
    assert gateway.commands[-1] == OpenQueue(QUEUE["id"])
    wrong = {"action": {"action": "queue", "queue": "support"}}
    problem(await client.post("/api/v1/queues/support/close", json=wrong), 422, "validation")
    problem(await client.post("/api/v1/queues/nowhere/close", json={}), 404, "not-found")
