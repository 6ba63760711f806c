"""Calendars as the database keeps them (REST's own form) and as the live core knows them."""

from datetime import date
from typing import Any, Final

from app.calendars.opening import Calendar, Exception_, Holiday, Hours
from app.db.tables import CalendarRow

__all__ = ["DAYS", "calendar_object", "minutes"]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 1440


def minutes(clock: str) -> int:
    """``HH:MM`` as minutes after midnight; 24:00 is the end of the day."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


def calendar_object(row: CalendarRow) -> Calendar:
    return Calendar(
        row.id, row.name, row.time_zone,
        tuple(_hours(each) for each in row.hours),
        tuple(_holiday(each) for each in row.holidays),
        tuple(_exception(each) for each in row.exceptions),
    )  # fmt: skip


def _hours(stored: dict[str, Any]) -> Hours:
    opens, closes = minutes(stored["from"]), minutes(stored["to"])
    days = frozenset(DAYS.index(day) for day in stored["days"])
    return Hours(days, opens, closes if closes > opens else closes + _DAY)


def _holiday(stored: dict[str, Any]) -> Holiday:
    *year, month, day = (int(part) for part in stored["date"].split("-"))
    begins = minutes(stored["from"]) if stored.get("from") else 0
    ends = minutes(stored["to"]) if stored.get("to") else _DAY
    return Holiday(month, day, stored["name"], year[0] if year else None, begins, ends)


def _exception(stored: dict[str, Any]) -> Exception_:
    day = date.fromisoformat(stored["date"])
    if not stored.get("from"):
        return Exception_(day)
    opens, closes = minutes(stored["from"]), minutes(stored["to"])
    return Exception_(day, opens, closes if closes > opens else closes + _DAY)
