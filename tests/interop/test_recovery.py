"""``kill -9``: of the service with calls that wait and calls that talk, and of its media server. Nobody is lost."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.interop.conftest import configuration, lingering, nothing_left, records
from tests.support.peers import answering, silent
from tests.support.phone import Phone
from tests.support.service import Service, wait_until
from tests.support.sipp import Sipp, sipp_agent, sipp_caller

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
PARKED, BRIDGED = 20, 10
PACKETS_A_SECOND = 50
ORPHAN_SECONDS = 33  # sessions are claimed 30 s after the restart, by the refresh of their session timers
SETTINGS = {"MEDIA_ORPHAN_SECONDS": str(ORPHAN_SECONDS)}


def media_of(service: Service) -> dict[str, Any]:
    """What the media server wrote of itself into the data folder."""
    said: dict[str, Any] = json.loads((service.folder / "data" / "media.json").read_text())
    return said


def media_pid(service: Service) -> int:
    """0 while there is none."""
    try:
        pid: int = media_of(service)["pid"]
    except FileNotFoundError:
        return 0
    return pid


def states(service: Service) -> dict[str, int]:
    found: dict[str, int] = {}
    for call in service.items("/calls"):
        found[call["state"]] = found.get(call["state"], 0) + 1
    return found


def until_states(service: Service, expected: dict[str, int]) -> None:
    wait_until(lambda: states(service) == expected, f"{expected}", log=lambda: f"{states(service)}\n{service.log()}")


def instants(service: Service) -> dict[str, tuple[str, str | None]]:
    """When each live call joined its queue, and when its agent answered."""
    return {call["id"]: (call["queued_at"], call["connected_at"]) for call in service.items("/calls")}


def media_sessions(service: Service) -> int:
    """The sessions that the media server has, as it says in its answer to OPTIONS (one of nobody in particular)."""
    said = media_of(service)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        asking.settimeout(5)
        here = f"127.0.0.1:{asking.getsockname()[1]}"
        asking.sendto(
            f"OPTIONS sip:{said['host']}:{said['port']} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{here}\r\n"
            f"From: <sip:test@{here}>;tag=1\r\nTo: <sip:media@{here}>\r\nCall-ID: {here}\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 1\r\nContent-Length: 0\r\n\r\n".encode(),
            (said["host"], said["port"]),
        )
        answer = asking.recv(4096).decode()
    (line,) = [line for line in answer.split("\r\n") if line.lower().startswith("x-sessions:")]
    return int(line.partition(":")[2])


def test_nobody_is_lost_when_the_service_is_killed(tmp_path: Path, start_service: StartService) -> None:
    """20 wait and 10 talk when it dies; afterwards the ones are served and the others hang up, each with its record."""
    with sipp_agent("uas_agent_again", tmp_path / "agents", values={"talk_ms": 3_600_000}) as agents:
        service = start_service(config=two_queues(agents.port), settings=SETTINGS)
        talking = {"talk_ms": 24_000}
        waiting = {"talk_ms": 300, "wait_ms": 60_000}
        with ExitStack() as stack:
            talkers = stack.enter_context(
                sipp_caller(
                    "uac_straight", tmp_path / "talk", service.sip, "support", calls=BRIDGED, rate=50, values=talking
                )
            )
            until_states(service, {"bridged": BRIDGED})
            waiters = stack.enter_context(
                sipp_caller(
                    "uac_parked", tmp_path / "wait", service.sip, "support", calls=PARKED - 1, rate=50, values=waiting
                )
            )
            listener = stack.enter_context(Phone("listener", 440.0, service.sip))
            listener.call("later")
            listener.until("up")
            until_states(service, {"bridged": BRIDGED, "parked": PARKED})
            wait_until(
                lambda: service.internals()["messages"].get("sent_options", 0) > 0, "the media server to be watched"
            )
            before, media = instants(service), media_of(service)

            service.kill()
            listener.listen(10)  # the music plays on while nobody is there
            service.start()
            again = len(listener.frames)
            assert instants(service) == before
            assert states(service) == {"bridged": BRIDGED, "parked": PARKED}
            assert media_of(service)["pid"] == media["pid"]
            assert media_sessions(service) == PARKED

            talkers.wait()  # and each agent who is free again takes one who waits
            waiters.wait()
            until_states(service, {"parked": 1})
            # Past the time in which the media server waits for its sessions to be claimed, the last one still plays.
            while len(listener.frames) - again < PACKETS_A_SECOND * (ORPHAN_SECONDS + 2):
                listener.listen(PACKETS_A_SECOND)
            assert media_sessions(service) == 1
            assert not [line for line in listener.log if line.startswith(("BYE", "INVITE"))]

            wait_until(lambda: not lingering(service), "the transactions' end", seconds=60, log=service.log)

            service.set_state("late", "available").raise_for_status()
            until_states(service, {"bridged": 1})
            listener.hang_up()
            report = records(service, PARKED + BRIDGED)
            nothing_left(service)
            assert media_sessions(service) == 0
        reconcile(service, report, before)


def two_queues(port: int) -> str:
    """``support`` with an agent for everyone who talks; ``later``, whose only agent has a pause."""
    crew = [{"name": f"a{number}", "queues": ["support"], "status": "available"} for number in range(BRIDGED)]
    crew.append({"name": "late", "queues": ["later"], "status": "paused"})
    for agent in crew:
        agent["address"] = f"sip:{agent['name']}@127.0.0.1:{port}"
    return yaml.safe_dump({"queues": [{"name": "support"}, {"name": "later"}], "agents": crew})


def reconcile(service: Service, report: list[dict[str, Any]], before: dict[str, tuple[str, str | None]]) -> None:
    """A record for everybody, with the times from before; N = A + B + F + X."""
    assert {record["id"] for record in report} == set(before)
    assert {record["outcome"] for record in report} == {"answered"}
    for record in report:
        joined, connected = before[record["id"]]
        assert near(record["queued_at"], joined)
        assert connected is None or near(record["answered_at"], connected)
        assert record["talk_seconds"] >= (5 if connected else 0)
    offered = answered = 0
    for totals in service.items("/reports/queues"):
        parts = ("answered", "abandoned", "flowed_out", "system", "in_progress")
        assert totals["offered"] == sum(totals[part] for part in parts)
        offered, answered = offered + totals["offered"], answered + totals["answered"]
    assert offered == answered == PARKED + BRIDGED


def near(one: str, other: str) -> bool:
    """The same instant, but for the rounding to milliseconds."""
    return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()) < 0.002


@contextmanager
def calling(service: Service, count: int) -> Iterator[list[Phone]]:
    """So many callers of ``support``, one after the other."""
    with ExitStack() as stack:
        phones = [stack.enter_context(Phone(f"caller{number}", 440.0, service.sip)) for number in range(count)]
        for phone in phones:
            phone.call("support")
            phone.until("up")
        yield phones


@contextmanager
def parked(service: Service, count: int) -> Iterator[list[Phone]]:
    """So many callers who hear the queue's music."""
    with calling(service, count) as phones:
        for phone in phones:
            phone.listen(5)
        yield phones


