"""Strategies of the operator's own: entry points of the group ``callyard.strategies``, loaded before anything else starts.

A plug-in that cannot be loaded, or does not rank, keeps the service from starting, with one line that names it. One that
fails later, on a live call, is logged once and ranks as longest-idle does from then on, agent by agent: no call is lost.
"""

import logging
import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from queues.model import AgentConfig, AgentId, QueueConfig, QueueId
from queues.strategies import STRATEGIES, LongestIdle, Rank, RingsSeveral, Standing, Strategy, register

__all__ = ["GROUP", "StrategyError", "check_installed", "load_strategies", "register_strategies"]

GROUP: Final = "callyard.strategies"

_log = logging.getLogger("callyard.strategies")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SAMPLE: Final = Standing(AgentConfig(AgentId("sample"), "sample"), 0, 0.0, 1, 0, 0.0, 0, 0, 1, lambda: 0.5)
_QUEUE: Final = QueueConfig(QueueId("sample"), "sample")
_LONGEST_IDLE: Final = LongestIdle()


class StrategyError(Exception):
    """A plug-in is of no use, or one that a queue names is not there. The text is one line for a person."""


def register_strategies() -> list[str]:
    """Load and register what is installed; the names. Raises ``StrategyError``. Done again, it changes nothing."""
    found = load_strategies(entry_points(group=GROUP))
    for name, strategy in found.items():
        if isinstance(STRATEGIES.get(name), _Guarded):
            continue
        try:
            register(name, strategy)
        except ValueError as error:
            raise StrategyError(f"strategy plug-in {name!r}: {error}") from None
    return sorted(found)


def check_installed(used: Iterable[tuple[str, str]]) -> None:
    """Queues and their strategies by name: raises ``StrategyError`` for one that is not there (any more)."""
    for queue, strategy in used:
        if strategy not in STRATEGIES:
            known = ", ".join(sorted(STRATEGIES))
            raise StrategyError(f"queue {queue!r} has the strategy {strategy!r}, which is not installed ({known} are)")


def load_strategies(found: Iterable[EntryPoint]) -> dict[str, Strategy]:
    """The strategies behind entry points, by name; each has ranked a sample agent. Raises ``StrategyError``."""
    strategies: dict[str, Strategy] = {}
    places: dict[str, str] = {}
    for point in found:
        if places.setdefault(point.name, point.value) != point.value:
            raise StrategyError(f"strategy plug-in {point.name!r} is there twice: {places[point.name]}, {point.value}")
        try:
            strategies[point.name] = _checked(point)
        except StrategyError:
            raise
        except Exception as error:
            raise _error(point, f"{type(error).__name__}: {error}") from error
    return strategies


def _checked(point: EntryPoint) -> Strategy:
    if not _NAME.fullmatch(point.name):
        raise _error(point, "its name is not lower-case words with hyphens between them")
    loaded = point.load()
    strategy = loaded() if isinstance(loaded, type) else loaded
    if not callable(getattr(strategy, "rank", None)):
        raise _error(point, "it has no method rank(agent, queue)")
    _checked_rank(strategy.rank(_SAMPLE, _QUEUE))
    if isinstance(strategy, RingsSeveral):
        _checked_phones(strategy.phones(0, _QUEUE))
        return _GuardedSeveral(point.name, strategy)
    return _Guarded(point.name, strategy)


def _error(point: EntryPoint, what: str) -> StrategyError:
    whose = f", of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return StrategyError(f"strategy plug-in {point.name!r} ({point.value}{whose}): {' '.join(what.split())}")


def _checked_rank(rank: object) -> Rank:
    if not isinstance(rank, tuple) or len(rank) != 3 or not all(_is_number(each) for each in rank):
        raise TypeError(f"rank() answers with three numbers, not {rank!r}")
    return rank


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and value == value  # noqa: PLR0124 - nan is no rank: it sorts nowhere


def _checked_phones(phones: object) -> int:
    if not isinstance(phones, int):
        raise TypeError(f"phones() answers with a whole number, not {phones!r}")
    return phones


class _Guarded:
    """A plug-in between us and harm: what it raises stops no call."""

    def __init__(self, name: str, strategy: Strategy) -> None:
        self._name = name
        self._strategy = strategy
        self._failed = False

    def rank(self, agent: Standing, queue: QueueConfig) -> Rank:
        try:
            return _checked_rank(self._strategy.rank(agent, queue))
        except Exception:  # noqa: BLE001 - whatever a stranger's code raises
            self._complain()
            return _LONGEST_IDLE.rank(agent, queue)

    def _complain(self) -> None:
        if not self._failed:
            self._failed = True
            _log.exception("strategy %s failed; it ranks as longest-idle wherever it does", self._name)


class _GuardedSeveral(_Guarded):
    def __init__(self, name: str, strategy: RingsSeveral) -> None:
        super().__init__(name, strategy)
        self._several = strategy

    def phones(self, step: int, queue: QueueConfig) -> int:
        """Never more than the queue allows, whatever the plug-in says."""
        try:
            return min(_checked_phones(self._several.phones(step, queue)), queue.ring_at_most)
        except Exception:  # noqa: BLE001 - whatever a stranger's code raises
            self._complain()
            return 1
