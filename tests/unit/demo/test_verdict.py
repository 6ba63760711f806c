"""The judge is content with a right play, and names each thing that is wrong."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from app.demo.plan import Play, write_play
from app.demo.verdict import Record, Summary, judge, records_of, summary_of
from app.demo.views import AgentView, CallerView

WHOLE = write_play()
PLAY = replace(WHOLE, callers=WHOLE.callers[:2])
ONE, OTHER = PLAY.callers


def talked(**changes: Any) -> CallerView:
    view = CallerView(
        name=ONE.name,
        queue=ONE.queue,
        end="talked",
        detail="",
        wait_seconds=4.0,
        talk_seconds=3.0,
        ended_by="caller",
        agent="ana",
        music_seconds=4.0,
        heard={"music:music": 190, "agent:ana": 150},
    )
    return msgspec.structs.replace(view, **changes)


def gave_up(**changes: Any) -> CallerView:
    view = CallerView(
        name=OTHER.name,
        queue=OTHER.queue,
        end="gave_up",
        detail="",
        wait_seconds=2.0,
        talk_seconds=0.0,
        ended_by="caller",
        agent="",
        music_seconds=2.0,
        heard={"music:music-sales": 95},
    )
    return msgspec.structs.replace(view, **changes)


ANSWERED = Record(ONE.name, ONE.queue, "ana", "answered", "caller", 4.1, 2.9)
ABANDONED = Record(OTHER.name, OTHER.queue, "", "abandoned", "caller", 2.0, 0.0)
ANA = AgentView("ana", 1, 0, {f"caller:{ONE.name}": 150})


def verdict(
    *callers: CallerView, records: tuple[Record, ...] = (ANSWERED, ABANDONED), play: Play = PLAY
) -> list[str]:  # fmt: skip
    return judge(play, callers, [ANA], records)


def test_nothing_is_wrong_with_a_right_play() -> None:
    assert verdict(talked(), gave_up()) == []


def test_a_caller_put_straight_through_needs_no_music() -> None:
    view = talked(music_seconds=None, heard={"agent:ana": 150})
    assert verdict(view, gave_up()) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"end": "failed", "detail": "the service hung up"}, "the service hung up"),
        ({"end": "refused", "detail": "INVITE: 503"}, "INVITE: 503"),
        ({"heard": {"agent:ana": 150}}, "heard 0 packets of music:music"),
        ({"heard": {"music:music": 190, "agent:ana": 20}}, "heard 20 packets of agent:ana"),
        ({"heard": {"music:music": 190, "agent:ana": 150, "agent:bo": 9}}, "heard agent:bo"),
        ({"heard": {"music:music": 190, "agent:ana": 150, "music:music-sales": 9}}, "heard music:music-sales"),
        ({"wait_seconds": 5.2}, "waited 5.2 s, the report says 4.1 s"),
        ({"talk_seconds": 4.2}, "talked for 4.2 s, the report says 2.9 s"),
        ({"ended_by": "agent"}, "the agent hung up, the report says caller"),
        ({"agent": "bo"}, "talked to bo, the report says ana"),
        ({"queue": "sales"}, "called sales, the report says support"),
    ],
)
def test_what_a_caller_saw_differently_is_named(changes: dict[str, Any], word: str) -> None:
    assert any(word in problem for problem in verdict(talked(**changes), gave_up()))


def test_a_wrong_outcome_is_named_unless_both_happened_at_once() -> None:
    wrong = replace(ABANDONED, outcome="answered", agent="ana")
    assert verdict(talked(), gave_up(), records=(ANSWERED, wrong)) == [
        f"{OTHER.name}: gave_up, the report says answered"
    ]
    assert verdict(talked(), gave_up(crossed=True), records=(ANSWERED, wrong)) == []


def test_missing_and_doubled_calls_are_named() -> None:
    assert verdict(talked()) == [f"caller's view: {OTHER.name} is missing"]
    assert verdict(talked(), gave_up(), records=(ANSWERED,)) == [f"report: {OTHER.name} is missing"]
    doubled = verdict(talked(), gave_up(), records=(ANSWERED, ABANDONED, ABANDONED))
    assert doubled == [f"report: {OTHER.name} is there 2 times"]
    strange = verdict(talked(), gave_up(), records=(ANSWERED, ABANDONED, replace(ABANDONED, caller="nobody")))
    assert strange == ["report: nobody is a stranger"]


def test_an_agent_must_have_heard_who_heard_it() -> None:
    assert judge(PLAY, [talked(), gave_up()], [AgentView("ana", 1, 0, {})], [ANSWERED, ABANDONED]) == [
        f"ana did not hear {ONE.name}"
    ]


def test_the_report_is_read_by_its_field_names() -> None:
    item = {
        "caller": "sip:caller07@127.0.0.1:4711",
        "queue": "support",
        "agent": None,
        "outcome": "abandoned",
        "ended_by": "caller",
        "wait_seconds": 2.5,
        "talk_seconds": 0.0,
    }
    assert records_of([item]) == [Record("caller07", "support", "", "abandoned", "caller", 2.5, 0.0)]


def test_a_summary_counts_everything() -> None:
    assert summary_of(["answered", "answered", "abandoned", "system"]) == Summary(4, 2, 1, 1)
