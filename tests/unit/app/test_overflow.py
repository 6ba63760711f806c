"""Callers whom a queue does not take or keep, over the core in virtual time: what they hear, where they go, what is told."""

import dataclasses

import pytest

from app.commands import Done, SetAgentState
from app.configuration import Queue
from app.facts import CallEvent, CallRecord, QueueSegment
from queues.model import Limits, Overflow, OverflowAction, OverflowCause
from sipcore.message import Request
from tests.support.centre import Centre, agent, entry, queue
from tests.support.virtual import Peer, port_of, sdp

VOICEMAIL = Overflow(OverflowAction.VOICEMAIL, "sip:box-{queue}@127.0.0.1:7777;by={caller}", forward_ring_seconds=20.0)
ANNOUNCEMENT = Overflow(OverflowAction.ANNOUNCEMENT, sound="closed", announcement_max_seconds=30.0)
TO_SALES = Overflow(OverflowAction.QUEUE, queue="q-sales")
FULL = OverflowCause.QUEUE_FULL


def centre_with(*queues: Queue, status: str = "paused") -> Centre:
    centre = Centre()
    centre.add(*queues, entry("1000"), agent("ana", centre.peer(7001), initial_status=status))
    return centre


def call(centre: Centre, port: int = 6001, *, ack: bool = True) -> Peer:
    caller = centre.peer(port)
    caller.invite(sdp(30000))
    if ack and caller.responses(200):
        caller.ack(caller.responses(200)[-1])
    return caller


def finished(centre: Centre) -> None:
    """The announcement has been played."""
    centre.media.request("INFO", b'{"finished": "list"}', "application/vnd.callyard.play+json")


def last(centre: Centre) -> CallRecord:
    return centre.records()[-1]


def segments(centre: Centre) -> list[tuple[str, str, str, int]]:
    found = [fact for fact in centre.facts if isinstance(fact, QueueSegment)]
    assert [fact.number for fact in found] == list(range(1, len(found) + 1))
    return [(fact.queue, fact.outcome, fact.cause, fact.wait_ms) for fact in found]


def played(centre: Centre) -> list[str]:
    return [info.request.body.decode() for info in centre.media.requests("INFO")]


# --- another queue


def test_a_call_flows_into_another_queue_and_is_answered_there() -> None:
    centre = centre_with(queue(max_wait=30.0, overflow=TO_SALES), queue("sales", max_wait=100.0))
    caller = call(centre)
    centre.wait(40)
    assert centre.steps()[-2:] == ["flowed_out", "queued"]
    assert centre.tell(SetAgentState("a-ana", "available")) == Done()
    (phone,) = [peer for peer in centre.peers.values() if peer.hop.port == 7001]
    phone.reply(phone.last_request("INVITE"), 200, sdp(31000))
    centre.wait(10)
    caller.request("BYE")
    record = last(centre)
    assert (record.outcome, record.queue, record.wait_ms, record.segments) == ("answered", "q-sales", 40_000, 2)
    assert record.overflow_cause is None, "a segment tells of that"
    assert segments(centre) == [
        ("q-support", "flowed_out", "max_wait", 30_000), ("q-sales", "answered", "bye", 10_000)
    ]  # fmt: skip
    assert centre.left() == {}


def test_other_music_is_played_in_the_other_queue() -> None:
    sales = dataclasses.replace(queue("sales"), music="jazz")
    centre = centre_with(queue(max_wait=30.0, overflow=TO_SALES), sales)
    call(centre)
    centre.wait(30)
    assert "jazz" in played(centre)[-1]


def test_a_full_queue_sends_the_caller_on_and_both_say_so() -> None:
    centre = centre_with(queue(max_length=0, overflow_on={FULL: TO_SALES}), queue("sales"))
    caller = call(centre)
    centre.wait(5)
    caller.request("BYE")
    assert [step for step in centre.steps() if step != "parked"] == ["arrived", "rejected", "queued", "abandoned"]
    assert (last(centre).outcome, last(centre).queue, last(centre).segments) == ("abandoned", "q-sales", 2)
    assert segments(centre) == [("q-support", "rejected", "queue_full", 0), ("q-sales", "abandoned", "bye", 5000)]
    assert centre.left() == {}


def test_the_greeting_of_a_queue_that_did_not_take_the_call_is_not_waited_for() -> None:
    support = dataclasses.replace(queue(max_length=0, overflow=TO_SALES), greeting="welcome")
    centre = centre_with(support, queue("sales"), status="available")
    centre.peer(6001).invite(sdp(30000))
    (phone,) = [peer for peer in centre.peers.values() if peer.hop.port == 7001]
    assert phone.requests("INVITE")


def test_a_restart_keeps_the_place_in_the_other_queue() -> None:
    centre = centre_with(queue(max_wait=30.0, overflow=TO_SALES), queue("sales", max_wait=30.0, overflow=TO_SALES))
    call(centre)
    centre.wait(31)
    centre.crash()
    centre.wait(30)
    assert last(centre).outcome == "flowed_out"
    assert segments(centre) == [
        ("q-support", "flowed_out", "max_wait", 30_000), ("q-sales", "flowed_out", "max_wait", 30_000)
    ]  # fmt: skip
    assert centre.left() == {}


# --- voicemail and URI


def headers(request: Request) -> tuple[str | None, str | None]:
    return request.get("Diversion"), request.get("History-Info")


