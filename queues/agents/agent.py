"""An agent: what it intends, has in hand and is kept by, and what the world was told of that."""

from dataclasses import dataclass, field

from queues.agents.staff import ABSENT, Presence
from queues.agents.tally import Tally
from queues.model import AgentConfig, AgentStatus, OfferId, QueueId, RoutingState, TicketId
from queues.rules.agent_rules import WrappedCall

__all__ = ["Agent", "IdlePlace", "Picture", "Spell", "Told", "WrapUp", "offline"]

IdlePlace = tuple[float, int]
"""Since when the agent is idle, and a number counting up with every agent that becomes idle."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the world is told of an agent; a difference makes an ``AgentChanged``."""

    status: AgentStatus
    pause_reason: str | None
    pending_status: AgentStatus | None
    state: RoutingState
    ticket: TicketId | None
    active: int
    capacity: int
    wrap_up_until: float | None
    outside_calls: int = 0
    pause_overdue: bool = False
    forced_by: str | None = None

    def differs(self, other: "Picture") -> bool:
        return (
            self.state is not other.state
            or self.status is not other.status
            or self.ticket != other.ticket
            or self.active != other.active
            or self.pause_reason != other.pause_reason
            or self.pending_status is not other.pending_status
            or self.capacity != other.capacity
            or self.wrap_up_until != other.wrap_up_until
            or self.outside_calls != other.outside_calls
            or self.pause_overdue != other.pause_overdue
            or self.forced_by != other.forced_by
        )


@dataclass(slots=True)
class Spell:
    """A time that an agent is kept from new calls: the delay after a failed offer; ``timer`` is its deadline."""

    until: float
    timer: int


@dataclass(slots=True)
class WrapUp:
    """The work after ``calls``, the last one last; ``latest``: the instant to which it may be extended."""

    until: float
    timer: int
    calls: tuple[WrappedCall, ...]
    latest: float | None = None

    @property
    def ticket(self) -> TicketId | None:
        return self.calls[-1].ticket if self.calls else None


@dataclass(slots=True)
class Told:
    """What was last told of an agent, the instant of that, and since when the routing state in it holds."""

    picture: Picture
    at: float
    since: float


@dataclass(slots=True, eq=False)
class Agent:
    """What the agent intends, has in hand and is kept by; ``idle`` is its place in the idle list."""

    config: AgentConfig
    told: Told
    idle: IdlePlace
    listed: int = 0  # counts up with every agent that is made known
    tally: Tally = field(default_factory=Tally)
    status: AgentStatus = AgentStatus.LOGGED_OUT
    pause_reason: str | None = None
    pending: tuple[AgentStatus, str | None] | None = None
    reachable: bool = True
    removed: bool = False  # not configured any more, but a call is still in hand
    offers: dict[OfferId, bool] = field(default_factory=dict)  # does it ring?
    calls: dict[TicketId, None] = field(default_factory=dict)
    wrap_up: WrapUp | None = None
    delay: Spell | None = None
    reserved: dict[TicketId, bool] = field(default_factory=dict)  # kept for the agent; is a slot held for it?
    serves: tuple[QueueId, ...] = ()
    place: int = 0  # number of its bit in audiences
    since: int = 0  # the version of who is who that its configuration came with
    counted: Presence = ABSENT  # as it was last noted
    stamp: int = 0  # of the entries in the rosters, 0 when there are none
    crowd: int = 15  # what keeps it from a call, as was last noted (see ``decisions``); 15: nothing was
    misses: int = 0  # calls in a row that were not taken
    paused_at: float | None = None
    pause_timer: int = 0  # of the reason's limit
    pause_overdue: bool = False
    forced_by: str | None = None  # who set the present status, if it was forced
    told_outside: int = 0  # outside calls that another system told of
    seen_outside: int = 0  # those that we see ourselves

    @property
    def outside(self) -> int:
        """Calls that are not ours to give."""
        return self.told_outside + self.seen_outside

    @property
    def occupied(self) -> int:
        """Slots in use: offers, calls, and one for a wrap-up."""
        return len(self.offers) + len(self.calls) + (self.wrap_up is not None)

    def presence(self) -> Presence:
        if self.removed or self.status is AgentStatus.LOGGED_OUT or not self.serves:
            return ABSENT
        return self.serves, True, self.status is AgentStatus.AVAILABLE and self.reachable and self.pending is None

    @property
    def free(self) -> bool:
        """May a call that is kept for the agent be offered now?"""
        return (
            self.occupied < self.config.capacity  # first: most agents are busy
            and self.status is AgentStatus.AVAILABLE
            and self.reachable
            and self.pending is None
            and self.delay is None
            and not self.removed
            and not self.outside
        )

    @property
    def held(self) -> int:
        """Slots that are kept for reserved tickets."""
        return sum(self.reserved.values()) if self.reserved else 0

    @property
    def open(self) -> bool:
        """May any call be offered now?"""
        return self.free and (not self.reserved or self.occupied + self.held < self.config.capacity)

    def rings(self) -> bool:
        """Does a phone of its offers ring?"""
        for rings in self.offers.values():  # noqa: SIM110 - compiled, the loop costs a third of any()
            if rings:
                return True
        return False

    def first_call(self) -> TicketId | None:
        for ticket in self.calls:
            return ticket
        return None

    def first_offer(self) -> OfferId | None:
        for offer in self.offers:
            return offer
        return None

    def routing_state(self) -> RoutingState:
        if self.status is AgentStatus.LOGGED_OUT and not self.occupied:
            return RoutingState.OFFLINE
        if not self.reachable:
            return RoutingState.UNREACHABLE
        if self.calls or self.outside:
            return RoutingState.ON_CALL
        if self.offers:
            return RoutingState.RINGING if self.rings() else RoutingState.RESERVED
        if self.wrap_up is not None:
            return RoutingState.WRAP_UP
        if self.delay is not None:
            return RoutingState.NOT_RESPONDING
        if self.status is AgentStatus.PAUSED:
            return RoutingState.PAUSED
        return RoutingState.RESERVED if self.held >= self.config.capacity else RoutingState.IDLE

    def picture(self, offered: TicketId | None) -> Picture:
        """``offered``: the ticket of the agent's first offer, if there is one."""
        wrap_up = self.wrap_up
        ticket = self.first_call() if self.calls else offered
        if ticket is None and wrap_up is not None:
            ticket = wrap_up.ticket
        return Picture(
            self.status, self.pause_reason, self.pending[0] if self.pending is not None else None,
            self.routing_state(), ticket, len(self.calls), self.config.capacity,
            wrap_up.until if wrap_up is not None else None, self.outside, self.pause_overdue, self.forced_by,
        )  # fmt: skip


def offline(config: AgentConfig) -> Picture:
    """Of an agent who is new here."""
    return Picture(AgentStatus.LOGGED_OUT, None, None, RoutingState.OFFLINE, None, 0, config.capacity, None)
