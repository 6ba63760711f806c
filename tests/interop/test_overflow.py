"""Callers whom a queue does not take, or does not keep, by SIPp: sent on, to another queue, told and hung up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.interop.conftest import arrange, calls_to, desk, nothing_left, wait_for_calls
from tests.support.peers import answering, busy, forwarded, silent
from tests.support.service import Service, wait_until
from tests.support.sipp import Sipp, sipp_caller

pytestmark = pytest.mark.interop


def taken_once(phone: Sipp) -> None:
    """Its one call went as it should."""
    stats = phone.stop()
    assert stats is not None, phone.log()
    assert (stats.successful, stats.failed) == (1, 0), phone.log()


def refused(folder: Path, service: Service, user: str, status: int) -> None:
    values = {"status": status}
    with sipp_caller("uac_rejected", folder / f"refused-{user}", service.sip, user, values=values) as caller:
        caller.wait()


def test_after_max_wait_the_caller_is_sent_on(tmp_path: Path, service: Service, transport: str) -> None:
    queue, tcp = f"patience-{transport}", transport == "t1"
    parameter = ";transport=tcp" if tcp else ""
    origin = f"sip:{queue}@127[.]0[.]0[.]1(:{service.sip_port})?"
    target = forwarded(
        tmp_path / "target",
        f"sip:hotline@127[.]0[.]0[.]1:[0-9]+{parameter}",
        f"{origin}.;reason=no-answer;counter=1",
        f"{origin}[?]Reason=SIP%3Bcause%3D408.;index=1, .sip:hotline@127[.]0[.]0[.]1:[^,]*;index=1[.]1;mp=1",
        tcp=tcp,
    )
    with target:
        overflow = {"action": "uri", "uri": f"sip:hotline@{target.address}{parameter}"}
        arrange(service, queues=[{"name": queue, "max_wait": 2, "overflow": overflow}])
        values = {"talk_ms": 60_000}
        with sipp_caller(
            "uac_parked", tmp_path / "caller", service.sip, queue, transport=transport, values=values
        ) as caller:
            caller.wait()
        nothing_left(service)
        taken_once(target)
    (record,) = calls_to(service, queue, 1)
    assert (record["outcome"], record["cause"], record["agent"]) == ("flowed_out", "bye", None)
    assert record["wait_seconds"] >= 2


def test_nobody_takes_the_call_that_was_sent_on(tmp_path: Path, service: Service) -> None:
    """Busy: the caller is told so. It rings in vain and the caller goes: it stops ringing."""
    with busy(tmp_path / "busy") as engaged, silent(tmp_path / "silent") as ringing:
        targets = {"engaged": engaged, "ringing": ringing}
        actions = {
            name: {"action": "uri", "uri": f"sip:{name}@{target.address}"} for name, target in targets.items()
        }  # fmt: skip
        arrange(
            service,
            queues=[
                {"name": name, "limits": {"none_logged_in": True}, "overflow": action}
                for name, action in actions.items()
            ],
        )
        refused(tmp_path, service, "engaged", 486)
        values = {"wait_ms": 300}
        with sipp_caller("uac_cancel", tmp_path / "leaves", service.sip, "ringing", values=values) as caller:
            caller.wait()
        nothing_left(service)
        for target in targets.values():
            taken_once(target)
    (record,) = calls_to(service, "engaged", 1)
    assert (record["outcome"], record["cause"]) == ("rejected", "overflow_failed")
    calls_to(service, "ringing", 1)


def test_max_wait_while_an_agent_rings(tmp_path: Path, service: Service) -> None:
    """The agent's phone stops, and who was never answered goes on to the target."""
    target = forwarded(tmp_path / "target", "sip:[^ ]*", "reason=no-answer", "cause%3D408")
    with target, silent(tmp_path / "agent") as phone:
        overflow = {"action": "uri", "uri": f"sip:late@{target.address}"}
        arrange(
            service,
            queues=[{"name": "ringing-on", "max_wait": 2, "overflow": overflow}],
            agents=[desk("slow", phone.address, "ringing-on")],
        )
        values = {"talk_ms": 60_000}
        with sipp_caller("uac_straight", tmp_path / "caller", service.sip, "ringing-on", values=values) as caller:
            caller.wait()
        nothing_left(service)
        taken_once(target)
        taken_once(phone)
    (record,) = calls_to(service, "ringing-on", 1)
    assert (record["outcome"], record["agent"], record["offers"]) == ("flowed_out", None, 1)


