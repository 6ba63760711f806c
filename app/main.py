"""The HTTP application: routes, problems, health. Built from ``Services``; importing this module does nothing."""

import logging
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse

from app import problems
from app.agents.state import router as agent_states
from app.calendars.state import router as calendar_states
from app.config_file.router import router as config_file
from app.config_slices import CONFIG_SLICES
from app.db.engine import FAILURES
from app.http_guard import HttpGuard
from app.queues.doors import router as queue_doors
from app.queues.members import router as queue_members
from app.release import release
from app.resource_http import resource_router
from app.services import Services, UsesServices

__all__ = ["create_app"]

_log = logging.getLogger(__name__)


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
    of_config = [resource_router(each) for each in CONFIG_SLICES]
    beside = (queue_doors, queue_members, calendar_states, config_file)
    # Routes are tried in this order, which takes time with a hundred of them: agents' states first, callers wait for them.
    for router in (agent_states, *routers, *of_config, *beside):
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
