"""Facts as events: ``{id, type, time, seq, data}``, serialised once however many listen."""

from datetime import UTC, datetime
from typing import Any, Final, Protocol, assert_never

import msgspec

from app.facts import (
    AgentEvent,
    AgentState,
    CallEvent,
    CallRecord,
    Disposition,
    QueueState,
    WrapUp,
)
from app.projections.views import QueueStats

__all__ = ["FAMILIES", "Event", "Names", "Told", "event_of", "reset", "rfc3339", "stats_event"]

Told = CallEvent | CallRecord | AgentState | WrapUp | AgentEvent | Disposition | QueueState
"""Facts that are events of the stream."""

FAMILIES: Final = frozenset({"call", "agent", "queue", "stream"})
"""What event types begin with."""

_encoder = msgspec.json.Encoder()


def rfc3339(instant: float) -> str:
    """RFC 3339 in UTC, milliseconds."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Names(Protocol):
    """What ids are called; None for what is not configured any more."""

    def queue_name(self, queue_id: str | None) -> str | None: ...

    def agent_name(self, agent_id: str | None) -> str | None: ...


class Event(msgspec.Struct, gc=False):
    """``seq`` is its place in the stream. ``queue``, ``agent`` and ``call`` are what filters look at.

    Made of a fact, and written out, when somebody reads it first: most facts of a service that nobody listens to never
    are.
    """

    id: str
    type: str
    time: float
    source: Told | QueueStats | str
    queue: str | None = None
    agent: str | None = None
    call: str | None = None
    seq: int = 0
    frame_: bytes | None = None

    def frame(self, names: Names) -> bytes:
        """The event as it goes over the wire of an event stream (WHATWG HTML §9.2)."""
        if self.frame_ is None:
            body = _encoder.encode(
                {
                    "id": self.id,
                    "type": self.type,
                    "time": rfc3339(self.time),
                    "seq": self.seq,
                    "data": _data(self.source, names),
                }
            )
            self.frame_ = b"id: %b\nevent: %b\ndata: %b\n\n" % (self.id.encode(), self.type.encode(), body)
        return self.frame_


def event_of(fact: Told, seq: int) -> Event:
    """The event that tells this fact; ``seq``: its place in the stream."""
    event = _event_of(fact)
    event.seq = seq
    return event


def _event_of(fact: Told) -> Event:
    match fact:
        case CallEvent():
            return Event(fact.id, f"call.{fact.kind}", fact.time, fact, fact.queue, fact.agent, fact.call)
        case CallRecord():
            return Event(fact.id, "call.ended", fact.ended_at, fact, fact.queue, fact.agent, fact.call)
        case AgentState():
            return Event(fact.id, "agent.state_changed", fact.time, fact, None, fact.agent, fact.call)
        case QueueState():
            kind = "queue.opened" if fact.state == "open" else "queue.closed"
            return Event(fact.id, kind, fact.time, fact, fact.queue)
        case WrapUp():
            return Event(fact.id, "agent.wrap_up_ended", fact.time, fact, None, fact.agent, fact.call)
        case AgentEvent():
            return Event(fact.id, f"agent.{fact.kind}", fact.time, fact, fact.queue, fact.agent)
        case Disposition():
            return Event(fact.id, "call.disposition", fact.time, fact, fact.queue, fact.agent, fact.call)
        case _:
            assert_never(fact)


def stats_event(event_id: str, stats: QueueStats, now: float) -> Event:
    return Event(event_id, "queue.stats", now, stats, stats.queue_id)


def reset(event_id: str, now: float) -> Event:
    """The client missed events that are gone: it must fetch the snapshots again."""
    return Event(event_id, "stream.reset", now, "events were missed: fetch the present state again")


def _data(source: Told | QueueStats | str, names: Names) -> dict[str, Any]:
    match source:
        case CallEvent():
            return {"call": source.call, **_refs(source.queue, source.agent, names), **_step(source)}
        case CallRecord():
            return {"call": source.call, **_refs(source.queue, source.agent, names), **_record(source)}
        case AgentState():
            return {**_refs(None, source.agent, names), **_state(source)}
        case QueueState():
            return {**_refs(source.queue, None, names), "state": source.state, "reason": source.reason}
        case WrapUp():
            told = {"call": source.call, "wrap_up_seconds": source.wrap_up_ms / 1000}
            return {**_refs(None, source.agent, names), **told}
        case AgentEvent():
            return {**_refs(source.queue, source.agent, names), **_befallen(source)}
        case Disposition():
            told = {"call": source.call, "code": source.code, "note": source.note}
            return {**told, **_refs(source.queue, source.agent, names)}
        case QueueStats():
            return _stats(source)
        case str():
            return {"reason": source}
        case _:
            assert_never(source)


def _refs(queue: str | None, agent: str | None, names: Names) -> dict[str, str]:
    """By name, as configuration is referred to everywhere, and by id."""
    refs: dict[str, str] = {}
    if queue is not None:
        refs |= {"queue": names.queue_name(queue) or queue, "queue_id": queue}
    if agent is not None:
        refs |= {"agent": names.agent_name(agent) or agent, "agent_id": agent}
    return refs


def _stats(stats: QueueStats) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(stats)
    data["today"]["since"] = rfc3339(stats.today.since)
    return data


def _step(event: CallEvent) -> dict[str, Any]:
    fields = {
        "offer": event.offer, "cause": event.cause, "position": event.position, "caller": event.caller,
        "called": event.called, "priority": event.priority, "expected_wait_seconds": _seconds(event.expected_wait_ms),
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _befallen(event: AgentEvent) -> dict[str, Any]:
    fields = {
        "status": event.status, "pause_reason": event.pause_reason, "cause": event.cause, "misses": event.misses,
        "by": event.actor, "address": event.address,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _state(state: AgentState) -> dict[str, Any]:
    return {
        "status": state.status, "routing_state": state.routing_state,
        "pause_reason": state.pause_reason, "pending_status": state.pending_status, "call": state.call,
        "active": state.active, "capacity": state.capacity, "outside_calls": state.outside_calls,
        "pause_overdue": state.pause_overdue, "forced_by": state.forced_by, "address": state.address,
    }  # fmt: skip


def _record(record: CallRecord) -> dict[str, Any]:
    return {
        "caller": record.caller, "called": record.called, "arrived_at": rfc3339(record.arrived_at),
        "queued_at": _instant(record.queued_at), "answered_at": _instant(record.answered_at),
        "ended_at": rfc3339(record.ended_at), "outcome": record.outcome,
        "cause": record.cause, "ended_by": record.ended_by, "wait_seconds": record.wait_ms / 1000,
        "ring_seconds": record.ring_ms / 1000, "talk_seconds": record.talk_ms / 1000, "offers": record.offers,
        "priority": record.priority, "expected_wait_seconds": _seconds(record.expected_wait_ms),
        "overflow_cause": record.overflow_cause,
    }  # fmt: skip


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _instant(instant: float | None) -> str | None:
    return None if instant is None else rfc3339(instant)
