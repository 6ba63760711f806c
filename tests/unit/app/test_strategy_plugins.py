"""Strategies by entry point, from a distribution that is really on the path."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.queues.schemas import QueueBody
from app.strategy_plugins import GROUP, StrategyError, check_installed, register_strategies
from queues.strategies import BUILT_IN, STRATEGIES, unregister
from tests.support.plugins import install
from tests.unit.queues.desk import Desk, queue_config

SOURCE = '''
from math import nan

from queues.strategies import LongestIdle, chance, levels


class ByName:
    """The agent whose name comes first."""

    def rank(self, agent, queue):
        return (ord(agent.config.name[0]), ord(agent.config.name[1]), agent.idle_order)


class Pairs(LongestIdle):
    """Two phones at a time, then four."""

    def phones(self, step, queue):
        return (2, 4)[min(step, 1)]


class Lucky:
    def rank(self, agent, queue):
        return (chance(agent, 1 + levels(agent, queue)), 0, 0)


class Moody:
    """Ranks the sample that it is tried with, and hates everybody else."""

    def rank(self, agent, queue):
        if agent.config.name != "sample":
            raise RuntimeError("not today")
        return (0, 0, 0)


class Needy:
    def __init__(self, mother):
        self.rank = mother


class Mute:
    pass


class Vague:
    def rank(self, agent, queue):
        return (0.0, nan, 1)


class Broken:
    def rank(self, agent, queue):
        return agent.shoe_size, 0, 0


class Greedy(LongestIdle):
    def phones(self, step, queue):
        return "all"


by_name = ByName()
'''

Installer = Callable[..., Path]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    def put(points: dict[str, str], *, name: str = "acme-strategies", source: str = SOURCE) -> Path:
        folder = install(tmp_path / name, source, GROUP, points, name=name)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    yield put
    sys.modules.pop("acme_strategies", None)
    for name in set(STRATEGIES) - BUILT_IN:
        unregister(name)


def test_a_strategy_of_ones_own_ranks(installed: Installer) -> None:
    installed({"by-name": "acme_strategies:ByName", "by-name-too": "acme_strategies:by_name"})
    assert register_strategies() == ["by-name", "by-name-too"]
    assert register_strategies() == ["by-name", "by-name-too"], "once more changes nothing"
    assert QueueBody(name="support", strategy="by-name").strategy == "by-name"
    desk = Desk(queue_config(strategy="by-name"))
    for name in ("cleo", "bo", "ana"):
        desk.agent(name)
    desk.enter("a", at=1)
    assert desk.offered() == [("a", "ana")]


def test_a_strategy_of_ones_own_lets_several_phones_ring(installed: Installer) -> None:
    installed({"pairs": "acme_strategies:Pairs"})
    register_strategies()
    desk = Desk(queue_config("support", None, strategy="pairs", ring_at_most=3, ring_step_seconds=5.0))
    for name in ("ana", "bo", "cleo", "dan"):
        desk.agent(name)
    desk.enter("a", at=1)
    assert [agent for _, agent in desk.offered()] == ["ana", "bo"]
    desk.pass_to(6)
    assert [agent for _, agent in desk.offered()] == ["cleo"], "not more than the queue allows"


def test_what_the_docs_show_works(installed: Installer) -> None:
    text = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text("utf-8")
    source = text.partition("```python\n")[2].partition("```")[0]
    installed(
        {"nearest-birthday": "acme_strategies:LeastOccupied", "lots": "acme_strategies:WeightedRandom"}, source=source
    )
    assert register_strategies() == ["lots", "nearest-birthday"]


def test_a_strategy_that_fails_on_a_live_call_ranks_as_longest_idle(
    installed: Installer, caplog: pytest.LogCaptureFixture
) -> None:
    installed({"moody": "acme_strategies:Moody"})
    register_strategies()
    desk = Desk(queue_config(strategy="moody"))
    with caplog.at_level(logging.ERROR):
        for name in ("bo", "ana"):
            desk.agent(name)
        desk.enter("a", at=1)
    assert desk.offered() == [("a", "bo")]
    (told,) = caplog.records
    assert told.getMessage() == "strategy moody failed; it ranks as longest-idle wherever it does"


WRONG = [
    ({"Bad Name": "acme_strategies:ByName"}, "its name is not lower-case words"),
    ({"gone": "acme_strategies:Gone"}, r"AttributeError: module 'acme_strategies' has no attribute 'Gone'"),
    ({"gone": "no_such_module:Gone"}, "ModuleNotFoundError: No module named 'no_such_module'"),
    ({"needy": "acme_strategies:Needy"}, "TypeError: .*missing 1 required positional argument: 'mother'"),
    ({"mute": "acme_strategies:Mute"}, r"it has no method rank\(agent, queue\)"),
    ({"vague": "acme_strategies:Vague"}, r"rank\(\) answers with three numbers, not \(0.0, nan, 1\)"),
    ({"broken": "acme_strategies:Broken"}, "AttributeError: 'Standing' object has no attribute 'shoe_size'"),
    ({"greedy": "acme_strategies:Greedy"}, r"phones\(\) answers with a whole number, not 'all'"),
    ({"random": "acme_strategies:ByName"}, "strategy 'random' is one of Callyard's own"),
]


@pytest.mark.parametrize(("points", "complaint"), WRONG, ids=[next(iter(points)) + text[:12] for points, text in WRONG])
def test_a_bad_plug_in_is_named_in_one_line(
    points: dict[str, str], complaint: str, installed: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(points)
    (name,) = points
    with pytest.raises(StrategyError, match=complaint) as raised:
        register_strategies()
    assert str(raised.value).startswith(f"strategy plug-in {name!r}")
    assert name == "random" or "of acme-strategies 1.2" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert main(["config", "import", "no-such-file.yaml"]) == 1
    assert capsys.readouterr().err == f"callyard: {raised.value}\n"


def test_a_name_that_two_distributions_give(installed: Installer) -> None:
    installed({"mine": "acme_strategies:ByName"})
    installed({"mine": "acme_strategies:Lucky"}, name="rival-strategies")
    with pytest.raises(StrategyError, match=r"'mine' is there twice: acme_strategies:(ByName|Lucky), acme"):
        register_strategies()


def test_a_queue_whose_strategy_is_gone() -> None:
    check_installed([("sales", "random")])
    with pytest.raises(StrategyError, match=r"^queue 'support' has the strategy 'by-name', which is not installed"):
        check_installed([("sales", "random"), ("support", "by-name")])
