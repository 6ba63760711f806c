"""API keys that are remembered: for how long, how many, and what makes the service forget them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx import AsyncClient
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.key_ring import KeyRing
from app.auth.keys import create_key
from app.db.engine import Database
from app.db.tables import ApiKeyRow
from app.facts import AgentState
from app.services import Services
from app.settings import Settings
from tests.api.conftest import KEY, FixedLive, RecordingGateway
from tests.api.helpers import created, problem

NOW = 1_800_000_000.0


@pytest.fixture
def looks(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[AsyncSession]:
    """The sessions that were opened to read."""
    opened: list[AsyncSession] = []
    read = database.read

    @asynccontextmanager
    async def counted() -> AsyncIterator[AsyncSession]:
        async with read() as session:
            opened.append(session)
            yield session

    monkeypatch.setattr(database, "read", counted)
    return opened


@pytest.fixture
def ring(database: Database) -> KeyRing:
    return KeyRing(database, seconds=5, size=2)


async def stored(database: Database, name: str) -> str:
    async with database.write() as session:
        return create_key(session, name, ["read"])[1]


async def revoke(database: Database, name: str) -> None:
    """As another process does it."""
    async with database.write() as session:
        await session.execute(delete(ApiKeyRow).where(col(ApiKeyRow.name) == name))


async def test_a_key_is_looked_up_once_in_its_seconds(ring: KeyRing, looks: list[AsyncSession]) -> None:
    first = await ring.caller(KEY, NOW)
    assert first is not None
    assert (first.name, first.may("admin")) == ("bootstrap", True)
    assert await ring.caller(KEY, NOW + 4.9) == first
    assert len(looks) == 1
    assert await ring.caller(KEY, NOW + 5) == first
    assert await ring.caller(KEY, NOW + 9.9) == first
    assert len(looks) == 2


async def test_use_does_not_prolong_what_was_revoked_elsewhere(ring: KeyRing, database: Database) -> None:
    key = await stored(database, "crm")
    assert await ring.caller(key, NOW)
    await revoke(database, "crm")
    assert await ring.caller(key, NOW + 4)
    assert await ring.caller(key, NOW + 5) is None
    assert len(ring) == 0


async def test_unknown_keys_are_not_remembered(ring: KeyRing, database: Database, looks: list[AsyncSession]) -> None:
    for guess in ("no", "no", "not-this-either"):
        assert await ring.caller(guess, NOW) is None
    assert (len(ring), len(looks)) == (0, 3)
    key = await stored(database, "crm")
    assert await ring.caller(key, NOW)  # a new key works at once


async def test_only_so_many_are_remembered_the_latest_looked_up(
    ring: KeyRing, database: Database, looks: list[AsyncSession]
) -> None:
    keys = [await stored(database, name) for name in ("a", "b", "c")]
    for at, key in enumerate(keys):
        assert await ring.caller(key, NOW + at)
    assert (len(ring), len(looks)) == (2, 3)
    for key in keys[1:]:
        assert await ring.caller(key, NOW + 3)
    assert len(looks) == 3
    assert await ring.caller(keys[0], NOW + 3)
    assert (len(ring), len(looks)) == (2, 4)


async def test_a_key_looked_up_again_is_the_latest(
    ring: KeyRing, database: Database, looks: list[AsyncSession]
) -> None:
    a, b, c = [await stored(database, name) for name in ("a", "b", "c")]
    for key, at in ((a, 0), (b, 1), (a, 5), (c, 5)):
        assert await ring.caller(key, NOW + at)
    assert (len(ring), len(looks)) == (2, 4)
    assert await ring.caller(a, NOW + 6)
    assert len(looks) == 4


async def test_what_is_read_while_all_is_forgotten_is_not_kept(
    ring: KeyRing, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = database.read

    @asynccontextmanager
    async def overtaken() -> AsyncIterator[AsyncSession]:
        async with read() as session:
            yield session
            ring.forget()

    monkeypatch.setattr(database, "read", overtaken)
    assert await ring.caller(KEY, NOW)
    assert len(ring) == 0


async def test_requests_with_one_key_look_it_up_once(
    client: AsyncClient, services: Services, live: FixedLive, looks: list[AsyncSession]
) -> None:
    live.agents["a1"] = AgentState("s1", NOW, "a1", "available", "idle")
    for _ in range(3):
        assert (await client.get("/api/v1/agents/a1/state")).status_code == 200
        assert (await client.put("/api/v1/agents/a1/state", json={"status": "paused"})).status_code == 200
    assert len(looks) == 1
    services.clock = lambda: NOW + 3600
    assert (await client.get("/api/v1/agents/a1/state")).status_code == 200
    assert len(looks) == 2


async def test_an_agent_the_core_does_not_know_is_looked_up(
    client: AsyncClient, live: FixedLive, gateway: RecordingGateway
) -> None:
    ana = await created(client, "agents", name="ana", address="sip:ana@callyard")
    assert not live.agents
    answer = await client.get("/api/v1/agents/ana/state")
    assert (answer.status_code, answer.json()["agent"]) == (200, ana["id"])
    problem(await client.get("/api/v1/agents/bo/state"), 404, "not-found")


async def test_a_deleted_agents_key_is_refused_at_once(client: AsyncClient, database: Database) -> None:
    ana = await created(client, "agents", name="ana", address="sip:ana@callyard")
    async with database.write() as session:
        _, key = create_key(session, "ana's", ["agent"], agent_id=ana["id"])
    headers = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/api/v1/agents/ana/state", headers=headers)).status_code == 200
    assert (await client.delete("/api/v1/agents/ana")).status_code == 204
    problem(await client.get("/api/v1/agents/ana/state", headers=headers), 401, "unauthenticated")


async def test_remembering_can_be_switched_off(database: Database, looks: list[AsyncSession]) -> None:
    settings = Settings(api_key_cache_seconds=0)
    ring = KeyRing(database, seconds=settings.api_key_cache_seconds, size=settings.api_key_cache_size)
    for _ in range(3):
        assert await ring.caller(KEY, NOW)
    assert len(looks) == 3
