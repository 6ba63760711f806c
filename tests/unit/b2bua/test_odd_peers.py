"""What peers should not say and do: nothing of it raises, nothing of it stays."""

import pytest

from b2bua.call import CallState
from b2bua.events import CallArrived, CallEnded, LegFailed
from sipcore.dialog import Dialog
from sipcore.message import Request
from tests.unit.b2bua.harness import US, Net, origin_of, sdp


@pytest.fixture
def net() -> Net:
    return Net()


def _invite(contact: str | None, *headers: tuple[str, str], sender: str = "<sip:a@127.0.0.1>") -> Request:
    own = [("From", f"{sender};tag=1"), ("To", "<sip:1000@127.0.0.1>"), ("Call-ID", "odd"), ("CSeq", "1 INVITE")]
    own += [("Contact", contact)] if contact is not None else []
    own += [("Content-Type", "application/sdp"), *headers]
    return Request("INVITE", "sip:1000@127.0.0.1:5060", own, sdp(30000))


@pytest.mark.parametrize("contact", [None, "<tel:+4930123>", "<mailto:a@b>", "<sip:>", "<sip:a@[::1>", "*"])
def test_contact_that_no_request_can_be_sent_to(net: Net, contact: str | None) -> None:
    caller = net.peer(6001)
    caller.say(_invite(contact), invite=True)
    assert caller.responses(400)
    assert net.quiet()


@pytest.mark.parametrize(
    "sender",
    ["<foo:bar>", "<tel:+49301>", '"a \\"b\\" <sip:x@y>;tag=9" <sip:a@127.0.0.1>', '"\\\0" <sip:a@127.0.0.1>', "<sip:a.b>"],
)  # fmt: skip
def test_odd_callers_reach_an_agent(net: Net, sender: str) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.say(_invite("<sip:a@127.0.0.1:6001>", sender=sender), invite=True)
    net.dial(net.arrived(), agent)
    seen = agent.last_request("INVITE").request
    assert seen.from_.uri.startswith("sip:")
    assert seen.from_tag.startswith("1.0.")
    caller.cancel()
    agent.reply(agent.last_request("INVITE"), 487)
    assert net.quiet()


@pytest.mark.parametrize("expires", ["9" * 5000, "x", "", "-1", "1;refresher=uas", "\u0663\u0663", "99999999999"])
def test_session_expires_of_any_kind(net: Net, expires: str) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    caller.say(_invite("<sip:a@127.0.0.1:6001>", ("Session-Expires", expires)), invite=True)
    if net.told(CallArrived):
        net.dial(net.arrived(), agent)
        agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
        caller.dialog = Dialog(
            "odd", "1", "", "<sip:a@127.0.0.1>", "<sip:1000@127.0.0.1>", "", "sip:x@127.0.0.1", hop=US
        )
        caller.dialog.local_cseq = 1
        caller.ack(caller.responses(200)[-1])
        net.wait(40)
        assert len(caller.requests("UPDATE") + caller.requests("INVITE")) <= 1
        caller.request("BYE")
    assert net.quiet()


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"v=0", b"v=0\r\no=\r\nm=", b"v=0\nm=audio\nm=\n"])
def test_answer_of_an_agent_that_describes_nothing_much(net: Net, body: bytes) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, body)
    assert agent.requests("ACK")
    if b"m=" not in body:
        assert net.told(LegFailed)
        assert net.board.state_of(call) is CallState.PARKED
    caller.request("BYE")
    assert net.quiet()


def test_bye_of_another_branch_of_a_forked_invite(net: Net) -> None:
    """RFC 3261 §12, §13.2.2.4: it is another dialog, which we end; the bridge stands."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert agent.dialog is not None
    agent.dialog.local_tag = "other-device"
    agent.request("BYE")
    assert agent.responses(481)
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_reinvite_without_an_offer_that_is_never_acked(net: Net) -> None:
    """RFC 3261 §13.3.1.4: no exchange stays open for ever."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    agent.request("INVITE")
    net.wait(33)
    ended = net.told(CallEnded)[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.by, ended.cause) == ("callee", "lost")
    assert net.quiet()


def test_cancel_of_a_relayed_reinvite(net: Net) -> None:
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.sdp = b""
    key = agent.request("INVITE", sdp(31002, version=2))
    agent.endpoint.cancel(key, net.now)
    net.deliver()
    assert caller.cancels()
    assert agent.responses(487)
    assert net.board.state_of(call) is CallState.BRIDGED
    caller.request("BYE")
    assert net.quiet()


def test_hung_up_with_a_reinvite_under_way(net: Net) -> None:
    """RFC 3261 §15.1.2: the pending request is answered 487, whoever hangs up."""
    caller, agent = net.peer(6001), net.peer(7001)
    call = net.parked_caller(caller)
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    caller.sdp = b""
    agent.request("INVITE", sdp(31002, version=2))
    agent.request("BYE")
    assert agent.responses(487)
    assert net.told(CallEnded)
    caller.reply(caller.last_request("INVITE"), 200, sdp(30000))  # too late, and ACKed all the same
    assert caller.requests("ACK")
    assert net.quiet()


def test_every_m_line_keeps_its_place(net: Net) -> None:
    """RFC 3264 §6, §8: an answer has the offer's m-lines, a later offer all that there were; ours is the o= line."""
    caller, agent = net.peer(6001), net.peer(7001)
    video = b"m=video 5000 RTP/SAVP 99\r\na=sendrecv"  # its last line is not ended
    call = net.parked_caller(caller, body=sdp(30000) + video)
    answer = caller.responses(200)[-1].body
    assert answer.endswith(b"m=video 0 RTP/SAVP 99\r\n")
    net.dial(call, agent)
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    moved = caller.last_request("INVITE").request.body
    assert moved.endswith(b"m=video 0 RTP/SAVP 99\r\n")
    one, two = origin_of(answer), origin_of(moved)
    assert (one[0], one[1], one[2] + 1) == two
    caller.request("BYE")
    assert net.quiet()
