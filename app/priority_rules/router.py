"""``/api/v1/priority-rules``: priority rules, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.priority_rules.schemas import PriorityRuleBody, PriorityRuleView
from app.priority_rules.service import PRIORITY_RULES
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/priority-rules", tags=["priority-rules"])


@router.get("", dependencies=[READ], response_model=Page[PriorityRuleView])
async def list_priority_rules(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, PRIORITY_RULES, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_priority_rule(services: UsesServices, body: PriorityRuleBody, response: Response) -> PriorityRuleView:
    return await resource_http.create(services, PRIORITY_RULES, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_priority_rule(services: UsesServices, ref: str, response: Response) -> PriorityRuleView:
    return await resource_http.show(services, PRIORITY_RULES, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(PriorityRuleBody))
async def patch_priority_rule(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> PriorityRuleView:
    return await resource_http.patch(services, PRIORITY_RULES, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_priority_rule(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, PRIORITY_RULES, ref, if_match)
