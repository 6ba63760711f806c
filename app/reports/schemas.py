"""What clients see of reports. Durations are float seconds, made from the integer milliseconds that are stored."""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel

from app.facts import Outcome

__all__ = ["CallReport", "QueueReport", "SegmentReport"]


class CallReport(BaseModel):
    """A finished call. ``queue`` and ``agent`` are names, ids where the name is gone.

    ``wait_seconds``: from entering the queue until connected or gone. ``ring_seconds``: the ringing of the offer that
    succeeded, or was up when the caller left. ``wrap_up_seconds``: null until the wrap-up is over (or where none was).
    ``segments``: how many queues had to do with it; ``queue`` is the last one.
    ``expected_wait_seconds``: what was predicted when the call entered the queue; null where nothing was known.
    ``overflow_cause``: why the queue did not take the call (rejected) or let it go (flowed_out): emergency, holiday,
    closed, none_logged_in, none_ready, queue_full, expected_wait, max_wait; callback: its caller asked for one by key.
    """

    id: str
    sip_call_id: str
    caller: str
    called: str
    queue: str | None
    queue_id: str | None
    agent: str | None
    agent_id: str | None
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    outcome: Outcome
    cause: str
    ended_by: str
    wait_seconds: float
    ring_seconds: float
    talk_seconds: float
    wrap_up_seconds: float | None
    offers: int
    priority: int
    within_threshold: bool | None
    short_abandon: bool
    expected_wait_seconds: float | None
    disposition: str | None
    disposition_note: str | None
    segments: int
    overflow_cause: str | None

    @classmethod
    def of(cls, row: Any) -> Self:  # noqa: ANN401 - a result row: the columns of calls, with queue_name and agent_name
        return cls(
            id=row.call,
            sip_call_id=row.sip_call_id,
            caller=row.caller,
            called=row.called,
            queue=row.queue_name or row.queue,
            queue_id=row.queue,
            agent=row.agent_name or row.agent,
            agent_id=row.agent,
            arrived_at=_instant(row.arrived_at),
            queued_at=None if row.queued_at is None else _instant(row.queued_at),
            answered_at=None if row.answered_at is None else _instant(row.answered_at),
            ended_at=_instant(row.ended_at),
            outcome=row.outcome,
            cause=row.cause,
            ended_by=row.ended_by,
            wait_seconds=row.wait_ms / 1000,
            ring_seconds=row.ring_ms / 1000,
            talk_seconds=row.talk_ms / 1000,
            wrap_up_seconds=None if row.wrap_up_ms is None else row.wrap_up_ms / 1000,
            offers=row.offers,
            priority=row.priority,
            within_threshold=row.within_threshold,
            short_abandon=row.short_abandon,
            segments=row.segments,
            overflow_cause=row.overflow_cause,
            expected_wait_seconds=None if row.expected_wait_ms is None else row.expected_wait_ms / 1000,
            disposition=row.disposition,
            disposition_note=row.disposition_note,
        )


class SegmentReport(BaseModel):
    """A queue's part in a call: its view, where ``CallReport`` is the customer's. ``queue``, ``to`` and ``agent`` are names,
    ids where the name is gone.

    ``outcome`` flowed_out: the call went on (``to``: the queue that took it), rejected: this queue did not take it; both
    with the ``overflow_cause``. ``wait_seconds`` and ``talk_seconds`` are this queue's.
    """

    number: int
    queue: str | None
    queue_id: str | None
    entered_at: datetime
    left_at: datetime
    outcome: Outcome
    cause: str
    overflow_cause: str | None
    to: str | None
    to_id: str | None
    wait_seconds: float
    talk_seconds: float
    agent: str | None
    agent_id: str | None
    within_threshold: bool | None
    short_abandon: bool

    @classmethod
    def of(cls, row: Any) -> Self:  # noqa: ANN401 - a result row: the columns of queue_segments, with names
        return cls(
            number=row.number,
            queue=row.queue_name or row.queue,
            queue_id=row.queue,
            entered_at=_instant(row.entered_at),
            left_at=_instant(row.left_at),
            outcome=row.outcome,
            cause=row.cause,
            overflow_cause=row.cause if row.outcome in ("flowed_out", "rejected") else None,
            to=row.to_name or row.to_queue,
            to_id=row.to_queue,
            wait_seconds=row.wait_ms / 1000,
            talk_seconds=row.talk_ms / 1000,
            agent=row.agent_name or row.agent,
            agent_id=row.agent,
            within_threshold=row.within_threshold,
            short_abandon=row.short_abandon,
        )

    @classmethod
    def of_whole(cls, call: CallReport) -> Self:
        """The one segment of a call that only one queue had to do with."""
        entered_at = call.queued_at or call.arrived_at
        return cls(
            number=1,
            queue=call.queue,
            queue_id=call.queue_id,
            entered_at=entered_at,
            left_at=entered_at + timedelta(seconds=call.wait_seconds),
            outcome=call.outcome,
            cause=call.cause,
            overflow_cause=call.overflow_cause,
            to=None,
            to_id=None,
            wait_seconds=call.wait_seconds,
            talk_seconds=call.talk_seconds,
            agent=call.agent,
            agent_id=call.agent_id,
            within_threshold=call.within_threshold,
            short_abandon=call.short_abandon,
        )


class QueueReport(BaseModel):
    """A queue's calls that entered it in the interval (cohort basis), wherever and whenever they ended.

    offered = answered + abandoned + flowed_out + system + in_progress; ``provisional`` while ``in_progress`` is not
    zero: calls of the interval that have no record yet. ``rejected`` never entered the queue. Null: nothing to divide
    by.
    """

    queue: str
    queue_id: str
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
    provisional: bool
    wait_seconds: float
    talk_seconds: float
    wrap_up_seconds: float
    service_level: float | None
    abandon_rate: float | None
    average_speed_of_answer_seconds: float | None
    average_handle_time_seconds: float | None


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
