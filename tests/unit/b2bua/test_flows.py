"""Calls from end to end over the switchboard, message by message, in virtual time."""

import pytest

from b2bua.call import CallState
from b2bua.commands import MediaVanished, Park, Playlist
from b2bua.events import CallEnded, CallParked, LegAnswered, LegBridged, LegFailed, LegFailure, LegRinging
from tests.unit.b2bua.harness import Net, origin_of, port_of, sdp


@pytest.fixture
def net() -> Net:
    return Net()


def test_straight_call_and_bye_from_the_caller(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.dial(call, agent)
    invite = agent.last_request("INVITE")
    assert port_of(invite.request.body) == 30000
    agent.reply(invite, 180)
    assert caller.responses(180)
    agent.reply(invite, 200, sdp(31000))
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 31000
    assert origin_of(answer.body)[0] == "callyard"
    caller.ack(answer)
    assert agent.requests("ACK")
    assert net.board.state_of(call) is CallState.BRIDGED
    assert net.told(LegRinging)
    assert net.told(LegBridged)
    caller.request("BYE")
    assert agent.requests("BYE")
    ended = net.told(CallEnded)[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.by, ended.cause) == ("caller", "bye")
    assert net.quiet()


def test_parked_then_served_late_offer(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    assert port_of(caller.responses(200)[-1].body) == 40000
    assert net.told(CallParked)
    net.dial(call, agent, mode="late")
    invite = agent.last_request("INVITE")
    assert not invite.request.body
    agent.reply(invite, 200, sdp(31000))
    moved = caller.requests("INVITE")[-1].request
    assert port_of(moved.body) == 31000
    ack = agent.last_request("ACK").request
    assert port_of(ack.body) == 30000
    assert net.media[0].requests("BYE")
    assert net.board.state_of(call) is CallState.BRIDGED
    agent.request("BYE")
    assert caller.requests("BYE")
    assert net.quiet()


def test_parked_then_served_with_the_callers_offer(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent, mode="caller")
    invite = agent.last_request("INVITE")
    assert port_of(invite.request.body) == 30000
    caller.sdp = sdp(30002, version=2)  # the caller moves its port when re-INVITEd
    agent.reply(invite, 200, sdp(31000))
    assert not agent.last_request("ACK").request.body
    assert port_of(caller.requests("INVITE")[-1].request.body) == 31000
    assert port_of(agent.requests("INVITE")[-1].request.body) == 30002
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_early_media_parking_then_connect(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller, early=120.0)
    early = caller.responses(183)[-1]
    assert port_of(early.body) == 40000
    net.wait(61)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    answer = caller.responses(200)[-1]
    assert answer.body == early.body
    assert net.board.state_of(call) is CallState.CONNECTING
    caller.ack(answer)
    assert port_of(caller.requests("INVITE")[-1].request.body) == 31000
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_early_parked_caller_is_answered_when_its_time_is_up(net: Net) -> None:
    caller = net.peer(6001)
    call = net.parked_caller(caller, early=120.0)
    net.wait(121)
    answer = caller.responses(200)[-1]
    caller.ack(answer)
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_invite_without_an_offer_is_parked_by_the_media_servers_offer(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller, body=b"")
    assert port_of(caller.responses(200)[-1].body) == 40000
    assert port_of(net.media[0].last_request("ACK").request.body) == 30000
    assert net.board.state_of(call) is CallState.PARKED
    caller.sdp = sdp(30000)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.BRIDGED
    agent.request("BYE")
    assert net.quiet()


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, LegFailure.BUSY), (603, LegFailure.REJECTED), (480, LegFailure.UNREACHABLE), (302, LegFailure.REJECTED)],
)
def test_refused_offer_leaves_the_caller_parked(net: Net, status: int, cause: LegFailure) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), status)
    failed = net.told(LegFailed)[-1]
    assert isinstance(failed, LegFailed)
    assert failed.cause is cause
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.media[0].requests("BYE")
    assert net.quiet()


