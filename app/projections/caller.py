"""A live call as the steps of its life tell it: what the live picture keeps of it."""

from dataclasses import dataclass, field
from typing import Final

from app.projections.line import Place
from app.projections.views import CallState

__all__ = ["Caller", "Ringing"]

_GROUPS: Final[dict[CallState, str]] = {
    "queued": "waiting", "parked": "waiting", "offered": "offered", "connecting": "offered", "bridged": "connected",
}  # fmt: skip


@dataclass(slots=True)
class Ringing:
    """A phone that rings for a call, ``since`` it was offered."""

    offer: str
    agent: str
    since: float


@dataclass(slots=True, eq=False)
class Caller:
    """``app.projections.views.CallView`` says what the fields are. ``ringing``: the offers that are up, by id, the first one
    first; ``parked``: it has a media session; ``place``: where it stands in line, None: in none.
    """

    id: str
    caller: str
    called: str
    arrived_at: float
    state: CallState = "arrived"
    queue: str | None = None
    priority: int = 0
    queued_at: float | None = None
    joined_at: float | None = None
    agent: str | None = None
    connected_at: float | None = None
    offer: str | None = None
    offers: int = 0
    reserved_for: str | None = None
    ringing: dict[str, Ringing] = field(default_factory=dict)
    parked: bool = False
    place: Place | None = None

    def stands(self) -> Place | None:
        """The place that is the caller's by what was told last; None for one who is in no queue (yet, or any more)."""
        group = _GROUPS.get(self.state)
        if group is None or self.queue is None or self.queued_at is None:
            return None
        joined_at = self.queued_at if self.joined_at is None else self.joined_at
        return Place(self.queue, group, self.priority, self.queued_at, self.id, joined_at)
