"""Configuration of the engine, frozen: queues, agents, and the vocabulary of states and causes.

Durations are seconds (float), instants seconds since the epoch (float). Field names are REST's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from queues.rules.overflow import Limits, Opening, Overflow, OverflowAction, OverflowCause
from queues.rules.requirements import Membership, RelaxationStep, Requirement, TierRules
from queues.rules.sticky import StickyPolicy

__all__ = [
    "AgentConfig", "AgentId", "AgentStatus", "Delays", "FailureCause", "Limits", "OfferId", "Opening", "Overflow",
    "OverflowAction", "OverflowCause", "QueueConfig", "QueueId", "Requirement", "RoutingState", "TicketId", "TicketState",
]  # fmt: skip

QueueId = NewType("QueueId", str)
AgentId = NewType("AgentId", str)
TicketId = NewType("TicketId", str)
OfferId = NewType("OfferId", str)


class AgentStatus(StrEnum):
    """What an agent intends."""

    AVAILABLE = "available"
    PAUSED = "paused"
    LOGGED_OUT = "logged_out"


class RoutingState(StrEnum):
    """What is so, by precedence: the first that applies, from the top, is the agent's routing state."""

    OFFLINE = "offline"  # logged out, with nothing in hand
    UNREACHABLE = "unreachable"  # no way to ring the agent (not registered)
    ON_CALL = "on_call"
    RINGING = "ringing"
    RESERVED = "reserved"  # an offer was made, the phone does not ring yet
    WRAP_UP = "wrap_up"
    NOT_RESPONDING = "not_responding"  # in the delay after a failed offer
    PAUSED = "paused"
    IDLE = "idle"


class FailureCause(StrEnum):
    """Why an offer did not become a call."""

    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CONNECT_FAILED = "connect_failed"  # the agent answered, the bridge did not come to stand


class TicketState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds an agent is left alone after a failed offer, by cause; never less than 1, whatever is configured.

    The peers' immediate re-offer loop is a trap.
    """

    busy: float = 10.0
    rejected: float = 10.0
    no_answer: float = 15.0
    unreachable: float = 30.0
    connect_failed: float = 2.0

    def of(self, cause: FailureCause) -> float:
        return float(getattr(self, cause.value))


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """A queue. ``priority`` is added to each call's own; ``max_wait`` and ``max_length`` None mean no limit.

    ``weight``: between queues whose calls have the same points, a wait counts ``weight`` times. ``overflow_on``: the
    actions of causes that ``overflow`` is not for. ``place_return_seconds``: a caller who hangs up and calls again within
    them has the old place. ``groups``: agents of these groups only (None: of any or none). ``tier_rules`` None: every tier
    is open at once. ``prefer_skilled``: an agent further above the required levels comes before the strategy is asked.
    """

    id: QueueId
    name: str
    requirements: tuple[Requirement, ...] = ()
    priority: int = 0
    strategy: str = "longest-idle"
    ring_seconds: float = 20.0
    wrap_up_seconds: float = 0.0
    max_wait: float | None = 600.0
    max_length: int | None = None
    overflow: Overflow = field(default_factory=Overflow)
    delays: Delays = field(default_factory=Delays)
    ring_at_most: int = 20  # phones for one call, where the strategy lets several ring
    ring_step_seconds: float = 5.0  # until it lets more of them ring
    ageing: float = 0.0  # points of priority that a call gains for each second of its wait
    weight: float = 1.0
    max_wrap_up_seconds: float | None = None  # bounds a call's or agent's own wrap-up, and extensions
    disposition_required: bool = False  # a wrap-up is not ended by the agent before the call has a disposition
    pause_after_misses: int | None = None  # calls in a row that an agent did not take; None: never paused for it
    miss_causes: tuple[FailureCause, ...] = (FailureCause.NO_ANSWER, FailureCause.REJECTED, FailureCause.UNREACHABLE)
    missed_pause_reason: str = "missed calls"
    overflow_on: Mapping[OverflowCause, Overflow] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    place_return_seconds: float = 0.0
    groups: frozenset[str] | None = None
    relaxation: tuple[RelaxationStep, ...] = ()
    tier_rules: TierRules | None = None
    prefer_skilled: bool = False
    sticky: StickyPolicy | None = None


_PLAIN: Final = Membership()


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """An agent. ``queues`` None: serves every queue whose requirements the agent meets; else only those named.

    ``wrap_up_seconds`` and ``pause_after_misses`` None: the queue's; ``pause_after_misses`` 0: never.
    ``members``: how the agent belongs to a queue, where that is not the default way.
    """

    id: AgentId
    name: str
    skills: Mapping[str, int] = field(default_factory=dict)
    queues: frozenset[QueueId] | None = None
    capacity: int = 1
    groups: frozenset[str] = frozenset()
    wrap_up_seconds: float | None = None
    pause_after_misses: int | None = None
    members: Mapping[QueueId, Membership] = field(default_factory=dict)

    def membership(self, queue: QueueId) -> Membership | None:
        """None: the agent does not belong to the queue."""
        if self.queues is not None and queue not in self.queues:
            return None
        return self.members.get(queue, _PLAIN) if self.members else _PLAIN
