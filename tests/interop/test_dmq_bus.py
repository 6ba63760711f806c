"""A DMQ bus with real Kamailios: joining, listing, pings, leaving; who may not speak; two of ours over TCP."""

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipcore.message import Request, Response, parse
from tests.support.kamailio_dmq import KamailioDmq
from tests.support.ports import free_port
from tests.support.service import CALLYARD, Service, wait_until

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]


def on_the_bus(port: int, *nodes: str, transport: str = "", **settings: str) -> dict[str, str]:
    """Settings of a service at ``port`` that joins by ``nodes``."""
    return {
        "DMQ_SERVER_ADDRESS": f"sip:127.0.0.1:{port}{transport}",
        "DMQ_NOTIFICATION_ADDRESS": ",".join(nodes),
        "DMQ_ALLOW": "127.0.0.1",
        "DMQ_PING_INTERVAL": "5",
        **settings,
    }


def peers(service: Service) -> dict[str, str]:
    return {peer["address"]: peer["status"] for peer in service.items("/replication/peers")}


def requests(service: Service, address: str) -> dict[str, int]:
    found: dict[str, Any] = next(each for each in service.items("/replication/peers") if each["address"] == address)
    return {"sent": 0, "answered": 0, **found["requests"]}


def all_see(service: Service, ours: str, status: str, *kamailios: KamailioDmq) -> None:
    """Every Kamailio holds us for that, and we hold all of them for active."""

    def seen() -> bool:
        return all(each.nodes().get(ours) == status for each in kamailios) and (
            status != "active" or peers(service) == {each.address: "active" for each in kamailios}
        )

    wait_until(seen, f"{ours} to be {status}", log=lambda: f"{[each.nodes() for each in kamailios]}\n{service.log()}")


def test_we_join_ping_restart_and_leave(tmp_path: Path) -> None:
    port = free_port()
    ours = f"sip:127.0.0.1:{port}"
    with KamailioDmq(tmp_path / "a", server_id=1) as a, KamailioDmq(tmp_path / "b", [a.address], server_id=2) as b:
        with Service(tmp_path / "ours", settings=on_the_bus(port, a.address), sip_port=port) as service:
            all_see(service, ours, "active", a, b)  # B was told by A, and we were told of B
            assert set(a.nodes()) == {ours, b.address}
            wait_until(lambda: requests(service, b.address)["answered"] >= 3, "B to answer pings", log=service.log)
            assert "refused" not in requests(service, b.address)
            service.kill()
            service.start()
            all_see(service, ours, "active", a, b)
        all_see(service, ours, "disabled", a, b)


def test_a_kamailio_that_holds_us_for_disabled_is_noticed(tmp_path: Path) -> None:
    """After a goodbye Kamailio 5.6 takes no word for it that we are back, but our answer to its next ping, every minute."""
    port = free_port()
    ours = f"sip:127.0.0.1:{port}"
    with (
        KamailioDmq(tmp_path / "a", server_id=1) as a,
        Service(tmp_path / "ours", settings=on_the_bus(port, a.address), sip_port=port) as service,
    ):
        wait_until(lambda: lists_us(service) == [True], "A to list us", log=service.log)
        asked = contacts(service)["syncs_asked"]
        assert say(a.sip, "notification_peer", f"{ours};status=disabled\r\n", sender=port).status == 200
        wait_until(lambda: lists_us(service) == [False], "to be missed in A's list", log=service.log)
        wait_until(lambda: lists_us(service) == [True], "A to list us again", seconds=90, log=service.log)
        assert a.nodes() == {ours: "active"}
        assert contacts(service)["syncs_asked"] == asked + 1  # what it did not tell us meanwhile


def lists_us(service: Service) -> list[bool | None]:
    return [peer["lists_us"] for peer in service.items("/replication/peers")]


def contacts(service: Service) -> dict[str, int]:
    (peer,) = service.items("/replication/peers")
    found: dict[str, int] = peer["contacts"]
    return found


