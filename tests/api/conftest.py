"""The HTTP application on a fresh SQLite file, with a gateway that records what it is told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from app.auth.keys import ensure_bootstrap_key
from app.commands import Done, LiveCommand, Reply
from app.db.engine import Database
from app.facts import AgentState
from app.main import create_app
from app.registrations.desk import KeepAlive, Registrations
from app.services import Services
from app.settings import Settings
from sipcore.config import EndpointConfig, Listener
from sipcore.digest import NonceMaker
from sipcore.endpoint import Endpoint
from sipcore.ids import Minter
from sipcore.registrar import RegistrarConfig
from tests.support.migrated import migrated_database

KEY = "an-admin-key-for-tests"


@dataclass
class RecordingGateway:
    """Accepts everything, or answers with ``reply``; remembers the commands in order."""

    commands: list[LiveCommand] = field(default_factory=list)
    reply: Reply = field(default_factory=Done)

    async def submit(self, command: LiveCommand) -> Reply:
        self.commands.append(command)
        return self.reply


@dataclass
class FixedLive:
    """Agent states as a test puts them."""

    agents: dict[str, AgentState] = field(default_factory=dict)

    def agent(self, agent_id: str) -> AgentState | None:
        return self.agents.get(agent_id)

    def agent_id(self, ref: str) -> str | None:
        return ref if ref in self.agents else None


class QuietHub:
    def close(self) -> None:
        return


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, admin_key=KEY, http_max_body_bytes=100_000)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await migrated_database(Path(make_url(settings.database_url).database or ""))
    await ensure_bootstrap_key(database, KEY)
    yield database
    await database.close()


@pytest.fixture
def gateway() -> RecordingGateway:
    return RecordingGateway()


@pytest.fixture
def live() -> FixedLive:
    return FixedLive()


@pytest.fixture
def registrations() -> Registrations:
    """A registrar without digest and with nothing registered."""
    ids = count(1)
    endpoint = Endpoint(
        EndpointConfig((Listener("UDP", "127.0.0.1", 5060),)), minter := Minter(0, 0, lambda: f"{next(ids):016x}")
    )
    return Registrations(
        RegistrarConfig(("callyard", "127.0.0.1"), digest=False), KeepAlive(), endpoint, lambda *_: None,
        nonces=NonceMaker(b"0123456789abcdef"), ids=minter, host="127.0.0.1",
    )  # fmt: skip


@pytest.fixture
def services(
    settings: Settings, database: Database, gateway: RecordingGateway, live: FixedLive, registrations: Registrations
) -> Services:
    return Services(
        settings=settings,
        database=database,
        gateway=gateway,
        live=live,
        hub=QuietHub(),
        internals=dict,
        ready=list,
        clock=lambda: 1_800_000_000.0,
        registrations=registrations,
    )


_apps: Final[list[FastAPI]] = []


@pytest.fixture
def app(services: Services) -> FastAPI:
    """One application for all tests, each with services of its own: to build it takes longer than most of them."""
    if not _apps:
        _apps.append(create_app(services))
    _apps[0].state.services = services
    return _apps[0]


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://callyard", headers=headers) as client:
        yield client
