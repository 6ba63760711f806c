"""What agents are held to: reasons for a pause with their limits, and calls in wrap-up. Frozen values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from queues.model import QueueId, TicketId

__all__ = ["NO_CODE", "OnLimit", "PauseReason", "PauseReasonId", "WrappedCall"]

PauseReasonId = NewType("PauseReasonId", str)

NO_CODE: Final = "none"
"""The disposition of a call that needed one, and whose wrap-up ended without it."""


class OnLimit(StrEnum):
    """What becomes of an agent whose pause has lasted as long as its reason allows; that it did is always told."""

    NOTIFY = "notify"
    AVAILABLE = "available"
    LOG_OUT = "log_out"


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why an agent pauses. ``limit_seconds`` None: as long as they like.

    ``max_agents``: as many at once, of all; ``max_agents_per_queue``: of those who may serve any one queue. A pause that
    is pending counts. ``productive``: work (a training, back office), which reports count apart from rest.
    """

    id: PauseReasonId
    name: str
    limit_seconds: float | None = None
    on_limit: OnLimit = OnLimit.NOTIFY
    productive: bool = False
    max_agents: int | None = None
    max_agents_per_queue: int | None = None


@dataclass(frozen=True, slots=True)
class WrappedCall:
    """A call that is being wrapped up. ``uncoded``: its queue asks for a disposition, and it has none yet."""

    ticket: TicketId
    queue: QueueId
    uncoded: bool = False
