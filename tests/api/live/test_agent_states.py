"""Agents' states over REST where the live core knows the agents: the database is not asked for them."""

from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.commands import SetAgentState
from app.db.engine import Database
from tests.api.conftest import RecordingGateway
from tests.api.helpers import problem


async def test_an_agent_by_name_or_id(
    client: httpx.AsyncClient, gateway: RecordingGateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem(await client.put("/api/v1/agents/nobody/state", json={"status": "available"}), 404, "not-found")

    def unavailable() -> AbstractAsyncContextManager[AsyncSession]:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(database, "read", unavailable)
    for ref in ("ana", "a1"):
        answer = await client.put(f"/api/v1/agents/{ref}/state", json={"status": "available"})
        assert (answer.status_code, answer.json()["agent"]) == (200, "a1")
        assert gateway.commands.pop() == SetAgentState("a1", "available")
    problem(await client.put("/api/v1/agents/nobody/state", json={"status": "available"}), 503, "unavailable")
