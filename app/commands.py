"""What REST and the importer may ask of the live core, and the gateway they ask through.

A handler never sees live objects: it submits a command, gets a reply, and reads projections.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from app.configuration import ConfigObject, ObjectKind

__all__ = [
    "Configure", "Done", "EndWrapUp", "ExtendWrapUp", "Gateway", "HangUp", "LiveCommand", "RefusedReply", "Reply",
    "SetAgentState", "SetCallPriority", "Unconfigure",
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
    agent: str
    status: Literal["available", "paused", "logged_out"]
    pause_reason: str | None = None


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    agent: str


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    agent: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a live call, whatever its state (a supervisor's act: outcome ``system`` if it was waiting)."""

    call: str


@dataclass(frozen=True, slots=True)
class SetCallPriority:
    call: str
    priority: int


LiveCommand = Configure | Unconfigure | SetAgentState | EndWrapUp | ExtendWrapUp | HangUp | SetCallPriority


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


Reply = Done | RefusedReply


class Gateway(Protocol):
    async def submit(self, command: LiveCommand) -> Reply:
        """Carry out the command in the live core's next turn; returns after its journal commit."""
