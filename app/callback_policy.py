"""How a queue calls back: whom, as whom, when and how often. Values and a little calendar arithmetic, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from app.calendars.opening import LOOK_AHEAD_DAYS, Calendar, next_change, state_at
from queues.model import Opening

__all__ = ["CallbackHours", "CallbackPolicy"]


_NO_CALENDARS: Final[Mapping[str, Calendar]] = {}


@dataclass(frozen=True, slots=True)
class CallbackHours:
    """Customers are dialled between these times of day ("HH:MM"), local to ``time_zone``; ``end`` may be past midnight.

    Or while ``calendar`` (an id) is open; then the other fields say nothing.
    """

    begin: str | None = None
    end: str | None = None
    time_zone: str = "UTC"
    calendar: str | None = None

    def next_instant(self, now: float, calendars: Mapping[str, Calendar] = _NO_CALENDARS) -> float:
        """``now`` if customers may be dialled then, else when they may next, or when it is to be asked again."""
        if self.calendar is not None:
            calendar = calendars.get(self.calendar)
            return now if calendar is None else _opens(calendar, now)
        if self.begin is None or self.end is None:
            return now
        zone = _zone(self.time_zone)
        local = datetime.fromtimestamp(now, zone)
        begin, end, clock = time.fromisoformat(self.begin), time.fromisoformat(self.end), local.time()
        within = begin <= clock < end if begin < end else clock >= begin or clock < end
        if within:
            return now
        day = local.date() if clock < begin else local.date() + timedelta(days=1)
        return datetime.combine(day, begin, zone).timestamp()


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """``uri``: the customer's SIP URI, with ``{number}``; ``shown``: the number that it sees. Durations in seconds.

    ``key``: a caller who presses it while waiting is called back. ``sound``: played to a caller whose callback is taken.
    ``expires_seconds``: a callback that has not come to pass by then is given up. ``first``: who is rung before the other.
    """

    uri: str
    shown: str = "callyard"
    key: str | None = None
    sound: str | None = None
    ring_seconds: float = 30.0
    attempts: int = 3
    retry_seconds: float = 300.0
    expires_seconds: float = 86_400.0
    hours: CallbackHours | None = None
    first: Literal["customer", "agent"] = "customer"

    def next_instant(self, now: float, calendars: Mapping[str, Calendar] = _NO_CALENDARS) -> float:
        """``now``, or the next instant at which a customer may be dialled."""
        return now if self.hours is None else self.hours.next_instant(now, calendars)


def _opens(calendar: Calendar, now: float) -> float:
    """From one change of the calendar to the next, until it is open. Not within sight: it is asked again before its end."""
    zone, at = _zone(calendar.time_zone), now
    horizon = now + (LOOK_AHEAD_DAYS - 1) * 86_400
    while state_at(calendar, zone, at) is not Opening.OPEN:
        change = next_change(calendar, zone, at)
        if change is None or change > horizon:
            return horizon
        at = change
    return at


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
