"""Customers who are called back, by real SIP: SIPp's phones, and with a voice those of ``tests.support.phone``."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import arrange, calls_to, desk, nothing_left, wait_for_calls
from tests.support.peers import answering, busy
from tests.support.phone import Phone
from tests.support.service import Service, wait_until
from tests.support.sipp import sipp_caller
from tests.support.tone import share_of

pytestmark = pytest.mark.interop

CUSTOMER, AGENT = 440.0, 620.0


def call_back(service: Service, queue: str, number: str) -> dict[str, Any]:
    answer = service.client.post("/api/v1/callbacks", json={"queue": queue, "number": number})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("first", ["customer", "agent"])
def test_one_is_dialled_and_then_the_other(tmp_path: Path, service: Service, transport: str, first: str) -> None:
    queue, tcp = f"{first}-{transport}", transport == "t1"
    parameter = ";transport=tcp" if tcp else ""
    with (
        answering(tmp_path / "customer", tcp=tcp) as customer,
        answering(tmp_path / "agent", talk_ms=200, tcp=tcp) as phone,
    ):
        callback = {"uri": f"sip:{{number}}@{customer.address}{parameter}", "shown": "4930123", "first": first}
        arrange(
            service,
            queues=[{"name": queue, "callback": callback}],
            agents=[desk(queue, f"{phone.address}{parameter}", queue)],
        )
        call_back(service, queue, "4930888")
        (record,) = calls_to(service, queue, 1, key="queue")
        nothing_left(service)
        stats = [customer.stop(), phone.stop()]
    assert [(each.successful, each.failed) for each in stats if each is not None] == [(1, 0), (1, 0)]
    assert (record["outcome"], record["agent"], record["caller"], record["ended_by"]) == (
        "answered", queue, "4930888", "agent"
    )  # fmt: skip
    assert service.items("/callbacks", queue=queue) == []


def test_a_customer_who_is_busy_costs_the_agent_nothing(tmp_path: Path, service: Service) -> None:
    """The agent is free at once for a caller; the callback waits for its next attempt and can be given up."""
    with busy(tmp_path / "customer") as customer, answering(tmp_path / "agent", talk_ms=200) as phone:
        callback = {"uri": f"sip:{{number}}@{customer.address}", "retry_seconds": 600}
        arrange(
            service, queues=[{"name": "busy", "callback": callback}], agents=[desk("idle", phone.address, "busy")]
        )  # fmt: skip
        asked = call_back(service, "busy", "4930888")
        path = f"/callbacks/{asked['id']}"
        wait_until(lambda: service.get(path)["state"] == "retrying", "the callback to wait", log=service.log)
        waiting = service.get(path)
        with sipp_caller(
            "uac_straight", tmp_path / "caller", service.sip, "busy", values={"talk_ms": 60_000}
        ) as caller:  # fmt: skip
            caller.wait()
        assert service.client.delete(f"/api/v1{path}").status_code == 204
        assert service.client.get(f"/api/v1{path}").status_code == 404
        nothing_left(service)
    assert (waiting["attempts"], waiting["cause"]) == (1, "busy")
    (record,) = calls_to(service, "busy", 1)
    assert (record["outcome"], record["agent"]) == ("answered", "idle")


def test_a_caller_who_presses_the_key_is_called_back_in_its_turn(
    tmp_path: Path, service: Service, transport: str
) -> None:
    """It hears that it will be, and is hung up; whoever came later is served later."""
    queue, tcp = f"key-{transport}", transport == "t1"
    parameter = ";transport=tcp" if tcp else ""
    with (
        answering(tmp_path / "customer", tcp=tcp) as customer,
        answering(tmp_path / "agent", talk_ms=200, tcp=tcp) as phone,
    ):
        callback = {"uri": f"sip:{{number}}@{customer.address}{parameter}", "key": "5", "sound": "number-1"}
        arrange(
            service,
            queues=[{"name": queue, "callback": callback}],
            agents=[desk(queue, f"{phone.address}{parameter}", queue, status="paused")],
        )
        values: dict[str, object] = {"caller": "4930888", "key": "5"}
        with sipp_caller(
            "uac_key", tmp_path / "presses", service.sip, queue, transport=transport, values=values
        ) as presses:
            presses.wait()
        (kept,) = service.items("/callbacks", queue=queue)
        values = {"caller": "later", "talk_ms": 60_000}
        with sipp_caller(
            "uac_parked", tmp_path / "later", service.sip, queue, transport=transport, values=values
        ) as later:
            wait_for_calls(service, "parked", ["later"], queue=queue)
            service.set_state(queue, "available").raise_for_status()
            later.wait()
        records = calls_to(service, queue, 3, key="queue")
        nothing_left(service)
    assert (kept["number"], kept["source"], kept["state"]) == ("4930888", "key", "waiting")
    by_answer = sorted((record for record in records if record["agent"]), key=lambda record: str(record["answered_at"]))
    assert [record["caller"] for record in by_answer] == ["4930888", "later"]
    assert records[0]["outcome"] == "flowed_out"


@pytest.mark.parametrize("first", ["customer", "agent"])
def test_customer_and_agent_hear_each_other(service: Service, first: str) -> None:
    """The customer's tone arrives at the agent, and the agent's at the customer."""
    queue = f"voices-{first}"
    with Phone("customer", CUSTOMER, service.sip) as customer, Phone("agent", AGENT, service.sip) as phone:
        callback = {"uri": f"sip:{{number}}@127.0.0.1:{customer.port}", "first": first}
        address = f"127.0.0.1:{phone.port}"
        arrange(
            service, queues=[{"name": queue, "callback": callback}], agents=[desk(queue, address, queue)]
        )  # fmt: skip
        call_back(service, queue, "4930777")
        for one, frequency in ((customer, AGENT), (phone, CUSTOMER)):
            one.until("up")
            hears(one, frequency)
        assert customer.log[0] == f"INVITE sip:4930777@127.0.0.1:{customer.port} SIP/2.0"
        customer.hang_up()
        phone.until("over")
    nothing_left(service)
    (record,) = calls_to(service, queue, 1, key="queue")
    assert (record["outcome"], record["agent"], record["ended_by"]) == ("answered", queue, "caller")


def hears(phone: Phone, frequency: float) -> None:
    wait_until(lambda: share_of(phone.listen(10), frequency) > 0.98, f"{phone.name} to hear {frequency} Hz")
