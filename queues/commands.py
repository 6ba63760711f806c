"""What the engine can be told. Every command is small, serialisable and says what happened, not what to do about it."""

from dataclasses import dataclass

from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, OfferId, QueueConfig, QueueId, TicketId

__all__ = [
    "Abandon", "CallEnded", "Command", "ConfigureAgent", "ConfigureQueue", "Connected", "EndWrapUp", "Enqueue",
    "ExtendWrapUp", "OfferAnswered", "OfferFailed", "OfferRinging", "RemoveAgent", "RemoveQueue", "SetPriority",
    "SetReachable", "SetReady", "SetStatus", "Withdraw",
]  # fmt: skip


@dataclass(slots=True)
class ConfigureQueue:
    """Add a queue or replace its configuration; waiting calls, offers and agents' states stay as they are."""

    queue: QueueConfig


@dataclass(slots=True)
class RemoveQueue:
    """Take a queue out: its waiting tickets end as ``withdrawn``; calls already connected go on."""

    queue: QueueId


@dataclass(slots=True)
class ConfigureAgent:
    """Add an agent (logged out until told otherwise) or replace its configuration, its state untouched."""

    agent: AgentConfig


@dataclass(slots=True)
class RemoveAgent:
    """Take an agent out: its offers fail as unreachable; a call in hand goes on and is forgotten when it ends."""

    agent: AgentId


@dataclass(slots=True)
class SetStatus:
    """The agent's intent. During a call or offer a pause or log-out is kept as pending and applied after it."""

    agent: AgentId
    status: AgentStatus
    pause_reason: str | None = None


@dataclass(slots=True)
class SetReachable:
    agent: AgentId
    reachable: bool


@dataclass(slots=True)
class Enqueue:
    """A ticket enters a queue. ``ready`` False: it holds its place in line but is not offered before ``SetReady``."""

    ticket: TicketId
    queue: QueueId
    priority: int = 0
    ready: bool = True


@dataclass(slots=True)
class SetReady:
    ticket: TicketId
    ready: bool = True


@dataclass(slots=True)
class SetPriority:
    ticket: TicketId
    priority: int


@dataclass(slots=True)
class Abandon:
    """The caller left before being connected."""

    ticket: TicketId


@dataclass(slots=True)
class Withdraw:
    """The system or a supervisor ends a ticket that is not connected."""

    ticket: TicketId


@dataclass(slots=True)
class OfferRinging:
    offer: OfferId


@dataclass(slots=True)
class OfferAnswered:
    """The agent accepted: no ring time-out any more, the bridge is being built."""

    offer: OfferId


@dataclass(slots=True)
class OfferFailed:
    """``ready`` False: the ticket keeps its place but is not offered again before ``SetReady`` (it is being parked)."""

    offer: OfferId
    cause: FailureCause
    ready: bool = True


@dataclass(slots=True)
class Connected:
    """Caller and agent talk. Also accepted straight after ``OfferRinging`` or the offer itself."""

    offer: OfferId


@dataclass(slots=True)
class CallEnded:
    """A connected ticket's call is over: the agent goes to wrap-up."""

    ticket: TicketId


@dataclass(slots=True)
class EndWrapUp:
    agent: AgentId


@dataclass(slots=True)
class ExtendWrapUp:
    agent: AgentId
    seconds: float


Command = (
    ConfigureQueue | RemoveQueue | ConfigureAgent | RemoveAgent | SetStatus | SetReachable | Enqueue | SetReady
    | SetPriority | Abandon | Withdraw | OfferRinging | OfferAnswered | OfferFailed | Connected | CallEnded | EndWrapUp
    | ExtendWrapUp
)  # fmt: skip
