"""Overflow, limits and calendars by REST and by file: what is accepted, shown and told to the live core."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.calendars.opening import Calendar, Exception_, Holiday, Hours
from app.callback_policy import CallbackHours
from app.commands import Configure
from app.configuration import Queue
from queues.model import Limits, Overflow, OverflowAction, OverflowCause
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem

ANY = {"If-Match": "*"}
OFFICE: dict[str, Any] = {
    "name": "office",
    "time_zone": "Europe/Berlin",
    "hours": [
        {"days": ["mon", "fri"], "from": "08:00", "to": "18:00"},
        {"days": ["sat"], "from": "22:00", "to": "02:00"},
    ],
    "holidays": [{"date": "12-25", "name": "Christmas"}, {"date": "2026-12-24", "name": "Eve", "from": "12:00"}],
    "exceptions": [{"date": "2026-12-05"}, {"date": "2026-12-06", "from": "10:00", "to": "14:00"}],
}


def told(gateway: RecordingGateway) -> Queue:
    command = gateway.commands[-1]
    assert isinstance(command, Configure)
    assert isinstance(command.item, Queue)
    return command.item


async def test_every_cause_may_have_its_own_action(client: AsyncClient, gateway: RecordingGateway) -> None:
    sales = await created(client, "queues", name="sales")
    office = await created(client, "calendars", **OFFICE)
    fields: dict[str, Any] = {
        "overflow": {"action": "announcement", "sound": "goodbye", "announcement_max_seconds": 20},
        "overflow_on": {
            "queue_full": {"action": "queue", "queue": "sales"},
            "max_wait": {"action": "voicemail", "uri": "sip:box-{queue}@192.0.2.1;by={caller}"},
            "closed": {"action": "callback"},
        },
        "limits": {"max_expected_wait": 300, "none_ready": True},
        "calendar": "office", "at_close": "overflow", "place_return_seconds": 60,
    }  # fmt: skip
    view = await created(client, "queues", name="support", **fields)
    assert view["overflow_on"]["queue_full"]["queue"] == "sales"
    assert (view["calendar"], view["at_close"], view["limits"]["none_ready"]) == ("office", "overflow", True)
    queue = told(gateway)
    assert queue.routing.overflow == Overflow(OverflowAction.ANNOUNCEMENT, sound="goodbye", announcement_max_seconds=20)
    assert queue.routing.overflow_on == {
        OverflowCause.QUEUE_FULL: Overflow(OverflowAction.QUEUE, queue=sales["id"]),
        OverflowCause.MAX_WAIT: Overflow(OverflowAction.VOICEMAIL, "sip:box-{queue}@192.0.2.1;by={caller}"),
        OverflowCause.CLOSED: Overflow(OverflowAction.CALLBACK),
    }
    assert queue.routing.limits == Limits(max_expected_wait=300, none_ready=True)
    assert (queue.calendar, queue.at_close, queue.routing.place_return_seconds) == (office["id"], "overflow", 60)
    unchanged = await client.patch("/api/v1/queues/support", json=fields, headers=ANY)
    assert unchanged.json() == view


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"overflow": {"action": "queue"}}, "overflow"),
    ({"overflow": {"action": "queue", "queue": "nowhere"}}, "overflow.queue"),
    ({"overflow_on": {"max_wait": {"action": "queue", "queue": "nowhere"}}}, "overflow_on.max_wait.queue"),
    ({"overflow_on": {"boredom": {"action": "hangup"}}}, "overflow_on.boredom"),
    ({"overflow": {"action": "announcement"}}, "overflow"),
    ({"overflow": {"action": "announcement", "sound": "../x"}}, "overflow.sound"),
    ({"overflow": {"action": "voicemail"}}, "overflow"),
    ({"overflow": {"action": "voicemail", "uri": "sip:{whom}@x"}}, "overflow.uri"),
    ({"overflow": {"action": "hangup", "forward_ring_seconds": 0}}, "overflow.forward_ring_seconds"),
    ({"limits": {"max_expected_wait": 0}}, "limits.max_expected_wait"),
    ({"limits": {"nobody": True}}, "limits.nobody"),
    ({"calendar": "nowhere"}, "calendar"),
    ({"at_close": "shout"}, "at_close"),
    ({"place_return_seconds": -1}, "place_return_seconds"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=[str(fields) for fields, _ in WRONG])
async def test_a_wrong_field_of_a_queue_is_named(fields: dict[str, Any], field: str, client: AsyncClient) -> None:
    answer = problem(await client.post("/api/v1/queues", json={"name": "support"} | fields), 422, "validation")
    named = list(errors(answer))
    assert named[0].startswith(field)


CALENDAR_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"time_zone": "Europe/Atlantis"}, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"hours": [{"days": ["mon"], "from": "8", "to": "18:00"}]}, "hours[0].from"),
    ({"hours": [{"days": ["mon"], "from": "08:00", "to": "24:01"}]}, "hours[0].to"),
    ({"hours": [{"days": [], "from": "08:00", "to": "18:00"}]}, "hours[0].days"),
    ({"hours": [{"days": ["monday"], "from": "08:00", "to": "18:00"}]}, "hours[0].days[0]"),
    ({"holidays": [{"date": "02-30", "name": "x"}]}, "holidays[0].date"),
    ({"holidays": [{"date": "12-25", "name": "x", "from": "12:00", "to": "08:00"}]}, "holidays[0]"),
    ({"exceptions": [{"date": "12-25"}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "2026-12-25", "from": "08:00"}]}, "exceptions[0]"),
]


@pytest.mark.parametrize(("fields", "field"), CALENDAR_WRONG, ids=[str(fields) for fields, _ in CALENDAR_WRONG])
async def test_a_wrong_field_of_a_calendar_is_named(fields: dict[str, Any], field: str, client: AsyncClient) -> None:
    answer = problem(await client.post("/api/v1/calendars", json=OFFICE | fields), 422, "validation")
    assert list(errors(answer)) == [field]


async def test_a_calendar_as_the_live_core_knows_it(client: AsyncClient, gateway: RecordingGateway) -> None:
    view = await created(client, "calendars", **OFFICE)
    assert {name: view[name] for name in ("hours", "exceptions")}["hours"] == OFFICE["hours"]
    command = gateway.commands[-1]
    assert isinstance(command, Configure)
    calendar = command.item
    assert isinstance(calendar, Calendar)
    assert calendar.hours == (Hours(frozenset({0, 4}), 480, 1080), Hours(frozenset({5}), 1320, 1560))
    assert calendar.holidays == (Holiday(12, 25, "Christmas"), Holiday(12, 24, "Eve", 2026, 720))
    closed, other = calendar.exceptions
    assert isinstance(closed, Exception_)
    assert (closed.opens, other.opens, other.closes) == (None, 600, 840)
    state = (await client.get("/api/v1/calendars/office/state")).json()
    assert state["state"] in ("open", "closed", "holiday")


async def test_what_queues_refer_to_is_not_deleted(client: AsyncClient) -> None:
    await created(client, "calendars", **OFFICE)
    await created(client, "queues", name="sales")
    action = {"action": "queue", "queue": "sales"}
    await created(client, "queues", name="support", calendar="office", overflow_on={"closed": action})
    assert "support" in problem(await client.delete("/api/v1/calendars/office", headers=ANY), 409, "in-use")["detail"]
    assert "support" in problem(await client.delete("/api/v1/queues/sales", headers=ANY), 409, "in-use")["detail"]
    await client.patch("/api/v1/queues/support", json={"calendar": None, "overflow_on": {}}, headers=ANY)
    assert (await client.delete("/api/v1/calendars/office", headers=ANY)).status_code == 204
    assert (await client.delete("/api/v1/queues/sales", headers=ANY)).status_code == 204


async def test_customers_are_called_back_by_a_calendar(client: AsyncClient, gateway: RecordingGateway) -> None:
    office = await created(client, "calendars", **OFFICE)
    callback = {"uri": "sip:{number}@gw", "hours": {"calendar": "office"}}
    view = await created(client, "queues", name="support", callback=callback)
    assert view["callback"]["hours"]["calendar"] == "office"
    policy = told(gateway).callback
    assert policy is not None
    assert policy.hours == CallbackHours(calendar=office["id"])
    assert "support" in problem(await client.delete("/api/v1/calendars/office", headers=ANY), 409, "in-use")["detail"]
    document = {"queues": [{"name": "support", "callback": callback}]}
    again = (await client.post("/api/v1/config/import", json=document)).json()
    assert again == {"created": 0, "changed": 0, "unchanged": 1}
    await client.patch("/api/v1/queues/support", json={"callback": None}, headers=ANY)
    assert (await client.delete("/api/v1/calendars/office", headers=ANY)).status_code == 204


async def test_queues_of_one_file_may_send_to_each_other(client: AsyncClient) -> None:
    document = {
        "calendars": [OFFICE],
        "queues": [
            {"name": "a", "overflow": {"action": "queue", "queue": "b"}, "calendar": "office"},
            {"name": "b", "overflow_on": {"max_wait": {"action": "queue", "queue": "a"}}},
        ],
    }
    first = (await client.post("/api/v1/config/import", json=document)).json()
    assert first == {"created": 3, "changed": 0, "unchanged": 0}
    again = (await client.post("/api/v1/config/import", json=document)).json()
    assert again == {"created": 0, "changed": 0, "unchanged": 3}
    views = {view["name"]: view for view in (await client.get("/api/v1/queues")).json()["items"]}
    assert views["a"]["overflow"]["queue"] == "b"
    assert views["b"]["overflow_on"]["max_wait"]["queue"] == "a"


async def test_a_file_with_a_queue_that_is_nowhere(client: AsyncClient) -> None:
    document = {"queues": [{"name": "a", "overflow": {"action": "queue", "queue": "b"}}]}
    answer = problem(await client.post("/api/v1/config/import", json=document), 422, "validation")
    assert list(errors(answer)) == ["queues[0].overflow.queue"]
