"""What the interop tests share: a service with queues and agents at SIPp's ports, and a look at what is left afterwards."""

from collections.abc import Sequence
from typing import Any

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
    """The report, once it has ``count`` calls: facts reach the database a moment after the call. Oldest first."""
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        found[:] = service.items("/reports/calls")
        return len(found) >= count

    wait_until(all_there, f"{count} calls in the report", log=service.log)
    return sorted(found, key=lambda record: str(record["arrived_at"]))


_LIVE = {
    "switchboard": ("calls", "legs", "requests", "call_deadlines"),
    "queues": ("tickets_waiting", "tickets_offered", "tickets_connected", "offers"),
}


def live(service: Service) -> dict[str, int]:
    """What lives and must not when nothing goes on. Transactions linger for 64·T1 and are not among it."""
    counts = service.internals()
    found = {f"{part}.{name}": int(counts[part][name]) for part, names in _LIVE.items() for name in names}
    found |= {"calls": counts["calls"], "unacked_2xx": counts["transactions"]["unacked_2xx"]}
    found |= {f"journal.{name}": rows for name, rows in counts["journal"].items() if name not in ("agent", "waits")}
    return {name: count for name, count in found.items() if count}


def nothing_left(service: Service) -> None:
    wait_until(lambda: not live(service), "every call to be gone", log=lambda: f"{live(service)}\n{service.log()}")


def lingering(service: Service) -> dict[str, int]:
    """Transactions that have not ended, but for the OPTIONS that watch over the media server."""
    counts = service.internals()["transactions"]
    watched = ("non_invite_client.", "deadlines", "fingerprints")
    return {name: count for name, count in counts.items() if count > (2 if name.startswith(watched) else 0)}


@pytest.fixture(params=["u1", "t1"], ids=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """SIPp's name of the transport."""
    chosen: str = request.param
    return chosen
