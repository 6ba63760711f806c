"""Traps that other call centres fell into (the rows of our list of them are named in the docstrings), one test each."""

import pytest

from b2bua.call import CallState
from b2bua.commands import DropLeg, HangUp, LegId, Park, Playlist
from b2bua.events import CallEnded, CallParked, LegAnswered, LegBridged, LegFailed, LegFailure, ParkFailed
from tests.unit.b2bua.harness import Net, port_of, sdp


@pytest.fixture
def net() -> Net:
    return Net()


def test_caller_gone_while_it_is_moved_to_the_agent(net: Net) -> None:
    """Caller hangs up while the agent's 200 is on its way: the agent is ACKed, then BYEd."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.request("BYE")
    assert agent.requests("ACK")
    assert agent.requests("BYE")
    caller.reply(caller.last_request("INVITE"), 487)
    assert net.quiet()


def test_one_winner_of_two(net: Net) -> None:
    """Two agents answer one call: the loser is ACKed and BYEd with a Reason."""
    caller, one, other = net.peer(6001), net.peer(7001), net.peer(7002)
    call = net.parked_caller(caller)
    net.dial(call, one, "one")
    net.dial(call, other, "other")
    net.lost.add(other.hop)
    other.reply(other.last_request("INVITE"), 200, sdp(31002))  # it crosses our CANCEL
    one.reply(one.last_request("INVITE"), 200, sdp(31000))
    net.lost.clear()
    net.wait(5)
    assert other.requests("ACK")
    assert len(net.told(LegAnswered)) == len(net.told(LegBridged)) == 1
    caller.request("BYE")
    assert net.quiet()


def test_loser_is_told_why(net: Net) -> None:
    """Two agents answer one call: a CANCEL says "answered elsewhere" (RFC 3326)."""
    caller, one, other = net.peer(6001), net.peer(7001), net.peer(7002)
    call = net.parked_caller(caller)
    net.dial(call, one, "one")
    net.dial(call, other, "other")
    other.reply(other.last_request("INVITE"), 180)
    one.reply(one.last_request("INVITE"), 200, sdp(31000))
    assert "cause=200" in (other.cancels()[-1].request.get("Reason") or "")
    caller.request("BYE")
    assert net.quiet()


def test_agent_that_could_not_wait_is_acked(net: Net) -> None:
    """The agent answers, then drops before the bridge stands: the caller is parked as before, at its music."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent, mode="late")
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    agent.request("BYE")
    assert agent.requests("ACK")
    failed = net.told(LegFailed)[-1]
    assert isinstance(failed, LegFailed)
    assert failed.cause is LegFailure.CONNECT_FAILED
    caller.reply(caller.last_request("INVITE"), 488)  # so it never left its music
    assert net.board.state_of(call) is CallState.PARKED
    assert len(caller.requests("INVITE")) == 1
    caller.request("BYE")
    assert net.quiet()


def test_silent_media_server_is_given_up() -> None:
    """The media server dies: the next one is tried soon, the caller stays."""
    net = Net(media=2)
    caller = net.peer(6001)
    net.lost.add(net.media[0].hop)
    caller.invite(sdp(30000))
    net.do(Park(net.arrived(), Playlist(("music",))))
    net.wait(7)
    net.media_answers(server=1)
    caller.ack(caller.responses(200)[-1])
    assert net.told(CallParked)
    caller.request("BYE")
    assert net.quiet()


