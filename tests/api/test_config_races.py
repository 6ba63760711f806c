"""Changes at the same time: one wins, and the live core hears of them in the order in which they were stored."""

import asyncio

from httpx import AsyncClient

from app.commands import Configure, LiveCommand, RefusedReply, Reply
from app.configuration import Queue
from app.services import Services
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, problem


async def test_of_two_changes_of_one_version_one_wins(client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, "queues", name="support")
    answers = await asyncio.gather(
        *(
            client.patch("/api/v1/queues/support", json={"priority": n}, headers={"If-Match": '"1"'})
            for n in range(1, 6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert (await client.get("/api/v1/queues/support")).json() == winner
    assert len(gateway.commands) == 2


async def test_the_live_core_hears_in_the_order_of_the_commits(client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, "queues", name="support")
    await asyncio.gather(
        *(client.patch("/api/v1/queues/support", json={"priority": n}, headers={"If-Match": "*"}) for n in range(1, 9))
    )
    last = (await client.get("/api/v1/queues/support")).json()
    assert last["version"] == 9
    command = gateway.commands[-1]
    assert isinstance(command, Configure)
    assert isinstance(command.item, Queue)
    assert command.item.routing.priority == last["priority"]


async def test_of_two_objects_with_one_name_one_is_made(client: AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/v1/skills", json={"name": "french"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_live_core_that_refuses_is_told_of(client: AsyncClient, gateway: RecordingGateway) -> None:
    gateway.reply = RefusedReply(409, "full", "There is no room.")
    document = problem(await client.post("/api/v1/queues", json={"name": "support"}), 503, "unavailable")
    assert "There is no room." in document["detail"]


async def test_the_live_core_is_told_after_the_commit(services: Services, client: AsyncClient) -> None:
    """What it is told can be read from the database by anyone, whatever becomes of the answer."""
    seen: list[int] = []

    class Looking:
        async def submit(self, command: LiveCommand) -> Reply:
            assert isinstance(command, Configure)
            seen.append((await client.get("/api/v1/queues/support")).status_code)
            return RefusedReply(409, "no", "no")

    services.gateway = Looking()
    await client.post("/api/v1/queues", json={"name": "support"})
    assert seen == [200]
