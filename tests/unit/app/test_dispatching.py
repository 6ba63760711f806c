"""Dispatch by a supervisor in live calls: assign, reserve, requeue waiting and connected calls, to the front, out."""

from app.commands import (
    AssignCall,
    Done,
    MoveCallToFront,
    RefusedReply,
    ReleaseCall,
    Reply,
    RequeueCall,
    ReserveCall,
    SetAgentState,
    WithdrawCall,
)
from app.facts import CallEvent
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp


def centre_with(*phones: int, wrap_up_seconds: float = 0.0) -> tuple[Centre, list[Peer]]:
    centre = Centre()
    peers = [centre.peer(port) for port in phones]
    agents = [agent(f"n{peer.hop.port}", peer, initial_status="paused") for peer in peers]
    centre.add(queue(wrap_up_seconds=wrap_up_seconds), queue("sales"), entry("1000"), entry("2000", "sales"), *agents)
    return centre, peers


def parked(centre: Centre, port: int, user: str = "1000") -> tuple[Peer, str]:
    """A caller who waits with music, and the id of its call."""
    caller = centre.peer(port)
    before = set(centre.core.centre.calls)
    caller.invite(sdp(20000 + port), user=user)
    caller.ack(caller.responses(200)[-1])
    (call,) = set(centre.core.centre.calls) - before
    return caller, call


def available(centre: Centre, name: str) -> Reply:
    return centre.tell(SetAgentState(f"a-{name}", "available"))


def of_kind(centre: Centre, kind: str) -> list[CallEvent]:
    return [fact for fact in centre.facts if isinstance(fact, CallEvent) and fact.kind == kind]


def test_an_assigned_call_rings_at_its_agent_before_those_that_wait_longer() -> None:
    centre, (ana, bo) = centre_with(7001, 7002)
    _, first = parked(centre, 6001)
    _, second = parked(centre, 6002)
    assert centre.tell(AssignCall(second, "a-n7002")) == Done()
    assert [event.agent for event in of_kind(centre, "reserved")] == ["a-n7002"]
    available(centre, "n7002")
    bo.reply(bo.last_request("INVITE"), 200, sdp(31000))
    assert centre.core.centre.calls[second].agent == "a-n7002"
    available(centre, "n7001")
    ana.reply(ana.last_request("INVITE"), 200, sdp(31001))
    assert centre.core.centre.calls[first].agent == "a-n7001"
    ana.request("BYE")
    bo.request("BYE")
    assert centre.left() == {}


def test_a_straight_offer_is_taken_back_for_the_agent_whom_the_supervisor_names() -> None:
    centre, (ana, bo) = centre_with(7001, 7002)
    available(centre, "n7001")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 180)
    (call,) = centre.core.centre.calls
    available(centre, "n7002")
    centre.tell(AssignCall(call, "a-n7002", at_once=True))
    assert ana.cancels()
    caller.ack(caller.responses(200)[-1])
    bo.reply(bo.last_request("INVITE"), 200, sdp(31000))
    assert port_of(caller.sdp) == 30000
    assert centre.core.centre.calls[call].agent == "a-n7002"
    caller.request("BYE")
    assert centre.left() == {}


def test_a_reserved_agent_gets_nothing_else_until_released() -> None:
    centre, (ana,) = centre_with(7001)
    _, call = parked(centre, 6001)
    centre.tell(ReserveCall(call, "a-n7001", 60))
    _, other = parked(centre, 6002)
    assert centre.tell(AssignCall(other, "a-n7001", at_once=True)) != Done()
    assert centre.tell(ReleaseCall(call)) == Done()
    assert isinstance(centre.tell(ReleaseCall(call)), RefusedReply)
    centre.tell(ReserveCall(other, "a-n7001", 60))
    centre.crash()
    ticket = centre.core.engine.ticket_view(other)  # type: ignore[arg-type]  # ids are strings
    assert ticket is not None
    assert ticket.reserved_for == "a-n7001"
    assert [(event.kind, event.call) for event in centre.core.centre.retold() if isinstance(event, CallEvent)][-1] == (
        "reserved", other,
    )  # fmt: skip
    available(centre, "n7001")
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    assert centre.core.centre.calls[other].agent == "a-n7001"
    ana.request("BYE")
    centre.wait(700)
    assert centre.left() == {}


