"""What strategies count of an agent: calls and talk since its log-in, and when each queue rang it last."""

from dataclasses import dataclass, field

from queues.model import QueueId

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """``calls`` taken and seconds talked (in calls that are over) since the agent logged in, in all queues together.

    ``last_offers``: per queue, the number of the last offer to the agent; offers are numbered as they are made. It
    outlives log-outs.
    """

    calls: int = 0
    talk_seconds: float = 0.0
    last_offers: dict[QueueId, int] = field(default_factory=dict)

    def log_in(self) -> None:
        """A new working day begins."""
        self.calls = 0
        self.talk_seconds = 0.0

    def last_number(self) -> int:
        return max(self.last_offers.values(), default=0)
