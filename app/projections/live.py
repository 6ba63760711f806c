"""The live picture: calls, agents and queues as the facts tell them. Reading it touches no live object.

Its size is bounded by what lives: an ended call is dropped at once, a deleted queue or agent with its configuration,
today's counts start anew at midnight UTC.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from app.configuration import Agent, ConfigObject, ObjectKind, Queue
from app.facts import AgentInterval, AgentState, CallEvent, CallRecord, Fact, QueueSegment, QueueState, Stored
from app.projections.callbacks import CallbackViews
from app.projections.caller import Caller
from app.projections.day import COUNTED, DAY_SECONDS, Day, midnight
from app.projections.line import Line, Place
from app.projections.members import Members
from app.projections.steps import change
from app.projections.views import CallState, CallView, Forecast, QueueStats, RingingView, no_forecast
from queues.lines.ranking import Ranking

__all__ = ["Forecast", "LiveView"]

_MOVING: Final = frozenset({"queued", "requeued", "priority_changed"})  # within its state
_DEFAULT_THRESHOLD: Final = 20.0  # seconds, for a queue that is gone


class LiveView:
    """``apply`` every fact in order; ``configure`` every queue and agent. Reads take ``now`` where time matters.

    ``forecast`` estimates waits, nothing until it is set.
    """

    def __init__(self, now: float) -> None:
        self.forecast: Forecast = no_forecast
        self._calls: dict[str, Caller] = {}
        self._order: Ranking[str] = Ranking()
        self._by_state: dict[CallState, int] = {}
        self._lines: dict[str, Line] = {}
        self._queues: dict[str, Queue] = {}
        self._agents: dict[str, Agent] = {}
        self._states: dict[str, AgentState] = {}
        self._members = Members()
        self._doors: dict[str, QueueState] = {}
        self._day = Day(midnight(now), self._threshold)
        self._touched: set[str] = set()
        self.callbacks = CallbackViews()

    # What is fed in.

    def configure(self, item: ConfigObject) -> None:
        if isinstance(item, Queue):
            self._queues[item.routing.id] = item
            for agent in self._agents.values():
                self._members.enrol(agent, item)
            self._reorder(item)
            self._touched.add(item.routing.id)
        elif isinstance(item, Agent):
            self._agents[item.routing.id] = item
            for queue in self._queues.values():
                self._touched |= self._members.enrol(item, queue)

    def unconfigure(self, kind: ObjectKind, object_id: str) -> None:
        if kind == "queue":
            self._queues.pop(object_id, None)
            self._members.drop_queue(object_id)
            self._doors.pop(object_id, None)
            self._day.forget(object_id)
            self._touched.discard(object_id)
        elif kind == "agent":
            self._agents.pop(object_id, None)
            self._states.pop(object_id, None)
            self._touched |= self._members.drop_agent(object_id)

    def apply_all(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.apply(fact)

    def apply(self, fact: Fact) -> None:
        self._follow(fact)
        if isinstance(fact, CallEvent):
            if fact.time - self._day.start >= DAY_SECONDS:
                self._roll(fact.time)
            if fact.kind in COUNTED:
                self._day.apply(fact)
        elif isinstance(fact, Stored) and not isinstance(fact, AgentInterval):  # of an agent's past nothing is counted
            self._day.apply(fact)

    def restore(self, facts: Iterable[Fact]) -> None:
        """Show what a restart recovered, told as facts; nothing is counted (see ``adopt``)."""
        for fact in facts:
            self._follow(fact)

    def adopt(self, day: Day) -> None:
        """Go on from counts that were recomputed from stored facts."""
        self._day = day
        self._touched.update(self._queues)

    def day_from(self, facts: Iterable[Fact], now: float) -> Day:
        """Today's counts from scratch, by the thresholds of the present configuration."""
        day = Day(midnight(now), self._threshold)
        for fact in facts:
            day.apply(fact)
        return day

    # What is read.

    def agent(self, agent_id: str) -> AgentState | None:
        """``time`` is when status, routing state or pause reason last changed. None: nothing was said about it yet."""
        return self._states.get(agent_id)

    def agent_name(self, agent_id: str | None) -> str | None:
        agent = self._agents.get(agent_id or "")
        return None if agent is None else agent.routing.name

    def queue_name(self, queue_id: str | None) -> str | None:
        queue = self._queues.get(queue_id or "")
        return None if queue is None else queue.routing.name

    def queue_id(self, ref: str) -> str | None:
        """The id behind an id or a name."""
        return ref if ref in self._queues else _named(self._queues, ref)

    def agent_id(self, ref: str) -> str | None:
        """The id behind an id or a name."""
        return ref if ref in self._agents else _named(self._agents, ref)

    def call(self, call_id: str, now: float) -> CallView | None:
        call = self._calls.get(call_id)
        return None if call is None else self._shown(call, now)

    def calls(self, now: float, *, after: str = "") -> Iterator[CallView]:
        """Live calls by id, which is by arrival, above the id ``after``. Read on without letting the loop turn."""
        for call_id in self._order.above(after):
            yield self._shown(self._calls[call_id], now)

    def queue_ids(self) -> list[str]:
        """Sorted by name."""
        return sorted(self._queues, key=lambda queue_id: self._queues[queue_id].routing.name)

    def queue_stats(self, queue_id: str, now: float) -> QueueStats | None:
        """None for a queue that is not configured."""
        queue = self._queues.get(queue_id)
        if queue is None:
            return None
        self._roll(now)
        line, door = self._lines.get(queue_id) or Line(), self._doors.get(queue_id)
        return QueueStats(
            queue_id=queue_id,
            queue=queue.routing.name,
            waiting=line.waiting,
            offered=line.offered,
            connected=line.connected,
            callbacks=self.callbacks.count(queue_id),
            longest_wait_seconds=line.longest_wait(now),
            expected_wait_seconds=self.forecast(queue_id, 0, None, now),
            agents=dict(Counter(self._routing_state(agent_id) for agent_id in self._members.of(queue_id))),
            service_level_target=queue.service_level.target,
            service_level_threshold_seconds=queue.service_level.threshold_seconds,
            today=self._day.stats(queue_id),
            state="open" if door is None else door.state,
            closed_reason=None if door is None else door.reason,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Live calls by state and agents by routing state: for gauges."""
        return {
            "calls": {state: count for state, count in self._by_state.items() if count},
            "agents": dict(Counter(self._routing_state(agent_id) for agent_id in self._agents)),
        }

    def take_touched(self) -> set[str]:
        """The queues whose statistics changed since the last take."""
        touched, self._touched = self._touched, set()
        return touched

    def has_touched(self) -> bool:
        return bool(self._touched)

    # How a fact changes the picture.

    def _follow(self, fact: Fact) -> None:
        if isinstance(fact, CallEvent):
            self._step(fact)
        elif isinstance(fact, AgentState):
            self._agent_changed(fact)
        elif isinstance(fact, QueueSegment):
            self._touch(fact.queue)
        elif isinstance(fact, QueueState):
            self._doors[fact.queue] = fact
            self._touch(fact.queue)
        elif isinstance(fact, CallRecord):
            self._touch(fact.queue)
            self._drop(fact.call)

    def _step(self, event: CallEvent) -> None:
        kind = event.kind
        if kind[:9] == "callback_":
            self.callbacks.apply(event)
            self._touch(event.queue)
            return
        if kind == "ended":
            self._drop(event.call)
            return
        call = self._calls.get(event.call)
        if call is None:
            if kind not in {"arrived", "queued"}:
                return  # a late word about a call that is over
            call = Caller(event.call, event.caller or "", event.called or "", event.time)
            self._calls[call.id] = call
            self._order.add(call.id)
            self._count(call.state, 1)
        if kind == "arrived":
            return
        state = call.state
        change(call, event)
        if call.state != state:
            self._count(state, -1)
            self._count(call.state, 1)
        elif kind not in _MOVING:
            return
        self._move(call, call.stands())

    def _count(self, state: CallState, more: int) -> None:
        self._by_state[state] = self._by_state.get(state, 0) + more

    def _drop(self, call_id: str) -> None:
        call = self._calls.pop(call_id, None)
        if call is not None:
            self._move(call, None)
            self._count(call.state, -1)
            self._order.discard(call_id)

    def _move(self, call: Caller, after: Place | None) -> None:
        """To another place in line, or out of it (None)."""
        before, call.place = call.place, after
        if before is not None and after is not None and before.queue == after.queue:
            if before.group == after.group and before.ranks_as(after):
                return  # parked, for one
            self._lines[after.queue].shift(before, after)
            self._touch(after.queue)
            return
        if before is not None:
            self._leave(before)
            self._touch(before.queue)
        if after is not None:
            self._line(after.queue).join(after)
            self._touch(after.queue)

    def _leave(self, place: Place) -> None:
        line = self._lines[place.queue]
        line.leave(place)
        if line.is_empty():
            del self._lines[place.queue]

    def _line(self, queue_id: str) -> Line:
        line = self._lines.get(queue_id)
        if line is None:
            queue = self._queues.get(queue_id)
            line = self._lines[queue_id] = Line(0.0 if queue is None else queue.routing.ageing)
        return line

    def _reorder(self, queue: Queue) -> None:
        """Its calls stand anew, where they gain points at another pace than before."""
        queue_id = queue.routing.id
        line = self._lines.get(queue_id)
        if line is not None and line.ageing != queue.routing.ageing:
            self._lines[queue_id] = line = Line(queue.routing.ageing)
            for call in self._calls.values():
                if call.place is not None and call.place.queue == queue_id:
                    line.join(call.place)

    def _agent_changed(self, state: AgentState) -> None:
        before = self._states.get(state.agent)
        if (
            before is not None
            and before.routing_state == state.routing_state
            and before.status == state.status
            and before.pause_reason == state.pause_reason
        ):
            state = replace(state, time=before.time)
        self._states[state.agent] = state
        self._touched.update(self._members.served_by(state.agent))

    def _touch(self, queue_id: str | None) -> None:
        if queue_id in self._queues:
            self._touched.add(queue_id)

    def _roll(self, now: float) -> None:
        start = midnight(now)
        if start > self._day.start:
            self.adopt(Day(start, self._threshold))

    def _threshold(self, queue_id: str) -> float:
        queue = self._queues.get(queue_id)
        return _DEFAULT_THRESHOLD if queue is None else queue.service_level.threshold_seconds

    def _routing_state(self, agent_id: str) -> str:
        state = self._states.get(agent_id)
        return "offline" if state is None else state.routing_state

    def _shown(self, call: Caller, now: float) -> CallView:
        shown = CallView(
            id=call.id,
            state=call.state,
            caller=call.caller,
            called=call.called,
            arrived_at=call.arrived_at,
            queue=call.queue,
            queue_name=self.queue_name(call.queue),
            priority=call.priority,
            queued_at=call.queued_at,
            joined_at=call.joined_at,
            agent=call.agent,
            agent_name=self.agent_name(call.agent),
            connected_at=call.connected_at,
            offer=call.offer,
            offers=call.offers,
            reserved_for=call.reserved_for,
            reserved_name=self.agent_name(call.reserved_for),
            ringing=tuple(
                [
                    RingingView(each.offer, each.agent, each.since, self.agent_name(each.agent))
                    for each in call.ringing.values()
                ]
            ),
        )
        place = call.place
        if place is not None:
            shown.position = self._lines[place.queue].position(place)
            if shown.position is not None:
                shown.expected_wait_seconds = self.forecast(place.queue, call.priority, shown.position, now)
        if call.queued_at is not None:
            until = now if call.connected_at is None else call.connected_at
            shown.wait_seconds = max(0.0, until - call.queued_at)
        return shown


def _named(items: Mapping[str, Queue] | Mapping[str, Agent], name: str) -> str | None:
    return next((item_id for item_id, item in items.items() if item.routing.name == name), None)
