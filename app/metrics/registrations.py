"""The registrar in Prometheus' words, read at the scrape."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.registrations.desk import Registrations
from app.registrations.writer import RegistrationWriter

__all__ = ["RegistrationMetrics", "counter_of"]


class RegistrationMetrics(Collector):
    def __init__(self, desk: Registrations, writer: RegistrationWriter) -> None:
        self._desk = desk
        self._writer = writer

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        desk, writer = self._desk, self._writer
        yield counter_of(
            "callyard_registrar_requests", "REGISTER requests, by outcome.", "outcome", desk.registrar.counters
        )
        yield GaugeMetricFamily("callyard_registrar_bindings", "Contacts registered now.", value=len(desk.store))
        yield counter_of("callyard_registrar_bindings_ended", "Contacts that went, by cause.", "cause", desk.ended)
        yield counter_of("callyard_registrar_pings", "OPTIONS to registered contacts.", "result", desk.pings)
        yield counter_of(
            "callyard_registrations_writes", "What became of registrations on their way to the database.", "result",
            writer.counters,
        )  # fmt: skip
        yield GaugeMetricFamily(
            "callyard_registrations_unwritten", "Registrations not in the database yet.", value=len(writer)
        )


def counter_of(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    """Counters that only grow, by label."""
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
