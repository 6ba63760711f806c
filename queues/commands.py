"""What the engine can be told. Every command is small, serialisable and says what happened, not what to do about it."""

from dataclasses import dataclass

from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    FailureCause,
    OfferId,
    Opening,
    Overflow,
    QueueConfig,
    QueueId,
    TicketId,
)
from queues.rules.agent_rules import PauseReason, PauseReasonId
from queues.rules.requirements import Requirement

__all__ = [
    "Abandon", "AssignTicket", "CallEnded", "CallbackReached", "CloseQueue", "Command", "ConfigureAgent",
    "ConfigurePauseReason", "ConfigureQueue", "Connected", "EndWrapUp", "Enqueue", "EnqueueCallback", "ExtendWrapUp",
    "HoldOffer", "MoveToFront", "OfferAnswered", "OfferFailed", "OfferRinging", "OpenQueue", "OutsideCalls",
    "ReleaseTicket", "RemoveAgent", "RemovePauseReason", "RemoveQueue", "RequeueTicket", "ReserveTicket",
    "ReturnOffer", "SetDisposition", "SetOpening", "SetPriority", "SetReachable", "SetReady", "SetStatus",
    "SetWrapUp", "Withdraw",
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
    """The agent's intent. During a call or offer a pause or log-out is kept as pending and applied after it.

    ``force``: now, whatever the agent does: offers are withdrawn, wrap-up and delay end, a call in hand goes on. ``by``:
    who forces it.
    """

    agent: AgentId
    status: AgentStatus
    pause_reason: str | None = None
    force: bool = False
    by: str | None = None


@dataclass(slots=True)
class SetReachable:
    agent: AgentId
    reachable: bool


@dataclass(slots=True)
class OutsideCalls:
    """How many calls that are not ours to give the agent is in, so that it is offered none of ours.

    ``seen``: counted by ourselves from signalling; else told by another system. The two are kept apart.
    """

    agent: AgentId
    count: int
    seen: bool = False


@dataclass(slots=True)
class ConfigurePauseReason:
    """Add a reason for pauses or replace it."""

    reason: PauseReason


@dataclass(slots=True)
class RemovePauseReason:
    reason: PauseReasonId


@dataclass(slots=True)
class SetOpening:
    """What the calendar says of the queue from now on. ``also_waiting``: if closed, those who wait leave too."""

    queue: QueueId
    opening: Opening
    also_waiting: bool = False


@dataclass(slots=True)
class CloseQueue:
    """A supervisor closes the queue, whatever the calendar says, until ``OpenQueue``; what was said before is replaced.

    ``overflow`` None: what the queue has for an emergency. ``also_waiting``: those who wait leave too.
    """

    queue: QueueId
    reason: str = ""
    overflow: Overflow | None = None
    also_waiting: bool = False


@dataclass(slots=True)
class OpenQueue:
    """The end of a ``CloseQueue``."""

    queue: QueueId


@dataclass(slots=True)
class Enqueue:
    """A ticket enters a queue. ``ready`` False: it holds its place in line but is not offered before ``SetReady``.

    ``caller``: whoever abandons and enters again by this name soon enough has the old place (None: nobody).
    ``requirements``: the call's own, beside the queue's; of a skill that is named twice the higher level counts.
    ``preferred``: the agent for whom the queue's ``sticky`` policy keeps the ticket for a while.
    """

    ticket: TicketId
    queue: QueueId
    priority: int = 0
    ready: bool = True
    wrap_up_seconds: float | None = None  # after this call; None: the agent's or the queue's
    caller: str | None = None
    requirements: tuple[Requirement, ...] = ()
    preferred: AgentId | None = None


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
    """``force``: although a call still needs its disposition."""

    agent: AgentId
    force: bool = False


@dataclass(slots=True)
class ExtendWrapUp:
    agent: AgentId
    seconds: float


@dataclass(slots=True)
class SetWrapUp:
    """The wrap-up that will follow this ticket's call; None: the agent's or the queue's."""

    ticket: TicketId
    seconds: float | None


@dataclass(slots=True)
class SetDisposition:
    """What came of a call that the agent has in hand or wraps up; ``ticket`` None: the present one.

    ``queues``: those whose calls the code is for, None: any.
    """

    agent: AgentId
    ticket: TicketId | None
    code: str
    note: str | None = None
    queues: frozenset[QueueId] | None = None


@dataclass(slots=True)
class AssignTicket:
    """The ticket is this agent's next call, whoever else waits; nobody else is offered it ``until`` then (None: at all).

    ``at_once``: refused unless the agent can take it now.
    """

    ticket: TicketId
    agent: AgentId
    until: float | None = None
    at_once: bool = False


@dataclass(slots=True)
class ReserveTicket:
    """Keep ticket and agent for each other until then: neither gets anything else meanwhile."""

    ticket: TicketId
    agent: AgentId
    until: float


@dataclass(slots=True)
class ReleaseTicket:
    """A ticket kept for an agent is everybody's again."""

    ticket: TicketId


@dataclass(slots=True)
class RequeueTicket:
    """Into another queue's line (None: its own), keeping the time of joining. A connected one leaves its agent.

    ``ready`` False: a connected one is not offered before ``SetReady``.
    """

    ticket: TicketId
    queue: QueueId | None = None
    ready: bool = True


@dataclass(slots=True)
class MoveToFront:
    """The ticket is the next of its queue to be served."""

    ticket: TicketId


@dataclass(slots=True)
class EnqueueCallback:
    """A ticket without a call takes the place that ``joined_at`` gives (None: the last). No limit keeps it out."""

    ticket: TicketId
    queue: QueueId
    priority: int = 0
    joined_at: float | None = None
    ready: bool = True


@dataclass(slots=True)
class HoldOffer:
    """The offer's time is over ``until`` then: its caller is being dialled, or the agent is rung only now."""

    offer: OfferId
    until: float


@dataclass(slots=True)
class ReturnOffer:
    """Take the offer back without blame: the ticket's caller was not reached. It is not ready before ``SetReady``."""

    offer: OfferId


@dataclass(slots=True)
class CallbackReached:
    """The ticket has its call: from now on it is like any other, and ``max_wait`` begins."""

    ticket: TicketId


Command = (
    ConfigureQueue | RemoveQueue | ConfigureAgent | RemoveAgent | SetStatus | SetReachable | Enqueue | SetReady
    | SetPriority | Abandon | Withdraw | OfferRinging | OfferAnswered | OfferFailed | Connected | CallEnded | EndWrapUp
    | ExtendWrapUp | OutsideCalls | ConfigurePauseReason | RemovePauseReason | SetWrapUp | SetDisposition
    | ExtendWrapUp | SetOpening | CloseQueue | OpenQueue
    | AssignTicket | ReserveTicket | ReleaseTicket | RequeueTicket | MoveToFront
    | EnqueueCallback | HoldOffer | ReturnOffer | CallbackReached
)  # fmt: skip
