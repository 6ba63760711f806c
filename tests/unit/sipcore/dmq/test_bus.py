"""KDMQ in and out: the envelope, channels, who may speak, and what is odd."""

from pathlib import Path

import pytest

from sipcore.dmq.peer import PeerStatus
from sipcore.message import Request, parse
from sipcore.packets import Hop
from tests.support.dmq_nodes import HOST, DmqNet, address, lines

WIRE = Path(__file__).parents[3] / "wire" / "dmq"
A, B, US, OTHER = 15311, 15321, 15331, 15341


def recorded(name: str) -> bytes:
    return (WIRE / f"{name}.sip").read_bytes()


# -- the wire, as Kamailio has it


def test_a_kamailio_joins() -> None:
    """Its first notification, its own line alone; answered with the whole list, as Kamailio answered it."""
    net = DmqNet()
    net.stranger(A)
    node = net.node(B)
    answer = net.say(recorded("01-notification-initial-request-1"), B)
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert lines(answer.body) == [(B, "active"), (A, "active")]
    theirs = parse(recorded("02-notification-200-response-1"))
    assert lines(answer.body) == lines(theirs.body)
    assert node.statuses() == {A: "active"}
    assert node.channel.said == [("joined", A)]


def test_who_learns_something_tells_everybody_the_newcomer_too() -> None:
    net = DmqNet()
    other, newcomer = net.stranger(OTHER), net.stranger(B)
    net.node(A)
    net.notification(A, OTHER, f"{address(OTHER)};status=active\r\n", hops=1)
    assert other.requests() == []  # it may go no further
    net.say(recorded("01-notification-initial-request-2"), A)
    theirs = parse(recorded("03-notification-forwarded"))
    for each in (newcomer, other):
        (told,) = each.requests()
        assert (told.max_forwards, told.content_type) == (theirs.max_forwards, theirs.content_type) == (1, "text/plain")
        assert sorted(lines(told.body)) == [(A, "active"), (B, "active"), (OTHER, "active")]


def test_a_ping_is_answered_and_goes_no_further() -> None:
    net = DmqNet()
    pinged = net.stranger(15361)
    node = net.node(15371)
    answer = net.say(recorded("16-notification-ping-1"), 15371)
    assert lines(answer.body) == [(15371, "active"), (15361, "active")]
    assert (node.statuses(), pinged.requests()) == ({15361: "active"}, [])


def test_our_join_is_the_one_that_kamailio_took() -> None:
    net = DmqNet()
    theirs = parse(recorded("14-thirdparty-join-request"))
    assert isinstance(theirs, Request)
    kamailio = net.stranger(A)
    net.node(US, A)
    (join,) = kamailio.requests()
    assert (join.method, join.uri, join.body) == (theirs.method, theirs.uri, theirs.body)
    for name in ("To", "CSeq", "Max-Forwards", "Content-Type"):
        assert join.get(name) == theirs.get(name)
    assert join.from_.uri == theirs.from_.uri
    assert join.call_id != theirs.call_id
    assert not join.to_tag


def test_a_node_over_tcp_is_asked_over_tcp() -> None:
    net = DmqNet()
    net.stranger(A)
    net.node(US)
    net.notification(US, A, f"{address(OTHER)};transport=tcp;status=active\r\n")
    (send,) = [send for send in net.sent if send.hop == Hop("TCP", HOST, OTHER)]
    request = parse(send.data)
    assert isinstance(request, Request)
    assert request.uri == f"sip:notification_peer@{HOST}:{OTHER};transport=tcp"
    assert request.via.transport == "TCP"
    assert request.from_.uri == f"sip:notification_peer@{HOST}:{US}"


# -- channels


def test_a_request_reaches_the_channel_that_its_uri_names() -> None:
    net = DmqNet()
    net.stranger(A)
    node = net.node(US)
    net.notification(US, A, f"{address(A)};status=active\r\n")
    answer = net.notification(US, A, '{"action":3}', channel="usrloc")
    assert (answer.status, answer.body, answer.get("Content-Type")) == (200, b"", None)
    assert node.channel.taken == [(b'{"action":3}', A)]
    assert node.peer(A).requests["received"] == 1


def test_an_unknown_channel() -> None:
    net = DmqNet()
    node = net.node(US)
    answer = net.notification(US, A, "", channel="htable")
    assert (answer.status, answer.reason) == (404, "Not Found Peer ID")
    assert net.notification(US, A, "", uri=f"sip:{HOST}:{US}").status == 404
    assert node.bus.taken["unknown_channel"] == 2


def test_what_a_channel_sends() -> None:
    net = DmqNet()
    kamailio = net.stranger(A)
    node = net.node(US, A)
    told: list[tuple[int | None, float]] = []
    net.now += 1
    node.bus.send(
        node.peer(A), "usrloc", "application/json", b"{}", net.now, done=lambda status, at: told.append((status, at))
    )
    assert node.bus.unanswered(node.peer(A)) == [net.now]
    net.deliver()
    sent = kamailio.requests()[-1]
    assert (sent.uri, sent.body, sent.max_forwards) == (f"sip:usrloc@{HOST}:{A}", b"{}", 1)
    assert (sent.content_type, sent.from_.uri) == ("application/json", f"sip:usrloc@{HOST}:{US}")
    assert told == [(200, net.now)]
    assert node.bus.unanswered(node.peer(A)) == []
    assert node.peer(A).requests == {"sent": 2, "answered": 2}


