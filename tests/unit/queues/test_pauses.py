"""Pause reasons with their limits, and states forced by a supervisor."""

import pytest

from queues.commands import (
    Abandon,
    Command,
    ConfigurePauseReason,
    EndWrapUp,
    OfferFailed,
    RemovePauseReason,
    ReturnOffer,
    SetStatus,
)
from queues.floor.snapshot import agent_row
from queues.model import AgentId, AgentStatus, FailureCause, OfferId, TicketId
from queues.outputs import (
    AgentIncident,
    AgentNoted,
    CancelReason,
    MakeOffer,
    OfferEnded,
    OfferResult,
    RefusalReason,
    WithdrawOffer,
)
from queues.rules.agent_rules import OnLimit, PauseReason, PauseReasonId
from tests.unit.queues.desk import Desk, queue_config

ANA, BO = AgentId("ana"), AgentId("bo")
A = TicketId("a")
PAUSED, AVAILABLE, LOGGED_OUT = AgentStatus.PAUSED, AgentStatus.AVAILABLE, AgentStatus.LOGGED_OUT


def reason(name: str, **fields: object) -> ConfigurePauseReason:
    return ConfigurePauseReason(PauseReason(PauseReasonId(f"r-{name}"), name, **fields))  # type: ignore[arg-type]


def desk_with(*reasons: ConfigurePauseReason, **queue: object) -> Desk:
    desk = Desk(queue_config("support", None, **queue))
    for name in ("ana", "bo"):
        desk.agent(name)
    for each in reasons:
        desk.do(each)
    return desk


def incidents(desk: Desk) -> list[tuple[str, str, str | None]]:
    return [(note.agent, note.incident.value, note.reason) for note in desk.of(AgentNoted)]


# --- reasons


def test_any_text_is_a_reason_where_none_is_configured() -> None:
    desk = desk_with()
    desk.status("ana", PAUSED, "watering the plants")
    assert desk.view().pause_reason == "watering the plants"


def test_an_unknown_reason_is_refused_where_some_are_configured() -> None:
    desk = desk_with(reason("lunch"), reason("training"))
    desk.status("ana", PAUSED, "watering the plants")
    assert desk.refusal() is RefusalReason.UNKNOWN_PAUSE_REASON
    assert desk.view().status is AVAILABLE
    desk.status("ana", PAUSED, "r-lunch")
    assert desk.view().pause_reason == "lunch", "an id stands for the name"
    desk.status("bo", PAUSED)
    assert desk.view("bo").status is PAUSED, "a reason need not be given"
    desk.do(RemovePauseReason(PauseReasonId("r-lunch")))
    desk.do(RemovePauseReason(PauseReasonId("r-lunch")))
    assert desk.refusal() is RefusalReason.UNKNOWN_PAUSE_REASON


def test_no_more_than_so_many_agents_pause_for_it() -> None:
    desk = desk_with(reason("lunch", max_agents=1))
    desk.status("ana", PAUSED, "lunch")
    desk.status("bo", PAUSED, "lunch")
    assert desk.refusal() is RefusalReason.PAUSE_LIMIT
    desk.status("ana", PAUSED, "lunch")
    assert desk.outputs == [], "whoever has the place keeps it"
    desk.status("ana", AVAILABLE)
    desk.status("bo", PAUSED, "lunch")
    assert desk.view("bo").pause_reason == "lunch"


def test_a_pause_that_is_pending_takes_a_place() -> None:
    desk = desk_with(reason("lunch", max_agents=1))
    desk.enter("a")
    desk.connect("o1")
    desk.status("ana", PAUSED, "lunch")
    assert desk.view().pending_status is PAUSED
    desk.status("bo", PAUSED, "lunch")
    assert desk.refusal() is RefusalReason.PAUSE_LIMIT
    desk.status("ana", LOGGED_OUT)
    desk.status("bo", PAUSED, "lunch")
    assert desk.view("bo").status is PAUSED


def test_a_pause_for_something_else_takes_no_place() -> None:
    desk = desk_with(reason("lunch", max_agents=1), reason("training"))
    desk.status("ana", PAUSED, "training")
    desk.status("bo", PAUSED, "lunch")
    assert desk.view("bo").pause_reason == "lunch"


def test_places_of_a_queue() -> None:
    desk = Desk(queue_config("support"), queue_config("sales"))
    desk.agent("ana", None, "support")
    desk.agent("bo", None, "sales")
    desk.agent("cleo", None, "support", "sales")
    desk.do(reason("lunch", max_agents_per_queue=1))
    desk.status("ana", PAUSED, "lunch")
    desk.status("bo", PAUSED, "lunch")
    assert desk.view("bo").status is PAUSED
    desk.status("cleo", PAUSED, "lunch")
    assert desk.refusal() is RefusalReason.PAUSE_LIMIT
    desk.do(reason("lunch", max_agents_per_queue=2))
    desk.status("cleo", PAUSED, "lunch")
    assert desk.view("cleo").status is PAUSED