def test_media_server_that_dies_while_the_caller_is_moved(net: Net) -> None:
    """The media server dies just then, and the agent is lost too: the caller gets another session."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.media[0].request("BYE")
    agent.request("BYE")
    assert net.board.state_of(call) is CallState.PARKED
    caller.reply(caller.last_request("INVITE"), 200, sdp(30000))
    net.media_answers(41000)
    assert port_of(caller.last_request("INVITE").request.body) == 41000
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_without_any_media_server_a_ringing_late_agent_still_gets_the_caller() -> None:
    """The media server refuses, none left: ring-back; an agent that was dialled late is bridged straight."""
    net = Net()
    caller, agent = net.peer(6001), net.peer(7001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.do(Park(call, Playlist(("music",))))
    net.dial(call, agent, mode="late")
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    net.media[0].reply(net.media[0].last_request("INVITE"), 503)
    assert net.told(ParkFailed)
    answer = caller.responses(200)[-1]
    assert port_of(answer.body) == 31000
    caller.ack(answer)
    assert port_of(agent.last_request("ACK").request.body) == 30000
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_no_bridge_before_a_2xx(net: Net) -> None:
    """Agent's early media: no bridge before a 2xx."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent, mode="caller")
    agent.reply(agent.last_request("INVITE"), 183, sdp(31000))
    assert net.board.state_of(call) is CallState.PARKED
    assert not caller.requests("INVITE")
    caller.request("BYE")
    agent.reply(agent.last_request("INVITE"), 487)
    assert net.quiet()


def test_glare_with_the_callee_is_tried_again(net: Net) -> None:
    """Glare (491): we own that Call-ID, so we wait 2.1 to 4 s (RFC 3261 §14.1)."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    caller.sdp = b""
    net.dial(call, agent, mode="caller")
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    agent.sdp = b""
    caller.reply(caller.last_request("INVITE"), 200, sdp(30002, version=2))  # it moved its port
    agent.reply(agent.last_request("INVITE"), 491)
    told = len(agent.requests("INVITE"))
    net.wait(2.0)
    assert len(agent.requests("INVITE")) == told
    net.wait(2.1)
    again = agent.last_request("INVITE")
    assert len(agent.requests("INVITE")) == told + 1
    assert port_of(again.request.body) == 30002
    agent.reply(again, 200, sdp(31000))
    caller.request("BYE")
    assert net.quiet()


def test_refused_hold_leaves_both_sides_as_they_were(net: Net) -> None:
    """Hold in the bridge: a refusal goes back to who asked; the next offer does not carry what was refused."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.sdp = b""
    agent.request("INVITE", sdp(31000, version=2, direction="sendonly"))
    caller.reply(caller.last_request("INVITE"), 488)
    assert agent.responses(488)
    key = agent.request("INVITE")
    caller.reply(caller.last_request("INVITE"), 200, sdp(30000))
    offer = agent.responses(200)[-1]
    agent.ack(offer, sdp(31000), key)
    assert b"sendonly" not in caller.last_request("ACK").request.body
    caller.request("BYE")
    assert net.quiet()


def test_dead_dialog_of_a_peer_frees_the_agent(net: Net) -> None:
    """Dead peers: a 481 to an in-dialog request ends the leg at once, and the other side never hears the 481."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    agent.answer_requests = False
    caller.request("INFO", b"x", "text/plain")
    agent.reply(agent.last_request("INFO"), 481)
    assert caller.responses(500)
    assert not caller.responses(481)
    ended = net.told(CallEnded)[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.by, ended.cause) == ("callee", "lost")
    agent.reply(agent.last_request("BYE"), 200)
    assert net.quiet()


def test_agent_dropped_by_command_while_ringing(net: Net) -> None:
    """Agent not answering: it is cancelled, and the caller keeps its place and its music."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    leg = net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 180)
    net.do(DropLeg(call, LegId(leg)))
    assert agent.cancels()
    assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_call_ended_before_the_callers_ack(net: Net) -> None:
    """A zombie: our 200 is never ACKed, and the call was ended meanwhile: BYE comes when the time is up (§15)."""
    caller = net.peer(6001)
    caller.invite(sdp(30000))
    call = net.arrived()
    net.park(call)
    net.do(HangUp(call))
    assert not caller.requests("BYE")
    net.wait(33)
    assert caller.requests("BYE")
    assert net.quiet()
