"""Callbacks over the core in virtual time: by key, by overflow, by REST; retries, hours, expiry, restarts."""

import pytest

from app.calendars.opening import Calendar, Holiday, Hours
from app.callback_policy import CallbackHours, CallbackPolicy
from app.commands import (
    AssignCall,
    CancelCallback,
    Done,
    LiveCommand,
    MoveCallToFront,
    RefusedReply,
    ReleaseCall,
    RequestCallback,
    RequeueCall,
    ReserveCall,
    SetAgentState,
    SetCallPriority,
    WithdrawCall,
)
from app.facts import CallEvent
from queues.model import Overflow, OverflowAction, TicketId
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp

POLICY = CallbackPolicy("sip:{number}@127.0.0.1:6009", key="1", sound="callback-taken", retry_seconds=60.0)


def centre_with(policy: CallbackPolicy | None = POLICY, **routing: object) -> tuple[Centre, Peer, Peer]:
    """One agent, paused, and the gateway behind which the customers are."""
    centre = Centre()
    phone, gateway = centre.peer(7001), centre.peer(6009)
    support = queue(**routing)  # type: ignore[arg-type]  # fields by name
    object.__setattr__(support, "callback", policy)
    centre.add(support, entry("1000"), agent("ana", phone, initial_status="paused"))
    return centre, phone, gateway


def waiting(centre: Centre, port: int = 6001) -> Peer:
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    return caller


def press(centre: Centre, digit: str = "1") -> None:
    """The built-in media server reports a key of the caller."""
    centre.media.request("INFO", f"Signal={digit}\r\nDuration=160\r\n".encode(), "application/dtmf-relay")


def open_up(centre: Centre) -> None:
    centre.tell(SetAgentState("a-ana", "available"))


def close_down(centre: Centre) -> None:
    centre.tell(SetAgentState("a-ana", "paused"))


def told(centre: Centre) -> list[str]:
    return [f.kind for f in centre.facts if isinstance(f, CallEvent) and f.kind.startswith("callback_")]


def answered(centre: Centre, gateway: Peer, phone: Peer) -> None:
    """The customer answers, hears music, and is bridged with the agent."""
    gateway.reply(gateway.last_request("INVITE"), 180)
    gateway.reply(gateway.last_request("INVITE"), 200, sdp(33000), tag="customer")
    assert port_of(gateway.last_request("ACK").request.body) == 40000
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000), tag="agent")
    assert port_of(gateway.last_request("INVITE").request.body) == 31000


def test_a_caller_presses_the_key_and_is_called_in_its_turn() -> None:
    centre, phone, gateway = centre_with()
    caller = waiting(centre)
    centre.wait(30)
    press(centre)
    assert b"callback-taken" in centre.media.last_request("INFO").request.body
    centre.media.request("INFO", b'{"finished": "list"}', "application/vnd.callyard.play+json")
    assert caller.requests("BYE")
    record = centre.records()[-1]
    assert (record.outcome, record.wait_ms, record.overflow_cause) == ("flowed_out", 30_000, "callback")
    later = waiting(centre, 6002)
    open_up(centre)
    invite = gateway.last_request("INVITE").request
    assert (invite.uri, invite.body) == ("sip:caller@127.0.0.1:6009", b"")
    assert not phone.requests("INVITE"), "the agent is held, and rung when the customer is there"
    answered(centre, gateway, phone)
    assert "caller" in phone.last_request("INVITE").request.from_.uri
    centre.wait(20)
    gateway.request("BYE")
    record = centre.records()[-1]
    assert (record.outcome, record.agent, record.caller, record.talk_ms) == ("answered", "a-ana", "caller", 20_000)
    assert told(centre) == ["callback_taken", "callback_dialled", "callback_done"]
    assert phone.requests("INVITE")[-1] is not phone.requests("INVITE")[0], "then whoever came later"
    close_down(centre)
    later.request("BYE")
    assert centre.left() == {}


def test_another_key_or_a_queue_without_callbacks() -> None:
    centre, _, _ = centre_with()
    caller = waiting(centre)
    press(centre, "2")
    assert told(centre) == []
    caller.request("BYE")
    centre, _, _ = centre_with(None)
    waiting(centre)
    press(centre)
    assert told(centre) == []


def test_the_callers_own_info_is_a_key_too() -> None:
    centre, _, _ = centre_with()
    caller = waiting(centre)
    caller.request("INFO", b"Signal=1\r\nDuration=160\r\n", "application/dtmf-relay")
    assert told(centre) == ["callback_taken"]


