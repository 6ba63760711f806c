"""The DMQ bus in Prometheus' words, read at the scrape."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics.registrations import counter_of
from sipcore.dmq.bus import Bus
from sipcore.dmq.peer import PeerStatus
from sipcore.dmq.replica import Replica

__all__ = ["ReplicationMetrics"]


class ReplicationMetrics(Collector):
    """``clock``: seconds since the epoch."""

    def __init__(self, bus: Bus, replica: Replica | None, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._replica = replica
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        bus = self._bus
        now = Counter(peer.status for peer in bus.peers)
        peers = GaugeMetricFamily("callyard_replication_peers", "Nodes of the bus, by status.", labels=["status"])
        for status in PeerStatus:
            peers.add_metric([status.value], now[status])
        yield peers
        yield counter_of("callyard_replication_received", "KDMQ requests of others.", "outcome", bus.taken)
        yield counter_of("callyard_replication_sent", "KDMQ requests of ours.", "result", bus.asked)
        yield counter_of(
            "callyard_replication_list_faults", "What was wrong in lists of nodes.", "fault", bus.membership.faults
        )  # fmt: skip
        if self._replica is not None:
            yield counter_of(
                "callyard_replication_contacts", "Contacts told and taken.", "result", self._replica.counters
            )
            yield from self._lag(bus, self._replica)

    def _lag(self, bus: Bus, replica: Replica) -> Iterator[Metric]:
        lags = [lag for peer in bus.peers if (lag := replica.lag(peer, self._clock())) is not None]
        yield GaugeMetricFamily(
            "callyard_replication_waiting_changes", "Changes that nodes were not told yet, or have not confirmed.",
            value=sum(lag.waiting for lag in lags),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "callyard_replication_lag_seconds", "Age of the oldest of them.",
            value=max((lag.seconds for lag in lags), default=0.0),
        )  # fmt: skip
