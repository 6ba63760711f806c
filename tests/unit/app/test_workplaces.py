"""Agents at work, over the core in virtual time: pauses, wrap-ups, dispositions, desks, and calls of their own."""

import dataclasses

from app.agents.credentials import digest_hashes
from app.commands import (
    Done,
    EndWrapUp,
    RefusedReply,
    Reply,
    SetAgentState,
    SetCallWrapUp,
    SetDisposition,
    SetOutsideCalls,
    Unconfigure,
)  # fmt: skip
from app.configuration import Agent, ConfigObject, Disposition, EntryPoint, PauseReason
from app.facts import AgentEvent, AgentInterval, AgentState
from app.facts import Disposition as Given
from queues.model import AgentConfig, AgentId
from queues.rules.agent_rules import OnLimit, PauseReasonId
from tests.support.centre import Centre, agent, entry, queue
from tests.support.register import register
from tests.support.virtual import Peer, sdp

ANA = "a-ana"


def centre_of(*items: ConfigObject, **routing: object) -> tuple[Centre, Peer]:
    """A centre with a queue and ana at her phone, available."""
    centre = Centre()
    phone = centre.peer(7001)
    centre.add(queue("support", **routing), entry("1000"), agent("ana", phone), *items)
    return centre, phone


def lunch(**fields: object) -> PauseReason:
    return PauseReason(PauseReasonId("r-lunch"), "lunch", **fields)  # type: ignore[arg-type]


def befallen(centre: Centre) -> list[tuple[str, str]]:
    return [(fact.kind, fact.agent) for fact in centre.facts if isinstance(fact, AgentEvent)]


def state(centre: Centre, of: str = ANA) -> AgentState:
    return [fact for fact in centre.facts if isinstance(fact, AgentState) and fact.agent == of][-1]


def given(centre: Centre) -> list[tuple[str, str, str | None]]:
    return [(fact.call, fact.code, fact.note) for fact in centre.facts if isinstance(fact, Given)]


def reason_of(reply: Reply) -> str:
    assert isinstance(reply, RefusedReply)
    return reply.reason


def talking(centre: Centre, phone: Peer, port: int = 6001, user: str = "1000") -> Peer:
    """A caller talks with the agent at this phone."""
    caller = centre.peer(port)
    caller.invite(sdp(30000), user)
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    return caller


def test_a_pause_too_long_ends_by_itself_and_is_told() -> None:
    centre, _ = centre_of(lunch(limit_seconds=600.0, on_limit=OnLimit.AVAILABLE))
    assert reason_of(centre.tell(SetAgentState(ANA, "paused", "siesta"))) == "unknown_pause_reason"
    assert centre.tell(SetAgentState(ANA, "paused", "lunch")) == Done()
    centre.wait(300)
    centre.crash()
    centre.wait(299)
    assert befallen(centre) == []
    centre.wait(1)
    assert befallen(centre) == [("pause_overdue", ANA)]
    assert state(centre).status == "available"
    paused = [fact for fact in centre.facts if isinstance(fact, AgentInterval) and fact.state == "paused"]
    assert [(fact.pause_reason, fact.end - fact.start) for fact in paused] == [("lunch", 600.0)]
    centre.tell(Unconfigure("pause_reason", "r-lunch"))
    assert centre.tell(SetAgentState(ANA, "paused", "siesta")) == Done()


def test_a_full_pause_is_refused_with_what_is_possible() -> None:
    centre, _ = centre_of(lunch(max_agents=1))
    phone = centre.peer(7002)
    centre.add(agent("bo", phone))
    centre.tell(SetAgentState("a-bo", "paused", "lunch"))
    reply = centre.tell(SetAgentState(ANA, "paused", "lunch"))
    assert isinstance(reply, RefusedReply)
    assert (reply.status, reply.reason) == (409, "pause_limit")
    assert reply.allowed_transitions == ("available", "logged_out")
    assert reply.detail == "1 agents pause for 'lunch' already"


