"""The DMQ bus in Prometheus' words, read at the scrape."""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics.registrations import counter_of
from sipcore.dmq.bus import Bus
from sipcore.dmq.peer import PeerStatus

__all__ = ["ReplicationMetrics"]


class ReplicationMetrics(Collector):
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

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