def test_a_supervisor_is_not_held_to_the_number() -> None:
    desk = desk_with(reason("lunch", max_agents=0))
    desk.status("ana", PAUSED, "lunch")
    assert desk.refusal() is RefusalReason.PAUSE_LIMIT
    desk.do(SetStatus(ANA, PAUSED, "lunch", force=True, by="boss"))
    assert desk.view().pause_reason == "lunch"


@pytest.mark.parametrize(
    ("on_limit", "status"),
    [(OnLimit.NOTIFY, PAUSED), (OnLimit.AVAILABLE, AVAILABLE), (OnLimit.LOG_OUT, LOGGED_OUT)],
)
def test_a_pause_that_lasts_too_long(on_limit: OnLimit, status: AgentStatus) -> None:
    desk = desk_with(reason("break", limit_seconds=300.0, on_limit=on_limit))
    desk.status("ana", PAUSED, "break", at=100)
    desk.status("ana", PAUSED, "break", at=250)  # asking again does not begin it anew
    assert desk.engine.next_deadline() == 400
    desk.pass_to(399)
    assert incidents(desk) == []
    desk.pass_to(400)
    assert incidents(desk) == [("ana", "pause_overdue", "break")]
    assert (desk.view().status, desk.view().pause_overdue) == (status, status is PAUSED)
    desk.pass_to(4000)
    assert desk.outputs == []
    desk.status("ana", AVAILABLE)
    assert not desk.view().pause_overdue


def test_a_pause_that_ends_in_time_is_not_told_of() -> None:
    desk = desk_with(reason("break", limit_seconds=300.0), reason("lunch", limit_seconds=1800.0))
    desk.status("ana", PAUSED, "break", at=100)
    desk.status("ana", PAUSED, "lunch", at=200)
    assert desk.engine.next_deadline() == 2000
    desk.status("ana", AVAILABLE, at=300)
    assert desk.engine.next_deadline() is None


@pytest.mark.parametrize(
    "over", [Abandon(A), OfferFailed(OfferId("o1"), FailureCause.BUSY), ReturnOffer(OfferId("o1"))]
)
def test_a_pause_that_was_pending_begins_when_the_call_is_over(over: Command) -> None:
    desk = desk_with(reason("break", limit_seconds=300.0))
    desk.enter("a", at=100)
    desk.status("ana", PAUSED, "break", at=105)
    desk.do(over, at=110)
    assert desk.view().status is PAUSED
    desk.do(Abandon(A))  # where bo was rung next
    desk.pass_to(409)
    assert incidents(desk) == []
    desk.pass_to(410)
    assert incidents(desk) == [("ana", "pause_overdue", "break")]


def test_since_when_an_agent_pauses_is_noted_also_without_a_reason() -> None:
    """It is in the agent's row, so that a limit is counted from there after a restart."""
    desk = desk_with()
    for at, status, why, since in (
        (5, PAUSED, None, 5),
        (6, PAUSED, None, 5),
        (7, PAUSED, "lunch", 7),
        (8, AVAILABLE, "lunch", None),
    ):
        desk.status("ana", status, why, at=at)
        assert agent_row(desk.engine._floor.agents.agents[ANA]).paused_at == since
    assert desk.view().pause_reason is None, "none of an agent who does not pause"


def test_a_new_limit_holds_for_who_pauses_now() -> None:
    desk = desk_with(reason("break", limit_seconds=300.0))
    desk.status("ana", PAUSED, "break", at=100)
    desk.do(reason("break", limit_seconds=60.0), at=120)
    assert desk.engine.next_deadline() == 160
    desk.pass_to(160)
    assert incidents(desk) == [("ana", "pause_overdue", "break")]
    desk.do(reason("break", limit_seconds=60.0, productive=True), at=170)
    assert desk.pass_to(180) == [], "told once"
    assert desk.view().pause_overdue
    desk.do(reason("break"), at=190)
    assert not desk.view().pause_overdue


def test_a_longer_limit_takes_back_that_a_pause_is_overdue() -> None:
    desk = desk_with(reason("break", limit_seconds=60.0))
    desk.status("ana", PAUSED, "break", at=100)
    desk.pass_to(160)
    desk.do(reason("break", limit_seconds=60.0))
    assert (desk.outputs, desk.engine.next_deadline()) == ([], None), "told at this very instant"
    desk.do(reason("break", limit_seconds=300.0), at=170)
    assert not desk.view().pause_overdue
    assert desk.engine.next_deadline() == 400


