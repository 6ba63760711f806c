"""What the engine decides. The caller carries outputs out in order; none of them may be dropped."""

from dataclasses import dataclass
from enum import StrEnum

from queues.model import (
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    Overflow,
    OverflowCause,
    QueueId,
    RoutingState,
    TicketId,
)

__all__ = [
    "AgentChanged", "AgentIncident", "AgentNoted", "CancelReason", "Change", "DispositionGiven", "MakeOffer",
    "OfferEnded", "OfferResult", "Output", "QueueChanged", "RefusalReason", "Refused", "ReservationEnded",
    "TicketEnded", "TicketMoved", "TicketQueued", "TicketRequeued", "TicketReserved", "TicketResult", "TurnedAway",
    "WithdrawOffer",
]  # fmt: skip

Change = tuple[str, str, object | None]
"""A change to journal: (table, key, row); row None deletes. Rows are plain dataclasses of scalars and tuples."""


@dataclass(slots=True)
class MakeOffer:
    """Ring the agent for this ticket until ``ring_until`` (the engine itself watches that deadline)."""

    offer: OfferId
    ticket: TicketId
    queue: QueueId
    agent: AgentId
    ring_until: float


class CancelReason(StrEnum):
    RING_TIMEOUT = "ring_timeout"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    TIMED_OUT = "timed_out"  # the ticket's max_wait
    FLOWED_OUT = "flowed_out"  # for any other cause
    ANSWERED_ELSEWHERE = "answered_elsewhere"  # another agent took the call first
    REASSIGNED = "reassigned"  # a supervisor gives the ticket to another agent or queue
    AGENT_GONE = "agent_gone"  # removed, logged out by force, unreachable


@dataclass(slots=True)
class WithdrawOffer:
    """Stop ringing: the offer is over as far as the engine goes, and a late answer must be dropped by its receiver."""

    offer: OfferId
    ticket: TicketId
    agent: AgentId
    reason: CancelReason


@dataclass(slots=True)
class TurnedAway:
    """A queue that would not take a call, and why."""

    queue: QueueId
    cause: OverflowCause


@dataclass(slots=True)
class TicketQueued:
    """``position`` counts from 1 among the queue's waiting tickets at that moment; 0: not counted, the place is an old one.

    ``joined_at`` decides the place. ``expected_wait``: seconds until it is connected, None while nothing is known.
    ``turned_away``: the queues that were asked before.
    """

    ticket: TicketId
    queue: QueueId
    joined_at: float
    position: int
    expected_wait: float | None = None
    turned_away: tuple[TurnedAway, ...] = ()


@dataclass(slots=True)
class TicketMoved:
    """A ticket flows from one queue to another; its ``TicketQueued`` there follows."""

    ticket: TicketId
    queue: QueueId
    to: QueueId
    cause: OverflowCause


@dataclass(slots=True)
class TicketRequeued:
    """A ticket stands in this queue's line now (again, if it was connected), with the time of joining that it had."""

    ticket: TicketId
    queue: QueueId
    joined_at: float
    position: int


@dataclass(slots=True)
class TicketReserved:
    """The ticket is kept for the agent ``until`` then (None: as long as it waits)."""

    ticket: TicketId
    agent: AgentId
    until: float | None


@dataclass(slots=True)
class ReservationEnded:
    """The ticket is everybody's again. Not said when it ends with an offer or with the ticket."""

    ticket: TicketId
    agent: AgentId


class TicketResult(StrEnum):
    COMPLETED = "completed"  # was connected, and the call is over
    ABANDONED = "abandoned"
    FLOWED_OUT = "flowed_out"  # carry out the overflow
    WITHDRAWN = "withdrawn"  # ended by the system or a supervisor


@dataclass(slots=True)
class TicketEnded:
    ticket: TicketId
    queue: QueueId
    result: TicketResult
    overflow: Overflow | None = None  # set for FLOWED_OUT, as is the cause
    cause: OverflowCause | None = None
    turned_away: tuple[TurnedAway, ...] = ()  # queues that were asked to take it


