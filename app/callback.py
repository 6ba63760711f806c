"""A callback as it lives: journalled (table ``live_callback``) until its caller is reached, or it is given up."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Callback", "CallbackSource"]

CallbackSource = Literal["key", "overflow", "rest"]


@dataclass(slots=True, eq=False)
class Callback:
    """``joined_at``: the place in line. ``attempts``: how often the customer was dialled; ``offer``: held meanwhile.

    ``agent_first``: the agent is rung before the customer, whose leg is ``leg``.

    Its id is that of its ticket, and of the call that comes of it. Instants are seconds since the epoch.
    """

    id: str
    queue: str
    number: str
    priority: int
    source: CallbackSource
    requested_at: float
    joined_at: float
    expires_at: float
    next_at: float | None = None  # not dialled before
    attempts: int = 0
    dialling: bool = False
    offer: str | None = None
    agent: str | None = None
    version: int = 1
    agent_first: bool = False
    leg: str | None = None
