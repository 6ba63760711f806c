"""Queue statistics, internals and metrics over REST."""

import httpx

from app.metrics.metrics import Metrics
from app.projections.live import LiveView
from tests.unit.app.histories import NOON, Story


def tell(live: LiveView, metrics: Metrics | None = None) -> None:
    story = Story()
    story.agent("a1", "on_call", NOON)
    story.waits("c1", NOON)
    story.waits("c2", NOON + 20)
    story.talks("c1", NOON + 10)
    story.waits("c3", NOON + 20)
    story.talks("c3", NOON + 25)
    story.ends("c3", "answered", NOON + 20, NOON + 30, wait=5, talk=5)
    for fact in story.facts:
        live.apply(fact)
        if metrics is not None:
            metrics.apply_all([fact])


async def test_one_queue(client: httpx.AsyncClient, live: LiveView) -> None:
    tell(live)
    by_name = await client.get("/api/v1/queues/support/stats")
    stats = by_name.json()
    assert stats == (await client.get("/api/v1/queues/q1/stats")).json()
    today = stats.pop("today")
    assert stats == {
        "queue": "support", "queue_id": "q1", "waiting": 1, "offered": 0, "connected": 1, "longest_wait_seconds": 40.0,
        "callbacks": 0,
        "expected_wait_seconds": None, "agents": {"on_call": 1}, "service_level_target": 0.8,
        "service_level_threshold_seconds": 20.0, "state": "open", "closed_reason": None,
    }  # fmt: skip
    assert today == {
        "since": "2026-01-01T00:00:00Z", "offered": 3, "answered": 2, "answered_within_threshold": 2, "abandoned": 0,
        "abandoned_within_threshold": 0, "short_abandoned": 0, "flowed_out": 0, "system": 0, "in_progress": 1,
        "rejected": 0, "service_level": 1.0, "abandon_rate": 0.0, "average_speed_of_answer_seconds": 7.5,
        "average_handle_time_seconds": 5.0, "expected_wait_rmse_seconds": None, "expected_wait_bias_seconds": None,
    }  # fmt: skip
    assert (await client.get("/api/v1/queues/nowhere/stats")).status_code == 404


async def test_all_queues_in_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/queues/stats", params={"limit": 1})).json()
    second = (await client.get("/api/v1/queues/stats", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [stats["queue"] for stats in first["items"] + second["items"]] == ["sales", "support"]
    assert second["next_cursor"] is None
    assert second["items"][0]["today"]["service_level"] is None


async def test_internals(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/internals")).json()["transactions"] == {"invite_client": {"calling": 2}}


async def test_metrics(client: httpx.AsyncClient, live: LiveView, metrics: Metrics) -> None:
    tell(live, metrics)
    metrics.loop_lag.observe(0.001)
    answer = await client.get("/metrics", headers={"Authorization": ""})
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in (
        'callyard_calls{state="bridged"} 1.0',
        'callyard_agents{routing_state="on_call"} 1.0',
        'callyard_queue_waiting_calls{queue="support"} 1.0',
        'callyard_queue_longest_wait_seconds{queue="support"} 40.0',
        'callyard_calls_ended_total{outcome="answered",queue="support"} 1.0',
        'callyard_call_events_total{kind="queued"} 3.0',
        'callyard_answered_wait_seconds_sum{queue="support"} 5.0',
        "callyard_loop_lag_seconds_count 1.0",
        "callyard_event_streams 0.0",
        "callyard_outbox_turns 3.0",
        'callyard_facts_total{result="stored"} 7.0',
        'callyard_internal{name="transactions.invite_client.calling"} 2.0',
    ):
        assert line in lines
    assert "c1" not in answer.text
