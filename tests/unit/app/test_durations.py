"""Histograms of durations as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest

from app.metrics.durations import Durations


def test_buckets_add_up() -> None:
    durations = Durations("callyard_wait_seconds", "How long.")
    for seconds in (0.0, 1.0, 1.5, 2500.0):
        durations.observe("support", seconds)
    registry = CollectorRegistry()
    registry.register(durations)
    page = generate_latest(registry).decode().splitlines()
    assert "# TYPE callyard_wait_seconds histogram" in page
    for bound, count in (("1.0", 2), ("2.5", 3), ("1800.0", 3), ("+Inf", 4)):
        assert f'callyard_wait_seconds_bucket{{le="{bound}",queue="support"}} {count}.0' in page
    assert 'callyard_wait_seconds_count{queue="support"} 4.0' in page
    assert 'callyard_wait_seconds_sum{queue="support"} 2502.5' in page


def test_nothing_was_observed() -> None:
    registry = CollectorRegistry()
    registry.register(Durations("callyard_wait_seconds", "How long."))
    assert "_bucket" not in generate_latest(registry).decode()
