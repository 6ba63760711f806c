"""What holds for every kind of configuration object: the five verbs, versions, pages, names, and the live core's share."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx import AsyncClient

from app.commands import Configure, Unconfigure
from app.configuration import ObjectKind
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem


@dataclass(frozen=True)
class Kind:
    path: str
    kind: ObjectKind | None
    body: dict[str, Any]
    change: dict[str, Any]
    key: str = "name"
    spelled: str = "n{:03}"

    def numbered(self, number: int) -> dict[str, Any]:
        return self.body | {self.key: self.spelled.format(number)}


KINDS = [
    Kind("skills", None, {"name": "french"}, {"name": "français"}),
    Kind("queues", "queue", {"name": "support"}, {"max_wait": None, "service_level": {"target": 0.9}}),
    Kind("agents", "agent", {"name": "ana", "address": "sip:ana@callyard"}, {"capacity": 3}),
    Kind("entry-points", "entry_point", {"user": "1000", "queue": "main"}, {"priority": 4}, key="user"),
    Kind("priority-rules", "priority_rule", {"name": "vip", "match": {"caller": "1"}, "priority": 5}, {"priority": 4}),
    Kind("trunks", "trunk", {"name": "carrier", "addresses": ["192.0.2.1/24"]}, {"addresses": ["2001:db8::/32"]}),
    Kind("pause-reasons", "pause_reason", {"name": "lunch"}, {"limit_seconds": 1800, "on_limit": "log_out"}),
    Kind("dispositions", "disposition", {"name": "sold", "queues": ["main"]}, {"queues": None}),
    Kind("phones", "phone", {"user": "desk12"}, {"password": "s3cret"}, key="user"),
    Kind(
        "feature-codes",
        "feature_code",
        {"code": "*11", "action": "log_in"},
        {"announcement": "hello"},
        "code",
        "*{:03}",
    ),
    Kind("calendars", "calendar", {"name": "office", "time_zone": "Europe/Berlin"}, {"time_zone": "UTC"}),
    Kind("media-servers", "media_server", {"name": "moh", "uri": "sip:moh@192.0.2.7:5060"}, {"position": 2}),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)


@pytest.fixture(autouse=True)
async def _main_queue(client: AsyncClient, gateway: RecordingGateway) -> None:
    """Entry points need a queue to lead to."""
    await created(client, "queues", name="main")
    gateway.commands.clear()


@every_kind
async def test_create_read_change_delete(kind: Kind, client: AsyncClient, gateway: RecordingGateway) -> None:
    path = f"/api/v1/{kind.path}"
    answer = await client.post(path, json=kind.body)
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert answer.headers["Location"] == f"{path}/{view['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert view["created_at"] == "2027-01-15T08:00:00Z"

    for ref in (view["id"], view[kind.key]):
        read = await client.get(f"{path}/{ref}")
        assert (read.status_code, read.json(), read.headers["ETag"]) == (200, view, '"1"')

    changed = await client.patch(f"{path}/{view['id']}", json=kind.change, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["version"] == 2
    assert (await client.get(f"{path}/{view['id']}")).json() == changed.json()

    assert (await client.delete(f"{path}/{view['id']}", headers={"If-Match": '"2"'})).status_code == 204
    problem(await client.get(f"{path}/{view['id']}"), 404, "not-found")
    _check_commands(kind, gateway, view["id"])


def _check_commands(kind: Kind, gateway: RecordingGateway, object_id: str) -> None:
    if kind.kind is None:
        assert gateway.commands == []
        return
    added, changed, removed = gateway.commands
    assert isinstance(added, Configure)
    assert isinstance(changed, Configure)
    assert removed == Unconfigure(kind.kind, object_id)


@every_kind
async def test_a_patch_without_effect_makes_no_version(
    kind: Kind, client: AsyncClient, gateway: RecordingGateway
) -> None:
    view = await created(client, kind.path, **kind.body)
    told = len(gateway.commands)
    answer = await client.patch(f"/api/v1/{kind.path}/{view['id']}", json=kind.body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()) == (200, view)
    assert len(gateway.commands) == told


@every_kind
async def test_a_taken_name_is_refused(kind: Kind, client: AsyncClient, gateway: RecordingGateway) -> None:
    await created(client, kind.path, **kind.body)
    other = await created(client, kind.path, **kind.numbered(1))
    told = len(gateway.commands)
    for answer in (
        await client.post(f"/api/v1/{kind.path}", json=kind.body),
        await client.patch(
            f"/api/v1/{kind.path}/{other['id']}", json={kind.key: kind.body[kind.key]}, headers={"If-Match": "*"}
        ),
    ):
        assert list(errors(problem(answer, 409, "name-taken"))) == [kind.key]
    assert len(gateway.commands) == told


@every_kind
async def test_if_match_decides_races(kind: Kind, client: AsyncClient) -> None:
    view = await created(client, kind.path, **kind.body)
    path = f"/api/v1/{kind.path}/{view['id']}"
    assert "If-Match" in errors(problem(await client.patch(path, json=kind.change), 428, "precondition-required"))
    first = await client.patch(path, json=kind.change, headers={"If-Match": '"7", "1"'})
    assert first.status_code == 200
    late = await client.patch(path, json=kind.change, headers={"If-Match": '"1"'})
    problem(late, 412, "precondition-failed")
    assert late.headers["ETag"] == '"2"'
    problem(await client.patch(path, json=kind.change, headers={"If-Match": 'W/"2"'}), 412, "precondition-failed")
    problem(await client.delete(path, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    assert (await client.delete(path)).status_code == 204


@every_kind
async def test_unknown_fields_and_things(kind: Kind, client: AsyncClient) -> None:
    path = f"/api/v1/{kind.path}"
    wrong = problem(await client.post(path, json=kind.body | {"colour": "red"}), 422, "validation")
    assert errors(wrong) == {"colour": "there is no such field"}
    missing = problem(await client.post(path, json={}), 422, "validation")
    assert errors(missing)[kind.key] == "this field is required"
    view = await created(client, kind.path, **kind.body)
    wrong = problem(
        await client.patch(f"{path}/{view['id']}", json={"colour": 1}, headers={"If-Match": "*"}), 422, "validation"
    )
    assert errors(wrong) == {"colour": "there is no such field"}
    problem(await client.get(f"{path}/nobody"), 404, "not-found")
    problem(await client.patch(f"{path}/nobody", json={}, headers={"If-Match": "*"}), 404, "not-found")
    problem(await client.delete(f"{path}/nobody"), 404, "not-found")


@every_kind
async def test_pages_neither_skip_nor_repeat_while_objects_come_and_go(kind: Kind, client: AsyncClient) -> None:
    views = [await created(client, kind.path, **kind.numbered(number)) for number in range(7)]
    path = f"/api/v1/{kind.path}"
    names: list[str] = []
    page = (await client.get(path, params={"limit": 3})).json()
    names += [item[kind.key] for item in page["items"]]
    await client.delete(f"{path}/{views[0]['id']}")  # before the cursor: nothing may be skipped
    await client.delete(f"{path}/{views[-1]['id']}")
    await created(client, kind.path, **kind.numbered(50))
    while page["next_cursor"]:
        page = (await client.get(path, params={"limit": 3, "cursor": page["next_cursor"]})).json()
        names += [item[kind.key] for item in page["items"]]
    assert [name for name in names if name != "main"] == [kind.spelled.format(n) for n in (0, 1, 2, 3, 4, 5, 50)]


@every_kind
@pytest.mark.parametrize(
    ("query", "field"), [({"limit": 0}, "limit"), ({"limit": 201}, "limit"), ({"cursor": "%%"}, "cursor")]
)
async def test_wrong_pages(kind: Kind, query: dict[str, Any], field: str, client: AsyncClient) -> None:
    document = problem(await client.get(f"/api/v1/{kind.path}", params=query), 422, "validation")
    assert [(error["in"], error["field"]) for error in document["errors"]] == [("query", field)]
