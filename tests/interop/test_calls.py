"""SIPp as callers, agents and media server against the real service: the ways a queued call can go."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import configuration, lingering, nothing_left, records
from tests.support.peers import answering, busy, declining, media_server, silent
from tests.support.ports import free_port
from tests.support.service import Service, wait_until
from tests.support.sipp import sipp_caller

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
Serve = Callable[..., Service]
CALLS = 3


def sip_parameter(transport: str) -> str:
    return ";transport=tcp" if transport == "t1" else ""


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_straight_to_a_free_agent(tmp_path: Path, serve: Serve, transport: str, offer: str) -> None:
    with answering(tmp_path / "agent", tcp=transport == "t1") as agent:
        crew = [(f"a{number}", agent.port) for number in range(CALLS)]
        service = serve(config=configuration(crew, offer=offer, transport=sip_parameter(transport)))
        with sipp_caller(
            "uac_straight", tmp_path / "caller", service.sip, "support", calls=CALLS, transport=transport
        ) as caller:  # fmt: skip
            caller.wait()
        report = records(service, CALLS)
        nothing_left(service)
    assert [record["outcome"] for record in report] == ["answered"] * CALLS
    assert {record["ended_by"] for record in report} == {"caller"}
    assert all(0.3 < record["talk_seconds"] < 3 for record in report)


@pytest.mark.parametrize(
    ("transport", "offer", "hangs_up", "media"),
    [
        ("u1", "late", "caller", "builtin"),
        ("u1", "caller", "agent", "builtin"),
        ("u1", "late", "agent", "foreign"),
        ("t1", "late", "agent", "builtin"),
        ("t1", "caller", "caller", "foreign"),
    ],
)
def test_parked_then_bridged(
    tmp_path: Path, start_service: StartService, serve: Serve, transport: str, offer: str, hangs_up: str, media: str
) -> None:
    tcp = transport == "t1"
    agent_talks = 400 if hangs_up == "agent" else 60_000
    caller_talks = 400 if hangs_up == "caller" else 60_000
    with (
        answering(tmp_path / "agent", talk_ms=agent_talks, tcp=tcp) as agent,
        media_server(tmp_path / "media", tcp=tcp) as foreign,
    ):
        uri = f"sip:moh@{foreign.address}{sip_parameter(transport)}"
        config = configuration([("a0", agent.port)], offer=offer, transport=sip_parameter(transport))
        service = start_service(config=config, settings={"MEDIA": uri}) if media == "foreign" else serve(config=config)
        service.set_state("a0", "paused").raise_for_status()
        values = {"talk_ms": caller_talks, "wait_ms": 20_000}
        with sipp_caller(
            "uac_parked", tmp_path / "caller", service.sip, "support", transport=transport, values=values
        ) as caller:  # fmt: skip
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            service.set_state("a0", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
    assert (record["outcome"], record["ended_by"], record["agent"]) == ("answered", hangs_up, "a0")


@pytest.mark.parametrize("refusal", [busy, declining])
def test_a_refused_straight_offer_parks_the_caller(
    tmp_path: Path, serve: Serve, refusal: Callable[[Path], "object"]
) -> None:
    with refusal(tmp_path / "unwilling") as unwilling, answering(tmp_path / "willing") as willing:  # type: ignore[attr-defined]
        service = serve(config=configuration([("first", unwilling.port), ("second", willing.port)]))
        service.set_state("second", "paused").raise_for_status()
        with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support") as caller:
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            service.set_state("second", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
    assert (record["outcome"], record["agent"], record["offers"]) == ("answered", "second", 2)


def test_no_answer_and_the_second_agent_takes_it(tmp_path: Path, serve: Serve) -> None:
    with silent(tmp_path / "silent") as nobody, answering(tmp_path / "willing") as willing:
        config = configuration([("first", nobody.port), ("second", willing.port)], queue={"ring_seconds": 1})
        service = serve(config=config)
        service.set_state("second", "paused").raise_for_status()
        with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support") as caller:
            wait_until(lambda: bool(service.items("/calls")), "a call")
            service.set_state("second", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        assert (stats := nobody.stop()) is not None
    assert (stats.successful, stats.failed) == (1, 0)  # it was cancelled
    assert (record["outcome"], record["agent"], record["offers"]) == ("answered", "second", 2)


def test_an_unreachable_agent_costs_the_caller_nothing_but_time(tmp_path: Path, serve: Serve) -> None:
    with answering(tmp_path / "willing", tcp=True) as willing:
        crew = [("first", free_port()), ("second", willing.port)]
        service = serve(config=configuration(crew, transport=";transport=tcp"))
        service.set_state("second", "paused").raise_for_status()
        with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support") as caller:
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            service.set_state("second", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
    assert (record["outcome"], record["agent"]) == ("answered", "second")


def test_a_caller_who_hangs_up_while_waiting(tmp_path: Path, serve: Serve, transport: str) -> None:
    service = serve(config=configuration([]))
    values = {"wait_ms": 400}
    with sipp_caller(
        "uac_abandon", tmp_path / "caller", service.sip, "support", calls=CALLS, transport=transport, values=values
    ) as caller:
        caller.wait()
    report = records(service, CALLS)
    nothing_left(service)
    assert [record["outcome"] for record in report] == ["abandoned"] * CALLS
    assert all(0.3 < record["wait_seconds"] < 3 for record in report)


def test_a_caller_who_cancels_while_the_agent_rings(
    tmp_path: Path, serve: Serve, transport: str
) -> None:  # fmt: skip
    with silent(tmp_path / "silent") as agent:
        service = serve(config=configuration([("a0", agent.port)]))
        with sipp_caller(
            "uac_cancel", tmp_path / "caller", service.sip, "support", transport=transport, values={"wait_ms": 300}
        ) as caller:
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
        assert (stats := agent.stop()) is not None
    assert (stats.successful, stats.failed) == (1, 0)
    assert record["outcome"] == "abandoned"


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_an_invite_without_an_offer(tmp_path: Path, serve: Serve, offer: str) -> None:
    with answering(tmp_path / "agent") as agent:
        service = serve(config=configuration([("a0", agent.port)], offer=offer))
        service.set_state("a0", "paused").raise_for_status()
        with sipp_caller("uac_late_offer", tmp_path / "caller", service.sip, "support") as caller:
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            service.set_state("a0", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
    assert record["outcome"] == "answered"


@pytest.mark.parametrize("offer", ["late", "caller"])
def test_parked_in_early_media(tmp_path: Path, serve: Serve, offer: str) -> None:
    with answering(tmp_path / "agent") as agent:
        config = configuration([("a0", agent.port)], offer=offer, queue={"early_media": True})
        service = serve(config=config)
        service.set_state("a0", "paused").raise_for_status()
        with sipp_caller("uac_early", tmp_path / "caller", service.sip, "support") as caller:
            wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
            service.set_state("a0", "available").raise_for_status()
            caller.wait()
        (record,) = records(service, 1)
        nothing_left(service)
    assert record["outcome"] == "answered"


def test_a_caller_who_cancels_in_early_media(tmp_path: Path, serve: Serve) -> None:
    service = serve(config=configuration([], queue={"early_media": True}))
    values = {"wait_ms": 300}
    with sipp_caller("uac_cancel", tmp_path / "caller", service.sip, "support", values=values) as caller:
        caller.wait()
    (record,) = records(service, 1)
    nothing_left(service)
    assert record["outcome"] == "abandoned"


def test_nobody_lives_at_that_address(tmp_path: Path, serve: Serve, transport: str) -> None:
    service = serve(config=configuration([]))
    with sipp_caller(
        "uac_rejected", tmp_path / "caller", service.sip, "nobody", transport=transport, values={"status": 404}
    ) as caller:
        caller.wait()
    nothing_left(service)


def test_two_thousand_calls_at_a_hundred_a_second(tmp_path: Path, start_service: StartService) -> None:
    """20 agents and short calls: some callers are put straight through, others wait; none fails, none is left over."""
    with answering(tmp_path / "agents", talk_ms=150) as agents:
        crew = [(f"a{number:02d}", agents.port) for number in range(20)]
        service = start_service(config=configuration(crew))
        values = {"talk_ms": 60_000}
        with sipp_caller(
            "uac_straight", tmp_path / "caller", service.sip, "support", calls=2000, rate=100, values=values
        ) as caller:
            stats = caller.wait(150)
        assert (stats.successful, stats.failed) == (2000, 0)
        report = records(service, 2000)
        nothing_left(service)
        wait_until(lambda: not lingering(service), "the transactions' end", seconds=60, log=service.log)
    assert {record["outcome"] for record in report} == {"answered"}
