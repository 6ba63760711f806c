"""Agents: references, passwords that never come back, and their state by way of the live core."""

import hashlib
from typing import Any

import pytest
from httpx import AsyncClient

from app.commands import Configure, EndWrapUp, ExtendWrapUp, RefusedReply, SetAgentState
from app.configuration import Agent
from app.facts import AgentState
from tests.api.conftest import FixedLive, RecordingGateway
from tests.api.helpers import created, errors, problem

ANA: dict[str, Any] = {"name": "ana", "address": "sip:ana@callyard"}


def configured(gateway: RecordingGateway) -> Agent:
    """The agent of the last ``Configure``."""
    command = next(command for command in reversed(gateway.commands) if isinstance(command, Configure))
    assert isinstance(command.item, Agent)
    return command.item


def ha1(user: str, realm: str, password: str) -> dict[str, str]:
    secret = f"{user}:{realm}:{password}".encode()
    return {"MD5": hashlib.md5(secret).hexdigest(), "SHA-256": hashlib.sha256(secret).hexdigest()}


async def test_the_live_core_gets_ids_and_clients_see_names(client: AsyncClient, gateway: RecordingGateway) -> None:
    skill = await created(client, "skills", name="billing")
    queue = await created(client, "queues", name="support")
    view = await created(
        client, "agents", **ANA, skills={"billing": 7}, queues=[queue["id"]], capacity=2, offer="caller"
    )
    assert (view["skills"], view["queues"]) == ({"billing": 7}, ["support"])
    agent = configured(gateway)
    assert dict(agent.routing.skills) == {skill["id"]: 7}
    assert agent.routing.queues == frozenset({queue["id"]})
    assert (agent.routing.capacity, agent.offer, agent.address) == (2, "caller", "sip:ana@callyard")


async def test_no_list_of_queues_means_every_queue(client: AsyncClient, gateway: RecordingGateway) -> None:
    view = await created(client, "agents", **ANA)
    assert (view["queues"], configured(gateway).routing.queues) == (None, None)
    await client.patch("/api/v1/agents/ana", json={"queues": []}, headers={"If-Match": "*"})
    assert configured(gateway).routing.queues == frozenset()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"address": "ana"}, "address"),
    ({"address": "tel:+15551234"}, "address"),
    ({"skills": {"billing": 0}}, "skills.billing"),
    ({"skills": {"billing": 11}}, "skills.billing"),
    ({"skills": {"welding": 3}}, "skills.welding"),
    ({"queues": ["nowhere"]}, "queues[0]"),
    ({"capacity": 0}, "capacity"),
    ({"offer": "sometimes"}, "offer"),
    ({"password": ""}, "password"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=[str(fields) for fields, _ in WRONG])
async def test_a_wrong_field_is_named(
    fields: dict[str, Any], field: str, client: AsyncClient, gateway: RecordingGateway
) -> None:
    answer = await client.post("/api/v1/agents", json=ANA | fields)
    assert list(errors(problem(answer, 422, "validation"))) == [field]
    assert gateway.commands == []
    await created(client, "agents", **ANA)
    answer = await client.patch("/api/v1/agents/ana", json=fields, headers={"If-Match": "*"})
    assert list(errors(problem(answer, 422, "validation"))) == [field]


async def test_a_password_becomes_digest_hashes_and_never_comes_back(
    client: AsyncClient, gateway: RecordingGateway
) -> None:
    answer = await client.post("/api/v1/agents", json=ANA | {"password": "s3cret"})
    assert answer.json()["has_password"] is True
    hashes = ha1("ana", "callyard", "s3cret")
    assert configured(gateway).ha1 == hashes
    listed = await client.get("/api/v1/agents")
    for text in (answer.text, listed.text, repr(configured(gateway))):
        assert "s3cret" not in text
        assert not any(value in text for value in hashes.values())


async def test_a_password_is_changed_kept_and_removed(client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, "agents", **ANA, password="old")
    path, always = "/api/v1/agents/ana", {"If-Match": "*"}
    assert (await client.patch(path, json={"password": "old"}, headers=always)).json()["version"] == 1
    assert (await client.patch(path, json={"password": "new"}, headers=always)).json()["version"] == 2
    await client.patch(path, json={"capacity": 2}, headers=always)
    assert configured(gateway).ha1 == ha1("ana", "callyard", "new")
    removed = await client.patch(path, json={"password": None}, headers=always)
    assert removed.json()["has_password"] is False
    assert configured(gateway).ha1 == {}


