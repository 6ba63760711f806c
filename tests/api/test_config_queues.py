"""Queues over REST."""

from httpx import AsyncClient

from app.commands import Configure, Unconfigure
from app.configuration import Queue
from tests.api.conftest import RecordingGateway


async def test_a_queue_is_created_with_defaults_and_told_to_the_live_core(
    client: AsyncClient, gateway: RecordingGateway
) -> None:
    await client.post("/api/v1/skills", json={"name": "billing"})
    answer = await client.post(
        "/api/v1/queues", json={"name": "support", "requirements": [{"skill": "billing", "min_level": 3}]}
    )
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert shown["requirements"] == [{"skill": "billing", "min_level": 3}]
    assert (shown["strategy"], shown["max_wait"], shown["version"]) == ("longest-idle", 600.0, 1)
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/api/v1/queues/{shown['id']}"
    (command,) = gateway.commands
    assert isinstance(command, Configure)
    assert isinstance(command.item, Queue)
    assert command.item.routing.name == "support"


async def test_a_queue_is_read_changed_and_deleted_by_id_or_name(
    client: AsyncClient, gateway: RecordingGateway
) -> None:
    created = (await client.post("/api/v1/queues", json={"name": "support"})).json()
    assert (await client.get("/api/v1/queues/support")).json() == created
    changed = await client.patch(f"/api/v1/queues/{created['id']}", json={"priority": 7}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json() | {"updated_at": 0} == created | {"priority": 7, "version": 2, "updated_at": 0}
    assert changed.headers["ETag"] == '"2"'
    assert (await client.delete("/api/v1/queues/support")).status_code == 204
    assert (await client.get("/api/v1/queues/support")).status_code == 404
    assert gateway.commands[-1] == Unconfigure("queue", created["id"])
