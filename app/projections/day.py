"""Today's counts by queue, on the cohort basis: a call belongs to the day (UTC) in which it entered the queue.

Counted from facts and from nothing else, so that a restart can count them again (metrics: counts, service level
``configurable``, abandon rate, ASA, AHT).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final

from app.facts import CallEvent, CallRecord, Fact, QueueSegment, WrapUp
from app.projections.views import TodayStats

__all__ = ["COUNTED", "DAY_SECONDS", "Counts", "Day", "midnight"]

DAY_SECONDS: Final = 86_400
COUNTED: Final = frozenset({"queued", "connected", "requeued"})
"""Steps of a call that a day's counts know."""

_MAX_AWAITED_WRAP_UPS: Final = 10_000  # a queue without wrap-up never says that one is over


def midnight(now: float) -> float:
    """The start of the UTC day (POSIX time has no leap seconds)."""
    return now - now % DAY_SECONDS


class Counts:
    """The raw counts of one queue, durations in milliseconds, and what is derived from them.

    offered = answered + abandoned + flowed_out + system, once every call has ended. A ratio without a denominator is
    None.
    """

    __slots__ = (
        "abandoned", "abandoned_in_time", "answered", "answered_in_time", "flowed_out", "handled", "offered",
        "predicted", "prediction_error_ms", "prediction_squares", "rejected", "short_abandoned", "system", "talk_ms",
        "wait_ms", "wrap_up_ms",
    )  # fmt: skip

    def __init__(self) -> None:
        self.offered = self.answered = self.answered_in_time = self.wait_ms = 0
        self.abandoned = self.abandoned_in_time = self.short_abandoned = 0
        self.flowed_out = self.system = self.rejected = 0
        self.handled = self.talk_ms = self.wrap_up_ms = 0
        self.predicted = self.prediction_error_ms = self.prediction_squares = 0

    @property
    def ended(self) -> int:
        return self.answered + self.abandoned + self.flowed_out + self.system

    @property
    def service_level(self) -> float | None:
        """The default formula, ``configurable``: A_T / (A + B − s)."""
        return _ratio(self.answered_in_time, self.answered + self.abandoned - self.short_abandoned)

    @property
    def abandon_rate(self) -> float | None:
        return _ratio(self.abandoned, self.offered)

    @property
    def average_speed_of_answer_seconds(self) -> float | None:
        return _ratio(self.wait_ms / 1000, self.answered)

    @property
    def average_handle_time_seconds(self) -> float | None:
        """Over calls that have ended; a wrap-up that goes on is left out."""
        return _ratio((self.talk_ms + self.wrap_up_ms) / 1000, self.handled)

    @property
    def expected_wait_bias_seconds(self) -> float | None:
        """Predicted minus real waits of answered calls, their mean."""
        return _ratio(self.prediction_error_ms / 1000, self.predicted)

    @property
    def expected_wait_rmse_seconds(self) -> float | None:
        """The same, root mean square."""
        mean = _ratio(self.prediction_squares / 1e6, self.predicted)
        return None if mean is None else sqrt(mean)

    def compare(self, expected_ms: int, wait_ms: int) -> None:
        """What was predicted, and what came of it."""
        error = expected_ms - wait_ms
        self.predicted += 1
        self.prediction_error_ms += error
        self.prediction_squares += error * error

    def answer(self, wait_ms: int, *, in_time: bool, sign: int = 1) -> None:
        self.answered += sign
        self.answered_in_time += sign * in_time
        self.wait_ms += sign * wait_ms


@dataclass(slots=True)
class _Open:
    """A call of today without its record yet."""

    queue: str
    queued_at: float
    answered: bool = False
    wait_ms: int = 0
    in_time: bool = False


