"""Agents' day over REST: numbers and PINs, phones, pause reasons, codes, states forced, outside calls, dispositions."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.auth.keys import Scope, create_key
from app.commands import (
    Configure,
    EndWrapUp,
    RefusedReply,
    SetAgentState,
    SetDisposition,
    SetOutsideCalls,
)
from app.configuration import Agent, Disposition, EntryPoint, FeatureCode, PauseReason, Phone, Queue
from app.db.engine import Database
from queues.model import FailureCause
from queues.rules.agent_rules import OnLimit
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem

ANA: dict[str, Any] = {"name": "ana", "address": "sip:ana@callyard"}
ANY = {"If-Match": "*"}


def last(gateway: RecordingGateway) -> object:
    command = gateway.commands[-1]
    return command.item if isinstance(command, Configure) else command


async def header(database: Database, scope: Scope, agent: str | None = None) -> dict[str, str]:
    async with database.write() as session:
        _, key = create_key(session, scope, [scope], agent_id=agent)
    return {"Authorization": f"Bearer {key}"}


# --- configuration


async def test_an_agent_without_a_phone_of_its_own(client: AsyncClient, gateway: RecordingGateway) -> None:
    view = await created(client, "agents", name="eva", number="1001", pin="4711", wrap_up_seconds=5)
    assert (view["address"], view["number"], view["has_pin"]) == (None, "1001", True)
    assert (view["wrap_up_seconds"], view["pause_after_misses"]) == (5, None)
    agent = last(gateway)
    assert isinstance(agent, Agent)
    assert (agent.address, agent.number, agent.routing.wrap_up_seconds) == ("", "1001", 5.0)
    assert agent.pin is not None
    assert "4711" not in agent.pin
    assert agent.pin not in repr(agent)
    wrong = {"name": "flo", "password": "p"}
    assert "password" in errors(problem(await client.post("/api/v1/agents", json=wrong), 422, "validation"))


async def test_a_pin_is_kept_changed_and_removed(client: AsyncClient) -> None:
    path = "/api/v1/agents/ana"
    await created(client, "agents", **ANA, number="1001", pin="4711")
    assert (await client.patch(path, json={"pin": "4711"}, headers=ANY)).json()["version"] == 1
    assert (await client.patch(path, json={"pin": "4712"}, headers=ANY)).json()["version"] == 2
    assert (await client.patch(path, json={"capacity": 2}, headers=ANY)).json()["has_pin"] is True
    assert (await client.patch(path, json={"pin": None}, headers=ANY)).json()["has_pin"] is False


async def test_a_number_is_one_agent_s(client: AsyncClient) -> None:
    await created(client, "agents", **ANA, number="1001")
    answer = await client.post("/api/v1/agents", json={"name": "bo", "number": "1001"})
    assert errors(problem(answer, 422, "validation")) == {"number": "agent 'ana' has this number"}
    await created(client, "agents", name="bo")
    await created(client, "agents", name="cleo")
    answer = await client.patch("/api/v1/agents/ana", json={"number": "1001", "capacity": 2}, headers=ANY)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("pause-reasons", {"name": "x", "on_limit": "log_out"}, ""),
        ("pause-reasons", {"name": "x", "limit_seconds": 0}, "limit_seconds"),
        ("pause-reasons", {"name": "x", "max_agents": -1}, "max_agents"),
        ("dispositions", {"name": "x", "queues": ["nowhere"]}, "queues[0]"),
        ("phones", {"user": "a b"}, "user"),
        ("phones", {"user": "ana"}, "user"),
        ("feature-codes", {"code": "11", "action": "log_in"}, "code"),
        ("feature-codes", {"code": "*11", "action": "dance"}, "action"),
        ("feature-codes", {"code": "*11", "action": "log_in", "pause_reason": "lunch"}, ""),
        ("queues", {"name": "x", "pause_after_misses": 0}, "pause_after_misses"),
        ("queues", {"name": "x", "miss_causes": ["boredom"]}, "miss_causes[0]"),
        ("agents", {"name": "x", "pin": "12a"}, "pin"),
        ("agents", {"name": "x", "number": "*1"}, "number"),
    ],
)
async def test_a_wrong_field_is_named(path: str, body: dict[str, Any], field: str, client: AsyncClient) -> None:
    await created(client, "agents", **ANA, password="s3cret")
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert list(errors(problem(answer, 422, "validation"))) == [field]


async def test_the_live_core_is_told_of_each(client: AsyncClient, gateway: RecordingGateway) -> None:
    queue = await created(
        client, "queues", name="support", max_wrap_up_seconds=120, disposition_required=True, pause_after_misses=3,
        miss_causes=["busy"], missed_pause_reason="gone",
    )  # fmt: skip
    told = last(gateway)
    assert isinstance(told, Queue)
    assert (told.routing.max_wrap_up_seconds, told.routing.disposition_required) == (120.0, True)
    assert (told.routing.pause_after_misses, told.routing.missed_pause_reason) == (3, "gone")
    assert told.routing.miss_causes == (FailureCause.BUSY,)
    view = await created(client, "pause-reasons", name="lunch", limit_seconds=1800, on_limit="log_out", max_agents=2)
    assert last(gateway) == PauseReason(view["id"], "lunch", 1800.0, OnLimit.LOG_OUT, False, 2, None)
    view = await created(client, "dispositions", name="sold", queues=["support"])
    assert view["queues"] == ["support"]
    assert last(gateway) == Disposition(view["id"], "sold", frozenset({queue["id"]}))
    view = await created(client, "feature-codes", code="*12", action="pause", pause_reason="lunch")
    assert last(gateway) == FeatureCode(view["id"], "*12", "pause", "lunch")
    view = await created(client, "phones", user="desk12", password="s3cret")
    phone = last(gateway)
    assert isinstance(phone, Phone)
    assert set(phone.ha1) == {"MD5", "SHA-256"}
    assert "s3cret" not in repr(phone)
    assert view["has_password"] is True
    await created(client, "entry-points", user="1000", queue="support", wrap_up_seconds=60)
    point = last(gateway)
    assert isinstance(point, EntryPoint)
    assert point.wrap_up_seconds == 60.0


async def test_a_disposition_of_a_queue_that_is_gone(client: AsyncClient) -> None:
    await created(client, "queues", name="support")
    await created(client, "dispositions", name="sold", queues=["support"])
    assert (await client.delete("/api/v1/queues/support")).status_code == 204
    assert (await client.get("/api/v1/dispositions/sold")).json()["queues"] == []


async def test_all_of_it_by_a_file_and_again(client: AsyncClient) -> None:
    document = {
        "pause_reasons": [{"name": "lunch", "limit_seconds": 1800}],
        "queues": [{"name": "support", "disposition_required": True, "pause_after_misses": 3}],
        "agents": [{"name": "eva", "number": "1001", "pin": "4711", "queues": ["support"]}],
        "entry_points": [{"user": "1000", "queue": "support", "wrap_up_seconds": 30}],
        "dispositions": [{"name": "sold", "queues": ["support"]}, {"name": "lost"}],
        "phones": [{"user": "desk12", "password": "s3cret"}],
        "feature_codes": [{"code": "*11", "action": "log_in"}, {"code": "*12", "action": "toggle"}],
    }
    assert (await client.post("/api/v1/config/import", json=document)).json()["created"] == 9
    again = (await client.post("/api/v1/config/import", json=document)).json()
    assert again == {"created": 0, "changed": 0, "unchanged": 9}


# --- states


async def test_a_state_with_a_desk_or_by_force(
    client: AsyncClient, gateway: RecordingGateway, database: Database
) -> None:
    agent = (await created(client, "agents", **ANA))["id"]
    path = "/api/v1/agents/ana/state"
    body: dict[str, Any] = {"status": "available", "address": "sip:desk12@callyard"}
    assert (await client.put(path, json=body)).status_code == 200
    assert last(gateway) == SetAgentState(agent, "available", address="sip:desk12@callyard")
    wrong = problem(await client.put(path, json=body | {"status": "logged_out"}), 422, "validation")
    assert "address" in errors(wrong)
    assert "address" in errors(problem(await client.put(path, json=body | {"address": "12"}), 422, "validation"))
    force = {"status": "paused", "force": True}
    own = await header(database, "agent", agent)
    problem(await client.put(path, json=force, headers=own), 403, "forbidden")
    assert (await client.put(path, json=body, headers=own)).status_code == 200
    boss = await header(database, "supervisor")
    assert (await client.put(path, json=force, headers=boss)).status_code == 200
    assert last(gateway) == SetAgentState(agent, "paused", force=True, by="supervisor")
    end = {"action": "end", "force": True}
    problem(await client.post("/api/v1/agents/ana/wrap-up", json=end, headers=own), 403, "forbidden")
    assert (await client.post("/api/v1/agents/ana/wrap-up", json=end, headers=boss)).status_code == 200
    assert last(gateway) == EndWrapUp(agent, force=True)


@pytest.mark.parametrize(
    ("reason", "field"),
    [("unknown_pause_reason", "pause_reason"), ("unknown_disposition", "code"), ("wrong_queue", "code")],
)
async def test_what_was_sent_is_wrong_not_the_state(
    reason: str, field: str, client: AsyncClient, gateway: RecordingGateway
) -> None:
    await created(client, "agents", **ANA)
    gateway.reply = RefusedReply(409, reason, "there is no such thing")
    answer = await client.put("/api/v1/agents/ana/state", json={"status": "paused", "pause_reason": "x"})
    assert errors(problem(answer, 422, "validation")) == {field: "there is no such thing"}


async def test_calls_outside_and_dispositions(
    client: AsyncClient, gateway: RecordingGateway, database: Database
) -> None:
    agent = (await created(client, "agents", **ANA))["id"]
    bo = (await created(client, "agents", name="bo"))["id"]
    own, other, read = (
        await header(database, "agent", agent),
        await header(database, "agent", bo),
        await header(database, "read"),
    )
    path = "/api/v1/agents/ana/outside-calls"
    assert (await client.put(path, json={"count": 2}, headers=own)).status_code == 200
    assert last(gateway) == SetOutsideCalls(agent, 2)
    for headers in (other, read):
        problem(await client.put(path, json={"count": 2}, headers=headers), 403, "forbidden")
    assert "count" in errors(problem(await client.put(path, json={"count": -1}), 422, "validation"))
    path = "/api/v1/agents/ana/disposition"
    assert (await client.post(path, json={"code": "sold", "note": "two"}, headers=own)).status_code == 200
    assert last(gateway) == SetDisposition(agent, None, "sold", "two")
    problem(await client.post(path, json={"code": "sold"}, headers=other), 403, "forbidden")
    assert "code" in errors(problem(await client.post(path, json={}), 422, "validation"))
