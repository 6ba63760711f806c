"""The application with a real projection and a real hub, fed with facts by the tests."""

from itertools import count
from typing import Any, Final, cast

import pytest
from fastapi import FastAPI

from app.db.engine import Database
from app.db.facts_writer import FactsWriter
from app.db.tables import AgentRow, QueueRow
from app.events.hub import EventHub
from app.facts import encode
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.live_slices import LIVE_ROUTERS
from app.main import create_app
from app.metrics.metrics import Metrics
from app.metrics.router import metrics_router
from app.projections.live import LiveView
from app.registrations.desk import Registrations
from app.services import Services
from app.settings import Settings
from tests.api.conftest import RecordingGateway
from tests.unit.app.histories import NOON, Story, agent, queue


@pytest.fixture
def live() -> LiveView:
    view = LiveView(NOON)
    view.configure(queue())
    view.configure(queue("q2", "sales"))
    view.configure(agent())
    return view


@pytest.fixture
def hub(live: LiveView) -> EventHub:
    ids = count(1)
    return EventHub(live, history=100, new_id=lambda: f"h{next(ids)}", clock=lambda: NOON + 60, max_streams=1)


@pytest.fixture
def services(
    settings: Settings,
    database: Database,
    gateway: RecordingGateway,
    live: LiveView,
    hub: EventHub,
    registrations: Registrations,
) -> Services:
    return Services(
        settings=settings,
        database=database,
        gateway=gateway,
        live=live,
        hub=hub,
        internals=lambda: {"calls": 0, "transactions": {"invite_client": {"calling": 2}}, "journal": "text"},
        ready=list,
        clock=lambda: NOON + 60,
        registrations=registrations,
    )


@pytest.fixture
def metrics(services: Services, live: LiveView, hub: EventHub) -> Metrics:
    return Metrics(
        live,
        clock=services.clock,
        internals=services.internals,
        streams=lambda: hub.streams,
        backlog=lambda: (3, 1.5),
        shipping=lambda: {"stored": 7},
    )


class _Present:
    """The metrics of the test that runs."""

    metrics: Metrics

    def page(self) -> bytes:
        return self.metrics.page()


_present: Final = _Present()
_apps: Final[list[FastAPI]] = []


@pytest.fixture
def app(services: Services, metrics: Metrics) -> FastAPI:
    """One application for all tests, each with services and metrics of its own."""
    if not _apps:
        _apps.append(create_app(services, LIVE_ROUTERS, (metrics_router(cast("Metrics", _present)),)))
    _present.metrics = metrics
    _apps[0].state.services = services
    return _apps[0]


async def store(database: Database, story: Story) -> None:
    """Ship the story's facts; queue q1 is ``support`` and agent a1 ``ana``, q2 was deleted."""
    journal = MemoryJournal()
    journal.append(Turn([], [encode(fact) for fact in story.facts]))
    writer = FactsWriter(journal, database, lambda: NOON)
    while await writer.ship():
        pass
    async with database.write() as session:
        session.add(QueueRow(**QUEUE))
        session.add(AgentRow(**AGENT))


QUEUE: dict[str, Any] = {
    "id": "q1", "name": "support", "strategy": "longest-idle", "priority": 0, "ring_seconds": 20.0,
    "wrap_up_seconds": 0.0, "max_wait": None, "max_length": None, "overflow": {}, "delays": {}, "service_level": {},
    "short_abandon_seconds": 5.0, "music": "music", "greeting": None, "early_media": False,
    "early_media_max_seconds": 120.0,
}  # fmt: skip
AGENT: dict[str, Any] = {
    "id": "a1", "name": "ana", "address": "sip:ana@callyard", "offer": "late", "capacity": 1, "serves_all": True,
    "initial_status": "available",
}  # fmt: skip
