"""``/api/v1/agents``: agents, by id or name; their state is at ``/agents/{id}/state``."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.agents.schemas import AgentBody, AgentView
from app.agents.service import AGENTS
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/agents", tags=["agents"])


@router.get("", dependencies=[READ], response_model=Page[AgentView])
async def list_agents(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, AGENTS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_agent(services: UsesServices, body: AgentBody, response: Response) -> AgentView:
    return await resource_http.create(services, AGENTS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_agent(services: UsesServices, ref: str, response: Response) -> AgentView:
    return await resource_http.show(services, AGENTS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(AgentBody))
async def patch_agent(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> AgentView:
    return await resource_http.patch(services, AGENTS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_agent(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, AGENTS, ref, if_match)
