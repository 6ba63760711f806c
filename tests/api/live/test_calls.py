"""Live calls over REST."""

import httpx
import pytest

from app.commands import (
    AssignCall,
    ExplainCall,
    Explained,
    HangUp,
    LiveCommand,
    MoveCallToFront,
    RefusedReply,
    ReleaseCall,
    RequeueCall,
    ReserveCall,
    SetCallPriority,
    WithdrawCall,
)
from app.facts import CallEvent
from app.projections.live import LiveView
from queues.floor.decisions import Chooser
from queues.insight.explain import Explanation, StillWaiting
from queues.model import AgentId, OfferId, QueueId
from tests.api.conftest import RecordingGateway
from tests.unit.app.histories import NOON, Story, agent


@pytest.fixture(autouse=True)
def calls(live: LiveView) -> None:
    story = Story()
    for number in range(1, 6):
        story.waits(f"c{number}", NOON + number, "q2" if number == 3 else "q1")
    story.talks("c1", NOON + 11)
    for fact in story.facts:
        live.apply(fact)


async def test_one_call(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/calls/c1")
    assert answer.json() == {
        "id": "c1", "state": "bridged", "caller": "+491", "called": "support", "queue": "support", "queue_id": "q1",
        "agent": "ana", "agent_id": "a1", "priority": 0, "position": None, "arrived_at": "2026-01-01T12:00:01Z",
        "queued_at": "2026-01-01T12:00:01Z", "connected_at": "2026-01-01T12:00:11Z", "wait_seconds": 10.0,
        "expected_wait_seconds": None, "offers": 1,
        "reserved_for": None, "ringing": [],
    }  # fmt: skip
    assert (await client.get("/api/v1/calls/c9")).status_code == 404


async def test_every_phone_that_rings_is_shown(client: httpx.AsyncClient, live: LiveView) -> None:
    live.configure(agent("a2", "bo"))
    story = Story()
    for number, name in enumerate(("a1", "a2", "a9"), 20):
        story.step("c2", "offered", NOON + number, agent=name, offer=f"o{name}")
    story.step("c2", "ringing", NOON + 23, agent="a2", offer="oa2")
    for fact in story.facts:
        live.apply(fact)
    call = (await client.get("/api/v1/calls/c2")).json()
    assert (call["state"], call["agent"], call["offers"]) == ("offered", "ana", 3)
    assert call["ringing"] == [
        {"agent": "ana", "agent_id": "a1", "offer": "oa1", "since": "2026-01-01T12:00:20Z"},
        {"agent": "bo", "agent_id": "a2", "offer": "oa2", "since": "2026-01-01T12:00:21Z"},
        {"agent": "a9", "agent_id": "a9", "offer": "oa9", "since": "2026-01-01T12:00:22Z"},
    ]
    found = (await client.get("/api/v1/calls", params={"agent": "bo"})).json()["items"]
    assert [each["id"] for each in found] == ["c2"], "one phone of several"
    after = Story()
    after.step("c2", "offer_ended", NOON + 24, agent="a1", offer="oa1", cause="busy")
    after.step("c2", "offer_ended", NOON + 25, agent="a9", offer="oa9", cause="cancelled")
    for fact in after.facts:
        live.apply(fact)
    call = (await client.get("/api/v1/calls/c2")).json()
    assert (call["agent"], [each["agent"] for each in call["ringing"]]) == ("bo", ["bo"])
    live.apply(CallEvent("x", NOON + 26, "connected", "c2", "q1", "a2", "oa2"))
    call = (await client.get("/api/v1/calls/c2")).json()
    assert (call["state"], call["agent"], call["ringing"]) == ("bridged", "bo", [])


async def test_pages(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        answer = await client.get("/api/v1/calls", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += [call["id"] for call in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert (seen, cursor) == (["c1", "c2", "c3", "c4", "c5"], None)


async def test_a_page_looks_at_a_bounded_number_of_calls(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.calls.router._SCAN", 2)
    first = (await client.get("/api/v1/calls", params={"queue": "sales"})).json()
    assert first["items"] == []
    second = (await client.get("/api/v1/calls", params={"queue": "sales", "cursor": first["next_cursor"]})).json()
    assert [call["id"] for call in second["items"]] == ["c3"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"queue": "sales"}, ["c3"]),
        ({"queue": "q1", "state": "parked"}, ["c2", "c4", "c5"]),
        ({"agent": "ana"}, ["c1"]),
        ({"state": "offered"}, []),
    ],
)
async def test_filters(client: httpx.AsyncClient, filters: dict[str, str], found: list[str]) -> None:
    answer = await client.get("/api/v1/calls", params=filters)
    assert [call["id"] for call in answer.json()["items"]] == found


@pytest.mark.parametrize("filters", [{"queue": "x"}, {"agent": "x"}, {"state": "x"}, {"cursor": "ü"}, {"limit": "0"}])
async def test_wrong_filters(client: httpx.AsyncClient, filters: dict[str, str]) -> None:
    answer = await client.get("/api/v1/calls", params=filters)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(filters))


async def test_hang_up(client: httpx.AsyncClient, gateway: RecordingGateway) -> None:
    assert (await client.post("/api/v1/calls/c2/hangup")).status_code == 204
    assert gateway.commands == [HangUp("c2")]
    gateway.reply = RefusedReply(404, "unknown_ticket", "There is no such call.")
    assert (await client.post("/api/v1/calls/c2/hangup")).status_code == 404


async def test_priority(client: httpx.AsyncClient, gateway: RecordingGateway) -> None:
    answer = await client.post("/api/v1/calls/c2/priority", json={"priority": 7})
    assert (answer.status_code, answer.json()["id"]) == (200, "c2")
    assert gateway.commands == [SetCallPriority("c2", 7)]
    gateway.reply = RefusedReply(409, "not_possible_now", "The call is connected.")
    refused = await client.post("/api/v1/calls/c1/priority", json={"priority": 7})
    assert (refused.status_code, refused.json()["reason"]) == (409, "not_possible_now")
    assert (await client.post("/api/v1/calls/c2/priority", json={"priority": 10**9})).status_code == 422


@pytest.mark.parametrize(
    ("method", "verb", "body", "command"),
    [
        ("POST", "assign", {"agent": "ana"}, AssignCall("c2", "a1")),
        ("POST", "assign", {"agent": "a1", "wait_seconds": 30, "now": True}, AssignCall("c2", "a1", 30, at_once=True)),
        ("POST", "reserve", {"agent": "ana", "seconds": 30}, ReserveCall("c2", "a1", 30)),
        ("DELETE", "reservation", None, ReleaseCall("c2")),
        ("POST", "requeue", {"queue": "sales"}, RequeueCall("c2", "q2")),
        ("POST", "requeue", {}, RequeueCall("c2")),
        ("POST", "front", None, MoveCallToFront("c2")),
        ("POST", "withdraw", None, WithdrawCall("c2")),
    ],
)
async def test_dispatch(
    client: httpx.AsyncClient, gateway: RecordingGateway, method: str, verb: str, body: object, command: LiveCommand
) -> None:
    path = f"/api/v1/calls/c2/{verb}"
    answer = await client.request(method, path, json=body)
    assert answer.status_code in (200, 204)
    assert gateway.commands == [command]
    gateway.reply = RefusedReply(409, "not_possible_now", "an agent has answered ticket c2")
    refused = await client.request(method, path, json=body)
    assert (refused.status_code, refused.json()["reason"]) == (409, "not_possible_now")
    gateway.reply = RefusedReply(404, "unknown_ticket", "there is no ticket c2")
    assert (await client.request(method, path, json=body)).status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("assign", {}, "agent"),
        ("assign", {"agent": "x"}, "agent"),
        ("assign", {"agent": "ana", "wait_seconds": 0}, "wait_seconds"),
        ("reserve", {"agent": "ana"}, "seconds"),
        ("reserve", {"agent": "ana", "seconds": -1}, "seconds"),
        ("requeue", {"queue": "x"}, "queue"),
        ("requeue", {"colour": 1}, "colour"),
    ],
)
async def test_wrong_dispatch(
    client: httpx.AsyncClient, gateway: RecordingGateway, verb: str, body: object, field: str
) -> None:
    answer = await client.post(f"/api/v1/calls/c2/{verb}", json=body)
    assert answer.status_code == 422
    assert [(error["in"], error["field"]) for error in answer.json()["errors"]] == [("body", field)]
    assert not gateway.commands


