"""Queues' own fields, and what refers to them."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.announcements import Announcements
from app.callback_policy import CallbackHours, CallbackPolicy
from app.commands import Configure, Unconfigure
from app.configuration import Agent, Queue
from queues.model import Overflow, OverflowAction, Requirement
from queues.rules.sticky import StickyPolicy, StickyScope
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "a/b"}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "x" * 65}, "name"),
    ({"name": 5}, "name"),
    ({"priority": 1001}, "priority"),
    ({"strategy": "tarot"}, "strategy"),
    ({"requirements": [{"skill": "billing", "min_level": 11}]}, "requirements[0].min_level"),
    ({"requirements": [{"min_level": 3}]}, "requirements[0].skill"),
    ({"requirements": [{"skill": "billing"}, {"skill": "billing"}]}, "requirements"),
    ({"requirements": [{"skill": "billing"}, {"skill": "welding"}]}, "requirements[1].skill"),
    ({"ring_seconds": 0}, "ring_seconds"),
    ({"ring_seconds": None}, "ring_seconds"),
    ({"wrap_up_seconds": -1}, "wrap_up_seconds"),
    ({"max_wait": 0}, "max_wait"),
    ({"overflow": {"action": "uri"}}, "overflow"),
    ({"overflow": {"action": "uri", "uri": "https://example.com"}}, "overflow.uri"),
    ({"overflow": {"action": "hangup", "uri": "sip:a@b"}}, "overflow"),
    ({"service_level": {"target": 80}}, "service_level.target"),
    ({"service_level": {"goal": 1}}, "service_level.goal"),
    ({"delays": {"busy": "long"}}, "delays.busy"),
    ({"music": "../../etc/passwd"}, "music"),
    ({"announcements": {"every_seconds": 60}}, "announcements"),
    ({"announcements": {"position": True, "every_seconds": 1}}, "announcements.every_seconds"),
    ({"announcements": {"comfort": ["../x"]}}, "announcements.comfort[0]"),
    ({"sticky": {"wait_seconds": 5}}, "sticky.period_seconds"),
    ({"callback": {"uri": "sip:customer@gw"}}, "callback.uri"),
    ({"callback": {"uri": "tel:{number}"}}, "callback.uri"),
    ({"callback": {"uri": "sip:{number}@gw", "key": "11"}}, "callback.key"),
    ({"callback": {"uri": "sip:{number}@gw", "shown": "a b"}}, "callback.shown"),
    ({"callback": {"uri": "sip:{number}@gw", "hours": {"begin": "25:00", "end": "09:00"}}}, "callback.hours.begin"),
    ({"callback": {"uri": "sip:{number}@gw", "first": "nobody"}}, "callback.first"),
    ({"callback": {"uri": "sip:{number}@gw", "hours": {"begin": "08:00"}}}, "callback.hours"),
    ({"callback": {"uri": "sip:{number}@gw", "hours": {"calendar": "nowhere"}}}, "callback.hours.calendar"),
    (
        {"callback": {"uri": "sip:{number}@gw", "hours": {"begin": "08:00", "end": "09:00", "time_zone": "Mars/X"}}},
        "callback.hours.time_zone",
    ),
    ({"sticky": {"period_seconds": 60, "scope": "world"}}, "sticky.scope"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=[str(fields) for fields, _ in WRONG])
async def test_a_wrong_field_is_named_and_nothing_happens(
    fields: dict[str, Any], field: str, client: AsyncClient, gateway: RecordingGateway
) -> None:
    await created(client, "skills", name="billing")
    posted = problem(await client.post("/api/v1/queues", json={"name": "support"} | fields), 422, "validation")
    assert list(errors(posted)) == [field]
    assert posted["detail"].startswith(f"{field}: ")
    assert gateway.commands == []
    assert (await client.get("/api/v1/queues")).json() == {"items": [], "next_cursor": None}

    view = await created(client, "queues", name="other")
    answer = await client.patch(f"/api/v1/queues/{view['id']}", json=fields, headers={"If-Match": '"1"'})
    assert list(errors(problem(answer, 422, "validation"))) == [field]
    assert (await client.get("/api/v1/queues/other")).json() == view
    assert len(gateway.commands) == 1


async def test_the_live_core_gets_the_whole_queue(client: AsyncClient, gateway: RecordingGateway) -> None:
    skill = await created(client, "skills", name="billing")
    await created(
        client,
        "queues",
        name="support",
        requirements=[{"skill": skill["id"], "min_level": 3}],
        overflow={"action": "uri", "uri": "sip:voicemail@192.0.2.1"},
        max_wait=None,
        early_media=True,
        greeting="welcome",
        delays={"busy": 1},
        sticky={"period_seconds": 86_400, "wait_seconds": 15, "scope": "any"},
        callback={"uri": "sip:{number}@gw", "key": "1", "hours": {"begin": "08:00", "end": "20:00"}, "first": "agent"},
    )
    (command,) = gateway.commands
    assert isinstance(command, Configure)
    queue = command.item
    assert isinstance(queue, Queue)
    assert queue.routing.requirements == (Requirement(skill["id"], 3),)
    assert queue.routing.overflow == Overflow(OverflowAction.URI, "sip:voicemail@192.0.2.1")
    assert (queue.routing.max_wait, queue.routing.delays.busy, queue.routing.delays.rejected) == (None, 1.0, 10.0)
    hours = CallbackHours("08:00", "20:00")
    assert queue.callback == CallbackPolicy("sip:{number}@gw", key="1", hours=hours, first="agent")
    assert queue.routing.sticky == StickyPolicy(86_400.0, 15.0, StickyScope.ANY)
    assert (queue.early_media, queue.greeting, queue.music) == (True, "welcome", "music")


async def test_requirements_are_shown_by_name_and_replaced_as_a_whole(client: AsyncClient) -> None:
    for name in ("billing", "french", "german"):
        await created(client, "skills", name=name)
    needs = [{"skill": "french", "min_level": 2}, {"skill": "billing", "min_level": 1}]
    view = await created(client, "queues", name="support", requirements=needs)
    assert view["requirements"] == [needs[1], needs[0]]
    changed = await client.patch(
        "/api/v1/queues/support", json={"requirements": [{"skill": "german"}]}, headers={"If-Match": '"1"'}
    )
    assert changed.json()["requirements"] == [{"skill": "german", "min_level": 1}]
    await client.patch("/api/v1/skills/german", json={"name": "deutsch"}, headers={"If-Match": '"1"'})
    assert (await client.get("/api/v1/queues/support")).json()["requirements"][0]["skill"] == "deutsch"


async def test_what_is_in_use_is_not_deleted(client: AsyncClient) -> None:
    await created(client, "skills", name="billing")
    await created(client, "queues", name="support", requirements=[{"skill": "billing"}])
    await created(client, "agents", name="ana", address="sip:ana@callyard", skills={"billing": 5})
    await created(client, "entry-points", user="1000", queue="support")
    document = problem(await client.delete("/api/v1/skills/billing"), 409, "in-use")
    assert [error["message"] for error in document["errors"]] == ["queue 'support' requires it", "agent 'ana' has it"]
    document = problem(await client.delete("/api/v1/queues/support"), 409, "in-use")
    assert [error["message"] for error in document["errors"]] == ["entry point '1000' leads to it"]


async def test_deleting_a_queue_leaves_its_agents_with_their_other_queues(
    client: AsyncClient, gateway: RecordingGateway
) -> None:
    support = await created(client, "queues", name="support")
    await created(client, "agents", name="ana", address="sip:ana@callyard", queues=["support"])
    assert (await client.delete("/api/v1/queues/support")).status_code == 204
    assert (await client.get("/api/v1/agents/ana")).json()["queues"] == []
    removed, agent = gateway.commands[-2:]
    assert removed == Unconfigure("queue", support["id"])
    assert isinstance(agent, Configure)
    assert isinstance(agent.item, Agent)
    assert agent.item.routing.queues == frozenset()  # not None, which would mean every queue


async def test_announcements_reach_the_live_core_and_are_shown(client: AsyncClient, gateway: RecordingGateway) -> None:
    wanted = {"position": True, "every_seconds": 45, "comfort": ["please-wait"]}
    view = await created(client, "queues", name="support", announcements=wanted)
    full = {"expected_wait": False, "first_after_seconds": 15.0, **wanted}
    assert view["announcements"] == full
    command = gateway.commands[-1]
    assert isinstance(command, Configure)
    assert isinstance(command.item, Queue)
    assert command.item.announcements == Announcements(position=True, every_seconds=45, comfort=("please-wait",))
    answer = await client.patch(
        f"/api/v1/queues/{view['id']}", json={"announcements": None}, headers={"If-Match": '"1"'}
    )
    assert answer.json()["announcements"] is None
