"""Relaxation, tiers, memberships, entry points' requirements and priority rules over REST and the importer."""

from typing import Any, TypeVar

import pytest
from httpx import AsyncClient

from app.commands import Configure
from app.configuration import Agent, EntryPoint, PriorityRule, Queue
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, Requirement, TierRules
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem

T = TypeVar("T")


def told(gateway: RecordingGateway, kind: type[T]) -> T:
    """The last configured object of this kind."""
    items = [command.item for command in gateway.commands if isinstance(command, Configure)]
    return next(item for item in reversed(items) if isinstance(item, kind))


async def put(client: AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.put("/api/v1/queues/support/members", json=body)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_what_a_queue_asks_for_and_when_it_asks_for_less(client: AsyncClient, gateway: RecordingGateway) -> None:
    billing, french = [(await created(client, "skills", name=name))["id"] for name in ("billing", "french")]
    fields = {
        "groups": ["front"],
        "tier_rules": {"open_after_seconds": 30.0, "open_when": "none_ready"},
        "prefer_skilled": True,
        "relaxation": [
            {"after_seconds": 60, "drop": ["french"], "any_group": True, "max_tier": 3},
            {"after_seconds": 30, "requirements": [{"skill": "billing", "min_level": 2}], "groups": ["back"]},
        ],
    }
    view = await created(client, "queues", name="support", **fields)
    routing = told(gateway, Queue).routing
    assert routing.groups == frozenset({"front"})
    assert routing.tier_rules == TierRules(30.0, OpenWhen.NONE_READY)
    assert routing.prefer_skilled
    assert routing.relaxation == (
        RelaxationStep(30, (Requirement(billing, 2),), groups=frozenset({"back"})),
        RelaxationStep(60, drop=frozenset({french}), any_group=True, max_tier=3),
    )
    assert [step["after_seconds"] for step in view["relaxation"]] == [30, 60]
    assert (view["relaxation"][0]["requirements"], view["relaxation"][1]["drop"]) == (
        [{"skill": "billing", "min_level": 2}], ["french"],
    )  # fmt: skip
    again = await client.patch(
        "/api/v1/queues/support", json={"relaxation": view["relaxation"]}, headers={"If-Match": "*"}
    )
    assert again.json()["version"] == 1
    document = problem(await client.delete("/api/v1/skills/french"), 409, "in-use")
    assert document["errors"][0]["message"] == "queue 'support' relaxes it"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"relaxation": [{"after_seconds": 0}]}, "relaxation[0].after_seconds"),
    ({"relaxation": [{"after_seconds": 5, "drop": ["nothing"]}]}, "relaxation[0].drop[0]"),
    ({"relaxation": [{"after_seconds": 5, "requirements": [{"skill": "x"}]}]}, "relaxation[0].requirements[0].skill"),
    ({"relaxation": [{"after_seconds": 5, "max_tier": 101}]}, "relaxation[0].max_tier"),
    ({"tier_rules": {"open_when": "full moon"}}, "tier_rules.open_when"),
]


@pytest.mark.parametrize(("fields", "place"), WRONG)
async def test_a_wrong_field_is_named(fields: dict[str, Any], place: str, client: AsyncClient) -> None:
    document = problem(await client.post("/api/v1/queues", json={"name": "support", **fields}), 422, "validation")
    assert list(errors(document)) == [place]


async def test_members_of_a_queue(client: AsyncClient, gateway: RecordingGateway) -> None:
    queue = (await created(client, "queues", name="support"))["id"]
    await created(client, "queues", name="other")
    ana = await created(client, "agents", name="ana", address="sip:ana@callyard")
    bo = await created(client, "agents", name="bo", address="sip:bo@callyard", queues=["other"])
    view = await put(client, agent="ana", penalty=2, position=4)
    assert view == {
        "agent": "ana", "agent_id": ana["id"], "penalty": 2, "position": 4, "enabled": True, "named": True,
    }  # fmt: skip
    assert told(gateway, Agent).routing.queues is None
    assert told(gateway, Agent).routing.members == {queue: Membership(2, 4)}
    listed = (await client.get("/api/v1/queues/support/members")).json()["items"]
    assert [(each["agent"], each["penalty"]) for each in listed] == [("ana", 2)]
    await put(client, agent="bo", enabled=False)
    assert told(gateway, Agent).routing.queues is not None
    assert queue in (told(gateway, Agent).routing.queues or ())
    shown = (await client.get("/api/v1/agents/bo")).json()
    assert shown["queues"] == ["other", {"queue": "support", "penalty": 0, "position": 0, "enabled": False}]
    assert shown["version"] == bo["version"] + 1

    assert (await client.delete("/api/v1/queues/support/members?agent=bo")).status_code == 204
    assert queue not in (told(gateway, Agent).routing.queues or ())
    problem(await client.delete("/api/v1/queues/support/members?agent=bo"), 404, "not-found")
    assert (await client.delete("/api/v1/queues/support/members?agent=ana")).status_code == 204
    assert told(gateway, Agent).routing.members == {}
    listed = (await client.get("/api/v1/queues/support/members")).json()["items"]
    assert [(each["agent"], each["named"]) for each in listed] == [("ana", False)]


