"""``/api/v1/calendars``: calendars, by id or name."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Response

from app import resource_http
from app.auth.access import ADMIN, READ
from app.calendars.opening import next_change, state_at
from app.calendars.rows import calendar_object
from app.calendars.schemas import CalendarBody, CalendarState, CalendarView
from app.calendars.service import CALENDARS
from app.paging import Cursor, Limit, Page
from app.resource_http import IfMatch, Patch
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/calendars", tags=["calendars"])


@router.get("", dependencies=[READ], response_model=Page[CalendarView])
async def list_calendars(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
    return await resource_http.listing(services, CALENDARS, limit, cursor)


@router.post("", status_code=201, dependencies=[ADMIN])
async def create_calendar(services: UsesServices, body: CalendarBody, response: Response) -> CalendarView:
    return await resource_http.create(services, CALENDARS, body, response)


@router.get("/{ref}", dependencies=[READ])
async def get_calendar(services: UsesServices, ref: str, response: Response) -> CalendarView:
    return await resource_http.show(services, CALENDARS, ref, response)


@router.patch("/{ref}", dependencies=[ADMIN], openapi_extra=resource_http.patch_schema(CalendarBody))
async def patch_calendar(
    services: UsesServices,
    ref: str,
    fields: Annotated[Patch, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> CalendarView:
    return await resource_http.patch(services, CALENDARS, ref, fields, if_match=if_match, response=response)


@router.delete("/{ref}", status_code=204, dependencies=[ADMIN])
async def delete_calendar(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
    await resource_http.remove(services, CALENDARS, ref, if_match)


@router.get("/{ref}/state", dependencies=[READ])
async def calendar_state(services: UsesServices, ref: str) -> CalendarState:
    """Whether it is open now, and when that changes."""
    async with services.database.read() as session:
        calendar = calendar_object(await CALENDARS.find(session, ref))
    zone, now = ZoneInfo(calendar.time_zone), services.clock()
    change = next_change(calendar, zone, now)
    at = None if change is None else datetime.fromtimestamp(change, UTC)
    return CalendarState(state=state_at(calendar, zone, now), next_change_at=at)