def test_no_answer_is_told_after_the_channel_has_heard_that_the_node_left() -> None:
    net = DmqNet()
    net.stranger(A)
    node = net.node(US, A)
    net.silent.add(A)
    peer = node.peer(A)
    node.bus.send(
        peer, "usrloc", "application/json", b"{}", net.now, done=lambda status, _at: node.channel.said.append((str(status), A))
    )  # fmt: skip
    net.wait(40)
    assert node.channel.said == [("joined", A), ("left", A), ("None", A)]
    assert node.bus.asked["unanswered"] == 1


def test_a_request_sent_once_says_nothing_of_the_node() -> None:
    net = DmqNet()
    kamailio = net.stranger(A)
    node = net.node(US, A)
    kamailio.answer = lambda _request: None
    node.bus.send(node.peer(A), "usrloc", "application/json", b"{}", net.now, once=True)
    net.wait(40)
    assert len(kamailio.got) == 2  # the join and this
    assert node.statuses() == {A: "active"}


# -- who may speak


def test_from_elsewhere_nothing_is_taken() -> None:
    net = DmqNet()
    node = net.node(US)
    answer = net.notification(US, A, f"{address(A)};status=active\r\n", host="192.0.2.66")
    assert (answer.status, answer.body) == (403, b"")
    assert net.notification(US, A, "{}", channel="usrloc", host="192.0.2.66").status == 403
    assert (node.statuses(), node.channel.taken, node.bus.taken["forbidden"]) == ({}, [], 2)


def test_a_node_elsewhere_that_a_node_lists_is_not_asked() -> None:
    net = DmqNet()
    node = net.node(US)
    net.stranger(A)
    net.notification(US, A, f"{address(A)};status=active\r\nsip:192.0.2.66:5060;status=active\r\n")
    net.notification(US, A, "sip:a.name.that.nobody.resolves:5060;status=active\r\n")
    assert node.statuses() == {A: "active"}
    assert node.bus.membership.faults["stranger"] == 2


def test_a_channel_s_request_of_a_node_that_we_do_not_know() -> None:
    """Taken, as it is from an allowed address; and it is asked whether it is a node, which makes it one."""
    net = DmqNet()
    stranger = net.stranger(A)
    node = net.node(US)
    assert net.notification(US, A, '{"action":3}', channel="usrloc").status == 200
    assert len(stranger.requests()) == 1
    assert node.statuses() == {A: "active"}
    assert node.channel.taken == [(b'{"action":3}', A)]


def test_our_own_request_comes_back() -> None:
    net = DmqNet()
    node = net.node(US, US)
    assert node.statuses() == {}
    assert net.notification(US, US, f"{address(US)};status=disabled\r\n").status == 482
    assert node.bus.taken["own"] == 1


# -- what is odd


@pytest.mark.parametrize(
    "body",
    ["", "\r\n", "\0", "x" * 60_000, "sip:127.0.0.1:15311\r\n" * 2000, "\udcff\udcfe;status=active", '{"action":1}'],
)
def test_odd_lists_are_answered_and_counted(body: str) -> None:
    net = DmqNet()
    net.stranger(A)
    node = net.node(US)
    assert net.notification(US, A, body).status == 200
    assert node.statuses() == {A: "active"}  # one of ours that speaks: it was asked
    assert node.bus.membership.faults["malformed"] == sum(bool(line.strip()) for line in body.split("\n"))


def test_a_status_that_nobody_knows() -> None:
    net = DmqNet()
    net.stranger(A)
    node = net.node(US)
    net.notification(US, A, f"{address(A)};status=asleep\r\n{address(B)};status=drunk\r\n")
    assert (node.statuses(), node.bus.membership.faults["unknown_status"]) == ({A: "active"}, 2)


@pytest.mark.parametrize("hops", [-1, 256])
def test_a_max_forwards_that_is_none(hops: int) -> None:
    net = DmqNet()
    net.node(US)
    assert net.notification(US, A, f"{address(A)};status=active\r\n", hops=hops).status == 400


def test_a_from_that_names_no_node() -> None:
    net = DmqNet()
    node = net.node(US)
    odd = recorded("01-notification-initial-request-1").replace(
        b"From: <sip:notification_peer@127.0.0.1:15311>", b"From: <tel:+4930>"
    )
    assert net.say(odd, US).status == 400
    assert node.bus.taken["bad_request"] == 1


def test_there_is_an_end_to_the_nodes_known() -> None:
    net = DmqNet()
    node = net.node(US, max_peers=3)
    net.notification(US, A, "".join(f"{address(port)};status=active\r\n" for port in range(2000, 2010)))
    assert len(node.bus.peers) == 3
    assert node.bus.membership.faults["too_many"] == 8  # the one that spoke is one too many, too
    assert all(peer.status is PeerStatus.PENDING for peer in node.bus.peers)
