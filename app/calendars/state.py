"""``/api/v1/calendars/{id}/state``: whether a calendar is open now."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from app.auth.access import READ
from app.calendars.opening import next_change, state_at
from app.calendars.rows import calendar_object
from app.calendars.schemas import CalendarState
from app.calendars.service import CALENDARS
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/calendars", tags=["calendars"])


@router.get("/{ref}/state", dependencies=[READ])
async def calendar_state(services: UsesServices, ref: str) -> CalendarState:
    """Whether it is open now, and when that changes."""
    async with services.database.read() as session:
        calendar = calendar_object(await CALENDARS.find(session, ref))
    zone, now = ZoneInfo(calendar.time_zone), services.clock()
    change = next_change(calendar, zone, now)
    at = None if change is None else datetime.fromtimestamp(change, UTC)
    return CalendarState(state=state_at(calendar, zone, now), next_change_at=at)
