"""``/api/v1/entry-points``: entry points, by id or user."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.entry_points.schemas import EntryPointBody, EntryPointView
from app.entry_points.service import ENTRY_POINTS
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/entry-points", tags=["entry-points"])


@router.get("", dependencies=[READ], response_model=Page[EntryPointView])
async def list_entry_points(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, ENTRY_POINTS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_entry_point(services: UsesServices, body: EntryPointBody, response: Response) -> EntryPointView:
    return await resource_http.create(services, ENTRY_POINTS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_entry_point(services: UsesServices, ref: str, response: Response) -> EntryPointView:
    return await resource_http.show(services, ENTRY_POINTS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(EntryPointBody))
async def patch_entry_point(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> EntryPointView:
    return await resource_http.patch(services, ENTRY_POINTS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_entry_point(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, ENTRY_POINTS, ref, if_match)
