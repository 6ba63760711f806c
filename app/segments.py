"""A call through several queues, as each of them saw it: the segments that its record alone could not tell."""

from app.configuration import Queue
from app.facts import CallRecord, QueueSegment
from app.live_call import LiveCall
from queues.model import OverflowCause

__all__ = ["flowed_out", "last_segment", "rejected"]


def flowed_out(call: LiveCall, fact_id: str, cause: OverflowCause, now: float, to: str | None) -> QueueSegment:
    """The call leaves ``call.queue``, for another queue or none."""
    entered_at = call.entered_at if call.entered_at is not None else now
    wait_ms = _ms(entered_at, now)
    return QueueSegment(
        fact_id, call.id, call.segments, call.queue, entered_at, now, "flowed_out", cause.value, wait_ms, to=to
    )  # fmt: skip


def rejected(call: LiveCall, fact_id: str, queue: str, cause: OverflowCause, now: float) -> QueueSegment:
    """The queue did not take the call."""
    return QueueSegment(fact_id, call.id, call.segments, queue, now, now, "rejected", cause.value, 0)


def last_segment(call: LiveCall, fact_id: str, record: CallRecord, queue: Queue | None) -> QueueSegment:
    """The queue that the call was in when its fate was decided."""
    entered_at = call.entered_at if call.entered_at is not None else record.ended_at
    left_at = record.answered_at or call.left_queue_at or record.ended_at
    wait_ms = _ms(entered_at, left_at)
    cause = record.overflow_cause or record.cause
    counted = record.outcome in ("answered", "abandoned")
    threshold = queue.service_level.threshold_seconds if queue is not None else 20.0
    short = queue.short_abandon_seconds if queue is not None else 0.0
    return QueueSegment(
        fact_id, call.id, call.segments, call.queue, entered_at, left_at, record.outcome, cause, wait_ms,
        record.talk_ms, record.agent,
        within_threshold=wait_ms <= threshold * 1000 if counted else None,
        short_abandon=record.outcome == "abandoned" and wait_ms <= short * 1000,
    )  # fmt: skip


def _ms(start: float, end: float) -> int:
    return max(0, round((end - start) * 1000))
