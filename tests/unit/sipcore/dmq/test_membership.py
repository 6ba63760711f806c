"""Nodes that come, fall silent, come back and leave, in virtual time."""

from sipcore.message import Request, respond_to
from sipcore.packets import Hop
from tests.support.dmq_nodes import HOST, DmqNet, Node, Stranger, address, lines

A, B, C = 6001, 6002, 6003
KAMAILIO = 6010


def three() -> tuple[DmqNet, Node, Node, Node]:
    """Three of ours; B and C join by A."""
    net = DmqNet()
    return net, net.node(A), net.node(B, A), net.node(C, A)


def notifications(stranger: Stranger) -> list[Request]:
    return [request for request in stranger.requests() if "notification_peer" in request.uri]


# -- joining


def test_all_know_all_though_each_joined_by_one() -> None:
    _, a, b, c = three()
    assert a.statuses() == {B: "active", C: "active"}
    assert b.statuses() == {A: "active", C: "active"}
    assert c.statuses() == {A: "active", B: "active"}
    assert sorted(b.channel.said) == [("joined", A), ("joined", C)]


def test_joining_goes_on_until_somebody_answers() -> None:
    net = DmqNet()
    node = net.node(B, A)
    net.wait(100)
    assert node.statuses() == {A: "not_active"}
    net.node(A)
    net.wait(10)
    assert (node.statuses(), net.nodes[A].statuses()) == ({A: "active"}, {B: "active"})
    assert node.channel.said == [("joined", A)]


def test_a_join_is_one_line_with_two_hops_a_ping_the_list_with_one() -> None:
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    net.node(A, KAMAILIO)
    net.wait(59)
    assert len(kamailio.got) == 1
    net.wait(2)
    join, ping = kamailio.requests()
    assert (join.max_forwards, lines(join.body)) == (2, [(A, "active")])
    assert (ping.max_forwards, lines(ping.body)) == (1, [(A, "active"), (KAMAILIO, "active")])


def test_all_nodes_to_join_by_are_asked() -> None:
    net = DmqNet()
    first, second = net.stranger(KAMAILIO), net.stranger(KAMAILIO + 1)
    node = net.node(A, KAMAILIO, KAMAILIO + 1)
    assert len(first.requests()) == len(second.requests()) == 1
    assert node.statuses() == {KAMAILIO: "active", KAMAILIO + 1: "active"}


def test_an_answer_that_is_no_yes_makes_no_node() -> None:
    """Something is there that knows no KDMQ: it is asked again, and told nothing."""
    net = DmqNet()
    proxy = net.stranger(KAMAILIO, status=405, body=b"")
    node = net.node(A, KAMAILIO)
    net.wait(61)
    assert node.statuses() == {KAMAILIO: "pending"}
    assert node.peer(KAMAILIO).requests["refused"] == len(proxy.requests()) > 10
    assert node.channel.said == []


def test_a_node_that_another_lists_is_asked_itself() -> None:
    """Kamailio believes it; we ask first, so that nobody is sent registrations who is not there."""
    net = DmqNet()
    net.stranger(KAMAILIO)
    there = net.stranger(KAMAILIO + 1)
    node = net.node(A)
    body = "".join(f"{address(KAMAILIO + n)};status=active\r\n" for n in range(3))
    net.notification(A, KAMAILIO, body)
    assert node.statuses() == {KAMAILIO: "active", KAMAILIO + 1: "active", KAMAILIO + 2: "pending"}
    (asked,) = there.requests()
    assert (A, "active") in lines(asked.body)
    net.wait(200)
    assert KAMAILIO + 2 not in node.statuses()


def test_what_an_answer_lists_is_learnt_too() -> None:
    net = DmqNet()
    net.stranger(KAMAILIO + 1)
    listed = f"{address(KAMAILIO)};status=active\r\n{address(KAMAILIO + 1)};status=active\r\n"
    net.stranger(KAMAILIO, body=listed.encode())
    assert net.node(A, KAMAILIO).statuses() == {KAMAILIO: "active", KAMAILIO + 1: "active"}