def test_a_mailbox_is_told_whose_and_why(tmp_path: Path, service: Service) -> None:
    target = forwarded(
        tmp_path / "target",
        "sip:box-letters-4930777@127[.]0[.]0[.]1:[0-9]+;target=sip%3A2200%40127[.]0[.]0[.]1[^;]*;cause=480",
        "reason=unavailable",
        "cause%3D480",
    )
    with target:
        mailbox = {"action": "voicemail", "uri": f"sip:box-{{queue}}-{{caller}}@{target.address}"}
        arrange(
            service,
            queues=[
                {"name": "letters", "limits": {"none_logged_in": True}, "overflow_on": {"none_logged_in": mailbox}}
            ],
            entry_points=[{"user": "2200", "queue": "letters"}],
        )
        values = {"caller": "4930777", "talk_ms": 60_000}
        with sipp_caller("uac_straight", tmp_path / "caller", service.sip, "2200", values=values) as caller:
            caller.wait()
        nothing_left(service)
        taken_once(target)
    (record,) = calls_to(service, "2200", 1)
    assert (record["outcome"], record["queue"], record["agent"]) == ("rejected", "letters", None)


def test_a_full_queue_sends_to_another_one(tmp_path: Path, service: Service) -> None:
    with answering(tmp_path / "agent", talk_ms=200) as phone:
        arrange(
            service,
            queues=[
                {"name": "spare"},
                {"name": "full", "max_length": 1, "overflow_on": {"queue_full": {"action": "queue", "queue": "spare"}}},
            ],
            agents=[desk("eve", phone.address, "spare")],
        )
        values = {"caller": "first", "wait_ms": 60_000}
        with sipp_caller("uac_played", tmp_path / "first", service.sip, "full", values=values) as first:
            (waiting,) = wait_for_calls(service, "parked", ["first"], queue="full")
            values = {"caller": "second", "talk_ms": 60_000}
            with sipp_caller("uac_straight", tmp_path / "second", service.sip, "full", values=values) as second:
                second.wait()
            service.client.post(f"/api/v1/calls/{waiting['id']}/hangup").raise_for_status()
            first.wait()
        nothing_left(service)
    stayed, went = calls_to(service, "full", 2)
    assert (stayed["queue"], stayed["agent"]) == ("full", None)
    assert (went["queue"], went["agent"], went["outcome"]) == ("spare", "eve", "answered")
    parts = service.items(f"/reports/calls/{went['id']}/segments")
    assert [(part["queue"], part["outcome"], part["overflow_cause"]) for part in parts] == [
        ("full", "rejected", "queue_full"), ("spare", "answered", None),
    ]  # fmt: skip


def test_too_long_a_wait_to_be_expected(tmp_path: Path, service: Service) -> None:
    """Who was served last had waited two seconds: while the agent talks, nobody is taken who would wait longer than one."""
    target = forwarded(tmp_path / "target", "sip:[^ ]*", "reason=user-busy", "cause%3D486")
    with target, answering(tmp_path / "agent") as phone:
        sent_on = {"action": "uri", "uri": f"sip:elsewhere@{target.address}"}
        arrange(
            service,
            queues=[{"name": "hurry", "limits": {"max_expected_wait": 1}, "overflow_on": {"expected_wait": sent_on}}],
            agents=[desk("only", phone.address, "hurry", status="paused")],
        )
        values = {"caller": "waits", "talk_ms": 60_000}
        with sipp_caller("uac_parked", tmp_path / "waits", service.sip, "hurry", values=values) as waits:
            wait_until(lambda: waited(service, "hurry") >= 2, "the first caller to have waited two seconds")
            service.set_state("only", "available").raise_for_status()
            (talks,) = wait_for_calls(service, "bridged", ["waits"], queue="hurry")
            assert service.get("/queues/hurry/stats")["expected_wait_seconds"] > 1
            with sipp_caller("uac_straight", tmp_path / "comes", service.sip, "hurry") as comes:
                comes.wait()
            service.client.post(f"/api/v1/calls/{talks['id']}/hangup").raise_for_status()
            waits.wait()
        nothing_left(service)
        taken_once(target)
    served, sent = calls_to(service, "hurry", 2)
    assert (served["outcome"], served["overflow_cause"]) == ("answered", None)
    assert (sent["outcome"], sent["overflow_cause"], sent["agent"]) == ("rejected", "expected_wait", None)


def waited(service: Service, queue: str) -> float:
    """How long the first in line has waited; 0 while nobody does."""
    return max((float(call["wait_seconds"]) for call in service.items("/calls", queue=queue)), default=0.0)


