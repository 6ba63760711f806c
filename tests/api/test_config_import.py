"""``POST /api/v1/config/import``: takes effect at once, all or nothing."""

from typing import Any

import yaml
from httpx import AsyncClient

from app.commands import Configure, SetAgentState
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem
from tests.unit.app.files import SAMPLE


def sample() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SAMPLE)
    return document


async def test_the_document_takes_effect_at_once_and_only_once(client: AsyncClient, gateway: RecordingGateway) -> None:
    first = await client.post("/api/v1/config/import", json=sample())
    assert (first.status_code, first.json()) == (200, {"created": 7, "changed": 0, "unchanged": 0})
    told = [type(command.item).__name__ for command in gateway.commands if isinstance(command, Configure)]
    assert told == ["Queue", "Agent", "Agent", "EntryPoint", "MediaServer"]
    assert [type(command) for command in gateway.commands[5:]] == [SetAgentState, SetAgentState]

    again = await client.post("/api/v1/config/import", json=sample())
    assert again.json() == {"created": 0, "changed": 0, "unchanged": 7}
    assert len(gateway.commands) == 7


async def test_only_what_is_named_changes(client: AsyncClient, gateway: RecordingGateway) -> None:
    await client.post("/api/v1/config/import", json=sample())
    other = await created(client, "queues", name="sales")
    await client.patch("/api/v1/agents/ana", json={"capacity": 3}, headers={"If-Match": "*"})
    told = len(gateway.commands)
    document = sample()
    document["agents"][0]["skills"] = {"billing": 9}
    answer = await client.post("/api/v1/config/import", json=document)
    assert answer.json() == {"created": 0, "changed": 1, "unchanged": 6}
    ana = (await client.get("/api/v1/agents/ana")).json()
    assert (ana["skills"], ana["capacity"], ana["has_password"]) == ({"billing": 9}, 3, True)
    assert (await client.get("/api/v1/queues/sales")).json() == other
    (command,) = gateway.commands[told:]  # no SetAgentState: the agent is not new
    assert isinstance(command, Configure)


async def test_a_wrong_document_changes_nothing(client: AsyncClient, gateway: RecordingGateway) -> None:
    document = sample()
    document["agents"][1] |= {"address": "nowhere", "skills": {"welding": 5}}
    document["agents"].append({"name": "cy", "capacity": 0})
    found = errors(problem(await client.post("/api/v1/config/import", json=document), 422, "validation"))
    assert list(found) == ["agents[1].address", "agents[2].capacity"]
    assert gateway.commands == []
    for path in ("skills", "queues", "agents"):
        assert (await client.get(f"/api/v1/{path}")).json()["items"] == []
