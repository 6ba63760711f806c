"""What the interop tests share: a service with queues and agents at SIPp's ports, and a look at what is left afterwards."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import lmdb
import pytest
import yaml

from tests.support.service import Service, wait_until


def configuration(
    agents: Sequence[tuple[str, int]], *, offer: str = "late", transport: str = "", queue: dict[str, Any] | None = None
) -> str:
    """The queue ``support`` and agents (name, port) who are available; ``queue`` has more fields of the queue."""
    content = {
        "queues": [{"name": "support", "ring_seconds": 5, "wrap_up_seconds": 0, "max_wait": 120, **(queue or {})}],
        "agents": [
            {
                "name": name,
                "address": f"sip:{name}@127.0.0.1:{port}{transport}",
                "queues": ["support"],
                "status": "available",
                "offer": offer,
            }
            for name, port in agents
        ],
    }
    return yaml.safe_dump(content)


def records(service: Service, count: int) -> list[dict[str, Any]]:
    """The report of this test's calls, once it has ``count``: facts reach the database a moment later. Oldest first."""
    found: list[dict[str, Any]] = []
    since = {"from": service.report_from} if service.report_from else {}

    def all_there() -> bool:
        found[:] = service.items("/reports/calls", **since)
        return len(found) >= count

    wait_until(all_there, f"{count} calls in the report", log=service.log)
    return sorted(found, key=lambda record: str(record["arrived_at"]))


def arrange(service: Service, **sections: list[dict[str, Any]]) -> None:
    """Adds queues, agents and so on to a service that runs, by REST; the sections are the configuration file's."""
    service.client.post("/api/v1/config/import", json=sections).raise_for_status()


def desk(name: str, address: str, *queues: str, **fields: Any) -> dict[str, Any]:
    """An agent at ``address`` (host and port) who serves ``queues``, available unless ``fields`` say otherwise."""
    return {
        "name": name, "address": f"sip:{name}@{address}", "queues": list(queues), "status": "available", **fields
    }  # fmt: skip


def wait_for_calls(service: Service, state: str, callers: Sequence[str], *, queue: str) -> list[dict[str, Any]]:
    """The live calls of ``queue`` in that state, once they are those of these callers, oldest first."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = [call for call in service.items("/calls", queue=queue) if call["state"] == state]
        return [call["caller"] for call in found] == list(callers)

    wait_until(there, f"{callers} {state} in {queue}", log=lambda: f"{service.items('/calls')}\n{service.log()}")
    return found


def calls_to(service: Service, user: str, count: int, *, key: str = "called") -> list[dict[str, Any]]:
    """The report's calls to ``sip:user@us`` (or with another ``key`` of that value), once there are ``count``; oldest first."""
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        found[:] = [record for record in service.items("/reports/calls") if record[key] == user]
        return len(found) >= count

    wait_until(all_there, f"{count} calls to {user} in the report", log=service.log)
    return sorted(found, key=lambda record: str(record["arrived_at"]))


def ask(service: Service, call: dict[str, Any], what: str, **body: Any) -> None:
    """``POST /calls/{id}/what``; raises where it is refused."""
    service.client.post(f"/api/v1/calls/{call['id']}/{what}", json=body).raise_for_status()


_LIVE = {
    "switchboard": ("calls", "legs", "requests", "call_deadlines"),
    "queues": ("tickets_waiting", "tickets_offered", "tickets_connected", "offers"),
}

_LASTING = ("agent", "waits", "queue", "last_talk")  # rows that outlive calls


def journal_rows(service: Service) -> Counter[str]:
    """By table: what the journal on the disk has of the service that runs."""
    with (
        lmdb.open(str(service.folder / "data" / "journal"), readonly=True) as env,
        env.begin() as txn,
        txn.cursor() as rows,
    ):
        there = rows.set_range(b"s")
        keys = takewhile(lambda key: there and key < b"t", rows.iternext(keys=True, values=False))
        return Counter(key.rpartition(b"\0")[2].decode() for key in keys)


def live(service: Service) -> dict[str, int]:
    """What lives and must not when nothing goes on. Transactions linger for 64·T1 and are not among it."""
    counts = service.internals()
    found = {f"{part}.{name}": int(counts[part][name]) for part, names in _LIVE.items() for name in names}
    found |= {"calls": counts["calls"], "unacked_2xx": counts["transactions"]["unacked_2xx"]}
    found |= {f"journal.{name}": rows for name, rows in journal_rows(service).items() if name not in _LASTING}
    found["journal.outbox"] = counts["journal"]["outbox"]
    return {name: count for name, count in found.items() if count}


def nothing_left(service: Service) -> None:
    wait_until(lambda: not live(service), "every call to be gone", log=lambda: f"{live(service)}\n{service.log()}")


def lingering(service: Service) -> dict[str, int]:
    """Transactions that have not ended, but for the OPTIONS that watch over the media server."""
    counts = service.internals()["transactions"]
    watched = ("non_invite_client.", "deadlines", "fingerprints")
    return {name: count for name, count in counts.items() if count > (2 if name.startswith(watched) else 0)}


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for tests each of which adds queues and agents of its own (``arrange``)."""
    with Service(tmp_path_factory.mktemp("shared") / "service") as running:
        yield running


@pytest.fixture(scope="package")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for tests each of which wants one to itself (``serve``)."""
    with Service(tmp_path_factory.mktemp("emptied") / "service") as running:
        yield running


@pytest.fixture
def serve(emptied: Service) -> Callable[..., Service]:
    """That service as if it had been started with this configuration: nothing is left of what other tests gave it."""
    service = emptied

    def anew(*, config: str) -> Service:
        for call in service.items("/calls"):  # of a test that failed
            service.client.post(f"/api/v1/calls/{call['id']}/hangup")
        nothing_left(service)
        for kind in ("agents", "entry-points", "queues"):
            for item in service.items(f"/{kind}"):
                path = f"/api/v1/{kind}/{item['id']}"
                service.client.delete(path, headers={"If-Match": "*"}).raise_for_status()
        service.report_from = datetime.now(UTC).isoformat()
        arrange(service, **yaml.safe_load(config))
        return service

    return anew


@pytest.fixture(params=["u1", "t1"], ids=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """SIPp's name of the transport."""
    chosen: str = request.param
    return chosen
