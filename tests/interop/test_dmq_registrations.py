"""Registrations shared on a DMQ bus of two real Kamailios and ours: made anywhere, of use everywhere; and of two of ours.

REGISTER comes from SIPp, and so do calls and phones. A call through a Kamailio reaches the phone by its lookup, through
ours by a queue whose agent's address is the phone's.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import yaml

from tests.support.kamailio_dmq import KamailioDmq
from tests.support.peers import answering
from tests.support.ports import free_port
from tests.support.service import Service, wait_until
from tests.support.sipp import Sipp, sipp_caller

pytestmark = pytest.mark.interop

USERS: Final = ("ana", "bo", "cy", "di", "eve", "flo")


def configuration() -> str:
    """A queue for each user, whom it alone rings."""
    return yaml.safe_dump({
        "queues": [{"name": f"to-{user}", "ring_seconds": 20, "wrap_up_seconds": 0, "max_wait": 60} for user in USERS],
        "agents": [
            {"name": user, "address": f"sip:{user}@callyard", "queues": [f"to-{user}"], "status": "available"}
            for user in USERS
        ],
    })  # fmt: skip


def ours(folder: Path, *nodes: str) -> Service:
    """A service that joins the bus by ``nodes``; phones on the loopback need no password."""
    port = free_port()
    settings = {
        "DMQ_SERVER_ADDRESS": f"sip:127.0.0.1:{port}",
        "DMQ_NOTIFICATION_ADDRESS": ",".join(nodes),
        "DMQ_ALLOW": "127.0.0.1",
        "DMQ_PING_INTERVAL": "5",
        "REGISTER_TRUSTED": "127.0.0.0/8",
        "REGISTER_EXPIRES_MIN": "1",
        "REGISTER_FLUSH_SECONDS": "0.1",
    }
    return Service(folder, config=configuration(), settings=settings, sip_port=port)


def register(user: str, contact: str, node: KamailioDmq | Service, expires: int = 600) -> None:
    """By SIPp, from the port of its Contact (so that nobody sees NAT in between), each time with another Call-ID."""
    port = int(contact.rpartition(":")[2]) if contact != "*" else free_port()
    values = {"contact": contact if contact == "*" else f"<{contact}>", "expires": expires}
    with TemporaryDirectory() as folder:
        phone = Sipp(
            "uac_binds", Path(folder), port, node.sip, user, values=values, options={"call_count": 1}
        )  # fmt: skip
        with phone:
            phone.wait()


def known(node: KamailioDmq | Service, user: str) -> dict[str, int]:
    """The contacts of a user at a node, with the seconds until they expire."""
    if isinstance(node, KamailioDmq):
        return {each["Address"]: int(each["Expires"]) for each in node.contacts(user)}
    answer = node.client.get(f"/api/v1/registrations/{user}")
    contacts: list[dict[str, Any]] = answer.json()["contacts"] if answer.status_code == 200 else []
    return {each["contact"]: each["expires_seconds"] for each in contacts}


@dataclass
class Bus:
    """Three nodes that know each other."""

    a: KamailioDmq
    b: KamailioDmq
    service: Service

    @property
    def nodes(self) -> tuple[KamailioDmq | Service, ...]:
        return self.a, self.b, self.service

    def everywhere(self, user: str, *contacts: str) -> None:
        """Wait until each node has exactly these contacts of ``user``."""
        every_node_has(self.nodes, user, *contacts)

    def joined(self) -> None:
        address = f"sip:127.0.0.1:{self.service.sip_port}"
        wait_until(
            lambda: all(each.nodes().get(address) == "active" and len(each.nodes()) == 2 for each in (self.a, self.b)),
            "three nodes to know each other", log=lambda: f"{self.a.nodes()} {self.b.nodes()}\n{self.service.log()}",
        )  # fmt: skip


def every_node_has(nodes: tuple[KamailioDmq | Service, ...], user: str, *contacts: str) -> None:
    wait_until(
        lambda: all(set(known(node, user)) == set(contacts) for node in nodes),
        f"{user} to have {contacts} everywhere", log=lambda: str([known(node, user) for node in nodes]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    folder = tmp_path_factory.mktemp("bus")
    with ExitStack() as stack:
        a = stack.enter_context(KamailioDmq(folder=folder / "a", server_id=1))
        b = stack.enter_context(KamailioDmq(folder=folder / "b", notify=[a.address], server_id=2))
        service = stack.enter_context(ours(folder / "ours", a.address))
        whole = Bus(a, b, service)
        whole.joined()
        yield whole


def contact_of(user: str) -> tuple[str, int]:
    port = free_port()
    return f"sip:{user}@127.0.0.1:{port}", port


@pytest.mark.parametrize(("user", "at"), [("ana", 0), ("bo", 1), ("cy", 2)], ids=["kamailio", "kamailio-2", "ours"])
def test_registered_at_one_called_through_each(tmp_path: Path, bus: Bus, user: str, at: int) -> None:
    contact, port = contact_of(user)
    register(user, contact, bus.nodes[at])
    bus.everywhere(user, contact)
    with answering(tmp_path / "phone", port=port, ring_ms=50, talk_ms=3_600_000) as phone:
        through = ((bus.a.sip, user), (bus.b.sip, user), (bus.service.sip, f"to-{user}"))
        for number, (address, called) in enumerate(through):
            caller = sipp_caller(
                "uac_straight", tmp_path / f"caller-{number}", address, called, values={"talk_ms": 200}
            )  # fmt: skip
            with caller:
                caller.wait()
        stats = phone.stop()
    assert stats is not None
    assert (stats.created, stats.failed) == (3, 0)
    register(user, contact, bus.nodes[at], expires=0)
    bus.everywhere(user)


def test_refreshed_at_another_node(bus: Bus) -> None:
    """The phone moves from node to node; the time that it was granted last counts everywhere.

    Two seconds apart: the bus tells whole seconds, and SIPp has another Call-ID each time.
    """
    contact, _ = contact_of("di")
    for node, seconds in ((bus.a, 300), (bus.service, 900), (bus.b, 1500), (bus.service, 100), (bus.a, 2000)):
        began = time.time()
        register("di", contact, node, seconds)
        bus.everywhere("di", contact)
        wait_until(
            lambda granted=seconds: all(granted - 60 < known(each, "di")[contact] <= granted + 30 for each in bus.nodes),  # type: ignore[misc]
            f"{seconds} s everywhere", log=lambda: str([known(each, "di") for each in bus.nodes]),
        )  # fmt: skip
        wait_until(lambda: time.time() > began + 2, "another second")  # noqa: B023 - called at once
    register("di", contact, bus.b, 0)
    bus.everywhere("di")


def test_all_removed_at_once_at_another_node(bus: Bus) -> None:
    contacts = [contact_of("eve")[0] for _ in range(3)]
    for contact, node in zip(contacts, bus.nodes, strict=True):
        register("eve", contact, node)
    bus.everywhere("eve", *contacts)
    register("eve", "*", bus.service, 0)
    bus.everywhere("eve")
    for contact, node in zip(contacts, bus.nodes, strict=True):
        register("eve", contact, node)
    bus.everywhere("eve", *contacts)
    register("eve", "*", bus.a, 0)
    bus.everywhere("eve")


def test_what_is_not_refreshed_expires_everywhere(bus: Bus) -> None:
    kept, _ = contact_of("flo")
    brief, _ = contact_of("flo")
    register("flo", kept, bus.a, 600)
    register("flo", brief, bus.service, 5)
    bus.everywhere("flo", kept, brief)
    bus.everywhere("flo", kept)
    register("flo", kept, bus.b, 0)
    bus.everywhere("flo")


def test_an_operator_removes_a_contact(bus: Bus) -> None:
    contact, _ = contact_of("flo")
    register("flo", contact, bus.b)
    bus.everywhere("flo", contact)
    assert bus.service.client.delete("/api/v1/registrations/flo").status_code == 204
    bus.everywhere("flo")


def test_each_is_restarted_and_knows_all_again(bus: Bus) -> None:
    """Kamailio keeps nothing over a restart; ours has its database, and learns what has happened since."""
    at = {user: contact_of(user)[0] for user in ("ana", "bo", "cy")}
    for user, node in zip(at, bus.nodes, strict=True):
        register(user, at[user], node)
    for user, contact in at.items():
        bus.everywhere(user, contact)
    for kamailio in (bus.a, bus.b):
        kamailio.crash()
        kamailio.__enter__()
        bus.joined()
        for user, contact in at.items():
            bus.everywhere(user, contact)
    bus.service.kill()
    late, _ = contact_of("di")
    register("di", late, bus.a)
    register("bo", at["bo"], bus.b, 1234)
    bus.service.start()
    bus.joined()
    bus.everywhere("di", late)
    for user, contact in at.items():
        bus.everywhere(user, contact)
    wait_until(lambda: known(bus.service, "bo")[at["bo"]] > 1000, "the refresh of meanwhile", log=bus.service.log)
    for user, contact in {**at, "di": late}.items():
        register(user, contact, bus.a, 0)
        bus.everywhere(user)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    with ours(tmp_path / "one") as one, ours(tmp_path / "two", f"sip:127.0.0.1:{one.sip_port}") as two:
        yield one, two


def test_two_of_ours(tmp_path: Path, two: tuple[Service, Service]) -> None:
    contacts = {user: contact_of(user) for user in ("ana", "bo")}
    for (user, (contact, _)), node in zip(contacts.items(), two, strict=True):
        register(user, contact, node)
        every_node_has(two, user, contact)
    with answering(tmp_path / "phone", port=contacts["ana"][1], ring_ms=50, talk_ms=3_600_000):
        caller = sipp_caller("uac_straight", tmp_path / "caller", two[1].sip, "to-ana", values={"talk_ms": 200})
        with caller:
            caller.wait()
    two[0].kill()
    register("bo", contacts["bo"][0], two[1], 0)
    register("cy", "sip:cy@127.0.0.1:5999", two[1])
    two[0].start()
    every_node_has(two, "cy", "sip:cy@127.0.0.1:5999")
    every_node_has(two, "bo")
    every_node_has(two, "ana", contacts["ana"][0])
    register("ana", "*", two[1], 0)
    every_node_has(two, "ana")
