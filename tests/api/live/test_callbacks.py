"""Callbacks over REST."""

import httpx
import pytest

from app.commands import CancelCallback, RefusedReply, RequestCallback
from app.projections.live import LiveView
from tests.api.conftest import RecordingGateway
from tests.unit.app.histories import NOON, Story


@pytest.fixture(autouse=True)
def callbacks(live: LiveView) -> None:
    story = Story()
    for number in range(1, 4):
        queue = "q2" if number == 3 else "q1"
        story.step(
            f"b{number}", "callback_taken", NOON + number, queue=queue, caller=f"+49{number}", cause="key", priority=0
        )
    story.step("b2", "callback_dialled", NOON + 9, caller="+492", position=1)
    story.step("b2", "callback_missed", NOON + 20, caller="+492", position=1, cause="busy")
    story.step("b4", "callback_taken", NOON + 4, caller="+494", cause="rest")
    story.step("b4", "callback_done", NOON + 5, caller="+494")
    for fact in story.facts:
        live.apply(fact)


async def test_those_that_wait(client: httpx.AsyncClient) -> None:
    one = (await client.get("/api/v1/callbacks/b2")).json()
    assert one == {
        "id": "b2", "queue": "support", "queue_id": "q1", "number": "+492", "source": "key", "state": "retrying",
        "priority": 0, "attempts": 1, "cause": "busy", "requested_at": "2026-01-01T12:00:02Z",
    }  # fmt: skip
    assert (await client.get("/api/v1/callbacks/b4")).status_code == 404
    page = (await client.get("/api/v1/callbacks", params={"limit": 2})).json()
    assert [each["id"] for each in page["items"]] == ["b1", "b2"]
    rest = (await client.get("/api/v1/callbacks", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert ([each["id"] for each in rest["items"]], rest["next_cursor"]) == (["b3"], None)
    sales = (await client.get("/api/v1/callbacks", params={"queue": "sales"})).json()
    assert [each["id"] for each in sales["items"]] == ["b3"]
    assert (await client.get("/api/v1/callbacks", params={"queue": "x"})).status_code == 422
    stats = (await client.get("/api/v1/queues/support/stats")).json()
    assert stats["callbacks"] == 2


async def test_one_is_asked_for(client: httpx.AsyncClient, gateway: RecordingGateway, live: LiveView) -> None:
    body = {"queue": "sales", "number": "+4930123", "priority": 2, "not_before": "2026-01-01T13:00:00+01:00"}
    answer = await client.post("/api/v1/callbacks", json=body)
    assert answer.status_code == 404, "the gateway of this test tells no facts"
    (command,) = gateway.commands
    assert isinstance(command, RequestCallback)
    assert (command.queue, command.number, command.priority, command.not_before) == ("q2", "+4930123", 2, NOON)
    gateway.reply = RefusedReply(409, "not_possible_now", "queue sales does not call back")
    refused = await client.post("/api/v1/callbacks", json=body)
    assert (refused.status_code, refused.json()["reason"]) == (409, "not_possible_now")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "1;drop"}, "number"),
        ({"number": ""}, "number"),
        ({"queue": "x"}, "queue"),
        ({"priority": 1001}, "priority"),
        ({"not_before": "2026-01-01T13:00:00"}, "not_before"),
        ({"colour": 1}, "colour"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, gateway: RecordingGateway, change: dict[str, object], field: str
) -> None:
    answer = await client.post("/api/v1/callbacks", json={"queue": "sales", "number": "1"} | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not gateway.commands


async def test_one_is_cancelled(client: httpx.AsyncClient, gateway: RecordingGateway) -> None:
    assert (await client.delete("/api/v1/callbacks/b1")).status_code == 204
    assert gateway.commands == [CancelCallback("b1")]
    gateway.reply = RefusedReply(404, "unknown_ticket", "no callback b9 is waiting")
    assert (await client.delete("/api/v1/callbacks/b9")).status_code == 404
