"""A carrier's gateway that wants credentials: Kamailio challenges every request of ours; SIPp is the phone behind it."""

from pathlib import Path

import pytest
import yaml

from tests.interop.conftest import arrange, calls_to, desk, nothing_left
from tests.support.kamailio_gateway import KamailioGateway
from tests.support.peers import answering
from tests.support.service import Service
from tests.support.sipp import sipp_caller

pytestmark = pytest.mark.interop


def trunk(name: str, secret: Path, password: str = "s3cret") -> dict[str, object]:
    secret.write_text(f"{password}\n")
    return {"name": name, "addresses": ["127.0.0.1"], "username": "callyard", "password_from": f"file:{secret}"}


def drop_trunk(service: Service, name: str) -> None:
    """Other tests' peers are at the same address."""
    service.client.delete(f"/api/v1/trunks/{name}", headers={"If-Match": "*"}).raise_for_status()


@pytest.mark.parametrize("algorithm", ["", "SHA-256"], ids=["md5", "sha-256"])
@pytest.mark.parametrize("first", ["customer", "agent"])
def test_a_callback_through_it(tmp_path: Path, service: Service, first: str, algorithm: str) -> None:
    """INVITE, and the BYE that ends the call from our side: both are let through."""
    queue = f"carrier-{first}-{algorithm.lower()}"
    with (
        answering(tmp_path / "customer") as customer,
        answering(tmp_path / "agent", talk_ms=200) as phone,
        KamailioGateway(
            tmp_path / "kamailio", ("127.0.0.1", customer.port), client=service.sip_port, algorithm=algorithm
        ) as gateway,
    ):
        callback = {"uri": f"sip:{{number}}@127.0.0.1:{gateway.port}", "first": first}
        arrange(
            service,
            trunks=[trunk("carrier", tmp_path / "secret")],
            queues=[{"name": queue, "callback": callback}],
            agents=[desk(queue, phone.address, queue)],
        )
        body = {"queue": queue, "number": "4930888"}
        service.client.post("/api/v1/callbacks", json=body).raise_for_status()
        (record,) = calls_to(service, queue, 1, key="queue")
        nothing_left(service)
        stats = customer.stop()
    drop_trunk(service, "carrier")
    assert stats is not None
    assert (stats.successful, stats.failed) == (1, 0), "it was hung up by a BYE that the gateway let through"
    assert (record["outcome"], record["agent"], record["ended_by"]) == ("answered", queue, "agent")


def test_a_caller_who_is_sent_on_through_it(tmp_path: Path, service: Service) -> None:
    with (
        answering(tmp_path / "hotline") as hotline,
        KamailioGateway(tmp_path / "kamailio", ("127.0.0.1", hotline.port), client=service.sip_port) as gateway,
    ):
        overflow = {"action": "uri", "uri": f"sip:hotline@127.0.0.1:{gateway.port}"}
        arrange(
            service,
            trunks=[trunk("carrier", tmp_path / "secret")],
            queues=[{"name": "sent-on", "limits": {"none_logged_in": True}, "overflow": overflow}],
        )
        with sipp_caller("uac_straight", tmp_path / "caller", service.sip, "sent-on") as caller:
            caller.wait()
        nothing_left(service)
        stats = hotline.stop()
    drop_trunk(service, "carrier")
    assert stats is not None
    assert (stats.successful, stats.failed) == (1, 0)
    (record,) = calls_to(service, "sent-on", 1)
    assert (record["outcome"], record["overflow_cause"]) == ("rejected", "none_logged_in")


def test_the_wrong_password_is_said_clearly(tmp_path: Path, service: Service) -> None:
    """Once, not again and again; the caller is hung up, and the record says why."""
    with KamailioGateway(tmp_path / "kamailio", ("127.0.0.1", 9), client=service.sip_port) as gateway:
        overflow = {"action": "uri", "uri": f"sip:hotline@127.0.0.1:{gateway.port}"}
        document = {
            "trunks": [trunk("carrier", tmp_path / "secret", "wrong")],
            "queues": [{"name": "kept-out", "limits": {"none_logged_in": True}, "overflow": overflow}],
        }
        arrange(service, **yaml.safe_load(yaml.safe_dump(document)))
        values = {"status": 480}
        with sipp_caller("uac_rejected", tmp_path / "caller", service.sip, "kept-out", values=values) as caller:
            caller.wait()
        nothing_left(service)
    drop_trunk(service, "carrier")
    (record,) = calls_to(service, "kept-out", 1)
    assert (record["outcome"], record["cause"]) == ("rejected", "overflow_unauthorized")
