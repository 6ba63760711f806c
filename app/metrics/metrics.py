"""Prometheus metrics: base units, ``_total`` counters, no label per call or per agent.

Counters and histograms are fed by facts and by the runtime; gauges are read at the scrape from the live projection and
from the numbers of ``/internals``. Each application has a registry of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.facts import CallEvent, CallRecord, Fact
from app.metrics.durations import Durations
from app.projections.live import LiveView

__all__ = ["Metrics"]

_LOOP_LAG: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)


class Metrics:
    """``apply_all`` facts; ``loop_lag`` is the runtime's to ``observe`` (seconds). ``page`` is the scrape's answer.

    ``internals``: the numbers of ``/internals``, mappings nested as they like. ``streams``: open event streams.
    ``backlog``: (turns in the outbox, age of the oldest in seconds). ``shipping``: counters that only grow, by name.
    """

    def __init__(
        self,
        view: LiveView,
        *,
        clock: Callable[[], float],
        internals: Callable[[], Mapping[str, object]] = dict,
        streams: Callable[[], int] = int,
        backlog: Callable[[], tuple[int, float]] = lambda: (0, 0.0),
        shipping: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._view = view
        self.registry = CollectorRegistry()
        self._counts = _Counts()
        self.registry.register(self._counts)
        self._wait = Durations("callyard_answered_wait_seconds", "From entering the queue until connected.")
        self._talk = Durations("callyard_talk_seconds", "From the bridge until its end.")
        self._wait_error = Durations(
            "callyard_expected_wait_error_seconds", "How far the predicted wait of an answered call was from its wait."
        )
        for durations in (self._wait, self._talk, self._wait_error):
            self.registry.register(durations)
        self.loop_lag = Histogram(
            "callyard_loop_lag_seconds", "How late the timer of the event loop came.", buckets=_LOOP_LAG,
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(_Gauges(view, clock, internals, streams, backlog, shipping))

    def apply_all(self, facts: Iterable[Fact]) -> None:
        events = self._counts.events
        for fact in facts:
            if isinstance(fact, CallEvent):
                events[fact.kind] = events.get(fact.kind, 0) + 1
            elif isinstance(fact, CallRecord):
                self._ended(fact)

    def _ended(self, record: CallRecord) -> None:
        queue = self._view.queue_name(record.queue) or ""
        ended, labels = self._counts.ended, (queue, record.outcome)
        ended[labels] = ended.get(labels, 0) + 1
        if record.outcome == "answered":
            self._wait.observe(queue, record.wait_ms / 1000)
            self._talk.observe(queue, record.talk_ms / 1000)
            if record.expected_wait_ms is not None:
                self._wait_error.observe(queue, abs(record.expected_wait_ms - record.wait_ms) / 1000)

    def page(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)


class _Counts:
    """Counted in plain dicts, several times a call, and put into Prometheus' words at the scrape."""

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.ended: dict[tuple[str, str], int] = {}

    def collect(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "callyard_calls_ended", "Calls that ended, by outcome.", labels=["queue", "outcome"]
        )
        for labels, count in self.ended.items():
            ended.add_metric(labels, count)
        yield ended
        events = CounterMetricFamily("callyard_call_events", "Steps of calls' lives, by kind.", labels=["kind"])
        for kind, count in self.events.items():
            events.add_metric([kind], count)
        yield events


class _Gauges:
    """What is read at the scrape, not before."""

    def __init__(
        self,
        view: LiveView,
        clock: Callable[[], float],
        internals: Callable[[], Mapping[str, object]],
        streams: Callable[[], int],
        backlog: Callable[[], tuple[int, float]],
        shipping: Callable[[], Mapping[str, int]],
    ) -> None:
        self._view = view
        self._clock = clock
        self._internals = internals
        self._streams = streams
        self._backlog = backlog
        self._shipping = shipping

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape; registering must not read the live picture."""
        return ()

    def collect(self) -> Iterator[Metric]:
        counts = self._view.counts()
        yield _family("callyard_calls", "Live calls by state.", "state", counts["calls"])
        yield _family("callyard_agents", "Agents by routing state.", "routing_state", counts["agents"])
        yield from self._queues()
        yield GaugeMetricFamily("callyard_event_streams", "Open event streams.", value=self._streams())
        size, age = self._backlog()
        yield GaugeMetricFamily("callyard_outbox_turns", "Turns whose facts are not in the database yet.", value=size)
        yield GaugeMetricFamily("callyard_outbox_oldest_age_seconds", "Age of the oldest of them.", value=age)
        shipping = CounterMetricFamily("callyard_facts", "What became of facts on their way.", labels=["result"])
        for result, count in self._shipping().items():
            shipping.add_metric([result], count)
        yield shipping
        yield _family("callyard_internal", "The numbers of /internals.", "name", dict(_flat(self._internals())))

    def _queues(self) -> Iterator[Metric]:
        now = self._clock()
        expected = GaugeMetricFamily(
            "callyard_queue_expected_wait_seconds", "Of a caller who enters now.", labels=["queue"]
        )
        rmse = GaugeMetricFamily(
            "callyard_queue_expected_wait_rmse_seconds", "Of today's predictions: root mean square.", labels=["queue"]
        )
        bias = GaugeMetricFamily(
            "callyard_queue_expected_wait_bias_seconds", "Of today's predictions: mean.", labels=["queue"]
        )
        waiting = GaugeMetricFamily("callyard_queue_waiting_calls", "Callers for whom nobody rings.", labels=["queue"])
        offered = GaugeMetricFamily(
            "callyard_queue_offered_calls", "Callers for whom an agent rings.", labels=["queue"]
        )
        longest = GaugeMetricFamily("callyard_queue_longest_wait_seconds", "Longest present wait.", labels=["queue"])
        for queue_id in self._view.queue_ids():
            stats = self._view.queue_stats(queue_id, now)
            if stats is not None:
                waiting.add_metric([stats.queue], stats.waiting)
                offered.add_metric([stats.queue], stats.offered)
                longest.add_metric([stats.queue], stats.longest_wait_seconds)
                _add_known(expected, stats.queue, stats.expected_wait_seconds)
                _add_known(rmse, stats.queue, stats.today.expected_wait_rmse_seconds)
                _add_known(bias, stats.queue, stats.today.expected_wait_bias_seconds)
        yield from (waiting, offered, longest, expected, rmse, bias)


def _add_known(family: GaugeMetricFamily, queue: str, value: float | None) -> None:
    """A queue of which nothing is known has no sample."""
    if value is not None:
        family.add_metric([queue], value)


def _family(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _flat(numbers: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Nested numbers by dotted names; what is no number is left out."""
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)
