"""What each strategy does exactly: a test for each row of docs/strategies.md, named after it."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from app.queues.schemas import QueueBody
from queues.commands import ConfigureAgent, ConfigureQueue, EndWrapUp, RemoveQueue, SetReachable, SetReady
from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, QueueConfig, QueueId, TicketId
from queues.outputs import MakeOffer
from queues.rules.requirements import Membership, RelaxationStep
from queues.strategies import BUILT_IN, STRATEGIES, Rank, Standing, register, rings_several, unregister
from queues.strategies.longest_idle import LongestIdle
from tests.unit.queues import test_ringing
from tests.unit.queues.desk import Desk, queue_config

DOCS = Path(__file__).parents[3] / "docs" / "strategies.md"


def floor(strategy: str, *agents: str, needs: dict[str, int] | None = None, **fields: object) -> Desk:
    """A queue with this strategy and the agents in this order, available one second after the other."""
    desk = Desk(queue_config("support", needs, strategy=strategy, **fields))
    for number, name in enumerate(agents):
        desk.agent(name, needs, at=float(number))
    return desk


def call(desk: Desk, ticket: str, at: float, talk: float = 10.0) -> str:
    """A call that is answered at once and lasts ``talk`` seconds; the agent who had it."""
    (made,) = [output for output in desk.enter(ticket, at=at) if isinstance(output, MakeOffer)]
    desk.connect(made.offer)
    desk.end(ticket, at=at + talk)
    return made.agent


def test_longest_idle() -> None:
    desk = floor("longest-idle", "ana", "bo", "cleo")
    assert [call(desk, f"t{n}", 10.0 + n, talk=0.5) for n in range(4)] == ["ana", "bo", "cleo", "ana"]


def test_longest_idle_prefers_fewer_calls_in_hand() -> None:
    desk = Desk(queue_config(strategy="longest-idle"))
    desk.agent("ana", capacity=3, at=0)
    desk.agent("bo", at=5)
    assert [desk.enter(t, at=10) and desk.offered()[0][1] for t in ("a", "b", "c")] == ["ana", "bo", "ana"]


def test_round_robin() -> None:
    desk = floor("round-robin", "ana", "bo", "cleo")
    assert [call(desk, f"t{n}", 10.0 + n, talk=0.5) for n in range(5)] == ["ana", "bo", "cleo", "ana", "bo"]


def test_round_robin_counts_offers_that_came_to_nothing() -> None:
    desk = floor("round-robin", "ana", "bo", "cleo")
    desk.enter("a", at=10)
    desk.fail("o1", FailureCause.REJECTED)
    assert desk.offered() == [("a", "bo")]
    desk.connect("o2")
    desk.end("a", at=11)
    desk.pass_to(60)
    assert [call(desk, t, 60) for t in ("b", "c", "d")] == ["cleo", "ana", "bo"]


def test_round_robin_remembers_over_log_outs() -> None:
    desk = floor("round-robin", "ana", "bo")
    assert call(desk, "a", 10) == "ana"
    desk.status("ana", AgentStatus.LOGGED_OUT, at=30)
    desk.status("ana", AgentStatus.AVAILABLE, at=31)
    assert [call(desk, t, 40) for t in ("b", "c")] == ["bo", "ana"]


def test_round_robin_is_of_each_queue() -> None:
    desk = Desk(queue_config("red", strategy="round-robin"), queue_config("blue", strategy="round-robin"))
    desk.agent("ana")
    desk.agent("bo")
    desk.enter("a", "red", at=10)
    assert desk.offered() == [("a", "ana")]
    desk.connect("o1")
    desk.end("a", at=11)
    desk.enter("b", "blue", at=12)
    assert desk.offered() == [("b", "ana")], "blue has rung nobody yet, and ana comes first"


def test_round_robin_forgets_a_queue_that_is_gone() -> None:
    desk = floor("round-robin", "ana", "bo")
    assert call(desk, "a", 10) == "ana"
    desk.do(RemoveQueue(QueueId("support")))
    desk.do(ConfigureQueue(queue_config(strategy="round-robin")))
    assert call(desk, "b", 30) == "ana"


def test_fewest_calls() -> None:
    desk = floor("fewest-calls", "ana", "bo")
    assert call(desk, "a", 10) == "ana"
    desk.status("ana", AgentStatus.PAUSED)
    assert [call(desk, t, 30) for t in ("b", "c")] == ["bo", "bo"]
    desk.status("ana", AgentStatus.AVAILABLE)
    assert [call(desk, t, 60) for t in ("d", "e", "f")] == ["ana", "bo", "ana"], "2 : 2 then goes to the longest idle"


def test_fewest_calls_counts_in_all_queues_since_log_in() -> None:
    desk = Desk(queue_config("red", strategy="fewest-calls"), queue_config("blue"))
    desk.agent("ana", None, "red", "blue")
    desk.agent("bo", None, "red")
    desk.enter("a", "blue", at=10)
    desk.connect("o1")
    desk.end("a", at=11)
    desk.enter("b", "red", at=12)
    assert desk.offered() == [("b", "bo")]
    desk.connect("o2")
    desk.end("b", at=13)
    desk.status("bo", AgentStatus.LOGGED_OUT)
    desk.status("bo", AgentStatus.AVAILABLE, at=14)
    desk.enter("c", "red", at=15)
    assert desk.offered() == [("c", "bo")], "the count began anew"


def test_least_talk_time() -> None:
    desk = floor("least-talk-time", "ana", "bo")
    assert call(desk, "a", 10, talk=100) == "ana"
    assert call(desk, "b", 200, talk=30) == "bo"
    assert call(desk, "c", 300, talk=60) == "bo"
    assert call(desk, "d", 400, talk=20) == "bo"
    assert call(desk, "e", 500) == "ana", "100 s against 110 s"


def test_least_talk_time_counts_neither_ringing_nor_wrap_up() -> None:
    desk = floor("least-talk-time", "ana", "bo", wrap_up_seconds=50.0)
    desk.enter("a", at=10)
    desk.connect("o1", at=29)
    desk.end("a", at=39)
    desk.do(EndWrapUp(AgentId("ana")), at=60)
    assert call(desk, "b", 100, talk=11) == "bo"
    desk.pass_to(200)
    assert call(desk, "c", 200) == "ana"


def test_top_down() -> None:
    desk = floor("top-down", "ana", "bo", "cleo")
    assert [call(desk, t, 10) for t in ("a", "b")] == ["ana", "ana"]
    desk.enter("c", at=30)
    desk.enter("d", at=31)
    assert desk.offered() == [("d", "bo")]
    desk.do(ConfigureAgent(AgentConfig(AgentId("ana"), "renamed")))
    desk.connect("o3")
    desk.end("c", at=40)
    assert call(desk, "e", 50) == "ana", "a change of its configuration does not move an agent"


@pytest.mark.parametrize(
    ("strategy", "order"), [("top-down", ["cleo"] * 4), ("round-robin", ["cleo", "ana", "bo", "cleo"])]
)
def test_positions_in_the_queues_list_go_before_the_order_of_creation(strategy: str, order: list[str]) -> None:
    desk = Desk(queue_config(strategy=strategy))
    for name, position in (("ana", 5), ("bo", 5), ("cleo", 2)):
        members = {QueueId("support"): Membership(position=position)}
        desk.do(ConfigureAgent(AgentConfig(AgentId(name), name, members=members)))
        desk.status(name, AgentStatus.AVAILABLE)
    assert [call(desk, f"t{n}", 10.0 + n, talk=0.0) for n in range(4)] == order


@pytest.mark.parametrize("strategy", sorted(BUILT_IN - {"ring-all"}))
def test_a_lower_tier_goes_before_whatever_the_strategy_says(strategy: str) -> None:
    desk = Desk(queue_config(strategy=strategy))
    for name, penalty in (("ana", 1), ("bo", 0)):
        members = {QueueId("support"): Membership(penalty)}
        desk.do(ConfigureAgent(AgentConfig(AgentId(name), name, members=members)))
        desk.status(name, AgentStatus.AVAILABLE)
    assert [call(desk, f"t{n}", 10.0 + 100 * n) for n in range(6)] == ["bo"] * 6


def test_random_is_fair_within_each_tier() -> None:
    desk = Desk(queue_config(strategy="random"))
    for name, penalty in (("ana", 0), ("bo", 0), ("cleo", 1), ("dan", 1)):
        members = {QueueId("support"): Membership(penalty)}
        desk.do(ConfigureAgent(AgentConfig(AgentId(name), name, members=members)))
        desk.status(name, AgentStatus.AVAILABLE)
    shares = Counter[str]()
    for n in range(1500):
        desk.enter(f"t{n}", at=10.0 + n)
        offers = desk.of(MakeOffer)
        desk.enter(f"u{n}")
        offers += desk.of(MakeOffer)
        desk.enter(f"v{n}")
        offers += desk.of(MakeOffer)
        shares[offers[0].agent] += 1
        shares[offers[2].agent] += 1
        for offer in offers:
            desk.connect(offer.offer)
        for offer in offers:
            desk.end(offer.ticket)
    assert shares["ana"] + shares["bo"] == shares["cleo"] + shares["dan"] == 1500
    assert abs(shares["ana"] - 750) < 80, shares
    assert abs(shares["cleo"] - 750) < 80, shares


def test_random() -> None:
    desk = floor("random", "ana", "bo", "cleo", "dan")
    picks = [call(desk, f"t{n}", 10.0 + n, talk=0.0) for n in range(4000)]
    shares = Counter(picks)
    assert all(abs(shares[name] - 1000) < 100 for name in ("ana", "bo", "cleo", "dan")), shares
    again = Counter(first == second for first, second in pairwise(picks))
    assert abs(again[True] - 1000) < 100, "nor does it matter who was picked before"


def test_random_is_fair_to_those_who_were_passed_over() -> None:
    """Two agents work alone in turn and one is always there: whoever comes afresh is no likelier than who has waited."""
    desk = floor("random", "ana", "bo")
    picks = Counter[str]()
    for n in range(3000):
        picks[call(desk, f"t{n}", 10.0 + 2 * n, talk=0.0)] += 1
        desk.do(SetReachable(AgentId("bo"), reachable=False), at=11.0 + 2 * n)
        desk.do(SetReachable(AgentId("bo"), reachable=True))
    assert abs(picks["ana"] - 1500) < 110, picks


def test_weighted_random() -> None:
    desk = Desk(queue_config(needs={"billing": 1}, strategy="weighted-random"))
    for name, level in (("ana", 1), ("bo", 3), ("cleo", 4)):
        desk.agent(name, {"billing": level, "french": 9})
    shares = Counter(call(desk, f"t{n}", 10.0 + n, talk=0.0) for n in range(4000))
    assert [round(shares[name] / 4000, 1) for name in ("ana", "bo", "cleo")] == [0.1, 0.4, 0.5], shares


def test_weighted_random_without_skills_is_random() -> None:
    desk = floor("weighted-random", "ana", "bo")
    shares = Counter(call(desk, f"t{n}", 10.0 + n, talk=0.0) for n in range(2000))
    assert abs(shares["ana"] - 1000) < 100, shares


def test_by_skill_level() -> None:
    desk = Desk(queue_config(needs={"billing": 2, "french": 1}, strategy="by-skill-level"))
    for name, billing, french in (("ana", 2, 2), ("bo", 5, 4), ("cleo", 7, 2), ("dan", 2, 1)):
        desk.agent(name, {"billing": billing, "french": french, "golf": 10})
    order = []
    for n in range(4):
        desk.enter(f"t{n}", at=100)
        order.append(desk.offered()[0][1])
    assert order == ["bo", "cleo", "ana", "dan"], "9 and 9 go by idle time, then 4, then 3"


def test_by_skill_level_counts_nothing_for_a_skill_that_an_agent_has_not() -> None:
    relaxation = (RelaxationStep(10.0, drop=frozenset({"french"})),)
    desk = Desk(queue_config(needs={"french": 1}, strategy="by-skill-level", relaxation=relaxation))
    desk.agent("ana")
    desk.agent("bo", {"french": 1})
    desk.enter("a", ready=False, at=0)
    desk.pass_to(20)
    desk.do(SetReady(TicketId("a")))
    assert desk.offered() == [("a", "bo")], "1 comes before 0, though ana is idle longer"


def test_least_occupied() -> None:
    desk = Desk(queue_config(strategy="least-occupied"))
    desk.agent("ana", capacity=2, at=0)
    desk.agent("bo", capacity=4, at=1)
    order = []
    for n in range(6):
        desk.enter(f"t{n}", at=10)
        order.append(desk.offered()[0][1])
    assert order == ["ana", "bo", "bo", "ana", "bo", "bo"], "0 0, ½ 0, ½ ¼, ½ ½ (ana is idle longer), 1 ½, 1 ¾"


def test_equal_standing_goes_by_idle_time_and_order() -> None:
    for strategy in ("fewest-calls", "least-talk-time", "by-skill-level", "least-occupied"):
        desk = floor(strategy, "ana", "bo", "cleo")
        desk.status("ana", AgentStatus.PAUSED, at=20)
        desk.status("ana", AgentStatus.AVAILABLE, at=20)
        desk.enter("a", at=30)
        assert desk.offered() == [("a", "bo")], strategy


@pytest.mark.parametrize("strategy", ["fewest-calls", "least-talk-time", "round-robin", "top-down"])
def test_ranks_survive_a_restart(strategy: str) -> None:
    """Calls, talk, and who was rung when are as they were; a call that goes on has its whole length counted."""
    desk = floor(strategy, "ana", "bo", "cleo")
    history = [("ana", 40.0), ("bo", 5.0), ("bo", 1.0), ("cleo", 90.0), ("ana", 1.0)]
    for n, (name, talk) in enumerate(history):
        for each in ("ana", "bo", "cleo"):
            desk.status(each, AgentStatus.AVAILABLE if each == name else AgentStatus.PAUSED, at=100.0 * n)
        assert call(desk, f"t{n}", 100.0 * n, talk) == name
    for each in ("bo", "cleo"):
        desk.status(each, AgentStatus.AVAILABLE, at=900)
    desk.enter("going on", at=1000)
    desk.connect(desk.one(MakeOffer).offer)
    rows = [change for change in desk.engine.take_changes() if change[2] is not None]
    fresh = Desk(queue_config(strategy=strategy), now=1000)
    for name in ("ana", "bo", "cleo"):
        fresh.do(ConfigureAgent(AgentConfig(AgentId(name), name)))
    fresh.engine.restore(rows, 1010)
    for centre in (desk, fresh):
        centre.end("going on", at=1200)
    assert [call(fresh, t, 1300.0, 50.0) for t in "xyz"] == [call(desk, t, 1300.0, 50.0) for t in "xyz"]


# ---------------------------------------------------------------------- the registry


def test_docs_list_exactly_the_strategies_there_are() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(BUILT_IN)


def test_every_strategy_that_the_schema_names_exists() -> None:
    named = QueueBody.model_json_schema()["properties"]["strategy"]
    assert {*named["examples"], named["default"]} == BUILT_IN
    for name in named["examples"]:
        assert QueueBody(name="support", strategy=name).strategy == name


def test_every_row_of_the_docs_has_its_test() -> None:
    tests = {**globals(), **vars(test_ringing)}
    for name in BUILT_IN:
        assert f"test_{name.replace('-', '_')}" in tests


def test_a_strategy_is_registered_once() -> None:
    register("mine", LongestIdle())
    try:
        with pytest.raises(ValueError, match="'mine' is registered already"):
            register("mine", LongestIdle())
        with pytest.raises(ValueError, match="'random' is one of Callyard's own"):
            register("random", LongestIdle())
        desk = floor("mine", "ana")
        assert call(desk, "a", 1) == "ana"
    finally:
        unregister("mine")
    unregister("random")
    assert set(STRATEGIES) == BUILT_IN


class FromTheBottom:
    """The newest agent first, and two phones for each call."""

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:
        return (-agent.listed, 0.0, 0.0)

    def phones(self, step: int, queue: QueueConfig) -> int:
        return 2


def test_a_registered_strategy_may_ring_several() -> None:
    register("from-the-bottom", FromTheBottom())
    try:
        desk = floor("from-the-bottom", "ana", "bo", "cleo")
        desk.enter("a", at=10)
        assert desk.offered() == [("a", "cleo"), ("a", "bo")]
    finally:
        for _ in range(2):  # taking it back once more does nothing
            unregister("from-the-bottom")
    assert rings_several("from-the-bottom") is None
