"""What REST and the importer may ask of the live core, and the gateway they ask through.

A handler never sees live objects: it submits a command, gets a reply, and reads projections.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from app.configuration import ConfigObject, ObjectKind
from queues.insight.explain import Explanation, StillWaiting
from queues.model import Overflow

__all__ = [
    "AgentCommand", "AssignCall", "CancelCallback", "CloseQueue", "Configure", "DispatchCommand", "Done", "EndWrapUp",
    "ExplainCall", "Explained", "ExtendWrapUp", "Gateway", "HangUp", "LiveCommand", "MoveCallToFront", "OpenQueue",
    "QueueCommand", "RefusedReply", "ReleaseCall", "RemoveBinding", "Reply", "RequestCallback", "RequeueCall",
    "ReserveCall", "SetAgentState", "SetCallPriority", "SetCallWrapUp", "SetDisposition", "SetOutsideCalls",
    "Unconfigure", "WithdrawCall",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Configure:
    """Add or replace one configuration object; ids are stable, names may change."""

    item: ConfigObject


@dataclass(frozen=True, slots=True)
class Unconfigure:
    kind: ObjectKind
    id: str


@dataclass(frozen=True, slots=True)
class SetAgentState:
    """``address``: the phone at which the agent logs in. ``force``: at once, in the name of ``by``."""

    agent: str
    status: Literal["available", "paused", "logged_out"]
    pause_reason: str | None = None
    address: str | None = None
    force: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    """``force``: although a call still needs its disposition."""

    agent: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    agent: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SetOutsideCalls:
    """How many calls the agent is in that came from no queue, by the word of another system."""

    agent: str
    count: int


@dataclass(frozen=True, slots=True)
class SetDisposition:
    """``call`` None: the one that the agent wraps up or talks in. ``code``: a disposition's name or id."""

    agent: str
    call: str | None
    code: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SetCallWrapUp:
    """How long the wrap-up after this call will be. ``agent``: only if it is this agent's call."""

    call: str
    seconds: float
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class CloseQueue:
    """A supervisor closes a queue, until ``OpenQueue``; ``overflow`` None: what it has for an emergency."""

    queue: str
    reason: str = ""
    overflow: Overflow | None = None
    also_waiting: bool = False


@dataclass(frozen=True, slots=True)
class OpenQueue:
    queue: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a live call, whatever its state (a supervisor's act: outcome ``system`` if it was waiting)."""

    call: str


@dataclass(frozen=True, slots=True)
class SetCallPriority:
    call: str
    priority: int


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Call ``number`` back for this queue when its turn comes, not before ``not_before``; ``id`` is made by the asker."""

    id: str
    queue: str
    number: str
    priority: int = 0
    not_before: float | None = None


@dataclass(frozen=True, slots=True)
class CancelCallback:
    id: str


@dataclass(frozen=True, slots=True)
class AssignCall:
    """The waiting call is this agent's next; for ``seconds`` (None: while it waits) nobody else is offered it.

    ``at_once``: refused unless the agent can take it now. Skills do not matter: a supervisor knows better.
    """

    call: str
    agent: str
    seconds: float | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class ReserveCall:
    """Keep waiting call and agent for each other, for ``seconds``: neither gets anything else meanwhile."""

    call: str
    agent: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReleaseCall:
    """The waiting call is kept for nobody any more."""

    call: str


@dataclass(frozen=True, slots=True)
class RequeueCall:
    """To another queue (None: its own), the time of joining kept; a call that is talked leaves its agent for the line."""

    call: str
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class MoveCallToFront:
    call: str


@dataclass(frozen=True, slots=True)
class WithdrawCall:
    """Take a waiting call out of its queue, and hang it up."""

    call: str


@dataclass(frozen=True, slots=True)
class ExplainCall:
    """Why the call's offers went to whom they went, and what it waits for; changes nothing. Answered by ``Explained``."""

    call: str


DispatchCommand = AssignCall | ReserveCall | ReleaseCall | RequeueCall | MoveCallToFront | WithdrawCall
"""A supervisor's hand in the lines."""


@dataclass(frozen=True, slots=True)
class RemoveBinding:
    """Forget where a phone is registered: the binding ``ruid`` of an address-of-record, None: all of them."""

    aor: str
    ruid: str | None = None


AgentCommand = SetAgentState | EndWrapUp | ExtendWrapUp | SetOutsideCalls | SetDisposition | SetCallWrapUp
"""What agents and their supervisors ask for."""

QueueCommand = CloseQueue | OpenQueue
"""A supervisor's word on a queue."""

LiveCommand = (
    Configure | Unconfigure | AgentCommand | HangUp | SetCallPriority | DispatchCommand | ExplainCall | RemoveBinding
    | QueueCommand
    | RequestCallback | CancelCallback
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """Carried out and committed to the journal."""


@dataclass(frozen=True, slots=True)
class RefusedReply:
    """Nothing changed. ``status`` 404 (unknown) or 409 (impossible now); ``detail`` one sentence for a person."""

    status: Literal[404, 409]
    reason: str
    detail: str
    allowed_transitions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of a call's decisions: nothing, where none are kept."""

    decisions: tuple[Explanation, ...] = ()
    waiting: StillWaiting | None = None


Reply = Done | RefusedReply | Explained


class Gateway(Protocol):
    async def submit(self, command: LiveCommand) -> Reply:
        """Carry out the command in the live core's next turn; returns after its journal commit."""
