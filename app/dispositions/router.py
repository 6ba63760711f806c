"""``/api/v1/dispositions``: words for what came of a call, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.dispositions.schemas import DispositionBody, DispositionView
from app.dispositions.service import DISPOSITIONS
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/dispositions", tags=["dispositions"])


@router.get("", dependencies=[READ], response_model=Page[DispositionView])
async def list_dispositions(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, DISPOSITIONS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_disposition(services: UsesServices, body: DispositionBody, response: Response) -> DispositionView:
    return await resource_http.create(services, DISPOSITIONS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_disposition(services: UsesServices, ref: str, response: Response) -> DispositionView:
    return await resource_http.show(services, DISPOSITIONS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(DispositionBody))
async def patch_disposition(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> DispositionView:
    return await resource_http.patch(services, DISPOSITIONS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_disposition(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, DISPOSITIONS, ref, if_match)
