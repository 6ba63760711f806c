"""Limits of a queue and what becomes of a caller whom it cannot take, or keep: values only.

``Overflow`` is an action with what it needs; a queue has one for each ``OverflowCause`` that it names, and one for all
others. Durations are seconds. Field names are REST's.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Limits", "Opening", "Overflow", "OverflowAction", "OverflowCause"]


class OverflowAction(StrEnum):
    HANGUP = "hangup"
    URI = "uri"
    QUEUE = "queue"
    ANNOUNCEMENT = "announcement"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"


class OverflowCause(StrEnum):
    """Why a queue does not take a call, or lets a waiting one go."""

    EMERGENCY = "emergency"  # closed by a supervisor
    HOLIDAY = "holiday"
    CLOSED = "closed"  # outside its business hours
    NONE_LOGGED_IN = "none_logged_in"
    NONE_READY = "none_ready"
    QUEUE_FULL = "queue_full"
    EXPECTED_WAIT = "expected_wait"
    MAX_WAIT = "max_wait"


class Opening(StrEnum):
    """What the calendar says of a queue now."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Overflow:
    """What becomes of a caller who does not get, or leaves, a place in the queue.

    ``uri``: of the actions uri and voicemail, may hold placeholders; ``queue``: the id of the queue that takes the caller,
    the time of joining kept; ``sound``: what is played before hanging up.
    """

    action: OverflowAction = OverflowAction.HANGUP
    uri: str | None = None
    queue: str | None = None
    sound: str | None = None
    forward_ring_seconds: float = 60.0
    announcement_max_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Whom a queue does not take, besides ``max_length``; a call that an open agent can serve at once is always taken.

    ``none_logged_in``: nobody who may serve the queue is logged in. ``none_ready``: nobody is logged in, unpaused and
    reachable (one who talks is ready: it will be free). ``also_waiting``: when that comes to be so, those who wait leave.
    """

    max_expected_wait: float | None = None
    none_logged_in: bool = False
    none_ready: bool = False
    also_waiting: bool = False
