"""Facts: what happened, said once. The journal's outbox stores them, the database keeps them, projections and the
event stream are fed by them.

Instants are seconds since the epoch (float), durations integer milliseconds (``…_ms``), ids UUIDv7 strings. What a peer
wrote need not be UTF-8 (SIP messages keep foreign bytes as lone surrogates): a fact shows such bytes as U+FFFD.

Encoded, a turn's facts are one msgpack array, each of them the array of its kind and of its fields' values in their order.
The next release reads it: a new field is put at the end and has a default. (A fact by itself, and a map of its fields, as it
was before, is read as well.)
"""

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final, Literal

import msgspec

from app.journal.building import converted

__all__ = [
    "AgentEvent", "AgentInterval", "AgentState", "CallEvent", "CallRecord", "Disposition", "Fact", "Outcome",
    "QueueSegment", "QueueState", "Stored", "WrapUp",
    "decode", "encode", "encode_stored", "instant_of", "values_of",
]  # fmt: skip

CallEventKind = Literal[
    "arrived", "rejected", "queued", "parked", "park_failed", "offered", "ringing", "offer_ended", "answered",
    "connected", "abandoned", "flowed_out", "withdrawn", "ended", "priority_changed", "requeued", "reserved", "released",
    "callback_taken", "callback_dialled", "callback_missed", "callback_done", "callback_failed", "callback_expired",
    "callback_cancel",
]  # fmt: skip

Outcome = Literal["answered", "abandoned", "flowed_out", "system", "rejected"]
"""A, B, F, X of the metrics reference, and the calls that never entered a queue."""