def test_a_new_limit_holds_for_each_who_pauses_for_it() -> None:
    desk = desk_with(reason("break", limit_seconds=60.0), reason("lunch"))
    desk.agent("cleo")
    desk.agent("dan")
    desk.status("bo", PAUSED, "break", at=100)
    desk.status("cleo", PAUSED, "lunch", at=120)
    desk.status("dan", PAUSED, "break", at=150)
    desk.pass_to(160)  # bo's is over
    desk.do(reason("break", limit_seconds=50.0), at=170)
    assert desk.engine.next_deadline() == 200
    desk.pass_to(200)
    assert incidents(desk) == [("dan", "pause_overdue", "break")]


def test_a_reason_that_is_removed_leaves_its_pauses_without_a_limit() -> None:
    desk = desk_with(reason("break", limit_seconds=300.0), reason("lunch", limit_seconds=60.0))
    desk.status("ana", PAUSED, "break", at=100)
    desk.status("bo", PAUSED, "lunch", at=110)
    desk.pass_to(170)
    desk.do(RemovePauseReason(PauseReasonId("r-break")), at=180)
    assert desk.engine.next_deadline() is None
    assert (desk.view().status, desk.view().pause_reason) == (PAUSED, "break")
    assert desk.view("bo").pause_overdue, "that was another reason"
    desk.do(reason("break", limit_seconds=200.0), at=200)
    assert desk.engine.next_deadline() == 300, "there again, it counts from the beginning of the pause"


# --- forced states


def force(desk: Desk, status: AgentStatus, reason: str | None = None) -> None:
    desk.do(SetStatus(ANA, status, reason, force=True, by="boss"))


def test_a_forced_pause_takes_the_ringing_call_away() -> None:
    desk = Desk()
    desk.agent("ana", at=1)
    desk.agent("bo", at=2)
    desk.enter("a", at=3)
    force(desk, PAUSED, "meeting")
    assert [(each.agent, each.reason) for each in desk.of(WithdrawOffer)] == [("ana", CancelReason.AGENT_GONE)]
    ended = desk.one(OfferEnded)
    assert (ended.offer, ended.ticket, ended.agent, ended.result) == ("o1", "a", "ana", OfferResult.CANCELLED)
    assert [(each.ticket, each.agent) for each in desk.of(MakeOffer)] == [("a", "bo")]
    note = desk.one(AgentNoted)
    assert note == AgentNoted(ANA, AgentIncident.FORCED, "meeting", status=PAUSED, by="boss")
    assert (desk.state("ana"), desk.view().forced_by, desk.changed("ana").forced_by) == ("paused", "boss", "boss")
    desk.status("ana", AVAILABLE)
    assert desk.view().forced_by is None


def test_a_forced_pause_has_the_limit_of_its_reason() -> None:
    desk = desk_with(reason("break", limit_seconds=300.0))
    desk.now = 100.0
    force(desk, PAUSED, "break")
    assert desk.engine.next_deadline() == 400


def test_forced_out_of_a_wrap_up_the_agent_is_at_the_end_of_the_idle_list() -> None:
    desk = Desk(queue_config(wrap_up_seconds=30.0))
    desk.agent("ana", at=0)
    desk.enter("a", at=1)
    desk.connect("o1")
    desk.end("a", at=2)
    desk.agent("bo", at=3)
    desk.now = 4.0
    force(desk, AVAILABLE)
    desk.enter("b", at=5)
    assert desk.offered() == [("b", "bo")]


def test_a_forced_log_out_leaves_the_call_in_hand() -> None:
    desk = Desk(queue_config(wrap_up_seconds=30.0))
    desk.agent("ana", capacity=2)
    desk.enter("a", at=1)
    desk.connect("o1")
    desk.enter("b")
    force(desk, LOGGED_OUT)
    assert (desk.view().status, desk.state("ana"), desk.view().active) == (LOGGED_OUT, "on_call", 1)
    assert desk.waiting() == ["b"]
    desk.end("a", at=9)
    assert desk.state("ana") == "wrap_up"
    desk.pass_to(39)
    assert desk.state("ana") == "offline"


def test_a_bridge_being_built_stands() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.enter("a")
    desk.answer("o1")
    force(desk, PAUSED)
    assert desk.of(WithdrawOffer) == []
    desk.connect("o1")
    assert (desk.state("ana"), desk.view().status) == ("on_call", PAUSED)


def test_forced_to_be_available_ends_wrap_up_and_delay() -> None:
    desk = Desk(queue_config(wrap_up_seconds=30.0))
    desk.agent("ana")
    desk.enter("a")
    desk.connect("o1")
    desk.status("ana", PAUSED)
    desk.end("a")
    desk.enter("b")
    force(desk, AVAILABLE)
    assert desk.offered() == [("b", "ana")]
    desk.fail("o2", FailureCause.BUSY)
    assert desk.state("ana") == "not_responding"
    force(desk, AVAILABLE)
    assert desk.offered() == [("b", "ana")]
    force(desk, AVAILABLE)
    assert desk.of(WithdrawOffer) == [], "what rings goes on ringing"
    desk.do(EndWrapUp(ANA))
    assert desk.refusal() is RefusalReason.NOT_IN_WRAP_UP
