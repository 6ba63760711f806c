"""Keys and scopes, problems that any route may answer with, health."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from app.auth.keys import Scope, create_key, ensure_bootstrap_key
from app.db.engine import Database
from app.db.tables import ApiKeyRow
from app.main import create_app
from app.problems import PROBLEMS
from app.services import Services
from tests.api.conftest import KEY
from tests.api.helpers import created, problem


async def key(database: Database, *scopes: Scope, agent: str | None = None) -> dict[str, str]:
    """Headers of a new key."""
    async with database.write() as session:
        _, secret = create_key(session, "test", scopes, agent_id=agent)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}, {"Authorization": "Basic YTpi"}])
async def test_no_anonymous_api(headers: dict[str, str], app: FastAPI) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://callyard") as client:
        paths = [path for path in app.openapi()["paths"] if path.startswith("/api/")]
        assert len(paths) > 12
        for path in paths:
            for method in app.openapi()["paths"][path]:
                answer = await client.request(method, path, headers=headers, json={})
                problem(answer, 401, "unauthenticated")
                assert answer.headers["WWW-Authenticate"] == "Bearer"


ROUTES: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("GET", "/api/v1/queues", {}, {"admin", "supervisor", "read"}),
    ("GET", "/api/v1/agents/ana/state", {}, {"admin", "supervisor", "read"}),
    ("PUT", "/api/v1/agents/ana/state", {"status": "available"}, {"admin", "supervisor"}),
    ("POST", "/api/v1/agents/ana/wrap-up", {"action": "end"}, {"admin", "supervisor"}),
    ("POST", "/api/v1/trunks", {"name": "t", "addresses": ["192.0.2.1"]}, {"admin"}),
    ("PATCH", "/api/v1/agents/ana", {"capacity": 2}, {"admin"}),
    ("DELETE", "/api/v1/media-servers/none", {}, {"admin"}),
    ("POST", "/api/v1/config/import", {}, {"admin"}),
]


@pytest.mark.parametrize(("method", "path", "body", "allowed"), ROUTES)
@pytest.mark.parametrize("scope", ["admin", "supervisor", "agent", "read"])
async def test_scopes(
    method: str,
    path: str,
    body: dict[str, Any],
    allowed: set[str],
    scope: Scope,
    client: AsyncClient,
    database: Database,
) -> None:
    await created(client, "agents", name="ana", address="sip:ana@callyard")
    headers = await key(database, scope) | {"If-Match": "*"}
    answer = await client.request(method, path, json=body, headers=headers)
    if scope in allowed:
        assert answer.status_code not in (401, 403)
    else:
        problem(answer, 403, "forbidden")


async def test_an_agents_key_is_for_that_agent_only(client: AsyncClient, database: Database) -> None:
    ana = await created(client, "agents", name="ana", address="sip:ana@callyard")
    await created(client, "agents", name="bo", address="sip:bo@callyard")
    headers = await key(database, "agent", agent=ana["id"])
    for name, status in (("ana", 200), ("bo", 403)):
        path = f"/api/v1/agents/{name}"
        assert (await client.get(f"{path}/state", headers=headers)).status_code == status
        assert (await client.put(f"{path}/state", json={"status": "paused"}, headers=headers)).status_code == status
        assert (await client.post(f"{path}/wrap-up", json={"action": "end"}, headers=headers)).status_code == status
    problem(await client.get("/api/v1/agents", headers=headers), 403, "forbidden")
    await client.delete("/api/v1/agents/ana")  # its keys go with it
    problem(await client.get("/api/v1/agents/bo/state", headers=headers), 401, "unauthenticated")


async def test_the_bootstrap_key_is_made_once_and_stored_hashed(tmp_path: Any, database: Database) -> None:
    assert await ensure_bootstrap_key(database, None) is None  # the fixture fixed one
    async with database.write() as session:
        row = await session.get(ApiKeyRow, (await session.scalar(_bootstrap_id())))
        assert row is not None
        assert KEY not in row.hash
        await session.delete(row)
    made = await ensure_bootstrap_key(database, None)
    assert made is not None
    assert len(made) > 40
    assert await ensure_bootstrap_key(database, None) is None


def _bootstrap_id() -> Any:
    return ApiKeyRow.__table__.select().with_only_columns(ApiKeyRow.__table__.c.id)  # type: ignore[attr-defined]


async def test_a_changed_admin_key_replaces_the_old_one(client: AsyncClient, database: Database) -> None:
    assert await ensure_bootstrap_key(database, "another-admin-key-here") is None
    problem(await client.get("/api/v1/queues"), 401, "unauthenticated")
    headers = {"Authorization": "Bearer another-admin-key-here"}
    assert (await client.get("/api/v1/queues", headers=headers)).status_code == 200


async def test_health(client: AsyncClient, services: Services) -> None:
    assert (await client.get("/livez", headers={"Authorization": ""})).json() == {"status": "ok"}
    assert (await client.get("/readyz", headers={"Authorization": ""})).json() == {"ready": True, "reasons": []}
    services.ready = lambda: ["the database is unreachable"]
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the database is unreachable"])


async def test_bad_bodies(client: AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    problem(await client.post("/api/v1/queues", content=b"{oops", headers=headers), 400, "malformed-body")
    problem(await client.post("/api/v1/queues", content=b"\xff\xfe", headers=headers), 400, "malformed-body")
    problem(await client.post("/api/v1/queues", content=b"[1]", headers=headers), 422, "validation")
    problem(await client.post("/api/v1/queues"), 422, "validation")
    problem(await client.post("/api/v1/queues", content=b" " * 100_001, headers=headers), 413, "body-too-large")

    async def endless() -> Any:
        for _ in range(200):
            yield b" " * 1000

    problem(await client.post("/api/v1/queues", content=endless(), headers=headers), 413, "body-too-large")


async def test_unknown_addresses_and_methods(client: AsyncClient) -> None:
    problem(await client.get("/api/v1/unicorns"), 404, "not-found")
    answer = await client.put("/api/v1/queues", json={})
    problem(answer, 405, "method-not-allowed")
    assert "Allow" in answer.headers


async def test_a_defect_is_a_problem_without_details(services: Services) -> None:
    router = APIRouter()

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret words")

    app = create_app(services, outside=[router])
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://callyard") as client:
        answer = await client.get("/broken")
    problem(answer, 500, "internal")
    assert "secret words" not in answer.text


async def test_request_ids(client: AsyncClient) -> None:
    assert (await client.get("/livez", headers={"X-Request-Id": "abc-123"})).headers["X-Request-Id"] == "abc-123"
    for odd in ("x" * 65, "a b", "<script>"):
        assert (await client.get("/livez", headers={"X-Request-Id": odd})).headers["X-Request-Id"] != odd


async def test_each_problem_type_explains_itself(client: AsyncClient) -> None:
    for name, explanation in PROBLEMS.items():
        document = (await client.get(f"/problems/{name}")).json()
        assert (document["type"], document["status"]) == (f"/problems/{name}", explanation.status)
    problem(await client.get("/problems/none"), 404, "not-found")


async def test_a_database_that_fails_is_told_as_such(client: AsyncClient, database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("DROP TABLE trunks"))
    problem(await client.get("/api/v1/trunks"), 503, "unavailable")
