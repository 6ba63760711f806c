"""The bus under whatever nodes say and do: nothing raises, channels hear of each node's coming and going by turns."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore.dmq.peer import PeerStatus
from tests.support.dmq_nodes import DmqNet, Node, Stranger, address

US = 7000
OTHERS = (7001, 7002, 7003)
MOST = 4

ports = st.sampled_from((US, *OTHERS, 7004, 7005))
statuses = st.sampled_from(("active", "disabled", "timeout", "pending", "not_active", "asleep", ""))
listed = st.builds(lambda port, status: f"{address(port)};status={status}\r\n", ports, statuses)
lists = st.lists(st.one_of(listed, st.text(max_size=30)), max_size=5).map("".join)
events = st.one_of(
    st.tuples(st.just("notify"), st.sampled_from(OTHERS), lists, st.integers(-1, 3)),
    st.tuples(st.just("tell"), st.sampled_from(OTHERS), lists, st.just(1)),
    st.tuples(st.just("silence"), st.sampled_from(OTHERS), st.just(""), st.just(0)),
    st.tuples(st.just("answer"), st.sampled_from(OTHERS), lists, st.sampled_from((200, 404, 500))),
    st.tuples(st.just("wait"), st.just(US), st.just(""), st.integers(1, 70)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(events, max_size=12), st.booleans())
def test_every_node_comes_and_goes_by_turns(story: list[tuple[str, int, str, int]], leaves: bool) -> None:
    net = DmqNet()
    for port in OTHERS:
        net.stranger(port)
    node = net.node(US, OTHERS[0], max_peers=MOST)
    for event in story:
        tell(net, *event)
        check(node)
    if leaves:
        node.bus.leave(net.now)
        net.wait(40)
        assert node.bus.counts()["under_way"] == 0
        check(node)


def tell(net: DmqNet, what: str, port: int, text: str, number: int) -> None:
    match what:
        case "notify":
            status = net.notification(US, port, text, hops=number).status
            assert status == (400 if number < 0 else 200)
        case "tell":
            assert net.notification(US, port, text, channel="usrloc").status == 200
        case "silence":
            net.strangers[port].answer = lambda _request: None
        case "answer":
            net.strangers[port].answer = answering(net, port, text, number).answer
        case _:
            net.wait(number)


def answering(net: DmqNet, port: int, text: str, status: int) -> Stranger:
    """Answers with this list; what it got so far is kept."""
    got = net.strangers[port].got
    stranger = net.stranger(port, status, f"{address(port)};status=active\r\n{text}".encode("utf-8", "replace"))
    stranger.got = got
    return stranger


def check(node: Node) -> None:
    """The channel's picture is the bus'; a node joins only when it is not there, and leaves only when it is."""
    there: dict[int, bool] = defaultdict(bool)
    for word, port in node.channel.said:
        assert there[port] == (word == "left"), node.channel.said
        there[port] = word == "joined"
    active = {peer.hop.port for peer in node.bus.peers if peer.status is PeerStatus.ACTIVE and peer.hop is not None}
    assert active == {port for port, is_there in there.items() if is_there}
    assert len(node.bus.peers) <= MOST
    assert US not in {peer.hop.port for peer in node.bus.peers if peer.hop is not None}
