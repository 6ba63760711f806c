"""Reports over REST."""

import csv
import io
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.db.agent_tables import AgentEventRow
from app.db.engine import Database
from app.db.facts_writer import FactsWriter
from app.facts import AgentEvent, Disposition, encode
from app.journal.memory import MemoryJournal
from app.journal.port import Turn
from app.reports.csv import COLUMNS, _harmless
from tests.api.live.conftest import store
from tests.unit.app.histories import NOON, Story


@pytest.fixture
async def stored(database: Database) -> None:
    story = Story()
    for number, (outcome, wait) in enumerate(
        [("answered", 10.25), ("answered", 30.0), ("abandoned", 3.0), ("flowed_out", 15.0), ("system", 1.0)], 1
    ):
        at = NOON + number
        story.waits(f"c{number}", at)
        if outcome == "answered":
            story.talks(f"c{number}", at + wait)
        cause = "max_wait" if outcome == "flowed_out" else None
        story.ends(f"c{number}", outcome, at, at + 60, wait=wait, talk=20, overflow_cause=cause)  # type: ignore[arg-type]
    story.wrapped_up("c1", NOON + 70, 7.5)
    story.waits("c6", NOON + 6)
    story.step("c7", "arrived", NOON + 7)
    story.ends("c7", "rejected", NOON + 7, NOON + 7, wait=0, queued=False, overflow_cause="queue_full")
    story.waits("c8", NOON + 8, "q2")
    story.ends("c8", "abandoned", NOON + 8, NOON + 10, wait=2, queue_id="q2")
    await store(database, story)


def ids(answer: httpx.Response) -> list[str]:
    return [call["id"] for call in answer.json()["items"]]