async def test_a_new_user_needs_the_password_again(client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, "agents", **ANA, password="p")
    path, always = "/api/v1/agents/ana", {"If-Match": "*"}
    document = problem(
        await client.patch(path, json={"address": "sip:anna@callyard"}, headers=always), 422, "validation"
    )
    assert "password" in errors(document)
    assert (await client.patch(path, json={"address": "sip:ana@elsewhere"}, headers=always)).status_code == 200
    await client.patch(path, json={"address": "sip:anna@callyard", "password": "p"}, headers=always)
    assert configured(gateway).ha1 == ha1("anna", "callyard", "p")
    document = problem(
        await client.post("/api/v1/agents", json={"name": "b", "address": "sip:10.0.0.1", "password": "p"}),
        422,
        "validation",
    )
    assert "password" in errors(document)


async def test_a_new_agent_begins_in_the_status_it_is_given(client: AsyncClient, gateway: RecordingGateway) -> None:
    view = await created(client, "agents", **ANA, status="available")
    assert gateway.commands[-1] == SetAgentState(view["id"], "available")
    assert configured(gateway).initial_status == "available"
    document = problem(
        await client.patch("/api/v1/agents/ana", json={"status": "paused"}, headers={"If-Match": "*"}),
        422,
        "validation",
    )
    assert "/state" in errors(document)["status"]


async def test_state_is_read_from_the_projection(client: AsyncClient, live: FixedLive) -> None:
    agent = (await created(client, "agents", **ANA))["id"]
    unknown = (await client.get("/api/v1/agents/ana/state")).json()
    assert (unknown["status"], unknown["routing_state"], unknown["since"]) == ("logged_out", "offline", None)
    live.agents[agent] = AgentState(
        id="s1", time=1_800_000_000.5, agent=agent, status="available", routing_state="on_call", call="c1", active=1,
        pending_status="paused",
    )  # fmt: skip
    answer = await client.get("/api/v1/agents/ana/state")
    assert answer.json() == {
        "agent": agent, "status": "available", "routing_state": "on_call", "pause_reason": None,
        "pending_status": "paused", "since": "2027-01-15T08:00:00.500000Z", "call": "c1", "active": 1, "capacity": 1,
        "outside_calls": 0, "pause_overdue": False, "forced_by": None, "address": None,
    }  # fmt: skip
    assert answer.headers["ETag"] == '"s1"'


async def test_state_is_set_through_the_gateway(
    client: AsyncClient, gateway: RecordingGateway, live: FixedLive
) -> None:
    agent = (await created(client, "agents", **ANA))["id"]
    live.agents[agent] = AgentState(id="s1", time=1.0, agent=agent, status="paused", routing_state="paused")
    path = "/api/v1/agents/ana/state"
    pause = {"status": "paused", "pause_reason": "lunch"}
    assert (await client.put(path, json=pause)).status_code == 200
    assert gateway.commands[-1] == SetAgentState(agent, "paused", "lunch")
    problem(await client.put(path, json=pause, headers={"If-Match": '"s0"'}), 412, "precondition-failed")
    assert (await client.put(path, json=pause, headers={"If-Match": '"s1"'})).status_code == 200
    document = problem(await client.put(path, json={"status": "available", "pause_reason": "x"}), 422, "validation")
    assert "pause_reason" in errors(document)
    assert "status" in errors(problem(await client.put(path, json={"status": "asleep"}), 422, "validation"))


async def test_an_impossible_change_says_what_is_possible(client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, "agents", **ANA)
    gateway.reply = RefusedReply(409, "no_wrap_up", "ana is not in wrap-up.", ("paused", "logged_out"))
    document = problem(
        await client.post("/api/v1/agents/ana/wrap-up", json={"action": "end"}), 409, "impossible-transition"
    )
    assert (document["reason"], document["allowed_transitions"]) == ("no_wrap_up", ["paused", "logged_out"])
    gateway.reply = RefusedReply(404, "unknown_agent", "The live core does not know ana.")
    problem(await client.put("/api/v1/agents/ana/state", json={"status": "available"}), 404, "not-found")


async def test_wrap_up_is_ended_and_extended(client: AsyncClient, gateway: RecordingGateway) -> None:
    agent = (await created(client, "agents", **ANA))["id"]
    path = "/api/v1/agents/ana/wrap-up"
    assert (await client.post(path, json={"action": "end"})).status_code == 200
    assert (await client.post(path, json={"action": "extend", "seconds": 30})).status_code == 200
    assert gateway.commands[-2:] == [EndWrapUp(agent), ExtendWrapUp(agent, 30.0)]
    for body in ({"action": "extend"}, {"action": "end", "seconds": 3}, {"action": "extend", "seconds": -1}):
        assert "seconds" in errors(problem(await client.post(path, json=body), 422, "validation"))
