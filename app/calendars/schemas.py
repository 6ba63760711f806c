"""What clients send and see of calendars. Times are ``HH:MM`` by the clock of the calendar's time zone."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.calendars.rows import minutes
from app.fields import Name
from app.resources import Body, View
from queues.model import Opening

__all__ = ["CalendarBody", "CalendarState", "CalendarView"]

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:00"])]
ClosingClock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", examples=["18:00"])]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r} (an IANA name such as Europe/Berlin is wanted)") from None
    return name


def _a_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date (YYYY-MM-DD)") from None
    return text


def _a_date_or_yearly(text: str) -> str:
    """A yearly date may be the 29th of February."""
    try:
        date.fromisoformat(f"2000-{text}" if text.count("-") == 1 else text)
    except ValueError:
        raise ValueError(f"{text!r} is no date (YYYY-MM-DD, or MM-DD for every year)") from None
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


class HoursPart(_Part):
    """Open on these days of the week; ``to`` at or before ``from`` is on the next day."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    from_: Annotated[Clock, Field(alias="from")]
    to: ClosingClock


class HolidayPart(_Part):
    """``date`` as ``MM-DD`` is every year. Without ``from`` and ``to``: the whole day."""

    date: Annotated[str, Field(max_length=10), AfterValidator(_a_date_or_yearly)]
    name: Name
    from_: Annotated[Clock | None, Field(alias="from")] = None
    to: ClosingClock | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        begins, ends = minutes(self.from_ or "00:00"), minutes(self.to or "24:00")
        if ends <= begins:
            raise ValueError("a holiday's to comes after its from, on the same day")
        return self


class ExceptionPart(_Part):
    """Other hours on one date, in place of its weekly hours and of a holiday; without ``from`` and ``to`` closed all day."""

    date: Annotated[str, Field(max_length=10), AfterValidator(_a_date)]
    from_: Annotated[Clock | None, Field(alias="from")] = None
    to: ClosingClock | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("an exception has both from and to, or neither")
        return self


class _Fields(BaseModel):
    """No ``hours``: open day and night, but for holidays and exceptions."""

    name: Name
    time_zone: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_known_zone)]
    hours: Annotated[list[HoursPart], Field(max_length=64)] = []
    holidays: Annotated[list[HolidayPart], Field(max_length=400)] = []
    exceptions: Annotated[list[ExceptionPart], Field(max_length=400)] = []


class CalendarBody(_Fields, Body):
    pass


class CalendarView(_Fields, View):
    pass


class CalendarState(BaseModel):
    """``next_change_at`` null: none in the next two weeks."""

    state: Opening
    next_change_at: datetime | None