def test_voicemail_is_told_who_called_and_why() -> None:
    centre = centre_with(queue(max_wait=10.0, overflow=VOICEMAIL))
    box = centre.peer(7777)
    caller = call(centre)
    centre.wait(10)
    invite = box.last_request("INVITE").request
    target = "sip:box-support@127.0.0.1:7777;by=caller;target=sip%3A1000%40127.0.0.1;cause=408"
    assert invite.uri == target
    assert headers(invite) == (
        "<sip:1000@127.0.0.1>;reason=no-answer;counter=1",
        f"<sip:1000@127.0.0.1?Reason=SIP%3Bcause%3D408>;index=1, <{target}>;index=1.1;mp=1",
    )
    box.reply(box.last_request("INVITE"), 200, sdp(31000))
    assert port_of(caller.last_request("INVITE").request.body) == 31000
    centre.wait(20)
    caller.request("BYE")
    assert (last(centre).outcome, last(centre).wait_ms) == ("flowed_out", 10_000)
    assert last(centre).overflow_cause == "max_wait"
    assert centre.left() == {}


@pytest.mark.parametrize(("status", "refusal"), [(486, 486), (404, 480), (0, 480)])
def test_a_box_that_does_not_answer_ends_the_call(status: int, refusal: int) -> None:
    centre = centre_with(queue(max_length=0, overflow_on={FULL: VOICEMAIL}))
    box = centre.peer(7777)
    caller = call(centre)
    assert box.last_request("INVITE").request.get("Diversion") == "<sip:1000@127.0.0.1>;reason=user-busy;counter=1"
    if status:
        box.reply(box.last_request("INVITE"), status)
    else:
        centre.wait(21)
        assert box.cancels()
    assert caller.responses(refusal)
    assert (last(centre).outcome, last(centre).cause) == ("rejected", "overflow_failed")
    assert centre.left() == {}


def test_a_restart_rings_the_box_again_once() -> None:
    centre = centre_with(queue(max_wait=10.0, overflow=VOICEMAIL))
    box = centre.peer(7777)
    call(centre)
    centre.wait(11)
    centre.crash()
    assert len(box.requests("INVITE")) == 2
    centre.wait(25)
    assert last(centre).cause == "overflow_failed"


# --- announcement


def test_a_parked_caller_hears_the_announcement_and_is_hung_up() -> None:
    centre = centre_with(queue(max_wait=10.0, overflow=ANNOUNCEMENT))
    caller = call(centre)
    centre.wait(10)
    assert "closed" in played(centre)[-1]
    assert not caller.requests("BYE")
    finished(centre)
    assert caller.requests("BYE")
    assert (last(centre).outcome, last(centre).cause) == ("flowed_out", "announcement")
    assert centre.left() == {}


@pytest.mark.parametrize("early", [False, True])
def test_a_refused_caller_hears_the_announcement_early_where_the_queue_parks_so(early: bool) -> None:
    support = dataclasses.replace(queue(max_length=0, overflow_on={FULL: ANNOUNCEMENT}), early_media=early)
    centre = centre_with(support)
    caller = call(centre)
    assert bool(caller.responses(183)) is early
    assert bool(caller.responses(200)) is not early
    finished(centre)
    assert caller.responses(486) if early else caller.requests("BYE")
    assert (last(centre).outcome, last(centre).cause) == ("rejected", "announcement")
    assert centre.left() == {}


def test_an_announcement_that_does_not_end_is_cut_off_and_a_restart_begins_it_again() -> None:
    centre = centre_with(queue(max_wait=10.0, overflow=ANNOUNCEMENT))
    caller = call(centre)
    centre.wait(15)
    centre.crash()
    assert "closed" in played(centre)[-1]
    centre.wait(31)
    assert caller.requests("BYE")
    assert last(centre).cause == "announcement_too_long"
    assert centre.left() == {}


def test_a_caller_who_is_being_parked_hears_it_then() -> None:
    centre = centre_with(queue(max_wait=1.0, overflow=ANNOUNCEMENT))
    centre.media.answers_with = b""
    caller = centre.peer(6001)
    caller.invite(sdp(30000))
    centre.wait(2)
    centre.media.reply(centre.media.last_request("INVITE"), 200, sdp(40000, session=77))
    caller.ack(caller.responses(200)[-1])
    assert "closed" in played(centre)[-1]
    finished(centre)
    assert last(centre).cause == "announcement"


# --- causes


def test_nobody_logged_in() -> None:
    centre = centre_with(queue(limits=Limits(none_logged_in=True)), status="logged_out")
    caller = call(centre)
    assert caller.responses(480)
    assert (last(centre).outcome, last(centre).queued_at) == ("rejected", None)


def test_a_callback_that_nobody_offers_hangs_up() -> None:
    centre = centre_with(queue(max_wait=10.0, overflow=Overflow(OverflowAction.CALLBACK)))
    caller = call(centre)
    centre.wait(10)
    assert caller.requests("BYE")
    assert last(centre).outcome == "flowed_out"


# --- a caller who calls again


def test_a_caller_who_dropped_has_the_old_place_after_a_restart_too() -> None:
    centre = centre_with(queue(place_return_seconds=60.0))
    first = call(centre, 6001)
    centre.wait(5)
    call(centre, 6002)  # all peers call as "caller"
    first.request("BYE")
    assert last(centre).outcome == "abandoned"
    centre.crash()
    centre.wait(5)
    again = call(centre, 6003)
    queued = [fact for fact in centre.facts if isinstance(fact, CallEvent) and fact.kind == "queued"]
    assert queued[-1].joined_at == queued[0].time
    centre.wait(1)
    again.request("BYE")
    assert last(centre).wait_ms == 1000
