"""Whatever comes from the network: the service answers or drops it, counts it, and goes on with its calls."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, Self

import pytest

from tests.interop.conftest import configuration, nothing_left, records
from tests.support.hostile import CASES, DROPPED, REFUSED, mutations, valid
from tests.support.phone import Phone
from tests.support.service import Service

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
SEED: Final = 20_260_401
DATAGRAMS, BATCH, STREAMS, PER_STREAM = 2_000, 50, 60, 5


class Attacker:
    """A UDP socket and what came back to it."""

    def __init__(self, service: Service) -> None:
        self.target = service.sip
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.here = "{}:{}".format(*self.socket.getsockname())
        self._probes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.target)

    def answers(self, call: str = "") -> list[int]:
        """The final answers to all that was sent (or to ``call``): an OPTIONS sent behind it has got its own."""
        self._probes += 1
        number = 1_000_000 + self._probes
        self.send(valid("OPTIONS", "sip:{}:{}".format(*self.target), self.here, number))
        found: list[int] = []
        while True:
            data = self.socket.recv(65_535)
            if f"Call-ID: bad-{number}@".encode() in data:
                assert data.startswith(b"SIP/2.0 200 "), data
                return found
            if data.startswith(b"SIP/2.0 ") and int(data[8:11]) >= 200 and call.encode() in data:
                found.append(int(data[8:11]))


def messages(service: Service) -> dict[str, int]:
    counted: dict[str, int] = service.internals()["messages"]
    return counted


def malformed(service: Service) -> int:
    counted = messages(service)
    return counted.get("dropped_malformed", 0) + counted.get("refused_malformed", 0)


@contextmanager
def talking(start_service: StartService) -> Iterator[Service]:
    """A good call before, while and after the block has its way with the service."""
    with Phone("ana", 620.0, ("", 0)) as agent:
        service = start_service(config=configuration([("ana", agent.port)]))
        agent.proxy = service.sip
        with Phone("visitor", 440.0, service.sip) as caller:
            caller.call("support")
            caller.until("up")
            agent.until("up")
            yield service
            agent.hold()
            agent.hold(on=False)
            agent.listen(5)
            caller.hang_up()
            agent.until("over")
        assert service.client.get("/livez").status_code == 200
        assert [record["outcome"] for record in records(service, 1)] == ["answered"]
        nothing_left(service)
        log = (service.folder / "service.log").read_text()
        assert not [word for word in ("Traceback", " ERROR ", " CRITICAL ") if word in log], log


def test_bad_datagrams_one_by_one(start_service: StartService) -> None:
    """Each is refused with a 4xx or 5xx where it can be known to whom, dropped where not; and counted."""
    with talking(start_service) as service, Attacker(service) as attacker:
        uri = "sip:nobody@{}:{}".format(*service.sip)
        found: dict[str, list[int]] = {}
        counted = set()
        for number, (name, broken) in enumerate(CASES.items(), 1):
            before = malformed(service)
            attacker.send(broken(valid("INVITE", uri, attacker.here, number)))
            found[name] = attacker.answers(f"Call-ID: bad-{number}@")
            if malformed(service) > before:
                counted.add(name)
        assert counted >= REFUSED | DROPPED
        assert {name: found[name] for name in REFUSED if found[name] != [400]} == {}
        assert {name: found[name] for name in DROPPED if found[name]} == {}
        assert all(400 <= status < 600 and status != 500 for statuses in found.values() for status in statuses), found


def test_two_thousand_datagrams_broken_at_random(start_service: StartService) -> None:
    with talking(start_service) as service, Attacker(service) as attacker:
        uri = "sip:nobody@{}:{}".format(*service.sip)
        stream = mutations(DATAGRAMS, SEED, uri, attacker.here)
        statuses: set[int] = set()
        before = malformed(service)
        while batch := list(islice(stream, BATCH)):
            for data in batch:
                attacker.send(data)
            statuses.update(attacker.answers())
            assert service.client.get("/livez").status_code == 200
        assert {400, 404} <= statuses  # some are refused, some are still good enough to be told that nobody is there
        assert 500 not in statuses
        assert malformed(service) - before > DATAGRAMS / 10


def test_streams_broken_at_random(start_service: StartService) -> None:
    """Over TCP a message that cannot be framed ends its connection, and no other one."""
    with talking(start_service) as service:
        uri = "sip:nobody@{}:{}".format(*service.sip)
        stream = mutations(STREAMS * PER_STREAM, SEED + 1, uri, "127.0.0.1:9")
        with socket.create_connection(service.sip, 10) as steady:
            for _ in range(STREAMS):
                with socket.create_connection(service.sip, 10) as attack, contextlib.suppress(ConnectionError):
                    attack.sendall(b"".join(islice(stream, PER_STREAM)))
                    attack.shutdown(socket.SHUT_WR)
                    while attack.recv(65_535):
                        pass
            assert ask(steady, uri) == 200
            with socket.create_connection(service.sip, 10) as endless, contextlib.suppress(ConnectionError):
                for _ in range(200):  # a head without an end
                    endless.sendall(b"OPTIONS " + b"x" * 10_000)
            assert ask(steady, uri) == 200
        assert service.client.get("/livez").status_code == 200


def ask(stream: socket.socket, uri: str) -> int:
    """The status of an OPTIONS over a stream."""
    here = "{}:{}".format(*stream.getsockname())
    ask.number += 1  # type: ignore[attr-defined]
    uri = uri.replace("nobody@", "")
    stream.sendall(valid("OPTIONS", uri, here, ask.number).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))  # type: ignore[attr-defined]
    return int(stream.recv(65_535)[8:11])


ask.number = 2_000_000  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For what comes by REST."""
    with Service(tmp_path_factory.mktemp("rest") / "service", config=configuration([("ana", 9)])) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/queues", {"name": "sales", "ring_seconds": "fast"}, "ring_seconds"),
        ("/queues", {"name": "sales", "colour": "red"}, "colour"),
        ("/queues", {}, "name"),
        ("/queues", {"name": "sales", "requirements": [{"skill": "french", "min_level": 99}]}, "requirements"),
        ("/queues", {"name": "sales", "strategy": "alphabetical"}, "strategy"),
        ("/queues", {"name": "sales", "max_wait": -1}, "max_wait"),
        ("/queues", {"name": "sales", "max_wait": 1e999}, "max_wait"),
        ("/queues", {"name": "sales", "music": "../../etc/passwd"}, "music"),
        ("/agents", {"name": "bo", "address": "mailto:bo@callyard"}, "address"),
        ("/agents", {"name": "bo", "address": "sip:bo@callyard", "queues": ["nowhere"]}, "queues"),
        ("/agents", {"name": "bo", "address": "sip:bo@callyard", "capacity": 0}, "capacity"),
        ("/agents", {"name": ["bo"], "address": "sip:bo@callyard"}, "name"),
        ("/entry-points", {"user": "1000", "queue": "nowhere"}, "queue"),
    ],
)
def test_a_body_that_is_wrong_names_the_field(service: Service, path: str, body: dict[str, Any], field: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post(f"/api/v1{path}", content=json.dumps(body), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert any(field in str(error["field"]) for error in answer.json()["errors"]), answer.text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"name": "a"', b"\xff\xfe", b"[" * 100_000, b'{"name": "\\ud800"}', b"1" * 10_000],
    ids=["nothing", "half", "list", "null", "cut", "bytes", "deep", "surrogate", "number"],
)
def test_a_body_that_is_no_body(service: Service, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v1/queues", content=content, headers=headers)
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in (service.folder / "service.log").read_text()
