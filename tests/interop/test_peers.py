"""Other people's programs around the service: sipsak, Kamailio, a foreign media server, and tshark as the judge."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.interop.conftest import configuration, nothing_left, records
from tests.support.baresip import Baresip
from tests.support.peers import answering, media_server
from tests.support.phone import Phone
from tests.support.proxy import BorderProxy
from tests.support.service import Service, wait_until
from tests.support.sipp import sipp_caller

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
COMPLAINTS = "_ws.malformed || _ws.expert.severity >= 6291456"  # warnings and errors of any of its dissectors


def sipsak(service: Service, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("sipsak")
    assert program is not None, "sipsak is not installed: run scripts/system-packages.sh"
    host, port = service.sip
    return subprocess.run(
        [program, *arguments, "-s", f"sip:{user}@{host}:{port}"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def registration(name: str, *, status: str = "available") -> dict[str, object]:
    return {
        "name": name,
        "address": f"sip:{name}@callyard",
        "password": "s3cret",
        "queues": ["support"],
        "status": status,
    }


def routing_state(service: Service, agent: str) -> str:
    state: str = service.get(f"/agents/{agent}/state")["routing_state"]
    return state


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Agents who register. Neither sipsak 0.9 nor baresip 1.0 gets on with a first challenge of SHA-256."""
    agents = [registration(name) for name in ("ana", "bo", "cy", "di")]
    content = yaml.safe_dump({"queues": [{"name": "support"}], "agents": agents})
    folder = tmp_path_factory.mktemp("registrar") / "service"
    with Service(folder, config=content, settings={"REGISTER_DIGEST": "MD5"}) as running:
        yield running


def test_sipsak_pings_and_registers(registrar: Service) -> None:
    """OPTIONS is answered; a right password registers the agent, a wrong one does not."""
    service = registrar
    ping = sipsak(service, "ping", "-v")
    assert ping.returncode == 0, ping.stdout + ping.stderr

    register = ("-U", "-C", "sip:ana@127.0.0.1:9", "-x", "60", "-vvv")
    assert routing_state(service, "ana") == "unreachable"
    right = sipsak(service, "ana", *register, "-a", "s3cret", "-u", "ana")
    assert right.returncode == 0, right.stdout + right.stderr
    wait_until(
        lambda: routing_state(service, "ana") == "idle", "ana to be reachable"
    )  # projections learn of it in a moment

    wrong = sipsak(service, "bo", *register, "-a", "guess", "-u", "bo")
    assert wrong.returncode != 0
    assert (wrong.stdout + wrong.stderr).count("SIP/2.0 401") >= 2
    assert routing_state(service, "bo") == "unreachable"


def test_baresip_registers_with_the_right_password_only(tmp_path: Path, registrar: Service) -> None:
    """A phone that goes away unregisters: its agent is unreachable, and a caller waits."""
    with (
        Baresip(tmp_path / "cy", registrar.sip, "cy", "s3cret") as phone,
        Baresip(tmp_path / "di", registrar.sip, "di", "guess") as burglar,
    ):
        wait_until(lambda: routing_state(registrar, "cy") == "idle", "cy's registration", log=phone.log)
        wait_until(lambda: "reg: sip:di@" in burglar.log(), "the refusal", log=burglar.log)
        assert "401 Unauthorized ()" in burglar.log()
        assert routing_state(registrar, "di") == "unreachable"
        phone.stop()
        wait_until(lambda: routing_state(registrar, "cy") == "unreachable", "cy to be unregistered", log=phone.log)
    paused = registrar.set_state("ana", "paused")
    assert paused.status_code == 200, paused.text
    with Phone("visitor", 440.0, registrar.sip) as caller:
        caller.call("support")
        caller.until("up")
        caller.listen(5)
        assert [call["state"] for call in registrar.items("/calls")] == ["parked"]
        caller.hang_up()
        assert [record["outcome"] for record in records(registrar, 1)] == ["abandoned"]
    assert not registrar.items("/calls")


@pytest.mark.parametrize(("offer", "hangs_up"), [("late", "caller"), ("caller", "agent")])
def test_a_proxy_that_stays_in_the_path(tmp_path: Path, start_service: StartService, offer: str, hangs_up: str) -> None:
    """Kamailio record-routes on both of its sides and on both legs: all that follows takes its way through it."""
    with Phone("ana", 620.0, ("", 0)) as agent:
        service = start_service(config=configuration([]))
        with BorderProxy(tmp_path / "kamailio", service.sip, agent.port) as proxy:
            body = {"name": "ana", "address": f"sip:ana@127.0.0.1:{proxy.inside}", "offer": offer, "status": "paused"}
            service.client.post("/api/v1/agents", json=body).raise_for_status()
            agent.proxy = proxy.sip
            with Phone("visitor", 440.0, proxy.sip) as caller:
                caller.call("support")
                caller.until("up")
                caller.listen(5)
                service.set_state("ana", "available").raise_for_status()
                agent.until("up")
                agent.listen(10)
                agent.hold()
                wait_until(lambda: caller.peer_direction == "sendonly", f"the hold to arrive: {caller.log}")
                agent.hold(on=False)
                agent.listen(10)
                one, other = (caller, agent) if hangs_up == "caller" else (agent, caller)
                one.hang_up()
                other.until("over")
            assert len(agent.routes) == len(caller.routes) == 2
            (record,) = records(service, 1)
            nothing_left(service)
    assert (record["outcome"], record["ended_by"]) == ("answered", hangs_up)


