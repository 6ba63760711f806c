"""A restart while nobody's phone rings changes nothing: rows, deadlines, and whatever follows, are as without it."""

from queues.commands import (
    Abandon,
    AssignTicket,
    CallbackReached,
    CallEnded,
    CloseQueue,
    Command,
    ConfigureAgent,
    ConfigurePauseReason,
    Enqueue,
    EnqueueCallback,
    OpenQueue,
    OutsideCalls,
    ReleaseTicket,
    ReserveTicket,
    SetDisposition,
    SetReachable,
    SetReady,
    SetStatus,
)
from queues.floor.snapshot import AgentRow, QueueRow, TicketRow
from queues.lines.waits import UNSEEN
from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    FailureCause,
    Overflow,
    OverflowAction,
    QueueId,
    Requirement,
    RoutingState,
    TicketId,
    TicketState,
)
from queues.outputs import Output
from queues.rules.agent_rules import PauseReason, PauseReasonId, WrappedCall
from queues.rules.requirements import RelaxationStep
from queues.rules.sticky import StickyPolicy
from tests.unit.queues.desk import Desk, agent_config, queue_config

SUPPORT, SALES = QueueId("support"), QueueId("sales")
TO_SUPPORT = Overflow(OverflowAction.QUEUE, queue="support")
AWAY = Overflow(OverflowAction.URI, "sip:away@192.0.2.1")
ANA, BO, CLEO, DAN, EVE, FAY, GIL, IDA = map(AgentId, ("ana", "bo", "cleo", "dan", "eve", "fay", "gil", "ida"))
QUEUES = [
    queue_config(
        "support", {"billing": 2}, wrap_up_seconds=300.0, disposition_required=True, max_wrap_up_seconds=500.0,
        max_wait=900.0, pause_after_misses=3, place_return_seconds=600.0, sticky=StickyPolicy(3600.0, 400.0),
        relaxation=(RelaxationStep(700.0, drop=frozenset({"billing"})),),
    ),
    queue_config("sales"),
]  # fmt: skip
AGENTS: list[AgentConfig] = [agent_config(name, {"billing": 5}, capacity=3) for name in (ANA, BO)] + [
    agent_config(name, {"billing": 5}) for name in (CLEO, DAN, EVE, FAY, GIL, IDA)
]
REASONS = [PauseReason(PauseReasonId("l"), "lunch", limit_seconds=60.0), PauseReason(PauseReasonId("t"), "training")]


def configured(now: float) -> Desk:
    desk = Desk(*QUEUES, now=now)
    for reason in REASONS:
        desk.do(ConfigurePauseReason(reason))
    for agent in AGENTS:
        desk.do(ConfigureAgent(agent))
    return desk


def available(desk: Desk, *agents: AgentId) -> None:
    for agent in agents:
        desk.status(agent, AgentStatus.AVAILABLE)


def talks(desk: Desk, ticket: str, at: float, **how: object) -> None:
    """The call is connected to whoever is open."""
    desk.do(Enqueue(TicketId(ticket), SUPPORT, **how), at)  # type: ignore[arg-type]
    ((offered, _),) = desk.offered()
    assert offered == ticket
    desk.connect(next(iter(desk.engine._floor.offers)), at + 1)


def agents_of_every_kind(desk: Desk) -> None:
    """Ana talks twice and will pause, bo wraps two calls up, cleo is at lunch too long, dan has been sent away, eve
    cannot be reached, fay did not answer, gil has just gone for lunch; ida is offline after a day's work.
    """
    desk.enter("ida's", priority=5, at=0)
    desk.agent(IDA, {"billing": 5}, at=3)
    desk.connect("o1", at=5)
    desk.end("ida's", at=9)
    desk.do(SetDisposition(IDA, TicketId("ida's"), "sold"))
    desk.status(IDA, AgentStatus.LOGGED_OUT, at=400)
    available(desk, ANA)
    for number in range(3):
        talks(desk, f"ana's {number}", 401 + number, wrap_up_seconds=20.0, priority=number)
    desk.do(SetDisposition(ANA, TicketId("ana's 1"), "sold"))
    desk.do(OutsideCalls(ANA, 2))
    desk.status(ANA, AgentStatus.PAUSED, "lunch")
    available(desk, BO)
    for number in range(2):
        talks(desk, f"bo's {number}", 410 + number)
    for number in range(2):
        desk.end(f"bo's {number}", at=420 + 90 * number)
    desk.do(SetDisposition(BO, TicketId("bo's 0"), "sold"))
    desk.end("ana's 0", at=512)
    available(desk, CLEO)
    desk.status(CLEO, AgentStatus.PAUSED, "lunch", at=520)
    desk.pass_to(590)
    available(desk, DAN, EVE)
    desk.do(SetStatus(DAN, AgentStatus.PAUSED, "training", force=True, by="boss"))
    desk.do(SetReachable(EVE, reachable=False), 591)
    available(desk, FAY)
    desk.enter("missed", at=592)
    desk.fail("o7", FailureCause.NO_ANSWER, ready=False, at=595)
    desk.do(Abandon(TicketId("missed")), 596)
    available(desk, GIL)
    desk.status(GIL, AgentStatus.PAUSED, "training", at=597)
    desk.status(GIL, AgentStatus.PAUSED, "lunch", at=598)