def test_kamailios_join_by_us_and_restart(tmp_path: Path) -> None:
    """One that stops says nothing: it is held for active until a ping times out, or until it joins anew."""
    port = free_port()
    ours = f"sip:127.0.0.1:{port}"
    with Service(tmp_path / "ours", settings=on_the_bus(port), sip_port=port) as service:
        assert peers(service) == {}
        with KamailioDmq(tmp_path / "a", [ours], server_id=1) as a:
            all_see(service, ours, "active", a)
            with KamailioDmq(tmp_path / "b", [ours], server_id=2) as b:
                all_see(service, ours, "active", a, b)  # they know each other by us
                assert b.nodes()[a.address] == a.nodes()[b.address] == "active"
            received = requests(service, b.address)["received"]
            with KamailioDmq(tmp_path / "b", [ours], server_id=2, port=b.port) as b:
                all_see(service, ours, "active", a, b)
                wait_until(lambda: requests(service, b.address)["received"] > received, "B to join", log=service.log)
                wait_until(lambda: b.nodes().get(a.address) == "active", "B to know A", log=b.log)


def test_who_is_not_allowed_is_told_so_and_unknown_channels_too(tmp_path: Path, start_service: StartService) -> None:
    port = free_port()
    service = start_service(settings=on_the_bus(port), sip_port=port)
    line = f"sip:127.0.0.1:{free_port()};status=active\r\n"
    assert say(service.sip, "notification_peer", line, host="127.0.0.2").status == 403
    unknown = say(service.sip, "htable", "{}")
    assert (unknown.status, unknown.reason) == (404, "Not Found Peer ID")
    assert say(service.sip, "notification_peer", "\0nonsense").status == 200
    page = service.client.get("/metrics").text
    for counted in ("forbidden", "unknown_channel", "notification"):
        assert f'callyard_replication_received_total{{outcome="{counted}"}} 1.0' in page


def test_without_a_bus_the_method_is_unknown(tmp_path: Path, start_service: StartService) -> None:
    service = start_service()
    assert say(service.sip, "notification_peer", "").status == 405


def test_two_of_ours_over_tcp(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    tcp = ";transport=tcp"
    one, two = f"sip:127.0.0.1:{first}{tcp}", f"sip:127.0.0.1:{second}{tcp}"
    seldom = {"transport": tcp, "DMQ_PING_INTERVAL": "600"}  # who said goodbye is forgotten at the next ping
    with Service(tmp_path / "one", settings=on_the_bus(first, **seldom), sip_port=first) as a:
        with Service(tmp_path / "two", settings=on_the_bus(second, one, **seldom), sip_port=second) as b:
            wait_until(lambda: peers(a) == {two: "active"} and peers(b) == {one: "active"}, "both to be there")
        wait_until(lambda: peers(a) == {two: "disabled"}, "the goodbye", log=a.log)


def test_the_trace_shows_the_bus(tmp_path: Path, start_service: StartService) -> None:
    port = free_port()
    service = start_service(settings=on_the_bus(port), sip_port=port)
    command = [str(CALLYARD), "sip", "trace", "--url", service.http, "--key", service.admin_key]
    output = tmp_path / "trace.txt"
    with output.open("wb") as written:
        tracing = subprocess.Popen(
            [*command, "--user", "notification_peer"], stdin=subprocess.DEVNULL, stdout=written, cwd=tmp_path
        )
    try:

        def seen() -> bool:
            """The trace has begun at some time: we speak until it shows."""
            assert say(service.sip, "notification_peer", "").status == 200
            return "SIP/2.0 200 OK" in output.read_text()

        wait_until(seen, "the trace", log=lambda: output.read_text() + service.log())
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait(30)
    text = output.read_text()
    assert f"KDMQ sip:notification_peer@127.0.0.1:{port} SIP/2.0\n" in text
    assert f"sip:127.0.0.1:{port};status=active" in text


def say(to: tuple[str, int], channel: str, body: str, *, host: str = "127.0.0.1", sender: int = 0) -> Response:
    """A KDMQ by hand, of the node at port ``sender`` (0: at the port that it is sent from)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaking:
        speaking.settimeout(10)
        speaking.bind((host, 0))
        port = speaking.getsockname()[1]
        request = Request(
            "KDMQ",
            f"sip:{channel}@{to[0]}:{to[1]}",
            [
                ("Via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{port}{channel}"),
                ("From", f"<sip:{channel}@{host}:{sender or port}>;tag={port}"),
                ("To", f"<sip:{channel}@{to[0]}:{to[1]}>"),
                ("Call-ID", f"{port}{channel}"),
                ("CSeq", "10 KDMQ"),
                ("Max-Forwards", "1"),
                ("Content-Type", "text/plain"),
            ],
            body.encode(),
        )
        speaking.sendto(request.encode(), to)
        while isinstance(answer := parse(speaking.recv(65_536)), Request):
            pass  # it asks whether we are a node
    return answer