async def test_an_agent_says_how_it_belongs_to_its_queues(client: AsyncClient, gateway: RecordingGateway) -> None:
    support = (await created(client, "queues", name="support"))["id"]
    sales = (await created(client, "queues", name="sales"))["id"]
    queues: list[Any] = ["sales", {"queue": "support", "penalty": 3}]
    view = await created(client, "agents", name="ana", address="sip:ana@callyard", queues=queues)
    assert view["queues"] == ["sales", {"queue": "support", "penalty": 3, "position": 0, "enabled": True}]
    routing = told(gateway, Agent).routing
    assert routing.queues == frozenset({sales, support})
    assert routing.members == {support: Membership(3)}
    answer = await client.patch("/api/v1/agents/ana", json={"capacity": 2}, headers={"If-Match": "*"})
    assert answer.json()["queues"] == view["queues"]
    assert told(gateway, Agent).routing.members == {support: Membership(3)}
    answer = await client.patch("/api/v1/agents/ana", json={"queues": None}, headers={"If-Match": "*"})
    assert told(gateway, Agent).routing.queues is None
    wrong = [{"queue": "support"}, {"queue": "support", "penalty": 1}]
    answer = await client.patch("/api/v1/agents/ana", json={"queues": wrong}, headers={"If-Match": "*"})
    assert list(errors(problem(answer, 422, "validation"))) == ["queues"]


async def test_calls_require_more_by_where_they_come_in(client: AsyncClient, gateway: RecordingGateway) -> None:
    skill = (await created(client, "skills", name="french"))["id"]
    await created(client, "queues", name="support")
    needs = [{"skill": "french", "min_level": 4}]
    view = await created(client, "entry-points", user="1001", queue="support", requirements=needs)
    assert view["requirements"] == needs
    assert told(gateway, EntryPoint).requirements == (Requirement(skill, 4),)
    problem(await client.delete("/api/v1/skills/french"), 409, "in-use")


async def test_priority_rules(client: AsyncClient, gateway: RecordingGateway) -> None:
    skill = (await created(client, "skills", name="french"))["id"]
    queue = (await created(client, "queues", name="support"))["id"]
    view = await created(
        client, "priority-rules", name="gold", match={"header": "X-Tier", "value": "gold"}, priority=20, queue="support",
        requirements=[{"skill": "french"}],
    )  # fmt: skip
    assert (view["queue"], view["requirements"]) == ("support", [{"skill": "french", "min_level": 1}])
    rule = told(gateway, PriorityRule)
    assert (rule.header, rule.value, rule.priority, rule.queue) == ("X-Tier", "gold", 20, queue)
    assert rule.requirements == (Requirement(skill, 1),)
    document = problem(await client.delete("/api/v1/queues/support"), 409, "in-use")
    assert "priority rule 'gold' is for it" in document["detail"]
    await created(client, "priority-rules", name="numbers", match={"header": "X-Points"}, priority=None)
    for match in ({}, {"caller": "1", "header": "X"}, {"caller": "1", "value": "x"}, {"header": "not a token"}):
        problem(await client.post("/api/v1/priority-rules", json={"name": "x", "match": match}), 422, "validation")
    body = {"name": "x", "match": {"caller": "1"}, "priority": None}
    problem(await client.post("/api/v1/priority-rules", json=body), 422, "validation")


async def test_all_of_it_is_imported(client: AsyncClient, gateway: RecordingGateway) -> None:
    document = {
        "skills": ["french"],
        "queues": [{"name": "support", "relaxation": [{"after_seconds": 9, "drop": ["french"]}], "tier_rules": {}}],
        "agents": [{"name": "ana", "address": "sip:a@callyard", "queues": [{"queue": "support", "penalty": 1}]}],
        "entry_points": [{"user": "1000", "queue": "support", "requirements": [{"skill": "french"}]}],
        "priority_rules": [{"name": "vip", "match": {"caller_prefix": "+4930"}, "priority": 7}],
    }
    for report in ({"created": 5, "changed": 0, "unchanged": 0}, {"created": 0, "changed": 0, "unchanged": 5}):
        answer = await client.post("/api/v1/config/import", json=document)
        assert answer.json() == report
    assert told(gateway, PriorityRule).caller_prefix == "+4930"
