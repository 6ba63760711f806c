"""``/api/v1/media-servers``: media servers, by id or name."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.media_servers.schemas import MediaServerBody, MediaServerView
from app.media_servers.service import MEDIA_SERVERS
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/media-servers", tags=["media-servers"])


@router.get("", dependencies=[READ], response_model=Page[MediaServerView])
async def list_media_servers(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, MEDIA_SERVERS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_media_server(services: UsesServices, body: MediaServerBody, response: Response) -> MediaServerView:
    return await resource_http.create(services, MEDIA_SERVERS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_media_server(services: UsesServices, ref: str, response: Response) -> MediaServerView:
    return await resource_http.show(services, MEDIA_SERVERS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(MediaServerBody))
async def patch_media_server(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> MediaServerView:
    return await resource_http.patch(services, MEDIA_SERVERS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_media_server(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, MEDIA_SERVERS, ref, if_match)
