"""The live picture as facts change it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.facts import CallEvent, CallRecord, Fact
from app.projections.live import LiveView
from queues.model import Requirement
from tests.unit.app.histories import NOON, SCRIPTS, Story, agent, queue, told


def view_of(facts: list[Fact]) -> LiveView:
    view = LiveView(NOON)
    view.configure(queue())
    view.configure(queue("q2", "sales"))
    view.configure(agent())
    for fact in facts:
        view.apply(fact)
    return view


def test_a_call_from_arrival_to_its_record() -> None:
    story = Story()
    view = view_of([])
    seen = []

    def tell() -> None:
        for fact in story.facts:
            view.apply(fact)
            call = view.call("c1", NOON + 10)
            seen.append(call and call.state)
        story.facts.clear()

    story.waits("c1", NOON)
    tell()
    waiting = view.call("c1", NOON + 10)
    assert waiting is not None
    assert (waiting.queue_name, waiting.position, waiting.wait_seconds, waiting.caller) == ("support", 1, 10.0, "+491")
    story.step("c1", "offered", NOON + 11, agent="a1", offer="o1")
    story.step("c1", "offer_ended", NOON + 12, agent="a1", offer="o1", cause="busy")
    story.talks("c1", NOON + 15)
    tell()
    talking = view.call("c1", NOON + 99)
    assert talking is not None
    assert (talking.agent_name, talking.position, talking.wait_seconds, talking.offers) == ("ana", None, 15.0, 2)
    story.ends("c1", "answered", NOON, NOON + 100, wait=15, talk=85)
    story.step("c1", "offer_ended", NOON + 100, agent="a1")  # a late word makes no zombie
    tell()
    assert seen == [
        "arrived", "queued", "parked", "offered", "parked", "offered", "offered", "connecting", "bridged", None, None,
        None,
    ]  # fmt: skip
    assert view.counts()["calls"] == {}


def test_positions_follow_points_where_waiting_earns_them() -> None:
    story = Story()
    for name, at, priority in (("c1", 0, 0), ("c2", 60, 5), ("c3", 20, 1)):
        story.waits(name, NOON + at, priority=priority)
    view = view_of(story.facts)
    assert {call.id: call.position for call in view.calls(NOON + 90)} == {"c2": 1, "c3": 2, "c1": 3}
    plain = queue()
    view.configure(replace(plain, routing=replace(plain.routing, ageing=0.1)))
    assert {call.id: call.position for call in view.calls(NOON + 90)} == {"c1": 1, "c2": 3, "c3": 2}
    story = Story()
    story.waits("c4", NOON + 80, priority=9)
    for fact in story.facts:
        view.apply(fact)
    assert {call.id: call.position for call in view.calls(NOON + 90)} == {"c4": 1, "c1": 2, "c3": 3, "c2": 4}


def test_positions_follow_priority_then_join_time() -> None:
    story = Story()
    for name, priority in (("c1", 0), ("c2", 5), ("c3", 0), ("c4", 5)):
        story.waits(name, NOON + int(name[1]), priority=priority)
    story.step("c3", "priority_changed", NOON + 9, priority=9)
    view = view_of(story.facts)
    assert {call.id: call.position for call in view.calls(NOON + 10)} == {"c3": 1, "c2": 2, "c4": 3, "c1": 4}
    stats = view.queue_stats("q1", NOON + 10)
    assert stats is not None
    assert (stats.waiting, stats.offered, stats.longest_wait_seconds) == (4, 0, 9.0)
    assert [call.id for call in view.calls(NOON, after="c2")] == ["c3", "c4"]


def test_a_requeue_keeps_the_join_time() -> None:
    story = Story()
    story.waits("c1", NOON)
    story.talks("c1", NOON + 3)
    story.step("c1", "offer_ended", NOON + 4, agent="a1", offer="oc1", cause="connect_failed")
    story.step("c1", "queued", NOON + 50)
    view = view_of(story.facts)
    call = view.call("c1", NOON + 60)
    assert call is not None
    assert call.queued_at == NOON
    stats = view.queue_stats("q1", NOON + 60)
    assert stats is not None
    assert (stats.today.offered, stats.today.answered, stats.today.in_progress) == (1, 1, 0)


def test_late_words_about_an_offer_that_is_over() -> None:
    story = Story()
    story.waits("c1", NOON)
    story.step("c1", "offered", NOON + 1, agent="a1", offer="o1")
    story.step("c1", "offered", NOON + 2, agent="a2", offer="o2")
    story.step("c1", "answered", NOON + 3, agent="a1", offer="o1")
    story.step("c1", "offer_ended", NOON + 3, agent="a1", offer="o1", cause="no_answer")
    view = view_of(story.facts)
    call = view.call("c1", NOON + 4)
    assert call is not None
    assert (call.state, call.agent, call.offers) == ("offered", "a2", 2)


def test_a_rejected_call_is_shown_until_it_is_over() -> None:
    story = Story()
    story.step("c1", "arrived", NOON)
    story.step("c1", "rejected", NOON, cause="queue_full")
    view = view_of(story.facts)
    call = view.call("c1", NOON + 4)
    assert call is not None
    assert (call.state, call.position) == ("ending", None)
    story.facts.clear()
    story.ends("c1", "rejected", NOON, NOON + 9, wait=0, queued=False)
    for fact in story.facts:
        view.apply(fact)
    assert view.call("c1", NOON + 9) is None
    stats = view.queue_stats("q1", NOON + 9)
    assert stats is not None
    assert (stats.today.rejected, stats.today.offered) == (1, 0)


def test_agents_are_counted_where_they_may_serve() -> None:
    view = LiveView(NOON)
    view.configure(queue("q1", "support", Requirement("billing", 5)))
    view.configure(queue("q2", "sales"))
    view.configure(agent("a1", "ana", billing=7))
    view.configure(agent("a2", "bo", billing=4))
    story = Story()
    story.agent("a1", "idle", NOON)
    story.agent("a2", "on_call", NOON)
    for fact in story.facts:
        view.apply(fact)

    def agents(queue_id: str) -> dict[str, int]:
        stats = view.queue_stats(queue_id, NOON)
        assert stats is not None
        return stats.agents

    assert (agents("q1"), agents("q2")) == ({"idle": 1}, {"idle": 1, "on_call": 1})
    view.configure(queue("q1", "support", Requirement("billing", 1)))
    assert agents("q1") == {"idle": 1, "on_call": 1}
    view.configure(agent("a1", "ana"))
    view.unconfigure("agent", "a2")
    assert (agents("q1"), agents("q2")) == ({}, {"idle": 1})
    assert view.agent("a2") is None
    view.unconfigure("queue", "q1")
    assert view.queue_stats("q1", NOON) is None
    assert (view.queue_ids(), view.queue_id("sales"), view.agent_id("ana"), view.queue_id("q1")) == (
        ["q2"], "q2", "a1", None,
    )  # fmt: skip


def test_since_moves_only_with_the_state() -> None:
    story = Story()
    story.agent("a1", "idle", NOON)
    story.agent("a1", "idle", NOON + 5)
    view = view_of(story.facts)
    state = view.agent("a1")
    assert state is not None
    assert state.time == NOON


def test_counts_start_anew_at_midnight() -> None:
    story = Story()
    story.waits("c1", NOON)
    view = view_of(story.facts)
    tomorrow = NOON + 12 * 3600
    stats = view.queue_stats("q1", tomorrow)
    assert stats is not None
    assert (stats.waiting, stats.today.offered, stats.today.since) == (1, 0, tomorrow)
    story.facts.clear()
    story.talks("c1", tomorrow + 1)
    story.ends("c1", "answered", NOON, tomorrow + 2, wait=12 * 3600)
    for fact in story.facts:
        view.apply(fact)
    stats = view.queue_stats("q1", tomorrow + 3)
    assert stats is not None
    assert (stats.today.offered, stats.today.answered) == (0, 0)  # it belongs to yesterday


def test_touched_queues() -> None:
    view = view_of([])
    view.take_touched()
    story = Story()
    story.agent("a1", "idle", NOON)
    view.apply(story.facts.pop())
    assert view.take_touched() == {"q1", "q2"}
    assert not view.has_touched()
    story.step("c1", "queued", NOON, queue="q2")
    story.step("c2", "queued", NOON, queue="deleted")
    for fact in story.facts:
        view.apply(fact)
    assert view.take_touched() == {"q2"}


def test_what_a_caller_has_still_to_wait_is_forecast_by_the_position_it_has_now() -> None:
    story = Story()
    for number in range(3):
        story.waits(f"c{number}", NOON + number)
    story.talks("c0", NOON + 5)
    view = view_of(story.facts)
    view.forecast = lambda queue, _priority, position, _now: 7.0 * (position or 9) if queue == "q1" else None
    waits = [call.expected_wait_seconds for call in view.calls(NOON + 10)]
    assert waits == [None, 7.0, 14.0]
    stats = view.queue_stats("q1", NOON + 10)
    assert stats is not None
    assert stats.expected_wait_seconds == 63.0


def test_predictions_are_held_against_the_waits_of_answered_calls() -> None:
    story = Story()
    for number, (wait, expected) in enumerate([(10.0, 13_000), (10.0, 6_000), (10.0, None)]):
        story.waits(f"c{number}", NOON)
        story.ends(f"c{number}", "answered", NOON, NOON + 20, wait=wait, expected_wait_ms=expected)
    story.waits("gone", NOON)
    story.ends("gone", "abandoned", NOON, NOON + 20, wait=20.0, expected_wait_ms=90_000)
    stats = view_of(story.facts).queue_stats("q1", NOON + 30)
    assert stats is not None
    assert stats.today.expected_wait_bias_seconds == pytest.approx(-0.5)
    assert stats.today.expected_wait_rmse_seconds == pytest.approx(12.5**0.5)


def test_ratios_without_a_denominator_are_none() -> None:
    stats = view_of([]).queue_stats("q1", NOON)
    assert stats is not None
    today = stats.today
    assert [
        today.service_level, today.abandon_rate, today.average_speed_of_answer_seconds,
        today.average_handle_time_seconds, stats.expected_wait_seconds,
    ] == [None] * 5  # fmt: skip


def test_todays_figures() -> None:
    story = Story()
    for number, (outcome, wait) in enumerate(
        [("answered", 10.0), ("answered", 30.0), ("abandoned", 3.0), ("abandoned", 15.0), ("system", 1.0)]
    ):
        call = f"c{number}"
        story.waits(call, NOON)
        if outcome == "answered":
            story.talks(call, NOON + wait)
        story.ends(call, outcome, NOON, NOON + 60, wait=wait, talk=20)  # type: ignore[arg-type]
    story.wrapped_up("c0", NOON + 70, 10)
    stats = view_of(story.facts).queue_stats("q1", NOON + 90)
    assert stats is not None
    today = stats.today
    assert today.service_level == pytest.approx(1 / 3)  # A_T 1, A 2, B 2, s 1
    assert today.abandon_rate == pytest.approx(2 / 5)
    assert today.average_speed_of_answer_seconds == pytest.approx(20.0)
    assert today.average_handle_time_seconds == pytest.approx(25.0)  # (20 + 20 + 10) / 2
    assert (today.abandoned_within_threshold, today.short_abandoned, today.system) == (2, 1, 1)


@given(SCRIPTS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_counts_reconcile_and_can_be_recomputed(
    script: list[tuple[str, int, int, str, int | None, int, float]],
) -> None:
    facts = told(script)
    view = view_of([])
    shadow: dict[str, set[str]] = {"q1": set(), "q2": set()}
    for fact in facts:
        view.apply(fact)
        if isinstance(fact, CallEvent) and fact.kind == "queued":
            shadow[fact.queue or ""].add(fact.call)
        elif isinstance(fact, CallEvent) and fact.kind == "requeued":
            for queue_id, waiting in shadow.items():
                (waiting.add if queue_id == fact.queue else waiting.discard)(fact.call)
        elif isinstance(fact, CallEvent) and fact.kind in ("connected", "ended"):
            shadow[fact.queue or ""].discard(fact.call)
        elif isinstance(fact, CallRecord):
            assert view.call(fact.call, NOON) is None
        for queue_id, waiting in shadow.items():
            stats = view.queue_stats(queue_id, NOON + 1)
            assert stats is not None
            assert stats.waiting + stats.offered == len(waiting)
            today = stats.today
            parts = today.answered + today.abandoned + today.flowed_out + today.system + today.in_progress
            assert today.offered == parts
            assert min(today.in_progress, today.answered, today.abandoned, today.system) >= 0
    again = view.day_from(facts, NOON)
    for queue_id in shadow:
        stats = view.queue_stats(queue_id, NOON + 1)
        assert stats is not None
        assert again.stats(queue_id) == stats.today