def test_the_overflow_of_a_queue_takes_a_callback_and_keeps_the_place() -> None:
    centre, phone, gateway = centre_with(max_wait=40.0, overflow=Overflow(OverflowAction.CALLBACK))
    waiting(centre)
    centre.wait(41)
    assert told(centre) == ["callback_taken"]
    (ticket,) = centre.core.engine.waiting("q-support")  # type: ignore[arg-type]  # ids are strings
    view = centre.core.engine.ticket_view(ticket)
    assert view is not None
    assert view.joined_at == centre.now - 41
    centre.wait(120)
    assert centre.records()[-1].outcome == "flowed_out", "also where the announcement never ends"
    open_up(centre)
    answered(centre, gateway, phone)
    phone.request("BYE")
    assert centre.left() == {}


def test_by_rest_cancelled_by_rest() -> None:
    centre, _, gateway = centre_with()
    assert centre.tell(RequestCallback("cb-1", "q-support", "+4930123")) == Done()
    again = centre.tell(RequestCallback("cb-2", "q-support", "+4930123"))
    assert isinstance(again, RefusedReply)
    assert again.status == 409
    assert centre.tell(CancelCallback("cb-1")) == Done()
    assert isinstance(centre.tell(CancelCallback("cb-1")), RefusedReply)
    centre.tell(RequestCallback("cb-3", "q-support", "+4930123"))
    open_up(centre)
    gateway.reply(gateway.last_request("INVITE"), 180)
    assert centre.tell(CancelCallback("cb-3")) == Done()
    assert gateway.cancels()
    assert told(centre) == [
        "callback_taken",
        "callback_cancel",
        "callback_taken",
        "callback_dialled",
        "callback_cancel",
    ]
    assert isinstance(centre.tell(RequestCallback("cb-4", "q-nowhere", "1")), RefusedReply)
    assert centre.left() == {}


@pytest.mark.parametrize(
    "command",
    [
        RequeueCall("c1", "q-sales"), MoveCallToFront("c1"), AssignCall("c1", "a-ana", None), ReserveCall("c1", "a-ana", 60),
        ReleaseCall("c1"), WithdrawCall("c1"), SetCallPriority("c1", 9),
    ],
    ids=lambda command: type(command).__name__,
)  # fmt: skip
def test_who_is_to_be_called_back_is_no_live_call_yet(command: LiveCommand) -> None:
    centre, _, gateway = centre_with()
    centre.add(queue("sales"))
    assert centre.tell(RequestCallback("c1", "q-support", "+4930555")) == Done()
    before = centre.core.engine.ticket_view(TicketId("c1"))
    refused = centre.tell(command)
    assert isinstance(refused, RefusedReply)
    assert refused.status == 404
    assert centre.core.engine.ticket_view(TicketId("c1")) == before
    open_up(centre)
    assert gateway.requests("INVITE")


def test_who_does_not_answer_is_dialled_again_and_then_given_up() -> None:
    centre, _, gateway = centre_with(CallbackPolicy("sip:{number}@127.0.0.1:6009", attempts=2, retry_seconds=60.0))
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    gateway.reply(gateway.last_request("INVITE"), 180)
    centre.wait(31)
    assert gateway.cancels()
    view = centre.core.engine.agent_view("a-ana")  # type: ignore[arg-type]  # ids are strings
    assert view is not None
    assert view.routing_state == "idle", "no blame on the agent"
    centre.wait(58)
    assert len(gateway.requests("INVITE")) == 1
    centre.wait(2)
    gateway.reply(gateway.last_request("INVITE"), 486)
    assert told(centre) == [
        "callback_taken", "callback_dialled", "callback_missed", "callback_dialled", "callback_missed",
        "callback_failed",
    ]  # fmt: skip
    assert centre.left() == {}


def test_the_customer_keeps_its_place_when_the_held_agent_does_not_answer() -> None:
    centre, phone, gateway = centre_with(ring_seconds=10.0)
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    gateway.reply(gateway.last_request("INVITE"), 200, sdp(33000), tag="customer")
    phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(10)
    assert phone.cancels()
    centre.wait(20)
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000), tag="agent")
    assert centre.core.centre.calls["cb-1"].agent == "a-ana"
    gateway.request("BYE")
    assert centre.left() == {}


def test_an_agent_who_goes_while_the_customer_rings() -> None:
    centre, phone, gateway = centre_with()
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    close_down(centre)
    gateway.reply(gateway.last_request("INVITE"), 200, sdp(33000), tag="customer")
    assert phone.requests("INVITE"), "the pause waits for the offer"
    phone.reply(phone.last_request("INVITE"), 486)
    gateway.request("BYE")
    assert centre.records()[-1].outcome == "abandoned"
    assert centre.left() == {}