def tickets_of_every_kind(desk: Desk) -> None:
    desk.do(Enqueue(TicketId("moved"), SALES, caller="+4930", requirements=(Requirement("klingon", 3),)), 600)
    desk.do(CloseQueue(SALES, "flood", TO_SUPPORT, also_waiting=True), 601)
    desk.do(CloseQueue(SALES, "fire", AWAY), 601.5)
    desk.do(EnqueueCallback(TicketId("back"), SUPPORT, 1, 500.0, ready=False), 602)
    desk.do(Enqueue(TicketId("kept"), SUPPORT, ready=False, preferred=BO, wrap_up_seconds=7.0), 603)
    desk.do(Enqueue(TicketId("knows"), SUPPORT, preferred=CLEO), 604)
    desk.do(Enqueue(TicketId("gone"), SUPPORT, caller="+4940", ready=False), 605)
    desk.do(Abandon(TicketId("gone")), 605)
    for number, priority in enumerate((0, 3, -1)):
        desk.enter(f"t{number}", priority=priority, ready=False, at=606)
    desk.do(AssignTicket(TicketId("t0"), GIL, until=1000.0), 607)
    desk.do(ReserveTicket(TicketId("t1"), CLEO, 1100.0), 607)
    desk.do(AssignTicket(TicketId("t2"), DAN), 607)


def rows(desk: Desk) -> dict[tuple[str, str], object]:
    """All there are, changed or not."""
    floor = desk.engine._floor
    floor.dirty.tickets.update(dict.fromkeys(floor.tickets))
    floor.dirty.agents.update(dict.fromkeys(floor.agents.agents))
    floor.dirty.waits.update({(queue, each): None for queue, waits in floor.waits.items() for each in waits.classes})
    floor.dirty.queues.update(dict.fromkeys(floor.doors))
    floor.places.dirty.update(dict.fromkeys(floor.places.kept))
    return {(table, key): row for table, key, row in desk.engine.take_changes() if row is not None}


def restarted(desk: Desk) -> Desk:
    after = configured(desk.now)
    assert after.engine.restore([(table, key, row) for (table, key), row in rows(desk).items()], desk.now) == []
    numbers = (desk.engine._floor._offer_ids(), after.engine._floor._offer_ids())
    while numbers[0] != numbers[1]:
        numbers = (numbers[0], after.engine._floor._offer_ids())
    return after


def day() -> Desk:
    desk = configured(0)
    agents_of_every_kind(desk)
    tickets_of_every_kind(desk)
    desk.now = 608
    return desk


def test_what_rows_hold() -> None:
    found = rows(day())
    wraps_up = (WrappedCall(TicketId("bo's 0"), SUPPORT), WrappedCall(TicketId("bo's 1"), SUPPORT, uncoded=True))
    assert found["agent", "bo"] == AgentRow(
        AgentStatus.AVAILABLE, None, None, None, True, 510, 6, 810, TicketId("bo's 1"), None, RoutingState.WRAP_UP,
        510, TicketId("bo's 1"), 510, wrap_up_calls=wraps_up, wrap_up_latest=1010, calls=2, talk_seconds=107,
        last_offers={SUPPORT: 6},
    )  # fmt: skip
    assert found["agent", "ana"] == AgentRow(
        AgentStatus.AVAILABLE, None, AgentStatus.PAUSED, "lunch", True, 532, 10, None, None, None, RoutingState.ON_CALL,
        402, TicketId("ana's 1"), 532, told_outside=2, calls=3, talk_seconds=110, last_offers={SUPPORT: 4},
    )  # fmt: skip
    assert found["agent", "gil"] == AgentRow(
        AgentStatus.PAUSED, "lunch", None, None, True, 596, 15, None, None, None, RoutingState.PAUSED, 597, None, 598,
        paused_at=598,
    )  # fmt: skip
    assert found["ticket", "moved"] == TicketRow(
        SUPPORT, TicketState.WAITING, 0, 600, 14, True, 1501, None, 0, UNSEEN, 601, visited=(SALES,), caller="+4930",
        requirements=(Requirement("klingon", 3),),
    )  # fmt: skip
    assert found["ticket", "t1"] == TicketRow(
        SUPPORT, TicketState.WAITING, 3, 606, 20, False, 1506, None, 0, 0, 606, reserved_for=CLEO, reserved_until=1100,
        reserved_first=True, reserved_holds=True,
    )  # fmt: skip
    assert found["ticket", "ana's 1"] == TicketRow(
        SUPPORT, TicketState.CONNECTED, 1, 402, 5, True, None, ANA, 6, 0, 402, wrap_up_seconds=20, coded=True,
        connected_at=403,
    )  # fmt: skip
    assert found["queue", "sales"] == QueueRow(601, "fire", AWAY)


