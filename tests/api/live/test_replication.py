"""Nodes of the bus over REST and in the metrics."""

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.metrics.replication import ReplicationMetrics
from app.replication.reader import BusReader
from app.services import Services
from tests.api.helpers import problem
from tests.support.dmq_nodes import DmqNet, Node, address
from tests.unit.app.histories import NOON

US, THERE, SILENT, ODD = 6001, 6002, 6003, 6004


@pytest.fixture
def node(services: Services) -> Node:
    """On the bus with one that is there, one that is silent and one that refuses, a quarter of a second ago."""
    net = DmqNet()
    net.now = NOON + 59.75
    net.stranger(THERE)
    net.stranger(ODD, status=405)
    node = net.node(US, THERE, SILENT, ODD)
    net.notification(US, THERE, f"{address(THERE)};status=active\r\nnonsense\r\n")
    services.replication = BusReader(node.bus)
    return node


async def test_all_nodes(client: httpx.AsyncClient, node: Node) -> None:
    assert len(node.bus.peers) == 3
    answer = await client.get("/api/v1/replication/peers")
    assert answer.status_code == 200, answer.text
    there, silent, odd = answer.json()["items"]
    assert there == {
        "address": address(THERE), "status": "active", "configured": True, "since": "2026-01-01T12:00:59.750000Z",
        "last_heard_at": "2026-01-01T12:00:59.750000Z", "last_answered_at": "2026-01-01T12:00:59.750000Z",
        "round_trip_seconds": 0.0, "failures": 0, "lists_us": False, "under_way": 0, "oldest_wait_seconds": 0.0,
        "requests": {"sent": 1, "answered": 1, "received": 1},
        "contacts": {}, "lag": None,
    }  # fmt: skip
    assert (silent["status"], silent["under_way"], silent["oldest_wait_seconds"]) == ("pending", 1, 0.25)
    assert (silent["last_heard_at"], silent["last_answered_at"], silent["round_trip_seconds"]) == (None, None, None)
    assert (odd["status"], odd["requests"]) == ("pending", {"sent": 1, "refused": 1})


async def test_pages_and_a_filter(client: httpx.AsyncClient, node: Node) -> None:
    assert len(node.bus.peers) == 3
    first = (await client.get("/api/v1/replication/peers", params={"limit": 2})).json()
    rest = (await client.get("/api/v1/replication/peers", params={"cursor": first["next_cursor"]})).json()
    seen = [item["address"] for item in first["items"] + rest["items"]]
    assert (seen, rest["next_cursor"]) == ([address(THERE), address(SILENT), address(ODD)], None)
    active = (await client.get("/api/v1/replication/peers", params={"status": "active"})).json()
    assert [item["address"] for item in active["items"]] == [address(THERE)]
    problem(await client.get("/api/v1/replication/peers", params={"status": "asleep"}), 422, "validation")


async def test_nothing_is_shared(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/replication/peers")).json() == {"items": [], "next_cursor": None}


async def test_a_key_is_needed(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/replication/peers", headers={"Authorization": ""}), 401, "unauthenticated")


def test_metrics(node: Node) -> None:
    registry = CollectorRegistry()
    registry.register(ReplicationMetrics(node.bus, None, lambda: NOON + 60))
    page = generate_latest(registry).decode()
    for line in (
        'callyard_replication_peers{status="active"} 1.0',
        'callyard_replication_peers{status="disabled"} 0.0',
        'callyard_replication_received_total{outcome="notification"} 1.0',
        'callyard_replication_sent_total{result="sent"} 3.0',
        'callyard_replication_sent_total{result="refused"} 1.0',
        'callyard_replication_list_faults_total{fault="malformed"} 1.0',
    ):
        assert line in page