def test_a_media_server_that_dies_is_replaced(start_service: StartService) -> None:
    """It is started again; those who waited are re-invited to it, keep their place and are served."""
    with Phone("ana", 620.0, ("", 0)) as agent:
        service = start_service(config=configuration([("ana", agent.port)]))
        agent.proxy = service.sip
        service.set_state("ana", "paused").raise_for_status()
        with parked(service, 1) as early:
            dead = media_of(service)["pid"]
            os.kill(dead, signal.SIGKILL)
            wait_until(lambda: service.internals()["media"]["restarts"] == 1, "its restart", log=service.log)
            wait_until(lambda: media_pid(service) not in (0, dead), "a new one", log=service.log)
            for caller in early:
                wait_until(lambda who=caller: any(line.startswith("INVITE") for line in who.log), "a re-INVITE")  # type: ignore[misc]
                caller.listen(10)
            with parked(service, 1) as late:
                service.set_state("ana", "available").raise_for_status()
                for caller in (*early, *late):  # in the order in which they came
                    agent.until("up")
                    agent.listen(10)
                    wait_until(lambda who=caller: who.aim == ("127.0.0.1", agent.rtp_port), "the caller's turn")  # type: ignore[misc]
                    caller.hang_up()
        assert [record["outcome"] for record in records(service, 2)] == ["answered", "answered"]
        assert not states(service)  # the BYE to the dead one is repeated for a while yet