def test_a_list_of_the_inactive_teaches_nothing() -> None:
    net = DmqNet()
    net.stranger(KAMAILIO)
    node = net.node(A)
    net.notification(
        A,
        KAMAILIO,
        f"{address(KAMAILIO)};status=active\r\n{address(B)};status=timeout\r\n{address(A)};status=disabled\r\n",
    )
    assert node.statuses() == {KAMAILIO: "active"}


# -- falling silent


def test_silence_takes_a_node_out_of_use_then_out_of_the_list() -> None:
    net, a, b, c = three()
    net.silent.add(B)
    net.wait(60 + 33)
    assert a.statuses() == {B: "not_active", C: "active"}
    assert a.channel.said[-1] == ("left", B)
    net.wait(60 + 33)
    assert a.statuses() == {C: "active"}
    assert c.statuses() == {A: "active"}
    assert b.statuses() == {A: "not_active"}  # the one that it joined by; the other is forgotten


def test_a_node_to_join_by_is_asked_for_ever() -> None:
    net, _, b, _ = three()
    net.silent.add(A)
    net.wait(3600)
    assert b.statuses() == {A: "not_active", C: "active"}
    net.silent.clear()
    net.wait(120)
    assert b.statuses() == {A: "active", C: "active"}
    assert b.channel.said[-2:] == [("left", A), ("joined", A)]


def test_the_silent_may_be_kept() -> None:
    net = DmqNet()
    node = net.node(A, remove_inactive=False)
    net.stranger(KAMAILIO)
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=active\r\n")
    net.silent.add(KAMAILIO)
    net.wait(1000)
    assert node.statuses() == {KAMAILIO: "not_active"}
    assert node.peer(KAMAILIO).failures > 3


def test_one_question_at_a_time() -> None:
    net = DmqNet()
    silent = net.stranger(KAMAILIO, status=None)
    net.node(A, KAMAILIO, ping_interval=5.0)
    net.wait(30)
    assert len(silent.requests()) == 1


def test_a_node_that_was_heard_meanwhile_is_not_silent() -> None:
    """A Kamailio that sends all its contacts answers nothing else until it has done so."""
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    node = net.node(A, KAMAILIO)
    kamailio.answer = lambda _request: None
    node.bus.send(node.peer(KAMAILIO), "usrloc", "application/json", b'{"action":3}', net.now)
    net.wait(20)
    net.notification(A, KAMAILIO, "{}", channel="usrloc")
    net.wait(20)
    assert node.statuses() == {KAMAILIO: "active"}
    assert node.bus.asked["unanswered"] == 1


def test_all_that_was_under_way_to_a_silent_node_counts_once() -> None:
    """It is not forgotten by the second of two requests that went together."""
    net = DmqNet()
    net.stranger(KAMAILIO)
    node = net.node(A)
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=active\r\n")
    net.silent.add(KAMAILIO)
    for _ in range(5):
        net.now += 0.1
        node.bus.send(node.peer(KAMAILIO), "usrloc", "application/json", b"{}", net.now)
    net.wait(33)
    assert node.statuses() == {KAMAILIO: "not_active"}


# -- leaving and coming back


def test_who_stops_says_goodbye() -> None:
    net, a, b, c = three()
    b.bus.leave(net.now)
    net.deliver()
    assert (a.statuses()[B], c.statuses()[B]) == ("disabled", "disabled")
    assert a.channel.said[-1] == c.channel.said[-1] == ("left", B)
    assert a.statuses()[C] == "active"
    asked = len(net.sent)
    net.wait(50)
    assert len(net.sent) == asked  # nobody is asked any more
    answer = net.notification(B, A, f"{address(A)};status=active\r\n")
    assert lines(answer.body)[0] == (B, "disabled")


def test_a_goodbye_is_one_line_with_one_hop() -> None:
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    net.node(A, KAMAILIO).bus.leave(net.now)
    net.deliver()
    goodbye = kamailio.requests()[-1]
    assert (goodbye.max_forwards, lines(goodbye.body)) == (1, [(A, "disabled")])


def test_a_node_that_left_comes_back() -> None:
    net, a, b, c = three()
    b.bus.leave(net.now)
    net.deliver()
    net.node(B, A)
    assert (a.statuses()[B], c.statuses()[B]) == ("active", "active")
    assert c.channel.said[-2:] == [("left", B), ("joined", B)]