class OfferResult(StrEnum):
    CONNECTED = "connected"
    FAILED = "failed"  # with a cause
    CANCELLED = "cancelled"  # withdrawn for a reason that is not the agent's


@dataclass(slots=True)
class OfferEnded:
    """One offer is over (also when it became a call). ``ring_seconds`` since it was made."""

    offer: OfferId
    ticket: TicketId
    agent: AgentId
    result: OfferResult
    cause: FailureCause | None
    ring_seconds: float


@dataclass(slots=True)
class AgentChanged:
    """The agent's new routing state, and the interval that it closes (``previous`` from ``since`` until now)."""

    agent: AgentId
    status: AgentStatus
    pause_reason: str | None
    pending_status: AgentStatus | None
    state: RoutingState
    previous: RoutingState
    previous_since: float
    previous_pause_reason: str | None
    ticket: TicketId | None  # what the agent is occupied with now (offer, call or wrap-up)
    previous_ticket: TicketId | None
    active: int
    capacity: int
    wrap_up_until: float | None
    outside_calls: int = 0
    pause_overdue: bool = False
    forced_by: str | None = None


class AgentIncident(StrEnum):
    """What befell an agent besides a change of state, or why that change came."""

    AUTO_PAUSED = "auto_paused"  # after calls missed in a row
    PAUSE_OVERDUE = "pause_overdue"  # the pause has lasted as long as its reason allows
    FORCED = "forced"  # somebody else set the status


@dataclass(slots=True)
class AgentNoted:
    """``reason``: of the pause. ``queue``, ``misses`` and ``cause`` (of the last one) for ``AUTO_PAUSED``; ``by`` and
    ``status`` for ``FORCED``.
    """

    agent: AgentId
    incident: AgentIncident
    reason: str | None = None
    queue: QueueId | None = None
    misses: int = 0
    cause: FailureCause | None = None
    status: AgentStatus | None = None
    by: str | None = None


@dataclass(slots=True)
class DispositionGiven:
    """What came of a call, in a word; ``agent_rules.NO_CODE`` when its wrap-up ended without one that was asked for."""

    ticket: TicketId
    queue: QueueId
    agent: AgentId
    code: str
    note: str | None = None


@dataclass(slots=True)
class QueueChanged:
    """Whether the queue takes calls. ``cause`` None: it does. ``reason``: a supervisor's words."""

    queue: QueueId
    cause: OverflowCause | None
    reason: str = ""


class RefusalReason(StrEnum):
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_TICKET = "unknown_ticket"
    UNKNOWN_OFFER = "unknown_offer"
    DUPLICATE_TICKET = "duplicate_ticket"
    # A queue that does not take the call: the same words as ``OverflowCause``.
    QUEUE_FULL = "queue_full"
    EXPECTED_WAIT = "expected_wait"
    NONE_LOGGED_IN = "none_logged_in"
    NONE_READY = "none_ready"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    EMERGENCY = "emergency"
    NOT_IN_WRAP_UP = "not_in_wrap_up"
    NOT_POSSIBLE_NOW = "not_possible_now"
    UNKNOWN_PAUSE_REASON = "unknown_pause_reason"
    PAUSE_LIMIT = "pause_limit"
    WRAP_UP_LIMIT = "wrap_up_limit"
    DISPOSITION_REQUIRED = "disposition_required"
    WRONG_QUEUE = "wrong_queue"


@dataclass(slots=True)
class Refused:
    """The command changed nothing. ``detail`` is one sentence for a person.

    Where queues would not take a call, ``turned_away`` says which, and ``overflow`` what becomes of it.
    """

    reason: RefusalReason
    detail: str
    overflow: Overflow | None = None
    turned_away: tuple[TurnedAway, ...] = ()


Output = (
    MakeOffer | WithdrawOffer | TicketQueued | TicketMoved | TicketEnded | OfferEnded | AgentChanged | AgentNoted
    | DispositionGiven | QueueChanged
    | TicketRequeued | TicketReserved | ReservationEnded | Refused
)  # fmt: skip
