"""``/api/v1/phones``: phones that are nobody's own, by id or user."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.paging import Cursor, Limit, Page
from app.phones.schemas import PhoneBody, PhoneView
from app.phones.service import PHONES
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/phones", tags=["phones"])


@router.get("", dependencies=[READ], response_model=Page[PhoneView])
async def list_phones(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, PHONES, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_phone(services: UsesServices, body: PhoneBody, response: Response) -> PhoneView:
    return await resource_http.create(services, PHONES, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_phone(services: UsesServices, ref: str, response: Response) -> PhoneView:
    return await resource_http.show(services, PHONES, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(PhoneBody))
async def patch_phone(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> PhoneView:
    return await resource_http.patch(services, PHONES, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_phone(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, PHONES, ref, if_match)
