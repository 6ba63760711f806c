"""What clients see of a queue's statistics."""

from datetime import UTC, datetime
from typing import Self

import msgspec
from pydantic import BaseModel

from app.projections.views import QueueStats

__all__ = ["QueueStatistics", "Today"]


class Today(BaseModel):
    """The calls that entered the queue since midnight UTC (``since``), wherever they are now.

    offered = answered + abandoned + flowed_out + system + in_progress; ``in_progress`` still wait. ``rejected``: refused
    before they entered. ``service_level``: answered within the threshold / (answered + abandoned − short abandons).
    ``expected_wait_…``: how far predictions were from the waits of answered calls (root mean square; mean, above 0 where
    more was predicted). Null: nothing to divide by.
    """

    since: datetime
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


class QueueStatistics(BaseModel):
    """``waiting``: callers for whom nobody rings; ``offered``: those for whom an agent does; ``longest_wait_seconds``
    looks at both. ``expected_wait_seconds``: of a caller of priority 0 who enters now, null while there is no estimate.
    ``callbacks``: customers who are to be called back. ``agents``: those who may serve the queue, by routing state.

    ``state``: open, closed (outside business hours), holiday, or emergency (closed by a supervisor, ``closed_reason``).
    """

    queue: str
    queue_id: str
    waiting: int
    offered: int
    connected: int
    callbacks: int
    longest_wait_seconds: float
    expected_wait_seconds: float | None
    agents: dict[str, int]
    service_level_target: float
    service_level_threshold_seconds: float
    today: Today
    state: str
    closed_reason: str | None

    @classmethod
    def of(cls, stats: QueueStats) -> Self:
        fields = msgspec.to_builtins(stats)
        fields["today"]["since"] = datetime.fromtimestamp(stats.today.since, UTC)
        return cls.model_validate(fields)
