"""Facts: what happened, said once. The journal's outbox stores them, the database keeps them, projections and the
event stream are fed by them.

Instants are seconds since the epoch (float), durations integer milliseconds (``…_ms``), ids UUIDv7 strings. What a peer
wrote need not be UTF-8 (SIP messages keep foreign bytes as lone surrogates): a fact shows such bytes as U+FFFD.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from app.journal.building import decoder

__all__ = [
    "AgentEvent", "AgentInterval", "AgentState", "CallEvent", "CallRecord", "Disposition", "Fact", "Outcome",
    "QueueSegment", "QueueState", "WrapUp",
    "decode", "encode", "encode_stored", "instant_of", "is_stored",
]  # fmt: skip

CallEventKind = Literal[
    "arrived", "rejected", "queued", "parked", "park_failed", "offered", "ringing", "offer_ended", "answered",
    "connected", "abandoned", "flowed_out", "withdrawn", "ended", "priority_changed", "requeued", "reserved", "released",
    "callback_taken", "callback_dialled", "callback_missed", "callback_done", "callback_failed", "callback_expired",
    "callback_cancel",
]  # fmt: skip

Outcome = Literal["answered", "abandoned", "flowed_out", "system", "rejected"]
"""A, B, F, X of the metrics reference, and the calls that never entered a queue."""


def _show(fact: msgspec.Struct, names: tuple[str, ...]) -> None:
    for name in names:
        text = getattr(fact, name)
        if text is not None:
            shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            msgspec.structs.force_setattr(fact, name, shown)


def _is_plain(text: str | None) -> bool:
    return text is None or text.isascii()


class CallEvent(msgspec.Struct, frozen=True, tag="call_event", omit_defaults=True):
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
        if not (_is_plain(self.cause) and _is_plain(self.caller) and _is_plain(self.called)):
            _show(self, ("cause", "caller", "called"))


class CallRecord(msgspec.Struct, frozen=True, tag="call_record", omit_defaults=True):
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
        if not (self.sip_call_id + self.caller + self.called + self.cause).isascii():
            _show(self, ("sip_call_id", "caller", "called", "cause"))


class QueueSegment(msgspec.Struct, frozen=True, tag="queue_segment", omit_defaults=True):
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
        if not self.cause.isascii():
            _show(self, ("cause",))


class QueueState(msgspec.Struct, frozen=True, tag="queue_state", omit_defaults=True):
    """Whether a queue takes calls from ``time`` on: the events ``queue.closed`` and ``queue.opened``. Not stored."""

    id: str
    time: float
    queue: str
    state: Literal["open", "closed", "holiday", "emergency"] = "open"
    reason: str | None = None


class WrapUp(msgspec.Struct, frozen=True, tag="wrap_up"):
    """The wrap-up that followed ``call`` is over."""

    id: str
    time: float
    call: str
    agent: str
    wrap_up_ms: int


class AgentInterval(msgspec.Struct, frozen=True, tag="agent_interval", omit_defaults=True):
    """A closed segment of an agent's timeline, ``[start, end)``; a row of ``agent_intervals``."""

    id: str
    agent: str
    state: str
    start: float
    end: float
    pause_reason: str | None = None
    call: str | None = None


class AgentState(msgspec.Struct, frozen=True, tag="agent_state", omit_defaults=True):
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


class AgentEvent(msgspec.Struct, frozen=True, tag="agent_event", omit_defaults=True):
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


class Disposition(msgspec.Struct, frozen=True, tag="disposition", omit_defaults=True):
    """What came of a call; a row of ``call_dispositions``, the last word counts. The event ``call.disposition``."""

    id: str
    time: float
    call: str
    queue: str
    agent: str
    code: str
    note: str | None = None


Fact = (
    CallEvent | CallRecord | QueueSegment | WrapUp | AgentInterval | AgentState | AgentEvent | Disposition | QueueState
)  # fmt: skip

_NOT_STORED: Final[frozenset[type]] = frozenset({AgentState, QueueState})


def is_stored(fact: Fact) -> bool:
    """Whether the fact has a place in the database, and so belongs into the journal's outbox."""
    return type(fact) not in _NOT_STORED


def encode_stored(facts: Iterable[Fact]) -> list[bytes]:
    """The facts of a turn that belong into the outbox, encoded, in order."""
    write = _encoder.encode
    return [write(fact) for fact in facts if type(fact) not in _NOT_STORED]


def instant_of(fact: Fact) -> float:
    """When the fact was said, seconds since the epoch."""
    if isinstance(fact, CallRecord):
        return fact.ended_at
    if isinstance(fact, QueueSegment):
        return fact.left_at
    return fact.end if isinstance(fact, AgentInterval) else fact.time


_encoder = msgspec.msgpack.Encoder()
_decoded = decoder(Fact)


def encode(fact: Fact) -> bytes:
    return _encoder.encode(fact)


def decode(data: bytes) -> Fact:
    """Raises ``msgspec.DecodeError`` on bytes that are not a fact of this or an earlier release."""
    decoded: Fact = _decoded(data)
    return decoded
