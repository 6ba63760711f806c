"""Why this pair: what an offer was chosen from; and why a call is still waiting.

Made on demand of what ``decisions`` keeps. Who was open and who was not is as it was then (once that command was carried
out whole); what an agent lacks (a skill, a membership) is told by the present configuration.
"""

from collections import Counter
from dataclasses import dataclass

from queues.floor.decisions import CROWDS, UNKNOWN, Chooser, Decision
from queues.floor.floor import Floor
from queues.insight.expected_wait import remaining_wait
from queues.lines.needs import Needs
from queues.model import AgentConfig, AgentId, OfferId, QueueId, TicketId, TicketState

__all__ = ["Explanation", "StillWaiting", "explain", "why_waiting"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An offer: the agent chosen, the next ones in order, and how many were passed over for which reason.

    ``ranked_lower`` among the reasons counts all who were open and came after the chosen one, ``next`` included. None for
    what was not recorded: ``next`` of too many decisions in a second, ``passed_over`` of one that is too long ago.
    """

    offer: OfferId
    queue: QueueId
    agent: AgentId
    at: float
    waited: float
    chooser: Chooser
    next: tuple[AgentId, ...] | None
    passed_over: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """A ticket that nobody rings for: its position, and what keeps every agent from it."""

    queue: QueueId
    position: int
    ready: bool  # False: it is being parked or greeted, and is offered to nobody yet
    kept_for: AgentId | None  # the one agent who may have it
    expected_wait: float | None
    passed_over: dict[str, int]


def explain(floor: Floor, ticket: TicketId, now: float) -> list[Explanation]:
    """Every decision about the ticket that is still kept, the first one first; the ticket may be over."""
    log = floor.decisions
    if log is None:
        return []
    present = _crowds(floor)
    return [_explained(floor, decision, log.crowds_at(decision.change, present)) for decision in log.of(ticket, now)]


def why_waiting(floor: Floor, ticket_id: TicketId, now: float) -> StillWaiting | None:
    """None for a ticket that does not wait, or where nothing is recorded."""
    ticket = floor.tickets.get(ticket_id)
    if ticket is None or floor.decisions is None or ticket.state is not TicketState.WAITING:
        return None
    line = ticket.line
    passed_over = _passed_over(floor, line.config.id, line.needs, floor.agents.serving(line), _crowds(floor), None)
    kept_for = ticket.reservation.agent if ticket.reservation is not None else None
    return StillWaiting(
        line.config.id, line.queue.position(ticket.place), ticket.ready, kept_for,
        remaining_wait(floor, ticket_id, now), passed_over,
    )  # fmt: skip


def _crowds(floor: Floor) -> dict[int, int]:
    return {agent.place: agent.crowd for agent in floor.agents.agents.values()}


def _explained(floor: Floor, decision: Decision, crowds: dict[int, int] | None) -> Explanation:
    passed_over = None
    if crowds is not None:
        passed_over = _passed_over(floor, decision.queue, decision.needs, decision.audience, crowds, decision.agent)
    return Explanation(
        decision.offer, decision.queue, decision.agent, decision.at, decision.at - decision.joined_at,
        decision.chooser, decision.next, passed_over,
    )  # fmt: skip


def _passed_over(
    floor: Floor, queue: QueueId, needs: Needs, audience: int, crowds: dict[int, int], chosen: AgentId | None
) -> dict[str, int]:
    """How many were kept by what. An agent who lacks something is counted by that, whatever else keeps it."""
    reasons: Counter[str] = Counter()
    for agent in floor.agents.agents.values():
        crowd = crowds[agent.place]
        if crowd != UNKNOWN and agent.config.id != chosen and not agent.removed:
            reasons[CROWDS[crowd] if audience >> agent.place & 1 else _lack(agent.config, queue, needs)] += 1
    return dict(reasons)


def _lack(agent: AgentConfig, queue: QueueId, needs: Needs) -> str:
    member = agent.membership(queue)
    if member is None:
        return "not_member"
    if not member.enabled:
        return "membership_disabled"
    if any(agent.skills.get(skill, 0) < level for skill, level in needs.requirements):
        return "not_skilled"
    if needs.groups is not None and needs.groups.isdisjoint(agent.groups):
        return "other_group"
    return "tier_closed"