def test_what_was_under_way_at_the_goodbye_does_not_bring_it_back() -> None:
    """Neither a request that it sent before, nor its answer to a ping that it got before."""
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    node = net.node(A, KAMAILIO)
    answer = kamailio.answer
    kamailio.answer = lambda _request: None
    net.wait(60)
    ping = kamailio.requests()[-1]
    net.now += 1
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=disabled\r\n")
    net.notification(A, KAMAILIO, "{}", channel="usrloc")
    crossed = answer(ping)
    assert crossed is not None
    node.receive(crossed.encode(), Hop("UDP", HOST, KAMAILIO), net.now)
    assert node.bus.asked["answered"] == 2
    assert node.statuses() == {KAMAILIO: "disabled"}


def test_a_node_that_left_is_there_again_when_it_answers() -> None:
    """It may have come back without a word to us: those who left are pinged too."""
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    node = net.node(A, KAMAILIO)
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=disabled\r\n")
    assert node.statuses() == {KAMAILIO: "disabled"}
    net.wait(61)
    assert node.statuses() == {KAMAILIO: "active"}
    assert len(notifications(kamailio)) == 2


def test_a_restart_that_nobody_noticed() -> None:
    """``kill -9`` and up again within a ping: it joins although it never left, and is told everything again."""
    net, a, _, c = three()
    net.now += 30
    net.node(B, A)
    assert a.channel.said[-2:] == [("left", B), ("joined", B)]
    assert a.statuses()[B] == c.statuses()[B] == "active"


def test_two_that_join_by_each_other_are_told_once() -> None:
    net = DmqNet()
    a = net.node(A, B)
    b = net.node(B, A)
    net.wait(40)
    assert (a.channel.said, b.channel.said) == ([("joined", B)], [("joined", A)])


def test_no_word_goes_round_for_ever() -> None:
    net, *_ = three()
    net.wait(600)
    joined = len(net.sent)
    net.wait(60)
    assert len(net.sent) - joined == 3 * 2 * 2  # each pings each once


def test_names_are_resolved_by_what_we_are_told() -> None:
    net = DmqNet()
    node = net.node(A, join=False, hosts={"kam.example": HOST})
    body = f"sip:kam.example:{KAMAILIO};status=active\r\n"
    net.stranger(KAMAILIO, body=body.encode())
    node.bus.join(net.now)
    net.notification(A, B, f"{address(B)};status=pending\r\n{body}")
    assert node.statuses()[KAMAILIO] == "active"


def test_who_does_not_list_us_is_asked_for_everything_when_it_does_again() -> None:
    """A Kamailio that we said goodbye to holds us for disabled until we have answered its next ping."""
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    node = net.node(A, KAMAILIO)
    assert (node.statuses(), node.peer(KAMAILIO).lists_us) == ({KAMAILIO: "active"}, False)
    net.wait(30)
    both = f"{address(KAMAILIO)};status=active\r\n{address(A)};status=active\r\n".encode()
    kamailio.answer = lambda request: respond_to(request, 200, to_tag="k", body=both)
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=active\r\n")  # its ping
    net.wait(6)
    assert node.peer(KAMAILIO).lists_us
    assert node.channel.said == [("joined", KAMAILIO), ("left", KAMAILIO), ("joined", KAMAILIO)]
    net.wait(600)
    assert len(node.channel.said) == 3


def test_who_has_not_heard_of_us_yet_lists_us_later() -> None:
    net = DmqNet()
    net.stranger(KAMAILIO, body=f"{address(KAMAILIO)};status=active\r\n{address(A)};status=active\r\n".encode())
    node = net.node(A)
    net.notification(A, KAMAILIO, f"{address(KAMAILIO)};status=active\r\n")
    assert node.peer(KAMAILIO).lists_us is None
    net.wait(61)
    assert node.peer(KAMAILIO).lists_us
    assert node.channel.said == [("joined", KAMAILIO)]


def test_a_name_that_nobody_resolves_holds_up_nothing() -> None:
    net = DmqNet()
    kamailio = net.stranger(KAMAILIO)
    node = net.node(A, notify=("sip:nowhere.example:5060", address(KAMAILIO)))
    net.wait(200)
    nowhere, there = node.bus.peers
    assert (nowhere.status, nowhere.hop, there.status) == ("not_active", None, "active")
    assert len(kamailio.requests()) > 3
