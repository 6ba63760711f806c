"""What the projections answer: plain values, free of the live core. Instants are seconds since the epoch."""

from collections.abc import Callable
from typing import Literal

import msgspec

__all__ = ["CallState", "CallView", "Forecast", "QueueStats", "RingingView", "TodayStats", "no_forecast"]

CallState = Literal["arrived", "queued", "parked", "offered", "connecting", "bridged", "ending"]


Forecast = Callable[[str, int, int | None, float], float | None]
"""(queue, priority, position or None for a call that enters now, now) → seconds to wait; None: nothing is known."""


def no_forecast(_queue: str, _priority: int, _position: int | None, _now: float) -> float | None:
    return None


class RingingView(msgspec.Struct, gc=False):
    """A phone that rings for a call, ``since`` it was offered."""

    offer: str
    agent: str
    since: float
    agent_name: str | None = None


class CallView(msgspec.Struct, gc=False):
    """A live call. ``agent`` is whoever rings, connects or talks now (by ``offer``); ``position`` None unless it waits
    or is offered. ``ringing``: every phone that does, the first one first.

    ``wait_seconds``: from entering the queue until connected, or until now. ``expected_wait_seconds``: what is still to
    come, by the position it has now.
    """

    id: str
    state: CallState
    caller: str
    called: str
    arrived_at: float
    queue: str | None = None
    queue_name: str | None = None
    priority: int = 0
    queued_at: float | None = None
    joined_at: float | None = None  # where the place in line is older than that
    position: int | None = None
    wait_seconds: float | None = None
    expected_wait_seconds: float | None = None
    agent: str | None = None
    agent_name: str | None = None
    connected_at: float | None = None
    offer: str | None = None
    offers: int = 0
    reserved_for: str | None = None
    reserved_name: str | None = None
    ringing: tuple[RingingView, ...] = ()


class TodayStats(msgspec.Struct, frozen=True):
    """A queue's calls that entered it since midnight UTC (the cohort basis); ``rejected`` never entered it.

    offered = answered + abandoned + flowed_out + system + in_progress. Ratios and means are None where there is nothing
    to divide by.
    """

    since: float
    offered: int
    answered: int
    answered_within_threshold: int
    abandoned: int
    abandoned_within_threshold: int
    short_abandoned: int
    flowed_out: int
    system: int
    in_progress: int
    rejected: int
    service_level: float | None
    abandon_rate: float | None
    average_speed_of_answer_seconds: float | None
    average_handle_time_seconds: float | None
    expected_wait_rmse_seconds: float | None
    expected_wait_bias_seconds: float | None


class QueueStats(msgspec.Struct, frozen=True):
    """A queue now. ``waiting`` counts callers to whom nobody is offered, ``offered`` those for whom an agent rings.

    ``callbacks``: customers who are to be called back. ``longest_wait_seconds`` looks at callers who wait or are offered.
    ``expected_wait_seconds``: of a call of priority 0 that enters now, None while there is no estimate. ``agents``: those
    who may serve the queue, by routing state.
    """

    queue_id: str
    queue: str
    waiting: int
    offered: int
    connected: int
    callbacks: int
    longest_wait_seconds: float
    expected_wait_seconds: float | None
    agents: dict[str, int]
    service_level_target: float
    service_level_threshold_seconds: float
    today: TodayStats
    state: str = "open"
    closed_reason: str | None = None
