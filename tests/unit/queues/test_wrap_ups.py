"""Wrap-up by call, agent and queue, its bound, dispositions in it; and calls outside the queues."""

import pytest

from queues.commands import (
    ConfigureAgent,
    EndWrapUp,
    Enqueue,
    ExtendWrapUp,
    OutsideCalls,
    RequeueTicket,
    SetDisposition,
    SetStatus,
    SetWrapUp,
)
from queues.model import AgentConfig, AgentId, AgentStatus, QueueId, TicketId
from queues.outputs import DispositionGiven, RefusalReason
from tests.unit.queues.desk import Desk, queue_config

ANA = AgentId("ana")


def talking(own: float | None = None, capacity: int = 1, **queue: object) -> Desk:
    """Ana talks in call a; it is 10 o'clock."""
    desk = Desk(queue_config("support", None, **queue), now=10.0)
    desk.do(ConfigureAgent(AgentConfig(ANA, "ana", capacity=capacity, wrap_up_seconds=own)))
    desk.do(SetStatus(ANA, AgentStatus.AVAILABLE))
    desk.enter("a")
    desk.connect("o1")
    return desk


def given(desk: Desk) -> list[tuple[str, str]]:
    return [(each.ticket, each.code) for each in desk.of(DispositionGiven)]


# --- how long


@pytest.mark.parametrize(
    ("call", "own", "queue", "until"),
    [
        (None, None, 30.0, 40.0),
        (None, 5.0, 30.0, 15.0),
        (60.0, 5.0, 30.0, 70.0),
        (None, 0.0, 30.0, None),
        (0.0, 5.0, 30.0, None),
        (None, None, 0.0, None),
        (7.0, None, 0.0, 17.0),
        (None, None, 0.5, 10.5),
    ],
)
def test_the_call_s_own_counts_before_the_agent_s_before_the_queue_s(
    call: float | None, own: float | None, queue: float, until: float | None
) -> None:
    desk = Desk(queue_config(wrap_up_seconds=queue), now=10.0)
    desk.do(ConfigureAgent(AgentConfig(ANA, "ana", wrap_up_seconds=own)))
    desk.do(SetStatus(ANA, AgentStatus.AVAILABLE))
    desk.do(Enqueue(TicketId("a"), QueueId("support"), wrap_up_seconds=call))
    desk.connect("o1")
    desk.end("a")
    assert desk.view().wrap_up_until == until


def test_it_is_set_while_the_call_lasts() -> None:
    desk = talking(wrap_up_seconds=30.0)
    desk.do(SetWrapUp(TicketId("a"), 90.0))
    desk.end("a")
    assert desk.view().wrap_up_until == 100
    desk.do(SetWrapUp(TicketId("a"), 90.0))
    assert desk.refusal() is RefusalReason.UNKNOWN_TICKET


def test_the_queue_bounds_them_all() -> None:
    desk = talking(own=500.0, wrap_up_seconds=30.0, max_wrap_up_seconds=100.0)
    desk.end("a")
    assert desk.view().wrap_up_until == 110
    desk.do(ExtendWrapUp(ANA, 5.0), at=20)
    assert desk.refusal() is RefusalReason.WRAP_UP_LIMIT


def test_an_extension_is_cut_at_the_bound() -> None:
    desk = talking(wrap_up_seconds=30.0, max_wrap_up_seconds=50.0)
    desk.end("a")
    desk.do(ExtendWrapUp(ANA, 0.0), at=20)
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    desk.do(ExtendWrapUp(ANA, 0.5))
    desk.do(ExtendWrapUp(ANA, 14.5))
    assert desk.view().wrap_up_until == 55
    desk.do(ExtendWrapUp(ANA, 15.0), at=30)
    assert desk.view().wrap_up_until == 60
    desk.do(ExtendWrapUp(ANA, 15.0), at=30)
    assert desk.refusal() is RefusalReason.WRAP_UP_LIMIT
    desk.pass_to(60)
    assert desk.state("ana") == "idle"


def test_calls_that_end_together_are_wrapped_up_together() -> None:
    desk = talking(capacity=2, wrap_up_seconds=30.0, max_wrap_up_seconds=40.0)
    desk.enter("b")
    desk.connect("o2")
    desk.end("a", at=10)
    desk.end("b", at=20)
    assert desk.view().wrap_up_until == 50
    assert desk.view().ticket == "b"
    desk.do(ExtendWrapUp(ANA, 100.0))
    assert desk.view().wrap_up_until == 60, "the later call's bound"


def test_one_of_the_calls_without_a_bound_leaves_their_wrap_up_without() -> None:
    desk = Desk(
        queue_config(wrap_up_seconds=30.0, max_wrap_up_seconds=40.0), queue_config("sales", wrap_up_seconds=30.0)
    )
    desk.agent("ana", capacity=2)
    desk.enter("a")
    desk.enter("b", "sales")
    desk.connect("o1")
    desk.connect("o2")
    desk.end("a", at=10)
    desk.end("b", at=20)
    desk.do(ExtendWrapUp(ANA, 100.0))
    assert desk.view().wrap_up_until == 150


# --- dispositions


def test_a_disposition_during_the_call_or_after_it() -> None:
    desk = talking(wrap_up_seconds=30.0)
    desk.do(SetDisposition(ANA, None, "sold", "two of them"))
    assert desk.one(DispositionGiven) == DispositionGiven(TicketId("a"), QueueId("support"), ANA, "sold", "two of them")
    desk.end("a")
    desk.do(SetDisposition(ANA, TicketId("a"), "returned"))
    assert given(desk) == [("a", "returned")]
    assert desk.view().ticket == "a"
    desk.do(SetDisposition(ANA, TicketId("a"), "exchanged", queues=frozenset({QueueId("support")})))
    assert given(desk) == [("a", "exchanged")], "a later one replaces it"
    desk.do(SetDisposition(ANA, TicketId("b"), "sold"))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    desk.pass_to(40)
    assert given(desk) == [], "nobody asked for one"
    desk.do(SetDisposition(ANA, None, "sold"))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW


