"""Calendars against a clock on the wall that is looked at every minute, over the days on which clocks are set."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.calendars.opening import Calendar, Exception_, Holiday, Hours, next_change, state_at
from queues.model import Opening

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]
# The clock is set between these noons somewhere; the first and last day of a year, a leap day.
STARTS = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 4), date(2026, 10, 3), date(2026, 3, 7), date(2026, 11, 1),
          date(2025, 12, 31), date(2028, 2, 28)]  # fmt: skip

times = st.sampled_from([0, 60, 90, 120, 150, 180, 480, 720, 1080, 1350, 1440])


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    opens, closes = draw(times.filter(lambda minute: minute < 1440)), draw(times)
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Hours(days, opens, closes if closes > opens else closes + 1440)


@st.composite
def calendars(draw: st.DrawFn, start: date) -> Calendar:
    near = st.integers(0, 4).map(lambda days: start + timedelta(days=days))
    holidays = [
        Holiday(day.month, day.day, "x", day.year if draw(st.booleans()) else None, begins, ends)
        for day, begins, ends in draw(st.lists(st.tuples(near, times, times), max_size=2))
        if begins < ends
    ]
    exceptions = []
    for day, opens, closes in draw(st.lists(st.tuples(near, st.one_of(st.none(), times), times), max_size=2)):
        if opens is None or opens < closes:
            exceptions.append(Exception_(day, opens, closes if opens is not None else 0))
    return Calendar(
        "c", "c", draw(st.sampled_from(ZONES)), tuple(draw(st.lists(hours(), max_size=3))), tuple(holidays),
        tuple(exceptions),
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, date]:
    start = draw(st.sampled_from(STARTS))
    return draw(calendars(start)), start


def wall(calendar: Calendar, instant: int) -> Opening:
    """By the clock on the wall, written down another way: as naive instants."""
    local = datetime.fromtimestamp(instant, ZoneInfo(calendar.time_zone)).replace(tzinfo=None, fold=0)
    here = [each for each in calendar.exceptions if each.day == local.date()]
    for each in [] if here else calendar.holidays:
        if (each.month, each.day) == (local.month, local.day) and (each.year is None or each.year == local.year):
            minute = local.hour * 60 + local.minute
            if each.begins <= minute < each.ends:
                return Opening.HOLIDAY
    for day in (local.date() - timedelta(days=1), local.date()):
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a clock on the wall
        for opens, closes in _spells(calendar, day):
            if midnight + timedelta(minutes=opens) <= local < midnight + timedelta(minutes=closes):
                return Opening.OPEN
    return Opening.CLOSED


def _spells(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    excepted = [each for each in calendar.exceptions if each.day == day]
    if excepted:
        return [(each.opens, each.closes) for each in excepted if each.opens is not None]
    if not calendar.hours:
        return [(0, 1440)]
    return [(each.opens, each.closes) for each in calendar.hours if day.weekday() in each.days]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_state_of_every_minute_and_when_it_changes(case: tuple[Calendar, date]) -> None:
    calendar, start = case
    zone = ZoneInfo(calendar.time_zone)
    begin = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
    instants = range(begin, begin + 3 * 86_400, 900)  # everything above begins and ends at a quarter
    states = [wall(calendar, instant) for instant in instants]
    assert [state_at(calendar, zone, instant) for instant in instants] == states
    change = next_change(calendar, zone, float(begin))
    expected = next((at for at, state in zip(instants, states, strict=True) if state is not states[0]), None)
    if expected is None:
        assert change is None or change >= instants[-1]
    else:
        assert change == expected


def test_a_shop_opens_at_eight_whatever_the_day_is_long() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    shop = Calendar("c", "c", "Europe/Berlin", (Hours(frozenset(range(7)), 480, 1080),))

    def change_after(month: int, day: int, hour: int) -> datetime:
        at = next_change(shop, berlin, datetime(2026, month, day, hour, tzinfo=berlin).timestamp())
        assert at is not None
        return datetime.fromtimestamp(at, berlin)

    assert change_after(3, 28, 20) == datetime(2026, 3, 29, 8, tzinfo=berlin)  # 23 hours
    assert change_after(10, 24, 20) == datetime(2026, 10, 25, 8, tzinfo=berlin)  # 25 hours


def test_hours_that_begin_in_an_hour_that_does_not_come() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Calendar("c", "c", "Europe/Berlin", (Hours(frozenset({6}), 150, 240),))  # Sunday 2:30 to 4:00
    set_forward = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    assert next_change(night, berlin, set_forward - 3600) == set_forward
    assert state_at(night, berlin, set_forward) is Opening.OPEN


def test_a_calendar_without_hours_never_changes_but_for_holidays() -> None:
    always = Calendar("c", "c", "UTC")
    assert state_at(always, UTC, 0.0) is Opening.OPEN
    assert next_change(always, UTC, 0.0) is None
    holiday = Calendar("c", "c", "UTC", holidays=(Holiday(1, 3, "x"),))
    assert next_change(holiday, UTC, 0.0) == 2 * 86_400
    assert next_change(holiday, UTC, 2 * 86_400.0) == 3 * 86_400
