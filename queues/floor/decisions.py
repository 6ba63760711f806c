"""The raw material of explanations: a line for every offer, and a trail of what kept whom from a call before it changed.

Kept as small as can be, for it is written with every offer and every change of an agent; what is made of it, on demand, is
in ``explain``: from the present back along the trail to how things were at a decision.
"""

from array import array
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from queues.agents.agent import Agent
from queues.lines.needs import Needs
from queues.model import AgentId, OfferId, QueueId, RoutingState, TicketId

__all__ = ["CROWDS", "RUNNERS_UP", "UNKNOWN", "Chooser", "Decision", "DecisionLog", "DecisionRules"]

RUNNERS_UP: Final = 5
"""How many of those who would have been next are kept by name."""

CROWDS: Final = (
    "ranked_lower", "logged_out", "unreachable", "on_call", "ringing", "wrap_up", "delay", "paused", "not_ready",
    "reserved_for_another",
)  # fmt: skip
"""What keeps an agent from a call, by crowd; those of the first are open."""

UNKNOWN: Final = 15
"""The crowd of an agent who was not there yet."""

_OPEN: Final = 0
_RESERVED: Final = 9
_CROWD_OF: Final = {
    RoutingState.OFFLINE: 1,
    RoutingState.UNREACHABLE: 2,
    RoutingState.ON_CALL: 3,
    RoutingState.RINGING: 4,
    RoutingState.RESERVED: 4,
    RoutingState.WRAP_UP: 5,
    RoutingState.NOT_RESPONDING: 6,
    RoutingState.PAUSED: 7,
    RoutingState.IDLE: 8,  # and yet not open: a pause is pending, say
}
_CROWD_BITS: Final = 4


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """How many decisions are kept, in all and of one call, and for how many seconds; how many changes of agents before.

    ``named_per_second``: for so many decisions a second the next in rank are kept by name; to look for them is what costs.
    """

    most: int = 10_000
    most_of_ticket: int = 32
    seconds: float = 900.0
    changes: int = 65_536
    named_per_second: int = 20


class Chooser(StrEnum):
    """What set the decision off."""

    CALL = "call"  # it looked for the best agent open for it
    AGENT = "agent"  # became free and took the best call it may serve
    RESERVATION = "reservation"  # the call was kept for this agent


@dataclass(slots=True)
class Decision:
    """One offer. ``audience``: who might serve such calls, as bits (``Agent.place``). ``change``: of the trail, the
    one that came next.

    ``next``: whom the call would have gone to, the best first; None: not looked for.
    """

    offer: OfferId
    ticket: TicketId
    queue: QueueId
    agent: AgentId
    at: float
    joined_at: float
    chooser: Chooser
    needs: Needs
    audience: int
    change: int
    next: tuple[AgentId, ...] | None


class DecisionLog:
    """The latest decisions, of tickets that wait and of those that are over."""

    __slots__ = ("_fresh", "_named", "_named_until", "_of_ticket", "_order", "_trail", "change", "rules")

    def __init__(self, rules: DecisionRules) -> None:
        self.rules = rules
        self.change = 0  # counts the changes noted
        self._trail = array("q", bytes(8 * rules.changes))  # a ring: agent's place and crowd before
        self._order: deque[Decision] = deque()
        self._of_ticket: dict[TicketId, list[Decision]] = {}
        self._fresh: list[Decision] = []  # made since everybody was told of
        self._named = 0
        self._named_until = 0.0

    def __len__(self) -> int:
        return len(self._order)

    def follow(self, agent: Agent, state: RoutingState) -> None:
        """The agent is about to be told of: something else may keep it now."""
        crowd = _OPEN
        if not agent.stamp:
            crowd = _CROWD_OF[state]
            if agent.reserved and not agent.offers and (state is RoutingState.RESERVED or state is RoutingState.IDLE):
                crowd = _RESERVED
        if crowd != agent.crowd:
            self._trail[self.change % self.rules.changes] = agent.place << _CROWD_BITS | agent.crowd
            self.change += 1
            agent.crowd = crowd

    def settled(self) -> None:
        """Everybody was told of: this is how things were at the decisions made meanwhile."""
        for decision in self._fresh:
            decision.change = self.change
        self._fresh.clear()

    def wants_names(self, now: float) -> bool:
        """Are the next in rank to be looked for? So often a second, not more."""
        if now >= self._named_until:
            self._named_until = now + 1.0
            self._named = 0
        self._named += 1
        return self._named <= self.rules.named_per_second

    def note(self, decision: Decision) -> None:
        order, rules = self._order, self.rules
        order.append(decision)
        self._fresh.append(decision)
        of_ticket = self._of_ticket.get(decision.ticket)
        if of_ticket is None:
            self._of_ticket[decision.ticket] = [decision]
        else:
            of_ticket.append(decision)
            if len(of_ticket) > rules.most_of_ticket:
                del of_ticket[0]
        oldest = decision.at - rules.seconds
        while len(order) > rules.most or order[0].at < oldest:
            self._drop(order.popleft())

    def of(self, ticket: TicketId, now: float) -> list[Decision]:
        """Those about this ticket, the first one first, as far as they are kept."""
        oldest = now - self.rules.seconds
        return [decision for decision in self._of_ticket.get(ticket, ()) if decision.at >= oldest]

    def crowds_at(self, change: int, now: dict[int, int]) -> dict[int, int] | None:
        """The crowds by agents' places before this change of the trail, from those of ``now``; None: it is too long ago."""
        if self.change - change > self.rules.changes:
            return None
        crowds = dict(now)
        for number in range(self.change - 1, change - 1, -1):
            noted = self._trail[number % self.rules.changes]
            crowds[noted >> _CROWD_BITS] = noted & UNKNOWN
        return crowds

    def _drop(self, decision: Decision) -> None:
        of_ticket = self._of_ticket.get(decision.ticket)
        if of_ticket and of_ticket[0] is decision:
            del of_ticket[0]
            if not of_ticket:
                del self._of_ticket[decision.ticket]