def test_who_misses_calls_is_paused_with_the_reason_on_record() -> None:
    centre, phone = centre_of(pause_after_misses=2, ring_seconds=5.0)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(5)
    caller.ack(caller.responses(200)[-1])
    centre.crash()
    centre.wait(16)
    phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(5)
    assert len(phone.requests("INVITE")) == 2
    (event,) = [fact for fact in centre.facts if isinstance(fact, AgentEvent)]
    assert (event.kind, event.pause_reason, event.misses, event.cause) == (
        "auto_paused", "missed calls", 2, "no_answer",
    )  # fmt: skip
    assert event.queue == "q-support"
    assert (state(centre).status, state(centre).pause_reason) == ("paused", "missed calls")
    centre.crash()
    centre.tell(SetAgentState(ANA, "available"))
    assert len(phone.requests("INVITE")) == 3
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert centre.left() == {}


def test_a_supervisor_takes_the_ringing_call_away() -> None:
    centre, phone = centre_of()
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    phone.reply(phone.last_request("INVITE"), 180)
    assert centre.tell(SetAgentState(ANA, "logged_out", force=True, by="boss")) == Done()
    assert phone.cancels()
    caller.ack(caller.responses(200)[-1])
    (event,) = [fact for fact in centre.facts if isinstance(fact, AgentEvent)]
    assert (event.kind, event.actor, event.status) == ("forced", "boss", "logged_out")
    assert (state(centre).routing_state, state(centre).forced_by) == ("offline", "boss")
    centre.crash()
    centre.tell(SetAgentState(ANA, "available"))
    assert state(centre).forced_by is None
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert centre.left() == {}


# --- wrap-up and dispositions


def test_the_entry_point_s_wrap_up() -> None:
    centre, phone = centre_of(
        EntryPoint("e-2000", "2000", "q-support", wrap_up_seconds=60.0), wrap_up_seconds=10.0
    )  # fmt: skip
    talking(centre, phone, 6001, "2000").request("BYE")
    centre.wait(59)
    assert state(centre).routing_state == "wrap_up"
    centre.wait(1)
    assert state(centre).routing_state == "idle"


def test_a_live_call_s_wrap_up() -> None:
    centre, phone = centre_of(wrap_up_seconds=10.0)
    caller = talking(centre, phone)
    (call,) = centre.core.centre.calls
    assert reason_of(centre.tell(SetCallWrapUp(call, 60.0, "a-bo"))) == "unknown_ticket"
    assert centre.tell(SetCallWrapUp(call, 60.0, ANA)) == Done()
    centre.crash()
    caller.request("BYE")
    centre.wait(59)
    assert state(centre).routing_state == "wrap_up"
    centre.wait(1)
    assert state(centre).routing_state == "idle"


def test_a_disposition_is_asked_for_before_the_wrap_up_ends() -> None:
    words = [Disposition("d1", "sold", frozenset({"q-support"})), Disposition("d2", "lost", frozenset())]
    centre, phone = centre_of(*words, wrap_up_seconds=30.0, disposition_required=True)
    caller = talking(centre, phone)
    (call,) = centre.core.centre.calls
    caller.request("BYE")
    reply = centre.tell(EndWrapUp(ANA))
    assert isinstance(reply, RefusedReply)
    assert reply.reason == "disposition_required"
    assert reply.allowed_transitions == ("available", "paused", "logged_out", "disposition", "extend_wrap_up")
    assert reason_of(centre.tell(SetDisposition(ANA, None, "won"))) == "unknown_disposition"
    assert reason_of(centre.tell(SetDisposition(ANA, None, "lost"))) == "wrong_queue"
    centre.crash()
    assert centre.tell(SetDisposition(ANA, call, "d1", "a big one")) == Done()
    assert centre.tell(EndWrapUp(ANA)) == Done()
    assert given(centre) == [(call, "sold", "a big one")]
    assert reason_of(centre.tell(SetDisposition(ANA, call, "sold"))) == "not_possible_now"


def test_time_says_none() -> None:
    centre, phone = centre_of(wrap_up_seconds=30.0, disposition_required=True)
    caller = talking(centre, phone)
    (call,) = centre.core.centre.calls
    caller.request("BYE")
    centre.wait(31)
    assert given(centre) == [(call, "none", None)]


def test_any_word_is_a_disposition_where_none_is_configured() -> None:
    centre, phone = centre_of()
    caller = talking(centre, phone)
    assert centre.tell(SetDisposition(ANA, None, "called about the weather")) == Done()
    assert [code for _, code, _ in given(centre)] == ["called about the weather"]
    caller.request("BYE")


# --- calls outside the queues


