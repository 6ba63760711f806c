"""Three nodes of ours share registrations over a bad network, with restarts: in the end all know the same, and are quiet."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sipcore.dmq.replica import ReplicaConfig
from tests.support.dmq_fleet import Fleet

NODES = st.integers(1, 3)
USERS = st.sampled_from(["ana", "bo", "cy"])
DEVICES = st.integers(1, 2)
SETTLED = 400.0  # seconds: time-outs, pings, joining anew, syncs; less than any registration lasts


class SharedRegistrations(RuleBasedStateMachine):
    """Phones register, move and leave anywhere; nodes are cut off and restarted; datagrams get lost and overtake."""

    def __init__(self) -> None:
        super().__init__()
        self.cseq = 0
        self.starts: dict[tuple[str, int], int] = {}  # how often a phone has started: each time with another Call-ID

    @initialize(seed=st.integers(0, 10_000), batched=st.booleans())
    def begin(self, seed: int, batched: bool) -> None:
        config = ReplicaConfig(batch_msg_contacts=3 if batched else 1, window=2, slice=2)
        self.fleet = Fleet(3, seed, config)

    @rule(node=NODES, user=USERS, device=DEVICES, expires=st.sampled_from([3600, 3600, 1800, 20, 0]))
    def registers(self, node: int, user: str, device: int, expires: int) -> None:
        self.cseq += 1
        call_id = f"{user}{device}.{self.starts.get((user, device), 0)}"
        self.fleet.say(node, user, f"<sip:{user}@192.0.2.{device}:5060>", call_id, self.cseq, expires)

    @rule(user=USERS, device=DEVICES)
    def starts_anew(self, user: str, device: int) -> None:
        self.starts[user, device] = self.starts.get((user, device), 0) + 1

    @rule(node=NODES, user=USERS)
    def leaves(self, node: int, user: str) -> None:
        self.cseq += 1
        self.fleet.say(node, user, "*", f"{user}*", self.cseq, 0)

    @rule(seconds=st.sampled_from([0.01, 0.2, 1.0, 3.0, 30.0, 90.0]))
    def time_passes(self, seconds: float) -> None:
        self.fleet.wait(seconds)

    @rule(loss=st.sampled_from([0.0, 0.1, 0.4]), delay=st.sampled_from([0.0, 0.05, 2.0]))
    def weather(self, loss: float, delay: float) -> None:
        self.fleet.loss, self.fleet.delay = loss, delay

    @rule(node=NODES)
    def is_cut_off(self, node: int) -> None:
        self.fleet.isolated = {node}

    @rule()
    def is_back(self) -> None:
        self.fleet.isolated = set()

    @rule(node=NODES)
    def is_restarted(self, node: int) -> None:
        """Not in the seconds in which the others take it for the same start, and not while it is being heard.

        (A removal that only the dead node knew of, with its word still under way, is undone by those who have not got it.)
        """
        if self.fleet.now - self.fleet.nodes[node].started_at > 10.0:
            self.fleet.loss, self.fleet.delay = 0.0, 0.05
            self.fleet.wait(5.0)
            self.fleet.restart(node)

    def teardown(self) -> None:
        if not hasattr(self, "fleet"):
            return
        fleet = self.fleet
        fleet.isolated, fleet.loss, fleet.delay = set(), 0.0, 0.01
        fleet.wait(SETTLED)
        first, *others = (node.contents() for node in fleet.nodes.values())
        assert others == [first, first]
        sent = fleet.sent
        fleet.wait(60.0)
        assert fleet.sent == sent
        for node in fleet.nodes.values():
            assert {peer.status.value for peer in node.bus.peers} == {"active"}
            for peer in node.bus.peers:
                lag = node.replica.lag(peer, fleet.now)
                assert lag is not None
                assert (lag.waiting, lag.seconds, lag.walked) == (0, 0.0, None)


SharedRegistrations.TestCase.settings = settings(max_examples=20, stateful_step_count=25)
TestSharedRegistrations = SharedRegistrations.TestCase
