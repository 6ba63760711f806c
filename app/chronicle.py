"""Writes down what happens in the call centre, as facts; and tells it again after a restart, for the projections."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal

from app.configuration import Queue
from app.facts import AgentInterval, AgentState, CallEvent, CallEventKind, Fact, QueueState, WrapUp
from app.live_call import LiveCall, record_of
from app.segments import flowed_out, last_segment, rejected
from b2bua.events import EndedBy
from queues.model import OverflowCause, RoutingState
from queues.outputs import AgentChanged, QueueChanged, TurnedAway
from queues.views import AgentView

__all__ = ["Chronicle", "queue_state", "retold"]

_WRAP_UP: Final = RoutingState.WRAP_UP


class Chronicle:
    """``facts`` fills; the runtime takes them each turn. ``ids`` makes UUIDv7s."""

    def __init__(self, ids: Callable[[], str]) -> None:
        self.facts: list[Fact] = []
        self._ids = ids

    def note(
        self,
        call: LiveCall,
        kind: CallEventKind,
        now: float,
        *,
        agent: str | None = None,
        offer: str | None = None,
        cause: str | None = None,
        position: int | None = None,
    ) -> None:
        """A step of the call's life."""
        arrival, queued = kind == "arrived", kind == "queued"
        event = CallEvent(
            self._ids(),
            now,
            kind,
            call.id,
            call.queue,
            agent,
            offer,
            cause,
            position,
            call.caller if arrival else None,
            call.called if arrival else None,
            call.priority if queued or kind == "priority_changed" else None,
            call.expected_wait_ms if queued else None,
            call.joined_at if queued and call.joined_at != now else None,
        )
        self.facts.append(event)

    def record(self, call: LiveCall, by: EndedBy, cause: str, queue: Queue | None, now: float) -> None:
        """The call is over."""
        last = call.segments > 0 and call.entered_at is not None
        call.segments += last
        record = record_of(call, self._ids(), by, cause, queue, now)
        if last:
            self.facts.append(last_segment(call, self._ids(), record, queue))
        self.facts.append(record)

    def flowed_out(self, call: LiveCall, cause: OverflowCause, now: float, to: str | None = None) -> None:
        """The call leaves its queue, and that is not all there is to tell of it."""
        call.segments += 1
        self.facts.append(flowed_out(call, self._ids(), cause, now, to))
        call.entered_at = None

    def turned_away(self, call: LiveCall, away: Iterable[TurnedAway], now: float) -> None:
        """Queues that were asked for the call and would not take it."""
        for each in away:
            call.segments += 1
            self.facts.append(rejected(call, self._ids(), each.queue, each.cause, now))

    def queue_changed(self, output: QueueChanged, now: float) -> None:
        """A queue takes calls again, or no more."""
        self.facts.append(queue_state(output, self._ids(), now))

    def agent_changed(self, output: AgentChanged, now: float, address: str | None) -> None:
        """The interval that ends now, a wrap-up that is over, and the new state. ``address``: the desk it sits at."""
        if now > output.previous_since:
            self.facts.append(_interval(output, self._ids(), now))
        if output.previous is _WRAP_UP and output.previous_ticket is not None and output.state is not output.previous:
            spent = round((now - output.previous_since) * 1000)
            self.facts.append(WrapUp(self._ids(), now, output.previous_ticket, output.agent, spent))
        pending = output.pending_status
        state = AgentState(
            self._ids(),
            now,
            output.agent,
            output.status._value_,
            output.state._value_,
            output.pause_reason,
            pending._value_ if pending is not None else None,
            output.ticket,
            output.active,
            output.capacity,
            output.outside_calls,
            output.pause_overdue,
            output.forced_by,
            address,
        )
        self.facts.append(state)

    def agent_moved(self, view: AgentView, now: float, address: str | None) -> None:
        """The agent's state is as before, its phone another one."""
        self.facts.append(_state(view, self._ids(), now, address))


def queue_state(output: QueueChanged, fact_id: str, now: float) -> QueueState:
    """Whether the queue takes calls, as a fact."""
    return QueueState(fact_id, now, output.queue, _word_for(output.cause), output.reason or None)


def _word_for(cause: OverflowCause | None) -> Literal["open", "closed", "holiday", "emergency"]:
    match cause:
        case None:
            return "open"
        case OverflowCause.EMERGENCY:
            return "emergency"
        case OverflowCause.HOLIDAY:
            return "holiday"
        case _:
            return "closed"


def _interval(output: AgentChanged, fact_id: str, now: float) -> AgentInterval:
    return AgentInterval(
        id=fact_id,
        agent=output.agent,
        state=output.previous._value_,
        start=output.previous_since,
        end=now,
        pause_reason=output.previous_pause_reason,
        call=output.previous_ticket,
    )


def _state(view: AgentView, fact_id: str, time: float, address: str | None) -> AgentState:
    pending = view.pending_status
    return AgentState(
        id=fact_id,
        time=time,
        agent=view.agent,
        status=view.status.value,
        routing_state=view.routing_state.value,
        pause_reason=view.pause_reason,
        pending_status=pending._value_ if pending is not None else None,
        call=view.ticket,
        active=view.active,
        capacity=view.capacity,
        outside_calls=view.outside_calls,
        pause_overdue=view.pause_overdue,
        forced_by=view.forced_by,
        address=address,
    )


def retold(calls: Iterable[LiveCall], agents: Iterable[AgentView], desks: Mapping[str, str]) -> Iterator[Fact]:
    """What the projections have to know of calls and agents that were there before a restart; not to be stored again.

    ``desks``: the addresses at which agents logged in.
    """
    for call in calls:
        yield CallEvent("", call.arrived_at, "arrived", call.id, call.queue, caller=call.caller, called=call.called)
        if call.queued_at is not None:
            yield CallEvent(
                "", call.queued_at, "queued", call.id, call.queue, priority=call.priority, joined_at=call.joined_at
            )  # fmt: skip
        if call.parked:
            yield CallEvent("", call.arrived_at, "parked", call.id, call.queue)
        if call.connected_at is not None:
            yield CallEvent("", call.connected_at, "connected", call.id, call.queue, call.agent)
    for view in agents:
        yield _state(view, "", view.since, desks.get(view.agent))
