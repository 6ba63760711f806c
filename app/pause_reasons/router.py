"""``/api/v1/pause-reasons``: reasons for pauses, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.pause_reasons.schemas import PauseReasonBody, PauseReasonView
from app.pause_reasons.service import PAUSE_REASONS
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/pause-reasons", tags=["pause-reasons"])


@router.get("", dependencies=[READ], response_model=Page[PauseReasonView])
async def list_pause_reasons(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, PAUSE_REASONS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_pause_reason(services: UsesServices, body: PauseReasonBody, response: Response) -> PauseReasonView:
    return await resource_http.create(services, PAUSE_REASONS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_pause_reason(services: UsesServices, ref: str, response: Response) -> PauseReasonView:
    return await resource_http.show(services, PAUSE_REASONS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(PauseReasonBody))
async def patch_pause_reason(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> PauseReasonView:
    return await resource_http.patch(services, PAUSE_REASONS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_pause_reason(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, PAUSE_REASONS, ref, if_match)
