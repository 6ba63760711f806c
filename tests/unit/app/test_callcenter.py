"""Whole calls over the core in virtual time: what callers, agents and the record of each call are told."""

import dataclasses
import itertools

import pytest

from app.commands import Done, ExplainCall, Explained, HangUp, RefusedReply, SetAgentState, Unconfigure
from app.configuration import Queue
from app.facts import AgentInterval, CallEvent, CallRecord, WrapUp
from queues.model import Overflow, OverflowAction
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp


def centre_with(
    config: Queue, *phones: int, media: bool = True, status: str = "available"
) -> tuple[Centre, list[Peer]]:
    centre = Centre(media=media)
    peers = [centre.peer(port) for port in phones]
    agents = [agent(f"n{peer.hop.port}", peer, initial_status=status) for peer in peers]
    centre.add(config, entry("1000"), *agents)
    return centre, peers


def last(centre: Centre) -> CallRecord:
    return centre.records()[-1]


def test_a_straight_call_leaves_a_record() -> None:
    centre, (phone,) = centre_with(queue(wrap_up_seconds=5.0), 7001)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    centre.wait(2)
    phone.reply(phone.last_request("INVITE"), 180)
    centre.wait(1)
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(10)
    caller.request("BYE")
    record = last(centre)
    assert (record.outcome, record.ended_by, record.cause, record.offers) == ("answered", "caller", "bye", 1)
    assert (record.wait_ms, record.ring_ms, record.talk_ms) == (3000, 3000, 10_000)
    assert record.within_threshold
    assert centre.steps() == ["arrived", "queued", "offered", "ringing", "connected"]
    centre.wait(5)
    wrap_ups = [fact for fact in centre.facts if isinstance(fact, WrapUp)]
    assert [fact.wrap_up_ms for fact in wrap_ups] == [5000]
    intervals = [fact for fact in centre.facts if isinstance(fact, AgentInterval)]
    assert all(one.end == other.start for one, other in itertools.pairwise(intervals))
    assert centre.left() == {}


def test_what_a_caller_was_predicted_to_wait_stands_beside_what_it_waited() -> None:
    centre, (phone,) = centre_with(queue(), 7001, status="paused")
    first, second = centre.peer(6001), centre.peer(6002)
    first.invite(sdp(30000))
    centre.wait(8)
    second.invite(sdp(30002))
    centre.wait(4)
    centre.tell(SetAgentState("a-n7001", "available"))
    for caller in (first, second):
        phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
        centre.wait(1)
        caller.ack(caller.responses(200)[-1])
        caller.request("BYE")
        centre.wait(1)
    assert [record.expected_wait_ms for record in centre.records()] == [None, 8000]
    queued = [fact for fact in centre.facts if isinstance(fact, CallEvent) and fact.kind == "queued"]
    assert [fact.expected_wait_ms for fact in queued] == [None, 8000], "nothing learnt yet: what the head has waited"
    centre.crash()
    assert centre.core.forecast("q-support", 0, 1, centre.now) is not None, "what was learnt outlives us"
    assert centre.left() == {}