async def test_what_dispatch_shows(client: httpx.AsyncClient, live: LiveView) -> None:
    story = Story()
    story.step("c2", "reserved", NOON + 20, agent="a1")
    live.apply(story.facts[-1])
    assert (await client.get("/api/v1/calls/c2")).json()["reserved_for"] == "ana"
    story.step("c2", "released", NOON + 21, agent="a1")
    story.step("c1", "requeued", NOON + 22, queue="q2", position=1)
    for fact in story.facts[-2:]:
        live.apply(fact)
    assert (await client.get("/api/v1/calls/c2")).json()["reserved_for"] is None
    call = (await client.get("/api/v1/calls/c1")).json()
    assert (call["queue"], call["state"], call["agent"], call["position"]) == ("sales", "parked", None, 1)
    stats = (await client.get("/api/v1/queues/sales/stats")).json()
    assert (stats["waiting"], stats["today"]["offered"], stats["today"]["answered"]) == (2, 2, 0)


@pytest.mark.parametrize("path", ["calls", "calls/c1", "queues/stats", "reports/calls", "events", "internals"])
async def test_nothing_without_a_key(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/{path}", headers={"Authorization": ""})
    assert answer.status_code == 401


async def test_decisions_are_told_by_name(client: httpx.AsyncClient, gateway: RecordingGateway) -> None:
    made = Explanation(
        OfferId("o1"), QueueId("q1"), AgentId("a1"), NOON, 12.5, Chooser.CALL, (AgentId("a9"),), {"on_call": 3}
    )
    waits = StillWaiting(QueueId("q1"), 4, True, AgentId("a1"), 60.0, {"not_skilled": 2})
    gateway.reply = Explained((made,), waits)
    answer = (await client.get("/api/v1/calls/c1/decisions")).json()
    assert gateway.commands == [ExplainCall("c1")]
    assert answer == {
        "call": "c1",
        "decisions": [
            {
                "offer": "o1", "time": "2026-01-01T12:00:00Z", "queue": "support", "queue_id": "q1", "agent": "ana",
                "agent_id": "a1", "waited_seconds": 12.5, "chooser": "call", "next": ["a9"], "passed_over": {"on_call": 3},
            }
        ],
        "waiting": {
            "queue": "support", "queue_id": "q1", "position": 4, "ready": True, "kept_for": "ana",
            "expected_wait_seconds": 60.0, "passed_over": {"not_skilled": 2},
        },
    }  # fmt: skip


async def test_decisions_of_a_call_that_nobody_knows(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/calls/nobody/decisions")).status_code == 404
    answer = await client.get("/api/v1/calls/c1/decisions")
    assert answer.json() == {"call": "c1", "decisions": [], "waiting": None}