@pytest.mark.usefixtures("stored")
async def test_a_record(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/reports/calls", params={"outcome": "answered"})
    assert ids(answer) == ["c2", "c1"]
    assert answer.json()["items"][1] == {
        "id": "c1", "sip_call_id": "c1@peer", "caller": "+491", "called": "support", "queue": "support",
        "queue_id": "q1", "agent": "ana", "agent_id": "a1", "arrived_at": "2026-01-01T12:00:01Z",
        "queued_at": "2026-01-01T12:00:01Z", "answered_at": "2026-01-01T12:00:11.250000Z",
        "ended_at": "2026-01-01T12:01:01Z", "outcome": "answered", "cause": "normal", "ended_by": "caller",
        "expected_wait_seconds": None, "segments": 1, "overflow_cause": None,
        "wait_seconds": 10.25, "ring_seconds": 1.0, "talk_seconds": 20.0, "wrap_up_seconds": 7.5, "offers": 1,
        "priority": 0, "within_threshold": True, "short_abandon": False, "disposition": None, "disposition_note": None,
    }  # fmt: skip


@pytest.mark.usefixtures("stored")
async def test_one_record(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/reports/calls", params={"outcome": "rejected"})).json()["items"]
    assert [(await client.get("/api/v1/reports/calls/c7")).json()] == listed
    assert listed[0]["overflow_cause"] == "queue_full"
    for path in ("c6", "c6/segments"):  # it goes on
        answer = await client.get(f"/api/v1/reports/calls/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (
            404, "There is no finished call 'c6'; live ones are at /api/v1/calls.",
        )  # fmt: skip


@pytest.mark.usefixtures("stored")
async def test_the_one_segment_of_a_call_in_one_queue(client: httpx.AsyncClient) -> None:
    (segment,) = (await client.get("/api/v1/reports/calls/c4/segments")).json()["items"]
    assert segment == {
        "number": 1, "queue": "support", "queue_id": "q1", "entered_at": "2026-01-01T12:00:04Z",
        "left_at": "2026-01-01T12:00:19Z", "outcome": "flowed_out", "cause": "normal", "overflow_cause": "max_wait",
        "to": None, "to_id": None, "wait_seconds": 15.0, "talk_seconds": 20.0, "agent": None, "agent_id": None,
        "within_threshold": None, "short_abandon": False,
    }  # fmt: skip


@pytest.mark.usefixtures("stored")
async def test_newest_first_in_pages(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        answer = await client.get("/api/v1/reports/calls", params=params)
        seen += ids(answer)
        cursor = answer.json()["next_cursor"]
    assert (seen, cursor) == (["c8", "c7", "c5", "c4", "c3", "c2", "c1"], None)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"from": "2026-01-01T12:00:04Z", "to": "2026-01-01T13:00:07+01:00"}, ["c5", "c4"]),
        ({"queue": "support", "outcome": "abandoned"}, ["c3"]),
        ({"agent": "ana"}, ["c2", "c1"]),
        ({"caller": "+49"}, ["c8", "c7", "c5", "c4", "c3", "c2", "c1"]),
        ({"caller": "%"}, []),
        ({"overflow_cause": "max_wait"}, ["c4"]),
        ({"overflow_cause": "queue_full", "outcome": "rejected"}, ["c7"]),
        ({"overflow_cause": "callback"}, []),
    ],
)
async def test_filters(client: httpx.AsyncClient, filters: dict[str, str], found: list[str]) -> None:
    assert ids(await client.get("/api/v1/reports/calls", params=filters)) == found


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"queue": "x"}, "queue"),
        ({"agent": "x"}, "agent"),
        ({"outcome": "x"}, "outcome"),
        ({"overflow_cause": "x"}, "overflow_cause"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T12:00:00"}, "from"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "to"),
        ({"cursor": "eA"}, "cursor"),
        ({"format": "xlsx"}, "format"),
    ],
)
async def test_wrong_parameters(client: httpx.AsyncClient, params: dict[str, str], field: str) -> None:
    answer = await client.get("/api/v1/reports/calls", params=params)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("asked", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
async def test_csv(client: httpx.AsyncClient, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.repository._BATCH", 2)
    answer = await client.get("/api/v1/reports/calls", **asked)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == ["c8", "c7", "c5", "c4", "c3", "c2", "c1"]
    assert tuple(rows[0]) == COLUMNS
    first = rows[-1]
    assert (first["arrived_at"], first["wait_seconds"], first["within_threshold"], rows[0]["agent"]) == (
        "2026-01-01T12:00:01.000Z", "10.25", "true", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("+cmd|x", "'+cmd|x"), ("+49 (30) 1", "+49 (30) 1"), ("ana", "ana"), ("", "")]
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert _harmless(text) == cell


@pytest.mark.usefixtures("stored")
async def test_queue_counts(client: httpx.AsyncClient) -> None:
    support, gone = (await client.get("/api/v1/reports/queues")).json()["items"][::-1]
    assert gone["queue"] == "q2"
    assert support == {
        "queue": "support", "queue_id": "q1", "offered": 6, "answered": 2, "answered_within_threshold": 1,
        "abandoned": 1, "abandoned_within_threshold": 1, "short_abandoned": 1, "flowed_out": 1, "system": 1,
        "in_progress": 1, "rejected": 1, "provisional": True, "wait_seconds": 40.25, "talk_seconds": 40.0,
        "wrap_up_seconds": 7.5, "service_level": 0.5, "abandon_rate": pytest.approx(1 / 6),
        "average_speed_of_answer_seconds": 20.125, "average_handle_time_seconds": 23.75,
    }  # fmt: skip
    params = {"from": "2026-01-01T12:00:02Z", "to": "2026-01-01T12:00:06Z", "queue": "support"}
    (part,) = (await client.get("/api/v1/reports/queues", params=params)).json()["items"]
    assert (part["offered"], part["answered"], part["provisional"]) == (4, 1, False)
    assert (await client.get("/api/v1/reports/queues", params={"to": "2025-01-01T00:00:00Z"})).json()["items"] == [
        {**part, "offered": 0, "answered": 0, "abandoned": 0, "abandoned_within_threshold": 0, "short_abandoned": 0,
         "flowed_out": 0, "system": 0, "wait_seconds": 0.0, "talk_seconds": 0.0, "service_level": None,
         "abandon_rate": None, "average_speed_of_answer_seconds": None, "average_handle_time_seconds": None}
    ]  # fmt: skip


async def test_what_came_of_a_call(client: httpx.AsyncClient, database: Database) -> None:
    """The last word counts, also when it is shipped before the record, or an older one once more."""
    story = Story()
    story.waits("c1", NOON)
    first = Disposition(story.new_id(), NOON + 20, "c1", "q1", "a1", "lost")
    second = Disposition(story.new_id(), NOON + 25, "c1", "q1", "a1", "sold", "two\0of them")
    story.facts += [first, second]
    story.ends("c1", "answered", NOON, NOON + 20, wait=1, talk=19)
    story.facts.append(first)
    story.facts.append(AgentEvent(story.new_id(), NOON, "auto_paused", "a1", pause_reason="missed calls", misses=3))
    await store(database, story)
    journal = MemoryJournal()
    journal.append(Turn([], [encode(first)]))
    while await FactsWriter(journal, database, lambda: NOON).ship():
        pass
    (call,) = (await client.get("/api/v1/reports/calls")).json()["items"]
    assert (call["disposition"], call["disposition_note"]) == ("sold", "two\N{REPLACEMENT CHARACTER}of them")
    async with database.read() as session:
        (event,) = await session.scalars(select(AgentEventRow))
    assert (event.kind, event.pause_reason, event.misses) == ("auto_paused", "missed calls", 3)
