"""How a queue calls back: whom, as whom, when and how often. Values and a little calendar arithmetic, no clock."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

__all__ = ["CallbackHours", "CallbackPolicy"]


@dataclass(frozen=True, slots=True)
class CallbackHours:
    """Customers are dialled between these times of day ("HH:MM"), local to ``time_zone``; ``to`` may be past midnight."""

    begin: str
    end: str
    time_zone: str = "UTC"

    def next_instant(self, now: float) -> float:
        """``now`` if customers may be dialled then, else when they may next."""
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

    def next_instant(self, now: float) -> float:
        """``now``, or the next instant at which a customer may be dialled."""
        return now if self.hours is None else self.hours.next_instant(now)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
