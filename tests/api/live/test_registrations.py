"""Registrations over REST: pages, filters, one, removal, scopes."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.auth.keys import create_key
from app.commands import RefusedReply, RemoveBinding
from app.db.engine import Database
from app.registrations.desk import Registrations
from sipcore.binding import Binding
from sipcore.packets import Hop, Source
from tests.api.conftest import RecordingGateway
from tests.api.helpers import errors, problem
from tests.unit.app.histories import NOON

ANA = Binding(
    "sip:ana@callyard", "sip:ana@10.0.0.7:5060", NOON + 360.4, "c-1", 7, Source(Hop("UDP", "192.0.2.1", 40001)), 0.5, (),
    "Phone/1.0", "<urn:uuid:1>", 2, "r-1", NOON - 1.5,
)  # fmt: skip
SECOND = replace(ANA, contact="sip:ana@192.0.2.1:40001", ruid="r-2", q=1.0, reg_id=0, instance="", user_agent="Soft")


@pytest.fixture(autouse=True)
def bindings(registrations: Registrations) -> None:
    others = [replace(ANA, aor=f"sip:u{n}@callyard", contact=f"sip:u{n}@192.0.2.9", ruid=f"u-{n}") for n in range(5)]
    registrations.restore([ANA, SECOND, *others], NOON)


async def test_one_with_its_contacts(client: httpx.AsyncClient) -> None:
    for name in ("ana", "sip:ana@callyard", "sip:ana@127.0.0.1"):
        answer = await client.get(f"/api/v1/registrations/{name}")
        assert answer.status_code == 200, answer.text
    first, second = answer.json()["contacts"]
    assert (first["id"], first["behind_nat"], first["reg_id"], first["instance"]) == ("r-2", False, None, None)
    assert second == {
        "id": "r-1", "contact": "sip:ana@10.0.0.7:5060", "q": 0.5, "expires_at": "2026-01-01T12:06:00.400000Z",
        "expires_seconds": 300, "updated_at": "2026-01-01T11:59:58.500000Z", "received_from": "udp:192.0.2.1:40001",
        "behind_nat": True, "path": [], "user_agent": "Phone/1.0", "instance": "<urn:uuid:1>", "reg_id": 2,
        "call_id": "c-1", "cseq": 7,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["nobody", "sip:ana@elsewhere", "a b", "sip:"])
async def test_who_is_not_registered(client: httpx.AsyncClient, name: str) -> None:
    problem(await client.get(f"/api/v1/registrations/{name}"), 404, "not-found")


async def found(client: httpx.AsyncClient, **params: Any) -> tuple[list[str], str | None]:
    answer = (await client.get("/api/v1/registrations", params=params)).json()
    return [item["aor"] for item in answer["items"]], answer["next_cursor"]


async def test_pages_in_order(client: httpx.AsyncClient) -> None:
    seen, cursor = await found(client, limit=4)
    assert cursor is not None
    rest, end = await found(client, limit=4, cursor=cursor)
    assert seen + rest == ["sip:ana@callyard", *(f"sip:u{n}@callyard" for n in range(5))]
    assert end is None
    wrong = await client.get("/api/v1/registrations", params={"cursor": "%"})
    assert errors(problem(wrong, 422, "validation")) == {"cursor": "this is no cursor of ours"}


@pytest.mark.parametrize(
    ("params", "aors"),
    [
        ({"aor": "ANA"}, ["sip:ana@callyard"]),
        ({"contact": "192.0.2.1:4"}, ["sip:ana@callyard"]),
        ({"contact": "192.0.2.9", "aor": "u3"}, ["sip:u3@callyard"]),
        ({"user_agent": "soft", "contact": "10.0.0.7"}, []),  # two of its contacts, not one
        ({"user_agent": "soft"}, ["sip:ana@callyard"]),
    ],
)
async def test_search(client: httpx.AsyncClient, params: dict[str, str], aors: list[str]) -> None:
    assert await found(client, **params) == (aors, None)


async def test_a_page_looks_at_a_bounded_number(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.registrations.router._SCAN", 4)
    first, cursor = await found(client, aor="u4")
    assert (first, cursor is not None) == ([], True)
    assert await found(client, aor="u4", cursor=cursor) == (["sip:u4@callyard"], None)


async def test_removal_is_a_command(client: httpx.AsyncClient, gateway: RecordingGateway) -> None:
    assert (await client.delete("/api/v1/registrations/ana")).status_code == 204
    assert (await client.delete("/api/v1/registrations/sip:ana@callyard/contacts/r-1")).status_code == 204
    assert gateway.commands == [RemoveBinding("sip:ana@callyard"), RemoveBinding("sip:ana@callyard", "r-1")]
    gateway.reply = RefusedReply(404, "unknown_binding", "gone")
    problem(await client.delete("/api/v1/registrations/ana/contacts/r-9"), 404, "not-found")


async def test_who_may_only_read(client: httpx.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        _, secret = create_key(session, "wallboard", ["read"])
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await client.get("/api/v1/registrations", headers=headers)).status_code == 200
    problem(await client.delete("/api/v1/registrations/ana", headers=headers), 403, "forbidden")
