"""Calendars' own rules: the parts lie in the row as REST has them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.calendars.rows import calendar_object
from app.calendars.schemas import CalendarBody, CalendarView
from app.configuration import ConfigObject
from app.db.tables import CalendarRow
from app.queues.references import queues_with_calendar
from app.resources import Change, Resource

__all__ = ["CALENDARS", "Calendars"]

_FIELDS: Final = ("name", "time_zone", "hours", "holidays", "exceptions")


class Calendars(Resource[CalendarRow, CalendarBody, CalendarView]):
    noun = "calendar"
    path = "calendars"
    kind = "calendar"
    row = CalendarRow
    body = CalendarBody
    shown = CalendarView

    async def views(self, _session: AsyncSession, rows: Sequence[CalendarRow]) -> list[CalendarView]:
        return [
            CalendarView.model_validate({**CalendarView.common(row), **{name: getattr(row, name) for name in _FIELDS}})
            for row in rows
        ]

    async def columns(self, _change: Change, body: CalendarBody, _row: CalendarRow | None) -> dict[str, Any]:
        return body.model_dump(mode="json", by_alias=True)

    async def objects(self, _session: AsyncSession, rows: Sequence[CalendarRow], /) -> Sequence[ConfigObject]:
        return [calendar_object(row) for row in rows]

    async def users(self, session: AsyncSession, row: CalendarRow, /) -> list[str]:
        return [f"queue {name!r} keeps to it" for name in await queues_with_calendar(session, row.id)]


CALENDARS: Final = Calendars()
