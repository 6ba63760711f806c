"""Histograms of durations by queue: counted in plain lists as calls end, put into Prometheus' words at the scrape."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

__all__ = ["Durations"]

_SECONDS: Final[tuple[float, ...]] = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Durations:
    """``observe`` seconds; ``name`` and ``text`` are what the scrape calls them."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, queue: str, seconds: float) -> None:
        counts = self._counts.get(queue)
        if counts is None:
            counts = self._counts[queue] = [0] * (len(_SECONDS) + 1)
            self._sums[queue] = 0.0
        counts[bisect_left(_SECONDS, seconds)] += 1
        self._sums[queue] += seconds

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._text, labels=["queue"])
        for queue, counts in self._counts.items():
            buckets: list[tuple[str, float]] = []
            total = 0
            for bound, count in zip((*map(str, _SECONDS), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, float(total)))
            family.add_metric([queue], buckets, self._sums[queue])
        yield family