class Day:
    """Counts of the day that starts at ``start``; ``threshold`` gives a queue's service level threshold in seconds."""

    def __init__(self, start: float, threshold: Callable[[str], float]) -> None:
        self.start = start
        self._threshold = threshold
        self._queues: dict[str, Counts] = {}
        self._open: dict[str, _Open] = {}
        self._awaited: dict[str, str] = {}  # the call whose wrap-up goes on → its queue

    def apply(self, fact: Fact) -> None:
        if isinstance(fact, CallEvent):
            if fact.kind == "queued":
                self._queued(fact)
            elif fact.kind == "connected":
                self._connected(fact)
            elif fact.kind == "requeued":
                self._requeued(fact)
        elif isinstance(fact, CallRecord):
            self._recorded(fact)
        elif isinstance(fact, QueueSegment):
            self._segment(fact)
        elif isinstance(fact, WrapUp):
            queue = self._awaited.pop(fact.call, None)
            if queue is not None:
                self._counts(queue).wrap_up_ms += fact.wrap_up_ms

    def stats(self, queue: str) -> TodayStats:
        counts = self._queues.get(queue) or Counts()
        return TodayStats(
            since=self.start,
            offered=counts.offered,
            answered=counts.answered,
            answered_within_threshold=counts.answered_in_time,
            abandoned=counts.abandoned,
            abandoned_within_threshold=counts.abandoned_in_time,
            short_abandoned=counts.short_abandoned,
            flowed_out=counts.flowed_out,
            system=counts.system,
            in_progress=counts.offered - counts.ended,
            rejected=counts.rejected,
            service_level=counts.service_level,
            abandon_rate=counts.abandon_rate,
            average_speed_of_answer_seconds=counts.average_speed_of_answer_seconds,
            average_handle_time_seconds=counts.average_handle_time_seconds,
            expected_wait_rmse_seconds=counts.expected_wait_rmse_seconds,
            expected_wait_bias_seconds=counts.expected_wait_bias_seconds,
        )

    def forget(self, queue: str) -> None:
        """The queue was deleted."""
        self._queues.pop(queue, None)

    def _queued(self, event: CallEvent) -> None:
        if event.queue is None or event.time < self.start:
            return
        call = self._open.get(event.call)
        if call is not None:
            if call.queue == event.queue:
                return
            self._take_back(event.call)  # it went on to this queue; a segment tells of the other one
        self._open[event.call] = _Open(event.queue, event.time)
        self._counts(event.queue).offered += 1

    def _connected(self, event: CallEvent) -> None:
        call = self._open.get(event.call)
        if call is None or call.answered:
            return
        call.answered = True
        call.wait_ms = round((event.time - call.queued_at) * 1000)
        call.in_time = call.wait_ms <= self._threshold(call.queue) * 1000
        self._counts(call.queue).answer(call.wait_ms, in_time=call.in_time)

    def _requeued(self, event: CallEvent) -> None:
        """The call is the other queue's now, and not answered any more: its last outcome will count."""
        call = self._open.get(event.call)
        if call is None or event.queue is None:
            return
        counts = self._counts(call.queue)
        counts.offered -= 1
        if call.answered:
            counts.answer(call.wait_ms, in_time=call.in_time, sign=-1)
        call.queue, call.answered = event.queue, False
        self._counts(event.queue).offered += 1

    def _recorded(self, record: CallRecord) -> None:
        """The record has the last word: what was counted on the way is taken back first."""
        counted_for = self._take_back(record.call)
        queue = record.queue or counted_for
        if queue is None or record.segments > 1:
            return  # of several segments each was counted for its queue
        if record.queued_at is None:
            if record.arrived_at >= self.start:
                self._counts(queue).rejected += 1
        elif record.queued_at >= self.start:
            self._ended(self._counts(queue), queue, record)

    def _segment(self, segment: QueueSegment) -> None:
        """One queue's part in a call of several."""
        if segment.outcome == "rejected":
            if segment.entered_at >= self.start:
                self._counts(segment.queue).rejected += 1
            return
        self._take_back(segment.call)
        if segment.entered_at >= self.start:
            self._ended(self._counts(segment.queue), segment.queue, segment)

    def _take_back(self, call_id: str) -> str | None:
        """What was counted of a call on its way is not any more. Returns its queue."""
        call = self._open.pop(call_id, None)
        if call is None:
            return None
        counts = self._counts(call.queue)
        counts.offered -= 1
        if call.answered:
            counts.answer(call.wait_ms, in_time=call.in_time, sign=-1)
        return call.queue

    def _ended(self, counts: Counts, queue: str, record: CallRecord | QueueSegment) -> None:
        counts.offered += 1
        in_time = bool(record.within_threshold)
        match record.outcome:
            case "answered":
                counts.answer(record.wait_ms, in_time=in_time)
                counts.handled += 1
                counts.talk_ms += record.talk_ms
                if isinstance(record, CallRecord) and record.expected_wait_ms is not None:
                    counts.compare(record.expected_wait_ms, record.wait_ms)
                self._await_wrap_up(record.call, queue)
            case "abandoned":
                counts.abandoned += 1
                counts.abandoned_in_time += in_time
                counts.short_abandoned += record.short_abandon
            case "flowed_out":
                counts.flowed_out += 1
            case "system" | "rejected":  # it had entered the queue: N = A + B + F + X must hold
                counts.system += 1

    def _await_wrap_up(self, call: str, queue: str) -> None:
        if len(self._awaited) >= _MAX_AWAITED_WRAP_UPS:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[call] = queue

    def _counts(self, queue: str) -> Counts:
        counts = self._queues.get(queue)
        if counts is None:
            counts = self._queues[queue] = Counts()
        return counts


def _ratio(numerator: float, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
