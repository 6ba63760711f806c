"""The callers of one queue: who waits in which place, for whom an agent rings, who talks."""

from dataclasses import dataclass

from queues.lines.ranking import Ranking

__all__ = ["Line", "Place"]


@dataclass(slots=True)
class Place:
    """Where a caller stands: ``group`` is waiting, offered or connected."""

    queue: str
    group: str
    priority: int
    queued_at: float
    call: str
    joined_at: float  # what the order goes by: older than ``queued_at`` where an old place was taken up

    def ranks_as(self, other: "Place") -> bool:
        """Whether the place of the same caller in the same line is as far ahead."""
        return self.priority == other.priority and self.joined_at == other.joined_at


class Line:
    """Follows the engine's order: more points (priority, ``ageing`` times the wait) first, then first come, first served."""

    __slots__ = ("_by_join", "_ranking", "ageing", "connected", "offered")

    def __init__(self, ageing: float = 0.0) -> None:
        self.ageing = ageing
        self._ranking: Ranking[tuple[float, float, str]] = Ranking()
        self._by_join: Ranking[tuple[float, str]] = Ranking()
        self.offered = 0
        self.connected = 0

    @property
    def waiting(self) -> int:
        return len(self._ranking) - self.offered

    def join(self, place: Place) -> None:
        if place.group == "connected":
            self.connected += 1
            return
        self._ranking.add(self._rank(place))
        self._by_join.add((place.queued_at, place.call))
        if place.group == "offered":
            self.offered += 1

    def leave(self, place: Place) -> None:
        """The place that was joined."""
        if place.group == "connected":
            self.connected -= 1
            return
        self._ranking.discard(self._rank(place))
        self._by_join.discard((place.queued_at, place.call))
        if place.group == "offered":
            self.offered -= 1

    def shift(self, before: Place, after: Place) -> None:
        """From the place that was joined to another one in this line; who is offered keeps the rank."""
        if before.group != "connected" and after.group != "connected" and before.ranks_as(after):
            self.offered += (after.group == "offered") - (before.group == "offered")
            return
        self.leave(before)
        self.join(after)

    def position(self, place: Place) -> int | None:
        """Counts from 1, callers for whom an agent rings included; None for one who talks."""
        return self._ranking.position(self._rank(place))

    def longest_wait(self, now: float) -> float:
        """Seconds, of those not connected yet; 0.0 when nobody waits."""
        first = self._by_join.first()
        return 0.0 if first is None else max(0.0, now - first[0])

    def is_empty(self) -> bool:
        return not self._ranking and not self.connected

    def _rank(self, place: Place) -> tuple[float, float, str]:
        return self.ageing * place.joined_at - place.priority, place.joined_at, place.call