def test_a_waiting_call_in_another_queue_hears_that_ones_music_and_keeps_its_time() -> None:
    centre, (ana,) = centre_with(7001)
    caller, call = parked(centre, 6001)
    centre.wait(30)
    assert centre.tell(RequeueCall(call, "q-sales")) == Done()
    assert b"play" in centre.media.last_request("INFO").request.body
    live = centre.core.centre.calls[call]
    assert (live.queue, live.queued_at) == ("q-sales", live.arrived_at)
    available(centre, "n7001")
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    record = centre.records()[-1]
    assert (record.queue, record.outcome, record.wait_ms) == ("q-sales", "answered", 30_000)
    assert centre.left() == {}


def test_a_connected_call_goes_back_into_line_with_music_and_to_another_agent() -> None:
    centre, (ana, bo) = centre_with(7001, 7002, wrap_up_seconds=60.0)
    available(centre, "n7001")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    (call,) = centre.core.centre.calls
    centre.wait(40)
    assert not centre.media.requests("INVITE")
    assert centre.tell(RequeueCall(call)) == Done()
    assert ana.requests("BYE")
    assert port_of(centre.media.last_request("INVITE").request.body) == 30000
    assert port_of(caller.last_request("INVITE").request.body) == 40000, "the caller hears the music"
    assert centre.steps()[-2:] == ["requeued", "parked"]
    centre.wait(20)
    available(centre, "n7002")
    bo.reply(bo.last_request("INVITE"), 200, sdp(32000))
    assert port_of(caller.last_request("INVITE").request.body) == 32000
    assert port_of(bo.last_request("ACK").request.body) == 30000
    assert centre.media.requests("BYE")
    centre.wait(10)
    caller.request("BYE")
    record = centre.records()[-1]
    assert (record.outcome, record.agent, record.offers) == ("answered", "a-n7002", 2)
    assert (record.talk_ms, record.wait_ms) == (50_000, 20_000), "talk is not wait"
    centre.wait(60)
    assert centre.left() == {}


def test_a_held_caller_who_goes_back_into_line_is_not_left_on_hold() -> None:
    centre, (ana, bo) = centre_with(7001, 7002)
    available(centre, "n7001")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    (call,) = centre.core.centre.calls
    caller.sdp = sdp(30000, version=2, direction="recvonly")
    ana.request("INVITE", sdp(31000, version=2, direction="sendonly"))
    centre.tell(SetAgentState("a-n7001", "paused"))
    caller.sdp = sdp(30000, version=3)
    centre.tell(RequeueCall(call))
    assert b"a=sendrecv" in centre.media.last_request("INVITE").request.body
    assert b"a=sendrecv" in caller.last_request("INVITE").request.body
    available(centre, "n7002")
    assert bo.requests("INVITE")
    caller.request("BYE")
    assert centre.left() == {}


def test_a_crash_after_going_back_into_line_loses_nothing() -> None:
    centre, (ana, bo) = centre_with(7001, 7002, wrap_up_seconds=60.0)
    available(centre, "n7001")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    (call,) = centre.core.centre.calls
    arrived = centre.core.centre.calls[call].arrived_at
    centre.wait(40)
    centre.tell(RequeueCall(call))
    centre.crash()
    centre.wait(5)
    assert centre.core.centre.calls[call].queued_at == arrived
    available(centre, "n7002")
    bo.reply(bo.last_request("INVITE"), 200, sdp(32000))
    caller.request("BYE")
    assert centre.records()[-1].outcome == "answered"
    centre.wait(60)
    assert centre.left() == {}


def test_to_the_front_and_out() -> None:
    centre, (ana,) = centre_with(7001)
    _, first = parked(centre, 6001)
    late, second = parked(centre, 6002)
    centre.tell(MoveCallToFront(second))
    assert [event.priority for event in of_kind(centre, "priority_changed")] == [1]
    available(centre, "n7001")
    ana.reply(ana.last_request("INVITE"), 200, sdp(31000))
    assert centre.core.centre.calls[second].agent == "a-n7001"
    assert isinstance(centre.tell(WithdrawCall(second)), RefusedReply), "it is talked"
    assert centre.tell(WithdrawCall(first)) == Done()
    assert centre.records()[-1].outcome == "system"
    late.request("BYE")
    assert centre.left() == {}


def test_a_call_that_is_gone() -> None:
    centre, _ = centre_with(7001)
    for command in (AssignCall("x", "a-n7001"), RequeueCall("x"), MoveCallToFront("x"), WithdrawCall("x")):
        reply = centre.tell(command)
        assert isinstance(reply, RefusedReply)
        assert (reply.status, reply.reason) == (404, "unknown_ticket")
