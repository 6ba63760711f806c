"""The engine's live state as rows for a journal, one per ticket, agent and offer, and what changed since last asked.

Rows are plain values of scalars with a schema ``version``. Offers' rows are written for whoever reads the journal; a
restored engine forgets its offers, so that they are only deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from queues.agents.agent import Agent
from queues.floor.doors import Door
from queues.floor.offer import Offer
from queues.floor.places import Places
from queues.lines.lines import Ticket
from queues.lines.waits import UNSEEN, QueueWaits
from queues.model import AgentId, AgentStatus, OfferId, Overflow, QueueId, RoutingState, TicketId, TicketState
from queues.outputs import Change
from queues.rules.agent_rules import WrappedCall
from queues.rules.requirements import Requirement

__all__ = [
    "ROWS", "AgentRow", "Dirty", "OfferRow", "PlaceRow", "QueueRow", "TicketRow", "WaitsRow", "agent_row", "door_changes",
    "offer_row", "ticket_row", "waits_key", "waits_row",
]  # fmt: skip


@dataclass(slots=True)
class TicketRow:
    queue: QueueId
    state: TicketState
    priority: int
    joined_at: float
    sequence: int
    ready: bool
    flow_out_at: float | None
    agent: AgentId | None
    call_order: int
    met: int = UNSEEN
    entered_at: float = 0.0
    version: int = 1
    wrap_up_seconds: float | None = None
    coded: bool = False
    visited: tuple[QueueId, ...] = ()
    caller: str | None = None
    connected_at: float | None = None
    requirements: tuple[Requirement, ...] = ()
    reserved_for: AgentId | None = None
    reserved_until: float | None = None
    reserved_first: bool = False
    reserved_holds: bool = False
    reserved_seconds: float | None = None
    callback: bool = False

    def values(self) -> tuple[object, ...]:
        """As they are written: in order, the last ones not where they are the defaults."""
        first = (
            self.queue, self.state, self.priority, self.joined_at, self.sequence, self.ready, self.flow_out_at,
            self.agent, self.call_order, self.met, self.entered_at, self.version, self.wrap_up_seconds, self.coded,
            self.visited, self.caller, self.connected_at, self.requirements,
        )  # fmt: skip
        reserved = self.reserved_for is not None or self.reserved_until is not None or self.reserved_seconds is not None
        if not (reserved or self.reserved_first or self.reserved_holds or self.callback):
            return first
        return (
            *first, self.reserved_for, self.reserved_until, self.reserved_first, self.reserved_holds,
            self.reserved_seconds, self.callback,
        )  # fmt: skip


@dataclass(slots=True)
class QueueRow:
    """A queue that a supervisor closed."""

    since: float
    reason: str
    overflow: Overflow | None
    version: int = 1


@dataclass(slots=True)
class PlaceRow:
    """A place kept for a caller who may call again."""

    queue: QueueId
    caller: str
    joined_at: float
    until: float
    version: int = 1


@dataclass(slots=True)
class AgentRow:
    """``state``, ``ticket`` and ``told_at`` are what was last told of the agent: a restart closes that interval."""

    status: AgentStatus
    pause_reason: str | None
    pending_status: AgentStatus | None
    pending_reason: str | None
    reachable: bool
    idle_since: float
    idle_order: int
    wrap_up_until: float | None
    wrap_up_ticket: TicketId | None
    delay_until: float | None
    state: RoutingState
    since: float
    ticket: TicketId | None
    told_at: float
    version: int = 1
    wrap_up_calls: tuple[WrappedCall, ...] = ()
    wrap_up_latest: float | None = None
    misses: int = 0
    paused_at: float | None = None
    pause_overdue: bool = False
    forced_by: str | None = None
    told_outside: int = 0
    calls: int = 0
    talk_seconds: float = 0.0
    last_offers: dict[QueueId, int] = field(default_factory=dict)

    def values(self) -> tuple[object, ...]:
        """As they are written, in order."""
        return (
            self.status, self.pause_reason, self.pending_status, self.pending_reason, self.reachable, self.idle_since,
            self.idle_order, self.wrap_up_until, self.wrap_up_ticket, self.delay_until, self.state, self.since,
            self.ticket, self.told_at, self.version, self.wrap_up_calls, self.wrap_up_latest, self.misses,
            self.paused_at, self.pause_overdue, self.forced_by, self.told_outside, self.calls, self.talk_seconds,
            self.last_offers,
        )  # fmt: skip


@dataclass(slots=True)
class OfferRow:
    ticket: TicketId
    agent: AgentId
    made_at: float
    ring_until: float
    version: int = 1


@dataclass(slots=True)
class WaitsRow:
    """What a queue has learnt of one priority class (see ``waits``). ``means``: bin, value, samples."""

    queue: QueueId
    priority: int
    last: float
    gap: float
    gap_samples: int
    served_at: float
    means: tuple[tuple[int, float, int], ...]
    version: int = 1


_Row = TicketRow | AgentRow | OfferRow | WaitsRow | QueueRow | PlaceRow

ROWS: Final[dict[str, type[_Row]]] = {
    "ticket": TicketRow,
    "agent": AgentRow,
    "offer": OfferRow,
    "waits": WaitsRow,
    "queue": QueueRow,
    "place": PlaceRow,
}
"""Row types by the name of their table."""


class Dirty:
    """Which rows changed since the last look; their content is read only then, so that changes coalesce."""

    __slots__ = ("agents", "offers", "queues", "tickets", "waits")

    def __init__(self) -> None:
        self.tickets: dict[TicketId, None] = {}
        self.agents: dict[AgentId, None] = {}
        self.offers: dict[OfferId, None] = {}
        self.waits: dict[tuple[QueueId, int], None] = {}
        self.queues: dict[QueueId, None] = {}

    def clear(self) -> None:
        if self.tickets:
            self.tickets.clear()
        if self.agents:
            self.agents.clear()
        if self.offers:
            self.offers.clear()
        if self.waits:
            self.waits.clear()
        if self.queues:
            self.queues.clear()


def ticket_row(ticket: Ticket) -> TicketRow:
    row = TicketRow(
        ticket.line.config.id, ticket.state, ticket.priority, ticket.joined_at, ticket.sequence, ticket.ready,
        ticket.flow_out_at, ticket.agent, ticket.call_order, ticket.met, ticket.entered_at,
        1, ticket.wrap_up_seconds, ticket.coded, ticket.visited, ticket.caller, ticket.connected_at,
        ticket.requirements,
    )  # fmt: skip
    row.callback = ticket.callback
    kept = ticket.reservation
    if kept is not None:
        row.reserved_for, row.reserved_until = kept.agent, kept.until
        row.reserved_first, row.reserved_holds, row.reserved_seconds = kept.first, kept.holds, kept.seconds
    return row


def agent_row(agent: Agent) -> AgentRow:
    pending, wrap_up, told, tally = agent.pending, agent.wrap_up, agent.told, agent.tally
    return AgentRow(
        agent.status, agent.pause_reason,
        pending[0] if pending is not None else None, pending[1] if pending is not None else None,
        agent.reachable, agent.idle[0], agent.idle[1],
        wrap_up.until if wrap_up is not None else None, wrap_up.ticket if wrap_up is not None else None,
        agent.delay.until if agent.delay is not None else None,
        told.picture.state, told.since, told.picture.ticket, told.at,
        wrap_up_calls=wrap_up.calls if wrap_up is not None else (),
        wrap_up_latest=wrap_up.latest if wrap_up is not None else None,
        misses=agent.misses, paused_at=agent.paused_at, pause_overdue=agent.pause_overdue, forced_by=agent.forced_by,
        told_outside=agent.told_outside,
        calls=tally.calls, talk_seconds=tally.talk_seconds, last_offers=dict(tally.last_offers),
    )  # fmt: skip


def offer_row(offer: Offer) -> OfferRow:
    return OfferRow(offer.ticket.id, offer.agent.config.id, offer.made_at, offer.ring_until)


def waits_key(queue: QueueId, priority: int) -> str:
    return f"{queue}/{priority}"


def waits_row(queue: QueueId, waits: QueueWaits, priority: int) -> WaitsRow:
    found = waits.classes[priority]
    means = tuple((bin_, mean.value, mean.samples) for bin_, mean in found.means.items())
    return WaitsRow(queue, priority, found.last, waits.gap.value, waits.gap.samples, waits.served_at, means)


def door_changes(doors: Mapping[QueueId, Door], places: Places, dirty: Dirty) -> list[Change]:
    """Rows of the queues that were closed or opened, and of the places that are kept or not any more."""
    changes: list[Change] = []
    for queue in dirty.queues:
        door = doors.get(queue)
        closure = None if door is None else door.closure
        row = None if closure is None else QueueRow(closure.since, closure.reason, closure.overflow)
        changes.append(("queue", queue, row))
    for key in places.dirty:
        place = places.kept.get(key)
        kept = None if place is None else PlaceRow(place.queue, place.caller, place.joined_at, place.until)
        changes.append(("place", key, kept))
    places.dirty.clear()
    return changes
