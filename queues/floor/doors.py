"""The door of a queue: whether it takes calls now, by calendar and by a supervisor's word; and which action a cause has."""

from dataclasses import dataclass

from queues.model import QueueConfig
from queues.rules.overflow import Opening, Overflow, OverflowAction, OverflowCause

__all__ = ["HANG_UP", "Closure", "Door"]

HANG_UP = Overflow()


@dataclass(slots=True)
class Closure:
    """A supervisor closed the queue. ``overflow`` takes the place of what is configured for an emergency."""

    since: float
    reason: str
    overflow: Overflow | None = None


@dataclass(slots=True, eq=False)
class Door:
    config: QueueConfig
    opening: Opening = Opening.OPEN
    closure: Closure | None = None

    def shut(self) -> OverflowCause | None:
        """Why nobody is let in now, if so."""
        if self.closure is not None:
            return OverflowCause.EMERGENCY
        if self.opening is Opening.OPEN:
            return None
        return OverflowCause.HOLIDAY if self.opening is Opening.HOLIDAY else OverflowCause.CLOSED

    def action(self, cause: OverflowCause) -> Overflow:
        """What the queue does with a caller for this cause."""
        if cause is OverflowCause.EMERGENCY and self.closure is not None and self.closure.overflow is not None:
            return self.closure.overflow
        return self.config.overflow_on.get(cause, self.config.overflow)

    def last_resort(self) -> Overflow:
        """Where another queue was asked for and there is none: what the queue does otherwise."""
        general = self.config.overflow
        return HANG_UP if general.action is OverflowAction.QUEUE else general
