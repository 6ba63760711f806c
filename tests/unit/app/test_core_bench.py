"""The benchmark of the core alone goes through whole calls, as parts of the service that nothing else wires up so."""

from pathlib import Path

from bench.core_call import Bench


def test_calls_pass_through_the_core_and_nothing_is_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path, agents=1)
    first = bench.call()
    second = bench.call()
    bench.end(first)
    bench.end(second)
    bench.close()
    assert bench.messages > 30
