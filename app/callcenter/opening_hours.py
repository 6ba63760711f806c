"""Queues open and close by their calendars: the engine is told at the instant of the change."""

from zoneinfo import ZoneInfo

from app.calendars.opening import LOOK_AHEAD_DAYS, next_change, state_at
from app.callcenter.desk import Desk
from queues import commands as to_engine
from queues.floor.deadlines import Deadlines
from queues.model import Opening, QueueId

__all__ = ["OpeningHours"]

_CHANGE = 0


class OpeningHours:
    __slots__ = ("_deadlines", "_desk", "_timers")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._deadlines = Deadlines()
        self._timers: dict[str, int] = {}  # by queue

    def look(self, queue_id: str, now: float) -> None:
        """The queue or its calendar is new or changed, or its hour has come."""
        self.forget(queue_id)
        directory = self._desk.directory
        queue = directory.queues.get(queue_id)
        if queue is None:
            return
        calendar = directory.calendars.get(queue.calendar or "")
        opening, leave = Opening.OPEN, queue.at_close == "overflow"
        if calendar is not None:
            zone = ZoneInfo(calendar.time_zone)
            opening = state_at(calendar, zone, now)
            change = next_change(calendar, zone, now)
            at = now + (LOOK_AHEAD_DAYS - 1) * 86_400 if change is None else change
            self._timers[queue_id] = self._deadlines.arm(at, _CHANGE, queue_id)
        self._desk.tell_engine(to_engine.SetOpening(QueueId(queue_id), opening, also_waiting=leave), now)

    def look_all(self, now: float, calendar: str | None = None) -> None:
        """Every queue, or those that keep to this calendar."""
        for queue_id, queue in list(self._desk.directory.queues.items()):
            if calendar is None or queue.calendar == calendar:
                self.look(queue_id, now)

    def forget(self, queue_id: str) -> None:
        self._deadlines.disarm(self._timers.pop(queue_id, 0))

    def next_deadline(self) -> float | None:
        return self._deadlines.next()

    def expire(self, now: float) -> None:
        while (due := self._deadlines.pop_due(now)) is not None:
            self.look(due[1], now)