def test_refused_straight_offer_parks_the_caller_and_the_next_agent_takes_it() -> None:
    centre, (first, second) = centre_with(queue(), 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    busy, free = (first, second) if first.requests("INVITE") else (second, first)
    busy.reply(busy.last_request("INVITE"), 486)
    assert centre.media.requests("INVITE")
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 40000
    caller.ack(answer)
    free.reply(free.last_request("INVITE"), 200, sdp(31000))
    assert port_of(caller.last_request("INVITE").request.body) == 31000
    assert port_of(free.last_request("ACK").request.body) == 30000
    assert centre.media.requests("BYE")
    free.request("BYE")
    assert last(centre).outcome == "answered"
    assert last(centre).ended_by == "agent"
    assert last(centre).offers == 2
    assert centre.left() == {}


def test_an_agent_who_does_not_answer_is_passed_over_and_the_place_kept() -> None:
    centre, (first, second) = centre_with(queue(ring_seconds=5.0), 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    silent, free = (first, second) if first.requests("INVITE") else (second, first)
    silent.reply(silent.last_request("INVITE"), 180)
    centre.wait(5.1)
    assert silent.cancels()
    caller.ack(caller.responses(200)[-1])
    free.reply(free.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert last(centre).outcome == "answered"
    assert "offer_ended" in centre.steps()
    assert centre.left() == {}


@pytest.mark.parametrize("early", [False, True])
def test_waiting_caller_who_leaves_has_abandoned(*, early: bool) -> None:
    config = dataclasses.replace(queue(), early_media=early)
    centre, _ = centre_with(config, 7001, status="paused")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    if early:
        assert caller.responses(183)
        centre.wait(8)
        caller.cancel()
        assert caller.responses(487)
    else:
        caller.ack(caller.responses(200)[-1])
        centre.wait(8)
        caller.request("BYE")
    record = last(centre)
    assert (record.outcome, record.wait_ms, record.talk_ms, record.short_abandon) == ("abandoned", 8000, 0, False)
    assert "abandoned" in centre.steps()
    assert centre.left() == {}


def test_an_agent_who_logs_in_gets_the_longest_waiting_call() -> None:
    centre, (phone,) = centre_with(queue(), 7001, status="logged_out")
    first, second = centre.peer(6001), centre.peer(6002)
    for caller in (first, second):
        caller.invite(sdp(caller.hop.port + 24000))
        caller.ack(caller.responses(200)[-1])
        centre.wait(1)
    assert centre.tell(SetAgentState("a-n7001", "available")) == Done()
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    assert port_of(first.last_request("INVITE").request.body) == 31000
    assert not second.requests("INVITE")
    first.request("BYE")
    phone.reply(phone.last_request("INVITE"), 200, sdp(31002))
    assert port_of(second.last_request("INVITE").request.body) == 31002
    second.request("BYE")
    assert [record.outcome for record in centre.records()] == ["answered", "answered"]
    assert centre.left() == {}


def test_max_wait_hangs_up() -> None:
    centre, _ = centre_with(queue(max_wait=30.0), 7001, status="paused")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(31)
    assert caller.requests("BYE")
    assert (last(centre).outcome, last(centre).wait_ms) == ("flowed_out", 30_000)
    assert centre.left() == {}


def test_max_wait_sends_the_caller_to_a_uri() -> None:
    centre = Centre()
    voicemail = centre.peer(8001)
    overflow = Overflow(OverflowAction.URI, voicemail.uri)
    centre.add(queue(max_wait=30.0, overflow=overflow), entry("1000"))
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(31)
    voicemail.reply(voicemail.last_request("INVITE"), 200, sdp(32000))
    assert port_of(caller.last_request("INVITE").request.body) == 32000
    caller.request("BYE")
    assert voicemail.requests("BYE")
    assert last(centre).outcome == "flowed_out"
    assert centre.left() == {}


def test_a_crash_while_the_overflow_rings_sends_the_caller_there_again() -> None:
    centre = Centre()
    voicemail = centre.peer(8001)
    centre.add(queue(max_wait=30.0, overflow=Overflow(OverflowAction.URI, voicemail.uri)), entry("1000"))
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    centre.wait(31)
    voicemail.reply(voicemail.last_request("INVITE"), 180)
    centre.crash()
    centre.wait(2)
    assert voicemail.cancels()
    voicemail.reply(voicemail.last_request("INVITE"), 200, sdp(32000))
    assert port_of(caller.last_request("INVITE").request.body) == 32000
    caller.request("BYE")
    assert last(centre).outcome == "flowed_out"
    assert centre.left() == {}


def test_a_full_queue_refuses() -> None:
    centre, _ = centre_with(queue(max_length=1), 7001, status="paused")
    first, second = centre.peer(6001), centre.peer(6002)
    first.invite(sdp(30000))
    first.ack(first.responses(200)[-1])
    second.invite(sdp(30002))
    assert second.responses(486)
    assert last(centre).outcome == "rejected"
    first.request("BYE")
    assert centre.left() == {}


def test_without_a_media_server_callers_hear_ring_back_and_are_served() -> None:
    centre, (phone,) = centre_with(queue(), 7001, media=False, status="logged_out")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert caller.responses(180)
    centre.tell(SetAgentState("a-n7001", "available"))
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 31000
    caller.ack(answer)
    caller.request("BYE")
    assert last(centre).outcome == "answered"
    assert centre.left() == {}


def test_a_greeting_is_heard_before_the_first_offer() -> None:
    centre, (phone,) = centre_with(dataclasses.replace(queue(), greeting="greeting"), 7001)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    caller.ack(caller.responses(200)[-1])
    assert "play=greeting" in centre.media.last_request("INVITE").request.uri
    assert not phone.requests("INVITE")
    centre.media.request("INFO", b'{"finished": "list"}', "application/vnd.callyard.play+json")
    assert b"music" in centre.media.last_request("INFO").request.body
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert last(centre).outcome == "answered"
    assert centre.left() == {}


def test_supervisor_hangs_up_and_removes_a_queue() -> None:
    centre, _ = centre_with(queue(), 7001, status="paused")
    callers = [centre.peer(6001), centre.peer(6002)]
    for caller in callers:
        caller.invite(sdp(30000))
        caller.ack(caller.responses(200)[-1])
    first = next(iter(centre.core.centre.calls))
    assert centre.tell(HangUp(first)) == Done()
    assert callers[0].requests("BYE")
    assert last(centre).outcome == "system"
    assert isinstance(centre.tell(HangUp("no-such-call")), RefusedReply)
    centre.tell(Unconfigure("queue", "q-support"))
    assert callers[1].requests("BYE")
    assert [record.outcome for record in centre.records()] == ["system", "system"]
    assert centre.left() == {}


def test_strangers_and_unknown_users_stay_out() -> None:
    centre = Centre(networks=())
    centre.add(queue(), entry("1000"))
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    assert caller.responses(401)
    trusted = Centre()
    trusted.add(queue())
    caller = trusted.peer(6001)
    caller.invite(sdp(30000), user="nobody")
    assert caller.responses(404)
    assert trusted.left() == {}


@pytest.mark.parametrize("stage", ["straight", "parked", "ringing", "bridged"])
def test_a_crash_loses_nobody(stage: str) -> None:
    centre, (phone,) = centre_with(queue(), 7001, status="available" if stage == "straight" else "logged_out")
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    if stage != "straight":
        caller.ack(caller.responses(200)[-1])
        centre.wait(3)
    if stage in ("ringing", "bridged"):
        centre.tell(SetAgentState("a-n7001", "available"))
        phone.reply(phone.last_request("INVITE"), 180)
    if stage == "bridged":
        phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    centre.crash()
    centre.wait(2)
    if stage != "bridged":
        assert len(phone.requests("INVITE")) == (0 if stage == "parked" else 2)  # offered anew, its place kept
        centre.tell(SetAgentState("a-n7001", "available"))
        phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    if stage == "straight":
        caller.ack(caller.responses(200)[-1])
    centre.wait(5)
    phone.request("BYE")
    assert caller.requests("BYE")
    assert last(centre).outcome == "answered"
    assert last(centre).talk_ms >= 5000
    assert centre.left() == {}


def test_a_crash_before_the_ack_of_a_caller_without_sdp_keeps_its_place() -> None:
    centre, (phone,) = centre_with(queue(), 7001, status="paused")
    caller, other = centre.peer(6001), centre.peer(6002)
    caller.invite(b"")
    centre.wait(2)
    other.invite(sdp(30002))
    centre.wait(2)
    centre.crash()
    caller.sdp = sdp(30000)
    caller.ack(caller.responses(200)[-1], sdp(30000))
    centre.wait(6)
    centre.tell(SetAgentState("a-n7001", "available"))
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    assert port_of(caller.last_request("INVITE").request.body) == 31000
    centre.wait(5)
    caller.request("BYE")
    assert (last(centre).outcome, last(centre).wait_ms, last(centre).talk_ms) == ("answered", 10_000, 5000)
    other.ack(other.responses(200)[-1])
    other.request("BYE")
    centre.wait(5)
    assert centre.left() == {}


def test_every_offer_of_a_call_can_be_explained_afterwards() -> None:
    centre, (first, second) = centre_with(queue(), 7001, 7002)
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    (call_id,) = centre.core.centre.calls
    busy, free = (first, second) if first.requests("INVITE") else (second, first)
    busy.reply(busy.last_request("INVITE"), 486)
    free.reply(free.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    reply = centre.tell(ExplainCall(call_id))
    assert isinstance(reply, Explained)
    assert [(made.chooser.value, made.next, made.passed_over) for made in reply.decisions] == [
        ("call", (f"a-n{free.hop.port}",), {"ranked_lower": 1}), ("call", (), {"delay": 1}),
    ]  # fmt: skip
    assert reply.waiting is None


def test_a_waiting_call_says_what_it_waits_for() -> None:
    centre, _ = centre_with(queue(), 7001, status="paused")
    centre.peer(6001).invite(sdp(30000))
    (call_id,) = centre.core.centre.calls
    reply = centre.tell(ExplainCall(call_id))
    assert isinstance(reply, Explained)
    assert reply.decisions == ()
    assert reply.waiting is not None
    assert reply.waiting.passed_over == {"paused": 1}
