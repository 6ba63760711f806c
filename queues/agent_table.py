"""Agents: what each intends and has in hand, which queues each may serve, and who is open for a call now.

For every queue there is a roster: a heap, with lazy deletion, of the agents who are open and eligible for it, ranked by
the queue's strategy. An agent's entries are valid while they bear the agent's present stamp.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from queues.agent_rules import WrappedCall
from queues.model import AgentConfig, AgentId, AgentStatus, OfferId, QueueConfig, QueueId, RoutingState, TicketId
from queues.strategies import STRATEGIES, Rank, Standing
from queues.tally import Tally

__all__ = ["Agent", "AgentTable", "IdlePlace", "Picture", "Spell", "Told", "WrapUp"]

_SLACK: Final = 16


IdlePlace = tuple[float, int]
"""Since when the agent is idle, and a number counting up with every agent that becomes idle."""


class Picture(NamedTuple):
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
    stamp: int = 0  # of the entries in the rosters, 0 when there are none
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

    @property
    def free(self) -> bool:
        """May a call that is kept for the agent be offered now?"""
        return (
            self.status is AgentStatus.AVAILABLE
            and self.reachable
            and self.pending is None
            and self.delay is None
            and not self.removed
            and not self.outside
            and self.occupied < self.config.capacity
        )

    @property
    def held(self) -> int:
        """Slots that are kept for reserved tickets."""
        return sum(self.reserved.values()) if self.reserved else 0

    @property
    def open(self) -> bool:
        """May any call be offered now?"""
        return self.free and (not self.reserved or self.occupied + self.held < self.config.capacity)

    def routing_state(self) -> RoutingState:
        if self.status is AgentStatus.LOGGED_OUT and not self.occupied:
            return RoutingState.OFFLINE
        if not self.reachable:
            return RoutingState.UNREACHABLE
        if self.calls or self.outside:
            return RoutingState.ON_CALL
        if self.offers:
            return RoutingState.RINGING if any(self.offers.values()) else RoutingState.RESERVED
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
        ticket = next(iter(self.calls), None) or offered or (wrap_up.ticket if wrap_up is not None else None)
        return Picture(
            self.status, self.pause_reason, self.pending[0] if self.pending is not None else None,
            self.routing_state(), ticket, len(self.calls), self.config.capacity,
            wrap_up.until if wrap_up is not None else None, self.outside, self.pause_overdue, self.forced_by,
        )  # fmt: skip


def _offline(config: AgentConfig) -> Picture:
    return Picture(AgentStatus.LOGGED_OUT, None, None, RoutingState.OFFLINE, None, 0, config.capacity, None)


class _Roster:
    """The agents open for one queue. ``size`` of the eligible ones bounds the heap."""

    __slots__ = ("clock", "config", "heap", "size")

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self.heap: list[tuple[Rank, int, Agent]] = []
        self.size = 0
        self.clock = 0.0  # the first number of the rank of whom this queue picked last

    def accepts(self, agent: AgentConfig) -> bool:
        if agent.queues is not None and self.config.id not in agent.queues:
            return False
        return all(agent.skills.get(need.skill, 0) >= need.min_level for need in self.config.requirements)

    def push(self, agent: Agent, standing: Standing) -> None:
        standing.last_offer = agent.tally.last_offers.get(self.config.id, 0)
        standing.clock = self.clock
        rank = STRATEGIES[self.config.strategy].rank(standing, self.config)
        heappush(self.heap, (rank, agent.stamp, agent))
        if len(self.heap) > 2 * self.size + _SLACK:
            self.heap = [entry for entry in self.heap if entry[2].stamp == entry[1]]
            heapify(self.heap)

    def best(self) -> Agent | None:
        heap = self.heap
        while heap:
            _, stamp, agent = heap[0]
            if agent.stamp == stamp:
                return agent
            heappop(heap)
        return None

    def best_but(self, others: Collection[Agent]) -> Agent | None:
        """The best who is not one of ``others``."""
        best = self.best()
        if best is None or best not in others:
            return best
        rest = [entry for entry in self.heap if entry[2].stamp == entry[1] and entry[2] not in others]
        return min(rest)[2] if rest else None

    def picked(self, agent: Agent) -> None:
        """The best is being offered a call."""
        if self.heap and self.heap[0][2] is agent and self.heap[0][1] == agent.stamp:
            self.clock = max(self.clock, self.heap[0][0][0])


class AgentTable:
    """``uniform`` draws a number in [0, 1) for strategies by chance."""

    __slots__ = ("_idle_order", "_last_stamp", "_listed", "_offers_made", "_rosters", "_uniform", "agents")

    def __init__(self, uniform: Callable[[], float]) -> None:
        self._uniform = uniform
        self._listed = 0
        self._offers_made = 0
        self.agents: dict[AgentId, Agent] = {}
        self._rosters: dict[QueueId, _Roster] = {}
        self._last_stamp = 0
        self._idle_order = 0

    def configured(self, agent: AgentId) -> Agent | None:
        found = self.agents.get(agent)
        return None if found is None or found.removed else found

    def configure(self, config: AgentConfig, now: float) -> Agent:
        """Add the agent or replace its configuration; the caller settles it afterwards."""
        agent = self.agents.get(config.id)
        if agent is None:
            self._listed += 1
            agent = Agent(config, Told(_offline(config), now, now), (now, 0), self._listed)
            self.agents[config.id] = agent
        agent.removed = False
        agent.config = config
        self._assign(agent, tuple(queue for queue, roster in self._rosters.items() if roster.accepts(config)))
        return agent

    def retire(self, agent: Agent) -> None:
        """Take the agent out of every roster; ``forget`` follows when nothing is in hand any more."""
        agent.removed = True
        self._assign(agent, ())

    def forget(self, agent: Agent) -> None:
        del self.agents[agent.config.id]

    def configure_queue(self, config: QueueConfig) -> None:
        roster = self._rosters.get(config.id)
        self._rosters[config.id] = fresh = _Roster(config)
        for agent in self.agents.values():
            if agent.removed:
                continue
            accepted = fresh.accepts(agent.config)
            if accepted:
                fresh.size += 1
                if roster is None or config.id not in agent.serves:
                    agent.serves = (*agent.serves, config.id)
                if agent.stamp:
                    fresh.push(agent, self._standing(agent))
            elif config.id in agent.serves:
                agent.serves = tuple(queue for queue in agent.serves if queue != config.id)

    def remove_queue(self, queue: QueueId) -> None:
        del self._rosters[queue]
        for agent in self.agents.values():
            agent.tally.last_offers.pop(queue, None)
            if queue in agent.serves:
                agent.serves = tuple(other for other in agent.serves if other != queue)

    def now_idle(self, agent: Agent, now: float) -> None:
        """The agent's idle time begins (anew): at the end of the idle list."""
        self._idle_order += 1
        agent.idle = (now, self._idle_order)

    def keep_order(self, agent: Agent, idle: IdlePlace) -> None:
        """Give a restored agent its place in the idle list."""
        agent.idle = idle
        self._idle_order = max(self._idle_order, idle[1])

    def list_open(self, agent: Agent) -> None:
        """Enter the agent, who is open and unlisted, into the rosters of the queues it serves."""
        self._last_stamp += 1
        agent.stamp = self._last_stamp
        standing = self._standing(agent)
        for queue in agent.serves:
            self._rosters[queue].push(agent, standing)

    def best(self, queue: QueueId, others: Collection[Agent] = ()) -> Agent | None:
        """The agent to offer the queue's next call to; not one of ``others``, whom it rings already."""
        roster = self._rosters.get(queue)
        if roster is None:
            return None
        return roster.best_but(others) if others else roster.best()

    def picked(self, agent: Agent, queue: QueueId) -> None:
        """The agent is being offered a call of the queue (and is in its roster still, if it was)."""
        self._offers_made += 1
        agent.tally.last_offers[queue] = self._offers_made
        roster = self._rosters.get(queue)
        if roster is not None:
            roster.picked(agent)

    def keep_tally(self, agent: Agent, tally: Tally) -> None:
        """Give a restored agent what was counted of it."""
        agent.tally = tally
        self._offers_made = max(self._offers_made, tally.last_number())

    def _standing(self, agent: Agent) -> Standing:
        """What holds of the agent in every queue; its rosters add what holds in theirs."""
        idle_since, idle_order = agent.idle
        tally = agent.tally
        return Standing(
            agent.config, agent.occupied, idle_since, idle_order, tally.calls, tally.talk_seconds, 0, 0, agent.listed,
            self._uniform,
        )  # fmt: skip

    def _assign(self, agent: Agent, serves: tuple[QueueId, ...]) -> None:
        for queue in agent.serves:
            self._rosters[queue].size -= 1
        for queue in serves:
            self._rosters[queue].size += 1
        agent.serves = serves
        agent.stamp = 0
