"""``/api/v1/trunks``: trunks, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices
from app.trunks.schemas import TrunkBody, TrunkView
from app.trunks.service import TRUNKS

__all__ = ["router"]

router = APIRouter(prefix="/trunks", tags=["trunks"])


@router.get("", dependencies=[READ], response_model=Page[TrunkView])
async def list_trunks(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, TRUNKS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_trunk(services: UsesServices, body: TrunkBody, response: Response) -> TrunkView:
    return await resource_http.create(services, TRUNKS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_trunk(services: UsesServices, ref: str, response: Response) -> TrunkView:
    return await resource_http.show(services, TRUNKS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(TrunkBody))
async def patch_trunk(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> TrunkView:
    return await resource_http.patch(services, TRUNKS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_trunk(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, TRUNKS, ref, if_match)
