"""Several phones for one call, played by SIPp: one answers, the others are told that it was somebody else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import configuration, nothing_left, records
from tests.support.peers import answering, elsewhere, silent, too_late
from tests.support.service import Service, wait_until
from tests.support.sipp import sipp_caller

pytestmark = pytest.mark.interop

Serve = Callable[..., Service]
RING_ALL = {"strategy": "ring-all", "ring_seconds": 30}


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_three_ring_and_one_answers(tmp_path: Path, serve: Serve, transport: str, offer: str) -> None:
    tcp = transport == "t1"
    parameter = ";transport=tcp" if tcp else ""
    with (
        elsewhere(tmp_path / "first", tcp=tcp) as first,
        answering(tmp_path / "second", ring_ms=400, tcp=tcp) as second,
        elsewhere(tmp_path / "third", tcp=tcp) as third,
    ):
        crew = [("first", first.port), ("second", second.port), ("third", third.port)]
        config = configuration(crew, offer=offer, transport=parameter, queue=RING_ALL)
        service = serve(config=config)
        with sipp_caller("uac_straight", tmp_path / "caller", service.sip, "support", transport=transport) as caller:
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        others = [first.stop(), third.stop()]
    assert [(stats.successful, stats.failed) for stats in others if stats is not None] == [(1, 0), (1, 0)]
    assert (record["outcome"], record["agent"], record["offers"]) == ("answered", "second", 3)
    assert 0.3 < record["ring_seconds"] < 5


def test_two_answer_at_the_same_time(tmp_path: Path, serve: Serve, transport: str) -> None:
    """To a caller who waits with music: both phones' offers, one connected; the other is ACKed and hung up."""
    tcp = transport == "t1"
    with too_late(tmp_path / "late", tcp=tcp) as late, answering(tmp_path / "quick", ring_ms=300, tcp=tcp) as quick:
        crew = [("late", late.port), ("quick", quick.port)]
        service = serve(config=configuration(crew, transport=";transport=tcp" if tcp else "", queue=RING_ALL))
        for name, _ in crew:
            service.set_state(name, "paused").raise_for_status()
        with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support", transport=transport) as caller:
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            for name, _ in crew:
                service.set_state(name, "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        stats = late.stop()
    assert stats is not None
    assert (stats.successful, stats.failed) == (1, 0)
    assert (record["outcome"], record["agent"], record["offers"]) == ("answered", "quick", 2)


def test_phone_after_phone(tmp_path: Path, serve: Serve) -> None:
    """Ring-progressively: the first is silent, the second joins a second later and answers."""
    with elsewhere(tmp_path / "first") as first, answering(tmp_path / "second", ring_ms=200) as second:
        queue = {"strategy": "ring-progressively", "ring_step_seconds": 1, "ring_seconds": 30}
        config = configuration([("first", first.port), ("second", second.port)], queue=queue)
        service = serve(config=config)
        with sipp_caller("uac_straight", tmp_path / "caller", service.sip, "support") as caller:
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        stats = first.stop()
    assert stats is not None
    assert (stats.successful, stats.failed) == (1, 0)
    assert (record["agent"], record["offers"]) == ("second", 2)
    assert record["wait_seconds"] >= 1


def test_nobody_answers_and_the_caller_goes_on_waiting(tmp_path: Path, serve: Serve) -> None:
    with silent(tmp_path / "first") as first, silent(tmp_path / "second") as second:
        config = configuration(
            [("first", first.port), ("second", second.port)], queue={"strategy": "ring-all", "ring_seconds": 1}
        )
        service = serve(config=config)
        with sipp_caller(
            "uac_abandon", tmp_path / "caller", service.sip, "support", values={"wait_ms": 3000}
        ) as caller:
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        others = [first.stop(), second.stop()]
    assert [(stats.successful, stats.failed) for stats in others if stats is not None] == [(1, 0), (1, 0)]
    assert (record["outcome"], record["offers"]) == ("abandoned", 2)