def test_a_foreign_media_server_by_template(tmp_path: Path, start_service: StartService) -> None:
    """``MEDIA`` as a template: the music of the queue is asked for by name, in the Request-URI."""
    with answering(tmp_path / "agent", talk_ms=300) as agent, media_server(tmp_path / "media") as media:
        template = f"sip:moh-{{queue}}@{media.address};play={{sound}};repeat={{repeat}}"
        config = configuration([("a0", agent.port)], queue={"music": "jazz"})
        service = start_service(config=config, settings={"MEDIA": template})
        service.set_state("a0", "paused").raise_for_status()
        with capture(tmp_path / "sip.pcap", service, media.port) as captured:
            values = {"talk_ms": 60_000}
            with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support", values=values) as caller:
                wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
                service.set_state("a0", "available").raise_for_status()
                caller.wait()
            (record,) = records(service, 1)
            nothing_left(service)
    assert record["outcome"] == "answered"
    invites = tshark(captured, f"sip.Method == INVITE && udp.dstport == {media.port}", "sip.r-uri")
    assert invites[0].startswith(f"sip:moh-support@{media.address};play=jazz;repeat=")


@contextmanager
def capture(path: Path, service: Service, *ports: int) -> Iterator[Path]:
    """Everything to and from the service (and ``ports``) on loopback goes into ``path``."""
    program = shutil.which("tshark")
    assert program is not None, "tshark is not installed: run scripts/system-packages.sh"
    wanted = " or ".join(f"port {port}" for port in (service.sip_port, *ports))
    log = path.with_suffix(".log")
    with log.open("wb") as told:
        process = subprocess.Popen(
            [program, "-i", "lo", "-f", wanted, "-w", str(path)],
            stdin=subprocess.DEVNULL, stdout=told, stderr=told,
        )  # fmt: skip
    try:
        wait_until(
            lambda: process.poll() is not None or "Capture started" in log.read_text(), "tshark", log=log.read_text
        )
        assert process.poll() is None, log.read_text()
        yield path
        wait_until(lambda: _seen(path, service.sip), "the end of the call to be written down", log=log.read_text)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


def _seen(path: Path, sip: tuple[str, int]) -> bool:
    """Packets are written in their order, some time later: whether one that is sent now is in the file."""
    mark = b"the end of the call"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(mark, sip)
    return path.exists() and mark in path.read_bytes()


def tshark(captured: Path, wanted: str, *fields: str, ports: tuple[int, ...] = ()) -> list[str]:
    """The lines of a capture that match: fields separated by tabs, or tshark's summary."""
    program = shutil.which("tshark")
    assert program is not None
    shown = ["-T", "fields", *[part for name in fields for part in ("-e", name)]] if fields else []
    decoding = [part for port in ports for kind in ("udp", "tcp") for part in ("-d", f"{kind}.port=={port},sip")]
    run = subprocess.run(
        [program, "-r", str(captured), *decoding, "-Y", wanted, *shown],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return run.stdout.splitlines()


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_tshark_finds_nothing_wrong_with_a_call(tmp_path: Path, start_service: StartService, transport: str) -> None:
    """What we say, SIP and SDP, is dissected without a complaint."""
    tcp = transport == "t1"
    with answering(tmp_path / "agent", tcp=tcp) as agent:
        parameter = ";transport=tcp" if tcp else ""
        service = start_service(config=configuration([("a0", agent.port)], transport=parameter))
        service.set_state("a0", "paused").raise_for_status()
        with capture(tmp_path / "sip.pcap", service, agent.port) as captured:
            with sipp_caller("uac_parked", tmp_path / "caller", service.sip, "support", transport=transport) as caller:
                wait_until(lambda: [call["state"] for call in service.items("/calls")] == ["parked"], "a parked call")
                service.set_state("a0", "available").raise_for_status()
                caller.wait()
            records(service, 1)
            nothing_left(service)
    ports = (service.sip_port, agent.port)
    protocol = "tcp" if tcp else "udp"  # a stream that we open comes from any port
    ours = f"({protocol}.srcport == {service.sip_port} || {protocol}.dstport == {agent.port})"
    said = tshark(captured, f"sip && {ours}", "sip.Method", "sip.Status-Code", ports=ports)
    methods = {method for line in said for method in re.findall(r"[A-Z]+", line)}
    assert {"INVITE", "ACK", "BYE"} <= methods
    assert not tshark(captured, f"({COMPLAINTS}) && sip && {ours}", ports=ports)