def test_an_overflow_and_a_callback_are_under_way(tmp_path: Path, start_service: StartService) -> None:
    """Killed while one caller is being sent on, another hears why it will be hung up, and a customer's phone rings.

    What rang is cancelled; the forward is begun again, the announcement played again; the callback keeps its place.
    """
    with (
        silent(tmp_path / "hotline") as hotline,
        silent(tmp_path / "customer") as customer,
        answering(tmp_path / "agent") as agent,
    ):
        queues = [
            {"name": "out", "max_wait": 1, "overflow": {"action": "uri", "uri": f"sip:hotline@{hotline.address}"}},
            {"name": "told", "max_wait": 1, "overflow": {"action": "announcement", "sound": "all-agents-busy"}},
            {"name": "back", "callback": {"uri": f"sip:{{number}}@{customer.address}"}},
        ]
        crew = [{"name": "ana", "address": f"sip:ana@{agent.address}", "queues": ["back"], "status": "available"}]
        service = start_service(config=yaml.safe_dump({"queues": queues, "agents": crew}))
        asked = service.client.post("/api/v1/callbacks", json={"queue": "back", "number": "4930888"}).json()
        path = f"/callbacks/{asked['id']}"
        with Phone("sent-on", 440.0, service.sip) as sent_on, Phone("hears", 620.0, service.sip) as hears:
            for caller, queue in ((sent_on, "out"), (hears, "told")):
                caller.call(queue)
                caller.until("up")
            until_states(service, {"ending": 2})
            wait_until(lambda: service.get(path)["state"] == "dialling", "the customer to be dialled")
            wait_until(lambda: all(calls_at(each) == 1 for each in (hotline, customer)), "both to ring")

            service.kill()
            service.start()
            hears.until("over")  # it heard it out
            wait_until(lambda: calls_at(hotline) == 2, "the forward to be begun again", log=service.log)
            waiting = service.get(path)
            sent_on.hang_up()
            report = records(service, 2)
        assert service.client.delete(f"/api/v1{path}").status_code == 204
        nothing_left(service)
        stats = [hotline.stop(), customer.stop()]
    assert [(each.successful, each.failed) for each in stats if each is not None] == [(2, 0), (1, 0)], "all cancelled"
    assert (waiting["state"], waiting["requested_at"], waiting["attempts"]) == ("waiting", asked["requested_at"], 1)
    told = {record["called"]: (record["outcome"], record["overflow_cause"], record["cause"]) for record in report}
    assert told == {"out": ("flowed_out", "max_wait", "bye"), "told": ("flowed_out", "max_wait", "announcement")}


def calls_at(phone: Sipp) -> int:
    stats = phone.stats()
    return stats.created if stats is not None else 0


def test_a_queue_that_was_deleted_meanwhile(tmp_path: Path, start_service: StartService) -> None:
    """Its callers go on waiting or talking and may leave as they like; a restart does not stumble over them."""
    with sipp_agent("uas_agent_again", tmp_path / "agent", values={"talk_ms": 3_600_000}) as agent:
        service = start_service(config=configuration([("a0", agent.port)]))
        with calling(service, 2) as callers:  # the first one talks, the second one waits
            until_states(service, {"bridged": 1, "parked": 1})
            support = service.by_name("/queues", "support")
            answer = service.client.delete(f"/api/v1/queues/{support['id']}")
            assert answer.status_code in (204, 409), answer.text
            service.config = yaml.safe_dump({"queues": [{"name": "sales"}]})  # or the start would make it anew
            service.kill()
            service.start()
            for caller in callers:
                if caller.state == "up" and not any(line.startswith("BYE") for line in caller.log):
                    caller.hang_up()
            report = records(service, 2)
        nothing_left(service)
        assert {record["outcome"] for record in report} <= {"answered", "abandoned", "system"}
        assert "Traceback" not in service.log(1000)
