"""``/api/v1/feature-codes``: codes that phones dial, by id or code."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.feature_codes.schemas import FeatureCodeBody, FeatureCodeView
from app.feature_codes.service import FEATURE_CODES
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/feature-codes", tags=["feature-codes"])


@router.get("", dependencies=[READ], response_model=Page[FeatureCodeView])
async def list_feature_codes(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, FEATURE_CODES, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_feature_code(services: UsesServices, body: FeatureCodeBody, response: Response) -> FeatureCodeView:
    return await resource_http.create(services, FEATURE_CODES, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_feature_code(services: UsesServices, ref: str, response: Response) -> FeatureCodeView:
    return await resource_http.show(services, FEATURE_CODES, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(FeatureCodeBody))
async def patch_feature_code(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> FeatureCodeView:
    return await resource_http.patch(services, FEATURE_CODES, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_feature_code(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, FEATURE_CODES, ref, if_match)
