"""Callbacks that wait, as the facts tell them."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from app.facts import CallEvent
from queues.lines.ranking import Ranking

__all__ = ["CallbackState", "CallbackView", "CallbackViews"]

CallbackState = Literal["waiting", "dialling", "retrying"]

_STATES: Final[dict[str, CallbackState]] = {
    "callback_taken": "waiting", "callback_dialled": "dialling", "callback_missed": "retrying",
}  # fmt: skip


class CallbackView(msgspec.Struct, gc=False):
    """``attempts``: how often the customer was dialled; ``cause``: what came of it the last time."""

    id: str
    queue: str
    number: str
    source: str
    state: CallbackState
    requested_at: float
    priority: int
    attempts: int = 0
    cause: str | None = None


class CallbackViews:
    """Those that are not over, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._views: dict[str, CallbackView] = {}
        self._order: Ranking[str] = Ranking()
        self._by_queue: Counter[str] = Counter()

    def apply(self, event: CallEvent) -> None:
        state = _STATES.get(event.kind)
        view = self._views.get(event.call)
        if state is None:
            self._drop(view)
        elif view is None:
            self._add(event, state)
        else:
            view.state, view.attempts = state, event.position or 0
            view.cause = event.cause if state == "retrying" else view.cause

    def get(self, callback_id: str) -> CallbackView | None:
        return self._views.get(callback_id)

    def listed(self, *, after: str = "") -> Iterator[CallbackView]:
        """By id, which is by age, above the id ``after``."""
        for callback_id in self._order.above(after):
            yield self._views[callback_id]

    def count(self, queue: str) -> int:
        return self._by_queue[queue]

    def _add(self, event: CallEvent, state: CallbackState) -> None:
        view = CallbackView(
            event.call, event.queue or "", event.caller or "", event.cause or "", state, event.time, event.priority or 0,
            event.position or 0,
        )  # fmt: skip
        self._views[view.id] = view
        self._order.add(view.id)
        self._by_queue[view.queue] += 1

    def _drop(self, view: CallbackView | None) -> None:
        if view is not None:
            del self._views[view.id]
            self._order.discard(view.id)
            self._by_queue[view.queue] -= 1