def test_not_before_and_expiry() -> None:
    centre, _, gateway = centre_with(CallbackPolicy("sip:{number}@127.0.0.1:6009", expires_seconds=600.0))
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123", not_before=centre.now + 100))
    centre.wait(99)
    assert not gateway.requests("INVITE")
    close_down(centre)
    centre.wait(602)
    assert told(centre) == ["callback_taken", "callback_expired"]
    assert centre.left() == {}


def test_one_given_up_after_a_restart_rings_nobody() -> None:
    """The agent is idle, and the engine offers the callback anew at once: it is not the customer's turn yet."""
    centre, phone, gateway = centre_with()
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    gateway.reply(gateway.last_request("INVITE"), 180)
    centre.crash()
    assert told(centre) == ["callback_taken", "callback_dialled"]
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert phone.requests("INVITE"), "the agent is there for others"
    centre.tell(CancelCallback("cb-1"))
    caller.cancel()
    assert len(gateway.requests("INVITE")) == 1
    assert centre.left() == {}


@pytest.mark.parametrize("rings", [False, True])
def test_a_restart_in_the_midst_of_it(rings: bool) -> None:
    centre, phone, gateway = centre_with()
    waiting(centre)
    press(centre)
    if rings:
        open_up(centre)
        gateway.reply(gateway.last_request("INVITE"), 180)
    gateway.got.clear()
    centre.crash()
    if rings:
        assert gateway.cancels()
        centre.wait(39)
        assert not gateway.requests("INVITE")
        centre.wait(2)
    else:
        open_up(centre)
    answered(centre, gateway, phone)
    gateway.request("BYE")
    centre.wait(200)
    assert sorted(record.outcome for record in centre.records()) == ["answered", "flowed_out"]
    assert centre.left() == {}


@pytest.mark.parametrize(
    ("begin", "end", "hour", "wait"),
    [("09:00", "17:00", 10, 0), ("09:00", "17:00", 8, 1), ("09:00", "17:00", 18, 15), ("22:00", "06:00", 23, 0),
     ("22:00", "06:00", 3, 0), ("22:00", "06:00", 12, 10)],
)  # fmt: skip
def test_hours(begin: str, end: str, hour: int, wait: int) -> None:
    midnight = 1_767_225_600.0  # 2026-01-01T00:00:00Z
    hours = CallbackHours(begin, end)
    assert hours.next_instant(midnight + hour * 3600) == midnight + (hour + wait) * 3600


def test_customers_are_dialled_within_the_hours_only() -> None:
    hours = CallbackHours("15:00", "17:00")
    centre, _, gateway = centre_with(CallbackPolicy("sip:{number}@127.0.0.1:6009", hours=hours))
    opens = hours.next_instant(centre.now)
    assert opens > centre.now, "it is 13:46"
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    centre.wait(opens - centre.now - 1)
    assert not gateway.requests("INVITE")
    centre.wait(1)
    assert gateway.requests("INVITE")


OFFICE = Calendar("c-1", "office", "UTC", (Hours(frozenset(range(7)), 9 * 60, 17 * 60),), (Holiday(1, 2, "a day off"),))


@pytest.mark.parametrize(("hour", "wait"), [(8, 1), (10, 0), (18, 15 + 24)])
def test_hours_of_a_calendar(hour: int, wait: int) -> None:
    midnight = 1_767_225_600.0  # 2026-01-01T00:00:00Z
    policy = CallbackPolicy("sip:{number}@gw", hours=CallbackHours(calendar="c-1"))
    instant = midnight + hour * 3600
    assert policy.next_instant(instant, {"c-1": OFFICE}) == instant + wait * 3600
    assert policy.next_instant(instant, {}) == instant, "a calendar that is not known keeps nobody waiting"


def test_a_calendar_that_never_opens_is_asked_again() -> None:
    shut = Calendar("c-1", "shut", "UTC", (Hours(frozenset(), 0, 60),))
    assert CallbackHours(calendar="c-1").next_instant(0.0, {"c-1": shut}) == 14 * 86_400


def test_customers_are_dialled_while_the_calendar_is_open() -> None:
    evening = Calendar("c-1", "evening", "UTC", (Hours(frozenset(range(7)), 15 * 60, 17 * 60),))
    centre, _, gateway = centre_with(CallbackPolicy("sip:{number}@127.0.0.1:6009", hours=CallbackHours(calendar="c-1")))
    centre.add(evening)
    open_up(centre)
    centre.tell(RequestCallback("cb-1", "q-support", "+4930123"))
    opens = CallbackHours("15:00", "17:00").next_instant(centre.now)
    centre.wait(opens - centre.now - 1)
    assert not gateway.requests("INVITE")
    centre.wait(1)
    assert gateway.requests("INVITE")
