"""Who is served first and by whom, with SIPp: a VIP by its number, a skill that nobody free has until relaxation lowers it."""

from pathlib import Path

import pytest

from tests.interop.conftest import arrange, calls_to, desk, nothing_left, wait_for_calls
from tests.support.peers import answering
from tests.support.service import Service
from tests.support.sipp import Sipp, sipp_caller

pytestmark = pytest.mark.interop


def waits(folder: Path, service: Service, user: str, number: str, transport: str = "u1") -> Sipp:
    return sipp_caller(
        "uac_parked", folder / number, service.sip, user, transport=transport, values={"caller": number, "talk_ms": 60_000}
    )  # fmt: skip


def test_a_vip_is_served_before_an_earlier_caller(tmp_path: Path, service: Service, transport: str) -> None:
    queue, tcp = f"vip-{transport}", transport == "t1"
    with answering(tmp_path / "agent", talk_ms=200, tcp=tcp) as phone:
        address = f"{phone.address}{';transport=tcp' if tcp else ''}"
        arrange(
            service,
            queues=[{"name": queue}],
            agents=[desk(queue, address, queue, status="paused")],
            priority_rules=[{"name": queue, "match": {"caller": "4930999"}, "priority": 10, "queue": queue}],
        )
        with waits(tmp_path, service, queue, "4930111", transport) as early:
            wait_for_calls(service, "parked", ["4930111"], queue=queue)
            with waits(tmp_path, service, queue, "4930999", transport) as vip:
                calls = wait_for_calls(service, "parked", ["4930111", "4930999"], queue=queue)
                service.set_state(queue, "available").raise_for_status()
                vip.wait()
            early.wait()
        nothing_left(service)
    assert [(call["position"], call["priority"]) for call in calls] == [(2, 0), (1, 10)]
    ordinary, important = calls_to(service, queue, 2)
    assert [record["outcome"] for record in (ordinary, important)] == ["answered"] * 2
    assert important["ended_at"] <= ordinary["answered_at"]


def test_a_skill_that_nobody_has_until_relaxation_lowers_it(tmp_path: Path, service: Service) -> None:
    """Who came by another door, and needs no skill, is served meanwhile."""
    with answering(tmp_path / "agent", talk_ms=200) as phone:
        arrange(
            service,
            skills=[{"name": "french"}],
            queues=[
                {
                    "name": "relaxed",
                    "relaxation": [{"after_seconds": 4, "requirements": [{"skill": "french", "min_level": 3}]}],
                }
            ],
            entry_points=[
                {"user": "3301", "queue": "relaxed", "requirements": [{"skill": "french", "min_level": 7}]},
            ],
            agents=[desk("rene", phone.address, "relaxed", skills={"french": 4})],
        )
        with waits(tmp_path, service, "3301", "331") as french:
            wait_for_calls(service, "parked", ["331"], queue="relaxed")
            with sipp_caller("uac_straight", tmp_path / "plain", service.sip, "relaxed") as plain:
                plain.wait()
            french.wait()
        nothing_left(service)
    (without,) = calls_to(service, "relaxed", 1)
    (record,) = calls_to(service, "3301", 1)
    assert [each["agent"] for each in (without, record)] == ["rene", "rene"]
    assert without["answered_at"] < record["answered_at"]
    assert record["wait_seconds"] >= 4
