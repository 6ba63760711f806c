"""Whom callers talked with last: a bounded memory by caller's number, journalled row by row (table ``last_talk``)."""

from dataclasses import dataclass
from typing import Final

from queues.rules.sticky import StickyPolicy, StickyScope

__all__ = ["LastTalks", "Memory", "Talk"]

_QUEUES: Final = 8  # of one caller: the latest ones


@dataclass(slots=True)
class Talk:
    queue: str
    agent: str
    at: float  # its end


@dataclass(slots=True)
class LastTalks:
    """A caller's last talk in each queue, the latest last."""

    talks: tuple[Talk, ...]
    version: int = 1

    def latest(self, queue: str | None) -> Talk | None:
        return next((talk for talk in reversed(self.talks) if queue in (None, talk.queue)), None)


class Memory:
    """``limit`` callers at most: who was heard of longest ago is forgotten first. ``dirty``: whose rows changed."""

    __slots__ = ("_callers", "_limit", "dirty")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._callers: dict[str, LastTalks] = {}  # in the order of their last talks
        self.dirty: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._callers)

    def get(self, caller: str) -> LastTalks | None:
        return self._callers.get(caller)

    def talked(self, caller: str, queue: str, agent: str, now: float, *, keep: float) -> None:
        """A talk is over. Talks that ended more than ``keep`` seconds ago are forgotten."""
        before = self._callers.pop(caller, None)
        talks = [talk for talk in before.talks if talk.queue != queue and talk.at >= now - keep] if before else []
        self._callers[caller] = LastTalks((*talks[1 - _QUEUES :], Talk(queue, agent, now)))
        self.dirty[caller] = None
        self._forget(now - keep)

    def last_agent(self, caller: str, queue: str, policy: StickyPolicy, now: float) -> str | None:
        """The agent that this policy of ``queue`` prefers for the caller."""
        known = self._callers.get(caller)
        talk = known.latest(queue if policy.scope is StickyScope.QUEUE else None) if known is not None else None
        if talk is None or talk.at < now - policy.period_seconds:
            return None
        return talk.agent

    def restore(self, rows: dict[str, LastTalks]) -> None:
        for caller, row in sorted(rows.items(), key=lambda item: item[1].talks[-1].at):
            self._callers[caller] = row
        self._forget(float("-inf"))

    def _forget(self, before: float) -> None:
        while self._callers:
            caller, oldest = next(iter(self._callers.items()))
            if len(self._callers) <= self._limit and oldest.talks[-1].at >= before:
                return
            del self._callers[caller]
            self.dirty[caller] = None
