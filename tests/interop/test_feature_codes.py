"""A feature code from a real phone: heard in sound, and the queue's next call rings at that desk; kept over ``kill -9``."""

from collections.abc import Callable

import pytest
import yaml

from tests.interop.conftest import nothing_left, records
from tests.support.phone import Phone
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
CONFIG = yaml.safe_dump(
    {
        "pause_reasons": [{"name": "lunch", "limit_seconds": 1800}],
        "queues": [{"name": "support", "wrap_up_seconds": 0}],
        "agents": [{"name": "eva", "number": "1001", "pin": "4711"}],
        "feature_codes": [
            {"code": "*11", "action": "log_in"},
            {"code": "*12", "action": "log_out"},
            {"code": "*13", "action": "pause", "pause_reason": "lunch"},
        ],
    }
)


def state(service: Service) -> dict[str, object]:
    found: dict[str, object] = service.get("/agents/eva/state")
    return found


def test_a_day_at_a_desk(start_service: StartService) -> None:
    service = start_service(config=CONFIG)
    with Phone("desk12", 440.0, service.sip) as desk, Phone("caller", 660.0, service.sip) as caller:
        desk.call("*111001*4712")
        desk.until("over")
        assert desk.status == 403
        desk.call("*111001*4711")
        desk.until("up")
        assert max(map(abs, desk.listen(25))) > 1000, "spoken words"
        desk.until("over")
        assert state(service)["address"] == desk.contact
        wait_until(lambda: state(service)["routing_state"] == "idle", "eva to be idle")
        service.kill()
        service.start()
        assert state(service)["address"] == desk.contact
        caller.call("support")
        caller.until("up")
        wait_until(lambda: state(service)["routing_state"] == "on_call", "eva to talk")
        caller.hang_up()
        desk.until("over")
        wait_until(lambda: state(service)["routing_state"] == "idle", "eva to be idle")
        desk.call("*13")
        desk.until("over")
        assert (state(service)["status"], state(service)["pause_reason"]) == ("paused", "lunch")
        desk.call("*12")
        desk.until("over")
        assert (state(service)["routing_state"], state(service)["address"]) == ("offline", None)
    (record,) = records(service, 1)
    assert (record["agent"], record["outcome"]) == ("eva", "answered")
    nothing_left(service)
