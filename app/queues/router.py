"""``/api/v1/queues``: queues, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.queues.schemas import QueueBody, QueueView
from app.queues.service import QUEUES
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/queues", tags=["queues"])


@router.get("", dependencies=[READ], response_model=Page[QueueView])
async def list_queues(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, QUEUES, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_queue(services: UsesServices, body: QueueBody, response: Response) -> QueueView:
    return await resource_http.create(services, QUEUES, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_queue(services: UsesServices, ref: str, response: Response) -> QueueView:
    return await resource_http.show(services, QUEUES, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(QueueBody))
async def patch_queue(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> QueueView:
    return await resource_http.patch(services, QUEUES, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_queue(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, QUEUES, ref, if_match)
