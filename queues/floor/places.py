"""Places kept for callers who hung up while they waited and may call again: by queue and caller, for a while, once.

Their number is bounded: with no room left the oldest is given up.
"""

from dataclasses import dataclass
from typing import Final

from queues.floor.deadlines import PLACE, Deadlines
from queues.model import QueueId

__all__ = ["MOST_PLACES", "KeptPlace", "Places"]

MOST_PLACES: Final = 10_000
_LONGEST_CALLER: Final = 128


@dataclass(slots=True)
class KeptPlace:
    queue: QueueId
    caller: str
    joined_at: float
    until: float
    timer: int = 0


class Places:
    """``dirty``: keys of places that changed since the rows were taken."""

    __slots__ = ("_deadlines", "dirty", "kept")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.kept: dict[str, KeptPlace] = {}
        self.dirty: dict[str, None] = {}

    def keep(self, queue: QueueId, caller: str, joined_at: float, until: float) -> None:
        """The earlier of two places of one caller counts."""
        if not caller or len(caller) > _LONGEST_CALLER:
            return
        before = self.take(queue, caller)
        if before is not None:
            joined_at = min(joined_at, before)
        elif len(self.kept) >= MOST_PLACES:
            self.forget(next(iter(self.kept)))
        key = f"{queue}/{caller}"
        timer = self._deadlines.arm(until, PLACE, key)
        self.kept[key] = KeptPlace(queue, caller, joined_at, until, timer)
        self.dirty[key] = None

    def take(self, queue: QueueId, caller: str) -> float | None:
        """When the caller joined the queue, if the place is still kept; it is not any more."""
        key = f"{queue}/{caller}"
        place = self.kept.get(key)
        if place is None:
            return None
        self.forget(key)
        return place.joined_at

    def forget(self, key: str) -> None:
        place = self.kept.pop(key, None)
        if place is not None:
            self._deadlines.disarm(place.timer)
            self.dirty[key] = None

    def forget_queue(self, queue: QueueId) -> None:
        for key in [key for key, place in self.kept.items() if place.queue == queue]:
            self.forget(key)
