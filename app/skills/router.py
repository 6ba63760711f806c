"""``/api/v1/skills``: skills, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices
from app.skills.schemas import SkillBody, SkillView
from app.skills.service import SKILLS

__all__ = ["router"]

router = APIRouter(prefix="/skills", tags=["skills"])


@router.get("", dependencies=[READ], response_model=Page[SkillView])
async def list_skills(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, SKILLS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_skill(services: UsesServices, body: SkillBody, response: Response) -> SkillView:
    return await resource_http.create(services, SKILLS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_skill(services: UsesServices, ref: str, response: Response) -> SkillView:
    return await resource_http.show(services, SKILLS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(SkillBody))
async def patch_skill(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> SkillView:
    return await resource_http.patch(services, SKILLS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_skill(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, SKILLS, ref, if_match)
