"""Calls go where a supervisor sends them, callers to whom they know, and not to a desk where nobody sits; with SIPp."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.conftest import arrange, ask, calls_to, desk, nothing_left, wait_for_calls
from tests.support.peers import answering, silent
from tests.support.service import Service, wait_until
from tests.support.sipp import Sipp, sipp_caller

pytestmark = pytest.mark.interop


def caller_of(
    folder: Path, service: Service, user: str, number: str, *, scenario: str = "uac_straight", transport: str = "u1"
) -> Sipp:
    values = {"caller": number, "talk_ms": 60_000}
    return sipp_caller(scenario, folder / number, service.sip, user, transport=transport, values=values)


def test_a_waiting_call_is_assigned_to_an_agent(tmp_path: Path, service: Service) -> None:
    """The later of two, to an agent who is free but has not the skill that both need."""
    with answering(tmp_path / "agent", talk_ms=200) as phone:
        arrange(
            service,
            skills=[{"name": "sorcery"}],
            queues=[{"name": "given", "requirements": [{"skill": "sorcery", "min_level": 1}]}],
            agents=[desk("muggle", phone.address, "given")],
        )
        with caller_of(tmp_path, service, "given", "first", scenario="uac_parked") as first:
            wait_for_calls(service, "parked", ["first"], queue="given")
            with caller_of(tmp_path, service, "given", "second", scenario="uac_parked") as second:
                _, chosen = wait_for_calls(service, "parked", ["first", "second"], queue="given")
                ask(service, chosen, "assign", agent="muggle", now=True)
                second.wait()
            (left,) = wait_for_calls(service, "parked", ["first"], queue="given")
            ask(service, left, "assign", agent="muggle")
            first.wait()
        nothing_left(service)
    records = calls_to(service, "given", 2)
    assert [(record["outcome"], record["agent"]) for record in records] == [("answered", "muggle")] * 2
    assert records[1]["ended_at"] <= records[0]["answered_at"]


def test_a_call_that_is_talked_goes_back_into_line(tmp_path: Path, service: Service, transport: str) -> None:
    """Its agent is hung up, the caller hears music again, another agent takes it."""
    queue, tcp = f"again-{transport}", transport == "t1"
    parameter = ";transport=tcp" if tcp else ""
    with answering(tmp_path / "ana", tcp=tcp) as ana, answering(tmp_path / "bo", talk_ms=200, tcp=tcp) as bo:
        names = [f"ana-{transport}", f"bo-{transport}"]
        arrange(
            service,
            queues=[{"name": queue}],
            agents=[
                desk(names[0], f"{ana.address}{parameter}", queue),
                desk(names[1], f"{bo.address}{parameter}", queue, status="paused"),
            ],
        )
        with caller_of(tmp_path, service, queue, "caller", transport=transport) as caller:
            (call,) = wait_for_calls(service, "bridged", ["caller"], queue=queue)
            assert call["agent"] == names[0]
            service.set_state(names[0], "paused").raise_for_status()
            ask(service, call, "requeue")
            (again,) = wait_for_calls(service, "parked", ["caller"], queue=queue)
            assert (again["id"], again["queued_at"]) == (call["id"], call["queued_at"])
            service.set_state(names[1], "available").raise_for_status()
            caller.wait()
        nothing_left(service)
        hung_up = ana.stop()
    assert hung_up is not None
    assert (hung_up.successful, hung_up.failed) == (1, 0)
    (record,) = calls_to(service, queue, 1)
    assert (record["outcome"], record["agent"], record["ended_by"], record["offers"]) == (
        "answered", names[1], "agent", 2
    )  # fmt: skip


def test_to_the_front_kept_for_an_agent_and_sent_away(tmp_path: Path, service: Service) -> None:
    """Of four in line one is sent away; the agent for whom the second is kept takes it first, then the last, then the first."""
    with answering(tmp_path / "agent", talk_ms=200) as phone, ExitStack() as callers:
        arrange(service, queues=[{"name": "moved"}], agents=[desk("mo", phone.address, "moved", status="paused")])
        there: list[Sipp] = []
        for number in "1234":
            scenario = "uac_played" if number == "4" else "uac_parked"
            there.append(callers.enter_context(caller_of(tmp_path, service, "moved", number, scenario=scenario)))
            waiting = wait_for_calls(service, "parked", "1234"[: int(number)], queue="moved")
        ask(service, waiting[3], "withdraw")
        ask(service, waiting[2], "front")
        ask(service, waiting[1], "reserve", agent="mo", seconds=60)
        service.set_state("mo", "available").raise_for_status()
        for caller in there:
            caller.wait()
        records = calls_to(service, "moved", 4)
        nothing_left(service)
    served = sorted((record for record in records if record["agent"]), key=lambda record: str(record["answered_at"]))
    assert [record["caller"] for record in served] == ["2", "3", "1"]
    assert (records[3]["caller"], records[3]["outcome"]) == ("4", "system")


def test_a_caller_comes_back_to_the_agent_whom_it_knows(tmp_path: Path, service: Service) -> None:
    """Although another agent is idle for longer, who gets the next caller."""
    with answering(tmp_path / "agents") as phones:
        arrange(
            service,
            queues=[{"name": "known", "sticky": {"period_seconds": 3600}}],
            agents=[desk("kim", phones.address, "known"), desk("lee", phones.address, "known", status="paused")],
        )
        for visit, number in enumerate(("4930555", "4930555", "4930666")):
            with caller_of(tmp_path / str(visit), service, "known", number) as caller:
                (call,) = wait_for_calls(service, "bridged", [number], queue="known")
                service.set_state("lee", "available").raise_for_status()  # idle while kim talks for the first time
                ask(service, call, "hangup")
                caller.wait()
            wait_until(lambda: service.get("/agents/kim/state")["routing_state"] == "idle", "kim to be idle")
        nothing_left(service)
    assert [record["agent"] for record in calls_to(service, "known", 3)] == ["kim", "kim", "lee"]


def test_an_agent_who_misses_two_calls_in_a_row_is_paused(tmp_path: Path, service: Service) -> None:
    with silent(tmp_path / "deaf") as deaf, answering(tmp_path / "hears", talk_ms=200) as hears:
        queue = {
            "name": "missed",
            "ring_seconds": 1,
            "delays": {"no_answer": 0},
            "pause_after_misses": 2,
            "missed_pause_reason": "does not answer",
        }
        agents = [desk("deaf", deaf.address, "missed"), desk("hears", hears.address, "missed", status="paused")]
        arrange(service, queues=[queue], agents=agents)
        with caller_of(tmp_path, service, "missed", "caller", scenario="uac_parked") as caller:
            wait_until(lambda: service.get("/agents/deaf/state")["routing_state"] == "paused", "the agent to be paused")
            state = service.get("/agents/deaf/state")
            service.set_state("hears", "available").raise_for_status()
            caller.wait()
        nothing_left(service)
        cancelled = deaf.stop()
    assert (state["status"], state["pause_reason"]) == ("paused", "does not answer")
    assert cancelled is not None
    assert (cancelled.successful, cancelled.failed) == (2, 0)
    (record,) = calls_to(service, "missed", 1)
    assert (record["agent"], record["offers"]) == ("hears", 3)
