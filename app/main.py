"""The HTTP application: routes, problems, health. Built from ``Services``; importing this module does nothing."""

import logging
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse

from app import problems
from app.agents.router import router as agents
from app.agents.state import router as agent_states
from app.calendars.router import router as calendars
from app.config_file.router import router as config_file
from app.db.engine import FAILURES
from app.dispositions.router import router as dispositions
from app.entry_points.router import router as entry_points
from app.feature_codes.router import router as feature_codes
from app.http_guard import HttpGuard
from app.media_servers.router import router as media_servers
from app.pause_reasons.router import router as pause_reasons
from app.phones.router import router as phones
from app.priority_rules.router import router as priority_rules
from app.queues.doors import router as queue_doors
from app.queues.members import router as queue_members
from app.queues.router import router as queues
from app.services import Services, UsesServices
from app.skills.router import router as skills
from app.trunks.router import router as trunks

__all__ = ["create_app", "release"]

_log = logging.getLogger(__name__)


def release() -> str:
    """This distribution's version; "0" where it runs from a tree that was never installed."""
    try:
        return version("callyard")
    except PackageNotFoundError:
        return "0"


def create_app(services: Services, routers: Sequence[APIRouter] = (), outside: Sequence[APIRouter] = ()) -> FastAPI:
    """``routers`` go under ``/api/v1`` before the configuration slices (``/queues/stats`` before ``/queues/{id}``),
    ``outside`` go to the root (``/metrics``).
    """
    app = FastAPI(
        title="Callyard", version=release(), docs_url="/api/docs", redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.services = services
    problems.install(app)
    for failure in FAILURES:
        app.add_exception_handler(failure, _on_database_error)
    app.add_middleware(HttpGuard, max_body_bytes=services.settings.http_max_body_bytes)
    for router in (*outside, _health(), problems.explanations()):
        app.include_router(router)
    slices = (
        queue_doors,
        queues,
        calendars,
        skills,
        agents,
        agent_states,
        entry_points,
        trunks,
        media_servers,
        config_file,
    )
    agents_day = (pause_reasons, dispositions, phones, feature_codes)
    routing = (queue_members, priority_rules)
    for router in (*routers, *slices, *agents_day, *routing):
        app.include_router(router, prefix="/api/v1")
    return app


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    """The journal keeps calls and facts safe meanwhile; only configuration and reports wait for the database."""
    _log.error("the database failed: %s", " ".join(str(error).split()))
    return problems.document(request, problems.Problem("unavailable", "The database does not answer; try again."))


def _health() -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process runs and its loop turns."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz(services: UsesServices) -> JSONResponse:
        """200 when calls can be taken, else 503 with the reasons."""
        reasons = services.ready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    return router