def test_a_code_of_other_queues_is_refused() -> None:
    desk = talking()
    desk.do(SetDisposition(ANA, None, "sold", queues=frozenset({QueueId("sales")})))
    assert desk.refusal() is RefusalReason.WRONG_QUEUE
    desk.do(SetDisposition(ANA, None, "sold", queues=frozenset({QueueId("sales"), QueueId("support")})))
    assert given(desk) == [("a", "sold")]


def test_where_it_is_required_the_wrap_up_is_not_ended_without() -> None:
    desk = talking(wrap_up_seconds=30.0, disposition_required=True)
    desk.end("a")
    assert desk.view().uncoded == ("a",)
    desk.do(EndWrapUp(ANA))
    assert desk.refusal() is RefusalReason.DISPOSITION_REQUIRED
    desk.do(SetDisposition(ANA, None, "sold"))
    assert desk.view().uncoded == ()
    desk.do(EndWrapUp(ANA))
    assert (desk.state("ana"), given(desk)) == ("idle", [])


@pytest.mark.parametrize("how", ["time", "force", "supervisor", "status"])
def test_a_wrap_up_that_ends_without_says_none(how: str) -> None:
    desk = talking(wrap_up_seconds=30.0, disposition_required=True)
    desk.end("a")
    if how == "time":
        desk.pass_to(40)
    elif how == "supervisor":
        desk.do(EndWrapUp(ANA, force=True))
    elif how == "force":
        desk.do(SetStatus(ANA, AgentStatus.PAUSED, force=True, by="boss"))
    else:
        desk.do(SetStatus(ANA, AgentStatus.LOGGED_OUT))
        assert given(desk) == []
        desk.pass_to(40)
    assert given(desk) == [("a", "none")]


def test_coded_during_the_call_is_coded() -> None:
    desk = talking(wrap_up_seconds=30.0, disposition_required=True)
    desk.do(SetDisposition(ANA, None, "sold"))
    desk.end("a")
    desk.do(EndWrapUp(ANA))
    assert given(desk) == []


def test_without_a_wrap_up_it_is_none_at_once() -> None:
    desk = talking(disposition_required=True)
    desk.end("a")
    assert given(desk) == [("a", "none")]


def test_each_of_two_calls_needs_its_own() -> None:
    desk = talking(capacity=2, wrap_up_seconds=30.0, disposition_required=True)
    desk.enter("b")
    desk.connect("o2")
    desk.end("a")
    desk.end("b")
    desk.do(SetDisposition(ANA, None, "sold"))
    assert (given(desk), desk.view().uncoded) == ([("b", "sold")], ("a",))
    desk.pass_to(40)
    assert given(desk) == [("a", "none")]


def test_a_call_put_back_into_line_needs_one_for_each_talk() -> None:
    desk = talking(wrap_up_seconds=30.0, disposition_required=True)
    desk.do(SetDisposition(ANA, None, "lost"))
    desk.do(RequeueTicket(TicketId("a")))
    desk.do(EndWrapUp(ANA))
    assert desk.offered() == [("a", "ana")]
    desk.connect("o2")
    desk.end("a")
    assert desk.view().uncoded == ("a",)


# --- outside calls


@pytest.mark.parametrize("seen", [False, True])
def test_an_agent_in_a_call_outside_is_offered_none(*, seen: bool) -> None:
    desk = Desk()
    desk.agent("ana", capacity=3)
    desk.do(OutsideCalls(ANA, 2, seen), at=5)
    assert (desk.state("ana"), desk.view().outside_calls, desk.view().active) == ("on_call", 2, 0)
    assert (desk.changed("ana").outside_calls, desk.changed("ana").active) == (2, 0)
    desk.enter("a", at=6)
    assert desk.offered() == []
    desk.do(OutsideCalls(ANA, 1, seen), at=7)
    assert desk.offered() == []
    desk.do(OutsideCalls(ANA, 0, seen), at=8)
    assert desk.offered() == [("a", "ana")]


def test_after_a_call_outside_the_agent_is_at_the_end_of_the_idle_list() -> None:
    desk = Desk()
    desk.agent("ana", at=1)
    desk.do(OutsideCalls(ANA, 1), at=2)
    desk.agent("bo", at=3)
    desk.do(OutsideCalls(ANA, 0), at=4)
    desk.enter("a", at=5)
    assert desk.offered() == [("a", "bo")]


def test_what_we_see_and_what_we_are_told_add_up() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.do(OutsideCalls(ANA, 1, seen=True))
    desk.do(OutsideCalls(ANA, 1))
    desk.do(OutsideCalls(ANA, 0, seen=True))
    assert desk.state("ana") == "on_call"
    desk.do(OutsideCalls(ANA, -1))
    assert desk.refusal() is RefusalReason.NOT_POSSIBLE_NOW
    desk.do(OutsideCalls(ANA, 0))
    assert desk.state("ana") == "idle"
    assert desk.do(OutsideCalls(ANA, 0)) == []


def test_a_pause_takes_effect_during_a_call_outside() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.do(OutsideCalls(ANA, 1))
    desk.status("ana", AgentStatus.PAUSED, "lunch")
    assert (desk.view().status, desk.view().pending_status, desk.state("ana")) == ("paused", None, "on_call")
    desk.status("ana", AgentStatus.LOGGED_OUT)
    assert desk.state("ana") == "offline"
