"""Calls that we begin: the caller is dialled, parked when it answers, and then served like any other."""

import pytest

from b2bua.commands import CallId, Dial, HangUp, LegId, Originate, Playlist, Target
from b2bua.events import CallEnded, CallParked, LegBridged, LegFailure, OriginationFailed, OriginationRinging
from tests.unit.b2bua.harness import Net, Peer, port_of, sdp

CALL = CallId("back-1")


def dialled(net: Net, port: int = 6001, route: tuple[str, ...] = ()) -> Peer:
    customer = net.peer(port)
    command = Originate(
        CALL,
        Target(customer.uri, route=route),
        "<sip:callyard@127.0.0.1>",
        "<sip:491@127.0.0.1>",
        Playlist(("music",)),
        net.now + 30,
    )
    net.events += net.board.handle(command, net.now)
    net.deliver()
    return customer


def parked(net: Net) -> Peer:
    for server in net.media:
        server.answers_with = sdp(40000, session=77)
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), 180)
    customer.reply(customer.last_request("INVITE"), 200, sdp(30000))
    return customer


def test_the_customer_is_invited_without_a_description_and_parked_with_its_own() -> None:
    net = Net()
    customer = parked(net)
    invite = customer.last_request("INVITE").request
    assert (invite.body, invite.from_.uri) == (b"", "sip:callyard@127.0.0.1")
    assert port_of(net.media[0].last_request("INVITE").request.body) == 30000
    assert port_of(customer.last_request("ACK").request.body) == 40000
    assert net.events == [OriginationRinging(CALL), CallParked(CALL, answered=True)]
    customer.request("BYE")
    assert net.events[-1] == CallEnded(CALL, "caller", "bye")
    assert net.quiet()


def test_it_is_bridged_with_an_agent() -> None:
    net = Net()
    customer = parked(net)
    agent = net.peer(7001)
    net.events += net.board.handle(Dial(CALL, LegId("leg-1"), Target(agent.uri)), net.now)
    net.deliver()
    assert agent.last_request("INVITE").request.from_.uri == "sip:491@127.0.0.1"
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert port_of(customer.last_request("INVITE").request.body) == 31000
    assert port_of(agent.last_request("ACK").request.body) == 30000
    assert isinstance(net.events[-1], LegBridged)
    agent.request("BYE")
    assert customer.requests("BYE")
    assert net.quiet()


@pytest.mark.parametrize(
    ("status", "cause"), [(486, LegFailure.BUSY), (603, LegFailure.REJECTED), (503, LegFailure.UNREACHABLE)]
)
def test_a_customer_who_does_not_take_it(status: int, cause: LegFailure) -> None:
    net = Net()
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), status)
    assert net.events == [OriginationFailed(CALL, cause, status)]
    assert net.quiet()


def test_a_customer_who_does_not_answer_is_cancelled() -> None:
    net = Net()
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), 180)
    net.wait(31)
    assert customer.cancels()
    assert net.events == [OriginationRinging(CALL), OriginationFailed(CALL, LegFailure.NO_ANSWER, 408)]
    assert net.quiet()


def test_a_2xx_that_crosses_the_cancel_is_acked_and_hung_up() -> None:
    net = Net()
    customer = dialled(net)
    net.events += net.board.handle(HangUp(CALL, "cancelled"), net.now)
    customer.reply(customer.last_request("INVITE"), 200, sdp(30000))
    assert customer.requests("ACK")
    assert customer.requests("BYE")
    assert net.events == [CallEnded(CALL, "system", "cancelled")]
    assert net.quiet()


@pytest.mark.parametrize("media", [0, 1])
def test_without_a_media_session_the_customer_is_hung_up(media: int) -> None:
    net = Net(media=media)
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), 200, sdp(30000))
    if media:
        net.media[0].reply(net.media[0].last_request("INVITE"), 503)
    assert customer.requests("ACK")
    assert customer.requests("BYE")
    assert net.events == [CallEnded(CALL, "system", "no_media")]
    assert net.quiet()


def test_a_customer_who_hangs_up_before_it_hears_anything() -> None:
    net = Net()
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), 200, sdp(30000))
    customer.request("BYE")
    assert net.events == [CallEnded(CALL, "caller", "bye")]
    net.media[0].reply(net.media[0].last_request("INVITE"), 487)
    assert net.quiet()


def test_a_restart_while_it_rings_cancels_it() -> None:
    net = Net()
    customer = dialled(net)
    customer.reply(customer.last_request("INVITE"), 180)
    net.restart()
    customer.reply(customer.last_request("INVITE"), 180)
    assert customer.cancels()
    assert net.quiet()


def test_a_restart_while_it_is_parked_keeps_it() -> None:
    net = Net()
    customer = parked(net)
    net.restart()
    net.events.clear()
    agent = net.peer(7001)
    net.events += net.board.handle(Dial(CALL, LegId("leg-1"), Target(agent.uri)), net.now)
    net.deliver()
    agent.reply(agent.last_request("INVITE"), 200, sdp(31000))
    assert isinstance(net.events[-1], LegBridged)
    customer.request("BYE")
    assert net.quiet()


def test_it_is_begun_anew_while_the_one_before_takes_its_leave() -> None:
    net = Net()
    first = dialled(net)
    first.reply(first.last_request("INVITE"), 180)
    net.events += net.board.handle(HangUp(CALL, "cancelled"), net.now)
    net.deliver()
    second = dialled(net, 6002)
    net.restart()
    assert first.cancels()
    first.reply(first.last_request("INVITE"), 487)
    second.reply(second.last_request("INVITE"), 180)
    assert second.cancels(), "both rows were kept"
    second.reply(second.last_request("INVITE"), 487)
    assert net.quiet()


def test_one_that_is_rung_is_not_dialled_twice() -> None:
    net = Net()
    dialled(net)
    assert not dialled(net, 6002).requests("INVITE")


def test_the_route_of_a_registered_phone_is_taken() -> None:
    net = Net()
    proxy = net.peer(6003)
    phone = dialled(net, route=(f"<{proxy.uri};lr>",))
    assert not phone.requests("INVITE")
    assert proxy.last_request("INVITE").request.uri == phone.uri