def test_who_is_in_another_call_is_offered_none() -> None:
    centre, phone = centre_of()
    centre.tell(SetOutsideCalls(ANA, 1))
    assert (state(centre).routing_state, state(centre).outside_calls) == ("on_call", 1)
    centre.crash()
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert not phone.requests("INVITE")
    caller.ack(caller.responses(200)[-1])
    centre.tell(SetOutsideCalls(ANA, 0))
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert centre.left() == {}


def test_an_agent_who_calls_a_queue_is_on_a_call() -> None:
    """From her phone's address: she is neither offered her own call nor any other."""
    centre, phone = centre_of()
    other = centre.peer(7002)
    centre.add(agent("bo", other, initial_status="logged_out"))
    phone.invite(sdp(31000))  # her Contact is her configured address
    assert state(centre).routing_state == "on_call"
    phone.ack(phone.responses(200)[-1])
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    assert not phone.requests("INVITE")
    centre.crash()
    assert not [event for event in phone.requests("INVITE") if not event.request.to_tag]
    assert state(centre).routing_state == "on_call"
    phone.request("BYE")
    assert [event for event in phone.requests("INVITE") if not event.request.to_tag]
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert state(centre).outside_calls == 0
    assert centre.left() == {}


def test_a_stranger_who_names_an_agent_is_not_that_agent() -> None:
    centre, phone = centre_of()
    stranger = centre.peer(6001)
    stranger.invite(sdp(30000), headers=(("P-Asserted-Identity", f"<{phone.uri}>"),))
    assert len(phone.requests("INVITE")) == 1
    stranger.cancel()


# --- desks


def nobodys(name: str, **fields: object) -> Agent:
    """An agent without a phone."""
    return Agent(AgentConfig(AgentId(f"a-{name}"), name), "", **fields)  # type: ignore[arg-type]


def test_who_has_no_phone_is_rung_where_it_logs_in() -> None:
    centre, _ = centre_of(nobodys("eva", initial_status="available"))
    centre.tell(SetAgentState(ANA, "logged_out"))
    assert state(centre, "a-eva").routing_state == "unreachable"
    desk = centre.peer(7012)
    assert centre.tell(SetAgentState("a-eva", "available", address=desk.uri)) == Done()
    assert (state(centre, "a-eva").routing_state, state(centre, "a-eva").address) == ("idle", desk.uri)
    centre.crash()
    caller = talking(centre, desk)
    caller.request("BYE")
    assert centre.records()[-1].agent == "a-eva"
    centre.tell(SetAgentState("a-eva", "logged_out"))
    assert befallen(centre) == [("desk_taken", "a-eva"), ("desk_left", "a-eva")]
    assert state(centre, "a-eva").address is None
    centre.crash()
    assert centre.tell(SetAgentState("a-eva", "available")) == Done()
    assert state(centre, "a-eva").routing_state == "unreachable"
    centre.tell(SetAgentState("a-eva", "logged_out"))
    assert centre.left() == {}


def test_a_desk_is_for_one() -> None:
    centre, phone = centre_of(nobodys("eva"), nobodys("flo"))
    desk = centre.peer(7012)
    centre.tell(SetAgentState("a-eva", "available", address=desk.uri))
    reply = centre.tell(SetAgentState("a-flo", "available", address=desk.uri + ";x=y"))
    assert isinstance(reply, RefusedReply)
    assert (reply.reason, reply.detail) == ("address_in_use", "agent eva is logged in at this phone")
    assert reply.allowed_transitions == ("paused", "logged_out")
    assert reason_of(centre.tell(SetAgentState("a-flo", "paused", address=phone.uri))) == "address_in_use"
    centre.tell(SetAgentState(ANA, "logged_out"))
    assert centre.tell(SetAgentState("a-flo", "available", address=phone.uri)) == Done()
    assert reason_of(centre.tell(SetAgentState(ANA, "available"))) == "address_in_use", "her own phone is taken"
    centre.tell(SetAgentState("a-eva", "logged_out"))
    assert centre.tell(SetAgentState("a-flo", "available", address=desk.uri)) == Done(), "she moves"
    assert centre.tell(SetAgentState(ANA, "available")) == Done()
    assert [kind for kind, name in befallen(centre) if name == "a-flo"] == ["desk_taken", "desk_taken"]


