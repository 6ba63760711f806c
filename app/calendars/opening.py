"""Whether a calendar is open at an instant, and when that changes next. Pure: the time zone's rules are handed in.

Wall-clock time counts: on a day of 23 or 25 hours a shop that opens at 8:00 opens at 8:00, an hour that comes twice is
twice what it is once, and one that does not come is left out. An exception for a date takes the place of its weekly hours
and of a holiday; a holiday goes before the weekly hours, also before those that run over midnight from the day before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from queues.model import Opening

__all__ = ["LOOK_AHEAD_DAYS", "Calendar", "Exception_", "Holiday", "Hours", "next_change", "state_at"]

LOOK_AHEAD_DAYS: Final = 15
_DAY: Final = 1440  # minutes
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on these weekdays (0 is Monday) from ``opens`` to ``closes``, minutes after midnight; above 1440: the next day."""

    days: frozenset[int]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """``year`` None: every year. From ``opens`` to ``closes``, minutes after midnight, at most 1440."""

    month: int
    day: int
    name: str
    year: int | None = None
    begins: int = 0
    ends: int = _DAY


@dataclass(frozen=True, slots=True)
class Exception_:  # noqa: N801 - Python has the name without the underscore
    """Other hours on one date; ``opens`` None: closed all day. ``closes`` above 1440: the next day."""

    day: date
    opens: int | None = None
    closes: int = 0


@dataclass(frozen=True, slots=True)
class Calendar:
    """No ``hours``: open day and night, but for holidays and exceptions. ``time_zone``: an IANA name."""

    id: str
    name: str
    time_zone: str
    hours: tuple[Hours, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    exceptions: tuple[Exception_, ...] = ()


def state_at(calendar: Calendar, zone: tzinfo, instant: float) -> Opening:
    """``instant``: seconds since the epoch."""
    local = (_EPOCH + timedelta(seconds=instant)).astimezone(zone)
    today, minute = local.date(), local.hour * 60 + local.minute
    excepted = [each for each in calendar.exceptions if each.day == today]
    if not excepted and any(_is_on(each, today) and each.begins <= minute < each.ends for each in calendar.holidays):
        return Opening.HOLIDAY
    spells = _spells(calendar, today)
    before = [(opens - _DAY, closes - _DAY) for opens, closes in _spells(calendar, today - timedelta(days=1))]
    is_open = any(opens <= minute < closes for opens, closes in (*before, *spells))
    return Opening.OPEN if is_open else Opening.CLOSED


def next_change(calendar: Calendar, zone: tzinfo, instant: float) -> float | None:
    """The first instant after this one at which the state is another; None: none within ``LOOK_AHEAD_DAYS``."""
    present = state_at(calendar, zone, instant)
    today = (_EPOCH + timedelta(seconds=instant)).astimezone(zone).date()
    for candidate in sorted({each for each in _candidates(calendar, zone, today) if each > instant}):
        if state_at(calendar, zone, candidate) is not present:
            return candidate
    return None


def _spells(calendar: Calendar, day: date) -> Iterator[tuple[int, int]]:
    """When it is open that begins on this day, holidays left aside."""
    excepted = [each for each in calendar.exceptions if each.day == day]
    if excepted:
        yield from ((each.opens, each.closes) for each in excepted if each.opens is not None)
    elif not calendar.hours:
        yield 0, _DAY
    else:
        weekday = day.weekday()
        yield from ((each.opens, each.closes) for each in calendar.hours if weekday in each.days)


def _is_on(holiday: Holiday, day: date) -> bool:
    return (holiday.month, holiday.day) == (day.month, day.day) and holiday.year in (None, day.year)


def _candidates(calendar: Calendar, zone: tzinfo, today: date) -> Iterator[float]:
    """Every instant at which something may begin or end: as a clock on the wall says, and where the clock is set."""
    for offset in range(-1, LOOK_AHEAD_DAYS + 1):
        day = today + timedelta(days=offset)
        minutes = {0, *(minute for spell in _spells(calendar, day) for minute in spell)}
        minutes |= {minute for each in calendar.holidays if _is_on(each, day) for minute in (each.begins, each.ends)}
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a clock on the wall
        for minute in minutes:
            wall = midnight + timedelta(minutes=minute)
            yield from (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
        yield from _clock_set(zone, midnight.replace(tzinfo=zone).timestamp())


def _clock_set(zone: tzinfo, start: float) -> Iterator[float]:
    """When the clock is put forward or back in the day that follows, to the second; never, nearly always."""
    low, high = int(start), int(start) + 86_400
    before = _offset(zone, low)
    if before == _offset(zone, high):
        return
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    yield float(high)


def _offset(zone: tzinfo, instant: float) -> timedelta | None:
    return (_EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset()
