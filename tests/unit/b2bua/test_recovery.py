"""A crash at every stage of a call: what was promised to the caller still holds afterwards."""

from dataclasses import replace

import pytest

from b2bua.call import CallState
from b2bua.events import CallEnded, CallParked
from b2bua.snapshot import CallRow
from tests.unit.b2bua.harness import Net, Peer, origin_of, port_of, sdp


@pytest.fixture
def net() -> Net:
    return Net()


def test_parked_caller_keeps_its_music_and_is_served_afterwards(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    assert net.restart() == [call]
    assert net.board.state_of(call) is CallState.PARKED
    assert len(caller.requests("INVITE")) == 0
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.BRIDGED
    assert net.media[0].requests("BYE")
    caller.request("BYE")
    assert net.quiet()


def test_bridged_call_goes_on_and_ends_right(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.restart() == [call]
    assert net.board.state_of(call) is CallState.BRIDGED
    agent.request("BYE")
    assert caller.requests("BYE")
    assert net.told(CallEnded)
    assert net.quiet()


def test_ringing_offer_is_cancelled_and_the_caller_kept(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 180)
    assert net.restart() == [call]
    net.wait(1)
    assert agent.cancels()
    assert len(agent.requests("INVITE")) == 1  # ours again is a retransmission to it
    net.dial(call, agent, leg="leg-2")
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.BRIDGED
    agent.request("BYE")
    assert net.quiet()


def test_unanswered_caller_of_a_straight_offer_is_still_there(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 180)
    assert net.restart() == [call]
    net.wait(1)
    assert net.board.state_of(call) is CallState.ARRIVED
    assert agent.cancels()
    net.park(call)
    caller.ack(caller.responses(200)[-1])
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_early_parked_caller_is_kept_and_can_cancel(net: Net) -> None:
    caller = net.peer(6001)
    call = net.parked_caller(caller, early=120.0)
    assert net.restart() == [call]
    assert net.board.state_of(call) is CallState.PARKED
    caller.cancel()
    assert caller.responses(487)
    assert net.quiet()


def test_an_unacked_200_is_sent_again(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.dial(call, agent)
    net.lost.add(caller.hop)  # the 200 does not arrive before we crash
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.rows()
    net.lost.clear()
    assert net.restart() == [call]
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 31000
    caller.ack(answer)
    caller.request("BYE")
    assert agent.requests("BYE")
    assert net.quiet()


def test_a_row_has_each_description_once(net: Net) -> None:
    caller = net.peer(6001)
    call = net.parked_caller(caller)
    row = net.rows()["call", call]
    assert isinstance(row, CallRow)
    assert row.media is not None
    assert [leg.session[2] for leg in (row.caller, row.media)] == [
        b"=" + leg.id.encode() for leg in (row.media, row.caller)
    ]
    said = net.board._desk.calls[call].caller.session.local
    net.restart()
    again = net.board._desk.calls[call]
    assert again.media is not None
    assert again.caller.session.local == said
    assert again.caller.session.said is again.media.session.remote
    assert again.media.session.said is again.caller.session.remote


def test_an_acked_200_is_not_sent_again(net: Net) -> None:
    caller = net.peer(6001)
    call = net.parked_caller(caller)
    assert ("invite", call) not in net.rows()  # the ACK alone takes it away
    answers = len(caller.responses(200))
    assert net.restart() == [call]
    net.wait(10)
    assert len(caller.responses(200)) == answers
    caller.request("BYE")
    assert net.told(CallEnded)
    assert net.quiet()


def test_a_200_whose_ack_went_down_with_us_is_sent_again(net: Net) -> None:
    caller = net.peer(6001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.park(call)
    rows = dict(net.rows())
    caller.ack(caller.responses(200)[-1])
    net.board.take_changes()
    net.stored = rows  # what was taken last has not reached the disk
    assert net.restart() == [call]
    net.wait(40)  # the caller has ACKed it once more
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def answered_with_the_media_servers_offer(net: Net) -> Peer:
    """A caller without a description, whose 200 had the media server's offer, and who has not ACKed it."""
    caller = net.peer(6001)
    caller.invite(b"")
    net.park(net.arrived())
    assert port_of(caller.responses(200)[-1].body) == 40000
    return caller


def test_a_caller_who_had_the_media_servers_offer_is_kept(net: Net) -> None:
    caller = answered_with_the_media_servers_offer(net)
    (call,) = net.restart()
    (answer,) = caller.responses(200)
    assert net.board.state_of(call) is CallState.PARKING
    caller.ack(answer, sdp(30000))
    caller.sdp = sdp(30000)
    net.media_answers(40002)
    moved = caller.last_request("INVITE").request
    assert (port_of(moved.body), origin_of(moved.body)[2]) == (40002, 2)
    assert origin_of(moved.body)[1] == origin_of(answer.body)[1]
    assert net.told(CallParked)
    agent = net.peer(7001)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_a_caller_who_acks_the_media_servers_offer_without_an_answer_is_let_go(net: Net) -> None:
    caller = answered_with_the_media_servers_offer(net)
    net.restart()
    caller.ack(caller.responses(200)[-1])
    assert caller.requests("BYE")
    assert net.quiet()


def test_a_caller_who_never_acks_the_media_servers_offer_is_let_go(net: Net) -> None:
    caller = answered_with_the_media_servers_offer(net)
    net.restart()
    net.wait(33)
    assert caller.requests("BYE")
    assert net.told(CallEnded)
    assert net.quiet()


def test_a_second_crash_before_the_ack_says_the_same_once_more(net: Net) -> None:
    caller = net.peer(6001)
    caller.invite(b"")
    net.lost.add(caller.hop)
    net.park(net.arrived())
    said = net.board._desk.calls[net.arrived()].caller.session.local
    net.restart()
    net.lost.clear()
    net.restart()
    (answer,) = caller.responses(200)
    assert answer.body == said
    caller.ack(answer, sdp(30000))
    caller.request("BYE")
    assert net.quiet()


def test_a_move_after_the_ack_is_known_to_a_restart(net: Net) -> None:
    """The call CONNECTING is journalled already when the caller's ACK lets it be moved."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller, early=120.0)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.rows()
    caller.ack(caller.responses(200)[-1])
    moving = caller.last_request("INVITE")
    net.restart()
    net.wait(1)
    back = caller.last_request("INVITE")
    assert [port_of(each.request.body) for each in (moving, back)] == [31000, 40000]
    assert [origin_of(each.request.body)[2] for each in (moving, back)] == [2, 3]


def test_a_media_session_that_was_being_opened_anew_is_taken_back(net: Net) -> None:
    caller = net.peer(6001)
    net.parked_caller(caller)
    net.rows()
    net.wait(2)
    net.media[0].request("BYE")
    lost = net.media[0].last_request("INVITE")
    net.media[0].reply(lost, 180, tag="slow")
    (call,) = net.restart()
    net.wait(1)
    assert [each.transaction for each in net.media[0].cancels()] == [lost.transaction]
    net.media_answers(40002)
    assert net.board.state_of(call) is CallState.PARKED
    assert port_of(caller.last_request("INVITE").request.body) == 40002


def test_a_refused_offer_is_not_made_again_by_a_refresh_after_a_restart(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.sdp = b""
    agent.request("INVITE", sdp(31002, version=2))
    net.rows()
    asked = caller.last_request("INVITE")
    assert port_of(asked.request.body) == 31002
    caller.reply(asked, 488)
    net.restart()
    net.wait(1800)
    refreshed = caller.last_request("INVITE").request
    assert refreshed is not asked.request
    assert port_of(refreshed.body) == 31000


def test_claims_after_a_restart_are_spread(net: Net) -> None:
    net.config = replace(net.config, claims_a_second=0.01, greetings_a_second=0.005)
    for number in range(3):
        net.parked_caller(net.peer(6001 + number))
    net.rows()
    assert len(net.restart()) == 3
    for asked in (20, 300):  # one within 20 s, as the seed has it; all within 3 / 0.01
        net.wait(asked)
    media = len(net.media[0].requests("UPDATE")) + len(net.media[0].requests("INVITE")) - 3
    assert media == 3


def test_only_so_many_sessions_are_refreshed_at_once(net: Net) -> None:
    net.config = replace(net.config, most_refreshes=1)
    callers = [net.peer(6001 + number) for number in range(3)]
    for caller in callers:
        net.parked_caller(caller)
    media = net.media[0]
    parked = len(media.requests("INVITE"))
    media.answer_requests = False
    net.restart()
    net.wait(20)
    assert len(media.requests("INVITE")) == parked + 1  # it answers none
    media.reply(media.last_request("INVITE"), 200, sdp(40000, session=77), tag="media")
    net.wait(3.5)
    assert len(media.requests("INVITE")) == parked + 2


def test_crash_before_the_callee_was_acked_gives_the_caller_back(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.CONNECTING
    caller.answer_requests = False
    invites = len(caller.requests("INVITE"))
    assert net.restart() == [call]
    net.wait(1)
    assert agent.requests("ACK")
    assert agent.requests("BYE")
    caller.reply(caller.requests("INVITE")[invites - 1], 200, sdp(30000))
    caller.sdp, caller.answer_requests = sdp(30000), True
    back = caller.last_request("INVITE")
    assert port_of(back.request.body) == 40000
    caller.reply(back, 200, sdp(30000))
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    net.quiet()


def test_a_call_that_had_ended_says_bye_again(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.rows()
    net.lost.add(agent.hop)  # our BYE is lost with us
    caller.request("BYE")
    net.rows()
    net.lost.clear()
    assert net.restart() == []
    assert agent.requests("BYE")
    assert net.quiet()