def test_a_log_in_that_is_refused_moves_nobody() -> None:
    centre, phone = centre_of(lunch(max_agents=0))
    desk = centre.peer(7012)
    assert reason_of(centre.tell(SetAgentState(ANA, "paused", "lunch", address=desk.uri))) == "pause_limit"
    assert centre.core.directory.desks == {}
    talking(centre, phone).request("BYE")
    assert centre.left() == {}


def test_log_out_after_the_call_frees_the_desk_then() -> None:
    centre, _ = centre_of()
    desk = centre.peer(7012)
    centre.tell(SetAgentState(ANA, "available", address=desk.uri))
    caller = talking(centre, desk)
    centre.tell(SetAgentState(ANA, "logged_out"))
    assert state(centre).pending_status == "logged_out"
    assert centre.core.directory.desks == {ANA: desk.uri}
    caller.request("BYE")
    assert centre.core.directory.desks == {}
    assert centre.left() == {}


def test_an_agent_who_is_removed_leaves_its_desk() -> None:
    centre, _ = centre_of()
    desk = centre.peer(7012)
    centre.tell(SetAgentState(ANA, "available", address=desk.uri))
    centre.tell(Unconfigure("agent", ANA))
    assert centre.core.directory.desks == {}
    assert centre.left() == {}


def test_a_change_of_configuration_leaves_it_at_its_desk() -> None:
    centre, phone = centre_of()
    desk = centre.peer(7012)
    centre.tell(SetAgentState(ANA, "available", address=desk.uri))
    centre.core.directory.put(agent("ana", phone, number="17"))
    talking(centre, desk).request("BYE")
    centre.tell(SetAgentState(ANA, "available", address=phone.uri))
    assert centre.core.directory.desks == {}, "back at her own"
    talking(centre, phone, 6002).request("BYE")


# --- several calls at once, and presence


def test_an_agent_who_takes_two_calls_is_rung_for_two() -> None:
    centre = Centre()
    phone = centre.peer(7001)
    two = dataclasses.replace(agent("ana", phone), routing=AgentConfig(AgentId(ANA), "ana", capacity=2))
    centre.add(queue(wrap_up_seconds=5.0), entry("1000"), two)
    callers = [talking(centre, phone, port) for port in (6001, 6002)]
    third = centre.peer(6003)
    third.invite(sdp(30000))
    third.ack(third.responses(200)[-1])
    assert (state(centre).active, state(centre).capacity) == (2, 2)
    assert len(phone.requests("INVITE")) == 2
    centre.crash()
    callers[0].request("BYE")
    assert (state(centre).routing_state, state(centre).active) == ("on_call", 1), "the wrap-up takes a place"
    assert len(phone.requests("INVITE")) == 2
    centre.wait(5)
    assert len(phone.requests("INVITE")) == 3
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    assert state(centre).active == 2
    for caller in (callers[1], third):
        caller.request("BYE")
    centre.wait(5)
    assert state(centre).routing_state == "idle"
    assert [record.agent for record in centre.records()] == [ANA] * 3
    assert centre.left() == {}


def test_presence_follows_registration() -> None:
    centre = Centre()
    phone = centre.peer(7001)
    ha1 = digest_hashes("ana", "callyard", "s3cret")
    ana = Agent(AgentConfig(AgentId(ANA), "ana"), "sip:ana@callyard", ha1=ha1, initial_status="available")
    centre.add(queue(), entry("1000"), ana)
    assert state(centre).routing_state == "unreachable"
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    assert register(phone, "ana", "s3cret", expires=300) == 200
    phone.reply(phone.last_request("INVITE"), 180)
    register(phone, "ana", "s3cret", expires=0)
    assert phone.cancels()
    assert state(centre).routing_state == "unreachable"
    register(phone, "ana", "s3cret", expires=300)
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    assert state(centre).routing_state == "on_call"
    centre.wait(301)
    assert state(centre).routing_state == "unreachable", "the binding has expired; the call goes on"
    caller.request("BYE")
    assert centre.records()[-1].outcome == "answered"


def test_two_who_share_a_phone_by_configuration_may() -> None:
    centre, phone = centre_of()
    centre.add(agent("bo", phone, initial_status="logged_out"))
    assert centre.tell(SetAgentState("a-bo", "available")) == Done()