def test_closed_by_one_call_in_an_emergency(tmp_path: Path, service: Service) -> None:
    """Who waits and who comes hear why and are hung up; once it is open again the agent is there for callers."""
    action = {"action": "announcement", "sound": "number-1"}
    with answering(tmp_path / "agent", talk_ms=200) as phone:
        arrange(service, queues=[{"name": "alarm"}], agents=[desk("al", phone.address, "alarm", status="paused")])
        with sipp_caller("uac_played", tmp_path / "waits", service.sip, "alarm", values={"caller": "waits"}) as waits:
            wait_for_calls(service, "parked", ["waits"], queue="alarm")
            body = {"reason": "fire alarm", "action": action, "also_waiting": True}
            service.client.post("/api/v1/queues/alarm/close", json=body).raise_for_status()
            assert service.get("/queues/alarm/stats")["state"] == "emergency"
            service.set_state("al", "available").raise_for_status()
            with sipp_caller("uac_played", tmp_path / "comes", service.sip, "alarm") as comes:
                comes.wait()
            waits.wait()
        service.client.post("/api/v1/queues/alarm/open").raise_for_status()
        with sipp_caller(
            "uac_straight", tmp_path / "later", service.sip, "alarm", values={"talk_ms": 60_000}
        ) as later:  # fmt: skip
            later.wait()
        nothing_left(service)
    waited, came, served = calls_to(service, "alarm", 3)
    assert [record["outcome"] for record in (waited, came, served)] == ["flowed_out", "rejected", "answered"]
    assert [record["cause"] for record in (waited, came)] == ["announcement"] * 2
    assert [record["overflow_cause"] for record in (waited, came, served)] == ["emergency", "emergency", None]
    assert [record["agent"] for record in (waited, came, served)] == [None, None, "al"]


def test_the_closing_words_in_early_media(tmp_path: Path, service: Service) -> None:
    arrange(service, queues=[{"name": "early-alarm", "early_media": True}])
    action = {"action": "announcement", "sound": "number-1"}
    service.client.post("/api/v1/queues/early-alarm/close", json={"action": action}).raise_for_status()
    refused(tmp_path, service, "early-alarm", 480)
    nothing_left(service)
    (record,) = calls_to(service, "early-alarm", 1)
    assert (record["outcome"], record["cause"], record["answered_at"]) == ("rejected", "announcement", None)


def test_outside_business_hours_and_on_a_holiday(tmp_path: Path, service: Service) -> None:
    now = datetime.now(UTC)
    another_day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now + timedelta(days=3)).weekday()]
    holidays = [{"date": (now + timedelta(days=days)).date().isoformat(), "name": "feast"} for days in (-1, 0, 1)]
    arrange(
        service,
        calendars=[
            {"name": "shut", "time_zone": "UTC", "hours": [{"days": [another_day], "from": "09:00", "to": "10:00"}]},
            {"name": "feast", "time_zone": "UTC", "holidays": holidays},
        ],
        queues=[
            {"name": "office", "calendar": "shut"},
            {
                "name": "feasting",
                "calendar": "feast",
                "overflow_on": {"holiday": {"action": "announcement", "sound": "number-2"}},
            },
        ],
    )
    refused(tmp_path, service, "office", 480)
    with sipp_caller("uac_played", tmp_path / "feast", service.sip, "feasting") as caller:
        caller.wait()
    nothing_left(service)
    assert [service.get(f"/queues/{name}/stats")["state"] for name in ("office", "feasting")] == ["closed", "holiday"]
    found = [calls_to(service, name, 1)[0] for name in ("office", "feasting")]
    assert [record["outcome"] for record in found] == ["rejected"] * 2
    assert [record["cause"] for record in found] == ["rejected_480", "announcement"]
    assert [record["overflow_cause"] for record in found] == ["closed", "holiday"]


def test_nobody_is_ready_any_more(tmp_path: Path, service: Service) -> None:
    """The only agent asks for a pause while it talks: who waits is sent on, who comes is refused; it talks on."""
    target = forwarded(tmp_path / "target", "sip:[^ ]*", "reason=unavailable", "cause%3D480")
    with target, answering(tmp_path / "agent") as phone:
        sent_on = {"action": "uri", "uri": f"sip:elsewhere@{target.address}"}
        limits = {"none_ready": True, "also_waiting": True}
        queue = {"name": "alone", "limits": limits}
        arrange(
            service,
            queues=[{**queue, "overflow_on": {"none_ready": sent_on}}],
            agents=[desk("solo", phone.address, "alone")],
        )
        values = {"caller": "talks", "talk_ms": 60_000}
        with sipp_caller("uac_straight", tmp_path / "talks", service.sip, "alone", values=values) as talks:
            (talked,) = wait_for_calls(service, "bridged", ["talks"], queue="alone")
            values = {"caller": "waits", "talk_ms": 60_000}
            with sipp_caller("uac_parked", tmp_path / "waits", service.sip, "alone", values=values) as waits:
                wait_for_calls(service, "parked", ["waits"], queue="alone")
                service.set_state("solo", "paused").raise_for_status()
                waits.wait()
            arrange(service, queues=[{**queue, "overflow_on": {}}])
            refused(tmp_path, service, "alone", 480)
            service.client.post(f"/api/v1/calls/{talked['id']}/hangup").raise_for_status()
            talks.wait()
        nothing_left(service)
        taken_once(target)
    wait_until(lambda: service.get("/agents/solo/state")["routing_state"] == "paused", "solo to be paused")
    answered, left, rejected = calls_to(service, "alone", 3)
    assert [record["outcome"] for record in (answered, left, rejected)] == ["answered", "flowed_out", "rejected"]
    assert rejected["cause"] == "rejected_480"