def _shown(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Stored:
    """A fact that has a place in the database, and so belongs into the journal's outbox."""

    __slots__ = ()

    def row(self) -> tuple[object, ...]:
        """Its kind, and the values that are stored."""
        raise NotImplementedError


@dataclass(slots=True)
class CallEvent(Stored):
    """One step of a call's life; stored as a row of ``call_events`` and shown as the event ``call.<kind>``."""

    id: str
    time: float
    kind: CallEventKind
    call: str
    queue: str | None = None
    agent: str | None = None
    offer: str | None = None
    cause: str | None = None
    position: int | None = None
    caller: str | None = None
    called: str | None = None
    priority: int | None = None
    expected_wait_ms: int | None = None  # with ``queued``: until connected, where anything is known
    joined_at: float | None = None  # with ``queued``: where the place is older than this entry

    def __post_init__(self) -> None:
        if self.caller is None and self.cause is None and self.called is None:
            return  # nearly all: only arrivals and failures have words of a peer
        self.cause = None if self.cause is None else _shown(self.cause)
        self.caller = None if self.caller is None else _shown(self.caller)
        self.called = None if self.called is None else _shown(self.called)

    def row(self) -> tuple[object, ...]:
        return (
            "call_event", self.id, self.time, self.kind, self.call, self.queue, self.agent, self.offer, self.cause,
            self.position, self.caller, self.called, self.priority,
        )  # fmt: skip


@dataclass(slots=True)
class CallRecord(Stored):
    """A finished call: a row of ``calls``, keyed by ``call``.

    ``wait_ms`` from entering the queue until connected or gone; ``ring_ms`` the ringing of the offer that succeeded (or
    was up when the caller left); ``talk_ms`` between the bridge and its end. ``wrap_up_ms`` comes later, by ``WrapUp``.
    ``overflow_cause``: why the queue did not take the call (``rejected``) or let it go (``flowed_out``): a word of
    ``OverflowCause``, or ``callback`` where its caller asked for one by key.
    """

    id: str
    call: str
    sip_call_id: str
    caller: str
    called: str
    queue: str | None
    agent: str | None
    arrived_at: float
    queued_at: float | None
    answered_at: float | None
    ended_at: float
    outcome: Outcome
    cause: str
    wait_ms: int
    ring_ms: int
    talk_ms: int
    offers: int
    priority: int
    within_threshold: bool | None = None  # answered or abandoned within the queue's service level threshold
    short_abandon: bool = False
    ended_by: Literal["caller", "agent", "system"] = "system"
    expected_wait_ms: int | None = None  # what was predicted when it entered the queue, to compare ``wait_ms`` with
    segments: int = 1  # above 1: the call was in, or refused by, several queues, and each has its ``QueueSegment``
    overflow_cause: str | None = None

    def __post_init__(self) -> None:
        self.sip_call_id = _shown(self.sip_call_id)
        self.caller = _shown(self.caller)
        self.called = _shown(self.called)
        self.cause = _shown(self.cause)

    def row(self) -> tuple[object, ...]:
        return (
            "call_record", self.id, self.call, self.sip_call_id, self.caller, self.called, self.queue, self.agent,
            self.arrived_at, self.queued_at, self.answered_at, self.ended_at, self.outcome, self.cause, self.wait_ms,
            self.ring_ms, self.talk_ms, self.offers, self.priority, self.within_threshold, self.short_abandon,
            self.ended_by, self.expected_wait_ms, self.segments, self.overflow_cause,
        )  # fmt: skip


@dataclass(slots=True)
class QueueSegment(Stored):
    """A queue's part in a call that several queues had to do with; a row of ``queue_segments``.

    ``number`` counts from 1. ``outcome`` is the queue's view: a call that went on to another queue flowed out of this one;
    ``rejected`` never entered it. ``cause``: of a refusal or flow-out, else as in the call's record. ``to``: the queue
    that took the call.
    """

    id: str
    call: str
    number: int
    queue: str
    entered_at: float
    left_at: float
    outcome: Outcome
    cause: str
    wait_ms: int
    talk_ms: int = 0
    agent: str | None = None
    to: str | None = None
    within_threshold: bool | None = None
    short_abandon: bool = False

    def __post_init__(self) -> None:
        self.cause = _shown(self.cause)

    def row(self) -> tuple[object, ...]:
        return (
            "queue_segment", self.id, self.call, self.number, self.queue, self.entered_at, self.left_at, self.outcome,
            self.cause, self.wait_ms, self.talk_ms, self.agent, self.to, self.within_threshold, self.short_abandon,
        )  # fmt: skip


@dataclass(slots=True)
class QueueState:
    """Whether a queue takes calls from ``time`` on: the events ``queue.closed`` and ``queue.opened``. Not stored."""

    id: str
    time: float
    queue: str
    state: Literal["open", "closed", "holiday", "emergency"] = "open"
    reason: str | None = None


@dataclass(slots=True)
class WrapUp(Stored):
    """The wrap-up that followed ``call`` is over."""

    id: str
    time: float
    call: str
    agent: str
    wrap_up_ms: int

    def row(self) -> tuple[object, ...]:
        return ("wrap_up", self.id, self.time, self.call, self.agent, self.wrap_up_ms)


@dataclass(slots=True)
class AgentInterval(Stored):
    """A closed segment of an agent's timeline, ``[start, end)``; a row of ``agent_intervals``."""

    id: str
    agent: str
    state: str
    start: float
    end: float
    pause_reason: str | None = None
    call: str | None = None

    def row(self) -> tuple[object, ...]:
        return (
            "agent_interval", self.id, self.agent, self.state, self.start, self.end, self.pause_reason, self.call
        )  # fmt: skip


@dataclass(slots=True)
class AgentState:
    """An agent's state from ``time`` on: the event ``agent.state_changed``. Not stored (its interval will be)."""

    id: str
    time: float
    agent: str
    status: str
    routing_state: str
    pause_reason: str | None = None
    pending_status: str | None = None
    call: str | None = None
    active: int = 0
    capacity: int = 1
    outside_calls: int = 0
    pause_overdue: bool = False
    forced_by: str | None = None
    address: str | None = None  # of the desk it logged in at


AgentEventKind = Literal["auto_paused", "pause_overdue", "forced", "desk_taken", "desk_left"]


@dataclass(slots=True)
class AgentEvent(Stored):
    """What befell an agent; a row of ``agent_events``, and the event ``agent.<kind>``.

    ``queue``, ``cause`` and ``misses``: the last of the calls missed in a row. ``actor``: who forced the state.
    ``address``: the desk that was taken or left.
    """

    id: str
    time: float
    kind: AgentEventKind
    agent: str
    status: str | None = None
    pause_reason: str | None = None
    queue: str | None = None
    cause: str | None = None
    misses: int | None = None
    actor: str | None = None
    address: str | None = None

    def row(self) -> tuple[object, ...]:
        return (
            "agent_event", self.id, self.time, self.kind, self.agent, self.status, self.pause_reason, self.queue,
            self.cause, self.misses, self.actor, self.address,
        )  # fmt: skip


@dataclass(slots=True)
class Disposition(Stored):
    """What came of a call; a row of ``call_dispositions``, the last word counts. The event ``call.disposition``."""

    id: str
    time: float
    call: str
    queue: str
    agent: str
    code: str
    note: str | None = None

    def row(self) -> tuple[object, ...]:
        return ("disposition", self.id, self.time, self.call, self.queue, self.agent, self.code, self.note)


Fact = (
    CallEvent | CallRecord | QueueSegment | WrapUp | AgentInterval | AgentState | AgentEvent | Disposition | QueueState
)  # fmt: skip

_KINDS: Final[dict[str, type[Any]]] = {
    "call_event": CallEvent, "call_record": CallRecord, "queue_segment": QueueSegment, "wrap_up": WrapUp,
    "agent_interval": AgentInterval, "agent_event": AgentEvent, "disposition": Disposition,
    "agent_state": AgentState, "queue_state": QueueState,
}  # fmt: skip
"""The last two are not stored; an earlier release may have left one."""

_SHOWN_ONLY: Final = frozenset({"expected_wait_ms", "joined_at"})
"""What of a ``CallEvent`` is not stored."""


def _fields_of(kind: type[Any]) -> dict[str, Any]:
    """The names of the values that are stored, with their defaults."""
    hidden = _SHOWN_ONLY if kind is CallEvent else ()
    return {each.name: each.default for each in fields(kind) if each.name not in hidden}


_FIELDS: Final = {name: _fields_of(kind) for name, kind in _KINDS.items()}
_write: Final = msgspec.msgpack.Encoder().encode
_read: Final = msgspec.msgpack.decode


def encode_stored(facts: Iterable[Fact]) -> list[bytes]:
    """A turn's facts that belong into the outbox, encoded as its one entry; none where there are none."""
    rows = [fact.row() for fact in facts if isinstance(fact, Stored)]
    return [_write(rows)] if rows else []


def instant_of(fact: Fact) -> float:
    """When the fact was said, seconds since the epoch."""
    if isinstance(fact, CallRecord):
        return fact.ended_at
    if isinstance(fact, QueueSegment):
        return fact.left_at
    return fact.end if isinstance(fact, AgentInterval) else fact.time


def encode(fact: Fact) -> bytes:
    """A turn of this fact. Raises ``TypeError`` for one that is not stored."""
    if not isinstance(fact, Stored):
        raise TypeError(f"{type(fact).__name__} is not stored")
    return _write([fact.row()])


def decode(data: bytes) -> list[Fact]:
    """Raises ``msgspec.MsgspecError`` on bytes that are not facts of this or an earlier release."""
    return [converted(dict(zip(_FIELDS[name], values, strict=True)), _KINDS[name]) for name, values in values_of(data)]


def values_of(data: bytes) -> list[tuple[str, list[Any]]]:
    """The kind of each encoded fact, and its fields' values in their order. Raises as ``decode``, and looks at no value."""
    found = _read(data)
    if isinstance(found, list) and found and isinstance(found[0], list):
        return [_values(each) for each in found]
    return [_values(found)]


def _values(found: object) -> tuple[str, list[Any]]:
    if isinstance(found, dict):
        name, known = _known(found.get("type"))
        return name, _completed(found, known)
    values = found if isinstance(found, list) else []
    name, known = _known(values.pop(0) if values else found)
    if len(values) != len(known):  # of another release
        return name, _completed(dict(zip(known, values, strict=False)), known)
    return name, values


def _known(name: object) -> tuple[str, dict[str, Any]]:
    known = _FIELDS.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or known is None:
        raise msgspec.ValidationError(f"{name!r} is no kind of fact")
    return name, known


def _completed(found: dict[str, Any], known: dict[str, Any]) -> list[Any]:
    values = [found.get(name, default) for name, default in known.items()]
    if MISSING in values:
        raise msgspec.ValidationError(f"{list(known)[values.index(MISSING)]!r} is missing")
    return values