def test_caller_cancels_while_an_agent_rings(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    net.dial(net.arrived(), agent)
    agent.reply(agent.last_request("INVITE"), 180)
    caller.cancel()
    assert caller.responses(487)
    assert agent.cancels()
    ended = net.told(CallEnded)[-1]
    assert isinstance(ended, CallEnded)
    assert ended.cause == "cancel"
    assert net.quiet()


def test_cancel_is_held_back_until_a_provisional_response(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    net.lost.add(agent.hop)
    caller.invite(sdp(30000))
    net.dial(net.arrived(), agent)
    caller.cancel()
    net.lost.clear()
    assert not agent.cancels()
    net.wait(1)  # the INVITE is retransmitted, its 100 lets the CANCEL out
    assert agent.cancels()
    assert net.quiet()


def test_agents_200_crossing_our_cancel_is_acked_and_ended(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    invite = agent.last_request("INVITE")
    agent.reply(invite, 180)
    net.lost.add(agent.hop)
    agent.reply(invite, 200, sdp(31000))  # lost on its way, so our CANCEL crosses it
    caller.request("BYE")
    net.lost.clear()
    net.wait(5)
    assert agent.requests("ACK")
    assert agent.requests("BYE")
    assert not net.told(LegAnswered)
    assert net.quiet()


def test_agent_drops_before_the_bridge_stands(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""  # it will not answer our re-INVITE by itself
    net.dial(call, agent, mode="caller")
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert net.board.state_of(call) is CallState.CONNECTING
    agent.request("BYE")
    assert net.board.state_of(call) is CallState.PARKED
    caller.reply(caller.last_request("INVITE"), 200, sdp(30000))
    back = caller.last_request("INVITE")
    assert port_of(back.request.body) == 40000  # taken back to its music
    caller.reply(back, 200, sdp(30000))
    assert net.board.state_of(call) is CallState.PARKED
    assert not net.media[0].requests("BYE")
    caller.request("BYE")
    assert net.quiet()


def test_caller_that_refuses_to_be_moved_stays_parked(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.reply(caller.last_request("INVITE"), 488)
    assert port_of(agent.last_request("ACK").request.body) == 0  # its media refused
    assert agent.requests("BYE")
    failed = net.told(LegFailed)[-1]
    assert isinstance(failed, LegFailed)
    assert failed.cause is LegFailure.CONNECT_FAILED
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_glare_is_tried_again(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.reply(caller.last_request("INVITE"), 491)
    caller.sdp = sdp(30000)
    net.wait(2.1)
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_next_media_server_is_tried() -> None:
    net = Net(media=2)
    caller = net.peer(6001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.do(Park(call, Playlist(("music",))))
    net.media[0].reply(net.media[0].last_request("INVITE"), 503)
    net.media_answers(server=1)
    assert port_of(caller.responses(200)[-1].body) == 40000
    caller.ack(caller.responses(200)[-1])
    # and a media server that dies is replaced, the caller re-INVITEd
    net.media[1].request("BYE")
    net.media_answers(41000, server=0)
    assert port_of(caller.last_request("INVITE").request.body) == 41000
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_hold_passes_leg_by_leg(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    before = origin_of(caller.last_request("INVITE").request.body)
    key = agent.request("INVITE", sdp(31000, version=2, direction="sendonly"))
    held = caller.last_request("INVITE").request.body
    assert b"a=sendonly" in held
    after = origin_of(held)
    assert (after[1], after[2]) == (before[1], before[2] + 1)
    agent.ack(agent.responses(200)[-1], key=key)
    caller.request("BYE")
    assert net.quiet()


def test_late_reinvite_is_relayed(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    agent.request("INVITE")
    offer = agent.responses(200)[-1]
    assert port_of(offer.body) == 30000
    agent.ack(offer, sdp(31002))
    assert port_of(caller.last_request("ACK").request.body) == 31002
    agent.request("BYE")
    assert net.quiet()


def test_session_timer_refreshes_and_a_dead_callee_ends_the_call() -> None:
    net = Net(session_expires=600)
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    invites = len(agent.requests("INVITE"))
    net.wait(301)
    assert len(agent.requests("INVITE")) == invites + 1
    assert net.board.state_of(call) is CallState.BRIDGED
    net.lost.add(agent.hop)
    net.wait(340)
    assert caller.requests("BYE")
    ended = net.told(CallEnded)[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.by, ended.cause) == ("callee", "lost")
    assert net.quiet()


def test_caller_without_ack_is_hung_up(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    net.dial(net.arrived(), agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.wait(33)
    assert agent.requests("BYE")
    assert net.told(CallEnded)
    assert net.quiet()


def test_dtmf_and_refer_pass(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.request("INFO", b"Signal=5\r\nDuration=160\r\n", "application/dtmf-relay")
    info = agent.last_request("INFO").request
    assert info.body.startswith(b"Signal=5")
    assert info.content_type == "application/dtmf-relay"
    assert caller.responses(200)
    caller.request("BYE")
    assert net.quiet()


def test_callers_of_a_media_server_that_died_get_another_session() -> None:
    net = Net(media=2)
    caller = net.peer(6001)
    call = net.parked_caller(caller)
    net.lost.add(net.media[0].hop)
    alive = f"sip:annc@127.0.0.1:{net.media[1].hop.port};play={{sound}};repeat={{repeat}}"
    net.do(MediaVanished(frozenset({alive})))
    net.media_answers(41000, server=1)
    assert port_of(caller.last_request("INVITE").request.body) == 41000
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_a_media_server_that_hangs_up_at_once_is_not_called_in_a_loop() -> None:
    net = Net(media=1)
    caller = net.peer(6001)
    call = net.parked_caller(caller)
    before = len(net.media[0].requests("INVITE"))
    net.media[0].request("BYE")
    assert len(net.media[0].requests("INVITE")) == before
    net.wait(1.1)
    assert len(net.media[0].requests("INVITE")) == before + 1
    net.media_answers(41000)
    assert port_of(caller.last_request("INVITE").request.body) == 41000
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()