def test_a_restart_while_nobody_rings_changes_nothing() -> None:
    desk = day()
    after = restarted(desk)
    assert rows(after) == rows(desk)
    assert after.engine._floor.deadlines.armed() == desk.engine._floor.deadlines.armed()


def test_whatever_follows_a_restart_is_as_without_it() -> None:
    desk = day()
    after = restarted(desk)
    later: list[tuple[float, Command]] = [
        (610, CallEnded(TicketId("ana's 2"))),
        (611, Enqueue(TicketId("again"), SUPPORT, caller="+4940")),
        (612, OpenQueue(SALES)),
        (613, Enqueue(TicketId("sale"), SALES)),
        (614, CallEnded(TicketId("ana's 1"))),
        (615, ReleaseTicket(TicketId("t2"))),
        (615, SetReady(TicketId("t2"))),
        (616, SetReady(TicketId("kept"))),
        (617, SetReady(TicketId("back"))),
        (618, CallbackReached(TicketId("back"))),
        (619, SetReachable(EVE, reachable=True)),
        (620, OutsideCalls(ANA, 0)),
        (621, SetStatus(IDA, AgentStatus.AVAILABLE)),
        (622, Abandon(TicketId("moved"))),
        (623, Enqueue(TicketId("moved back"), SUPPORT, caller="+4930", ready=False)),
    ]
    for at, command in later:
        assert after.do(command, at) == desk.do(command, at), command
    ended: list[Output] = []
    for at in range(630, 2000, 10):
        outputs = desk.pass_to(at)
        assert after.pass_to(at) == outputs, at
        ended += outputs
    assert rows(after) == rows(desk)
    assert {type(output).__name__ for output in ended} >= {"AgentNoted", "ReservationEnded", "TicketEnded"}


def test_calls_of_an_agent_keep_their_order_whenever_the_restart_was() -> None:
    """Also where the latest event before it was a connection, not an arrival."""
    agents = [agent_config("ana", {"billing": 5}, capacity=3)]
    desk = Desk(*QUEUES)
    desk.agent("ana", {"billing": 5}, capacity=3)
    for ticket in ("first", "short", "brief"):
        desk.enter(ticket)
    for offer in ("o2", "o3", "o1"):
        desk.connect(offer)
    for ticket in ("short", "brief"):
        desk.end(ticket)
        desk.do(SetDisposition(ANA, TicketId(ticket), "sold"))
    desk.pass_to(400)
    for number, ticket in enumerate(("first", "a later one")):
        if number:
            desk.enter(ticket)
            desk.connect("o4")
        after = Desk(*QUEUES, now=desk.now)
        after.do(ConfigureAgent(agents[0]))
        after.engine._floor._offer_ids = iter(["o4"]).__next__
        after.engine.restore([(table, key, row) for (table, key), row in sorted(rows(desk).items())], desk.now)
        desk = after
    assert desk.view().ticket == "first"


def test_the_call_of_an_agent_who_is_gone_hinders_nobody() -> None:
    desk = Desk()
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a")
    desk.connect("o1")
    desk.enter("b")
    after = Desk(now=5)
    after.do(ConfigureAgent(agent_config("bo")))
    after.outputs = after.engine.restore([(table, key, row) for (table, key), row in rows(desk).items()], 5)
    assert after.offered() == [("b", "bo")]


def test_a_pause_of_an_older_release_is_counted_from_the_routing_states_beginning() -> None:
    row = AgentRow(
        AgentStatus.PAUSED, "lunch", None, None, True, 0.0, 1, None, None, None, RoutingState.PAUSED, 590.0, None, 590.0
    )
    after = configured(600)
    assert after.engine.restore([("agent", "ana", row)], 600) == []
    assert after.engine.next_deadline() == 650


def test_a_pause_that_was_pending_begins_with_the_restart_that_forgets_the_offer() -> None:
    desk = configured(0)
    available(desk, ANA)
    desk.enter("a", at=1)
    desk.status(ANA, AgentStatus.PAUSED, "lunch", at=2)
    saved = rows(desk)
    after = configured(10)
    after.engine.restore([(table, key, row) for (table, key), row in saved.items()], 10)
    assert after.state(ANA) is RoutingState.PAUSED
    after.pass_to(69)
    assert not after.view().pause_overdue
    after.pass_to(70)
    assert after.view().pause_overdue
