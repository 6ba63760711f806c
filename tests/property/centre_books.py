"""What a call centre owes its callers, written down a second time: eligibility, order and deadlines from configuration alone.

Nothing here is taken from the engine's modules but values; the machine of ``test_centre`` holds the two against each other.
"""

from collections.abc import Iterable

from queues.agents.agent import Agent
from queues.floor.deadlines import DELAY, MAX_WAIT, PLACE, RESERVED, RING, WRAP_UP
from queues.floor.floor import Floor
from queues.lines.lines import Ticket
from queues.model import AgentConfig, AgentStatus, QueueConfig, TicketState
from queues.rules.requirements import OpenWhen

__all__ = ["allowed_tier", "deadlines_due", "deadlines_live", "is_open", "lacks_nothing", "points", "serves", "urgency"]


def urgency(ticket: Ticket, queue: QueueConfig, now: float) -> tuple[float, float, float, int]:
    """Sorts tickets of all queues, the one to be served first first."""
    weighted = queue.weight * (now - ticket.joined_at)
    return -round(points(ticket, queue, now), 6), -round(weighted, 6), ticket.joined_at, ticket.sequence


def points(ticket: Ticket, queue: QueueConfig, now: float) -> float:
    return queue.priority + ticket.priority + queue.ageing * (now - ticket.joined_at)


def wanted_levels(ticket: Ticket, queue: QueueConfig, now: float) -> dict[str, int]:
    levels = {need.skill: need.min_level for need in queue.requirements}
    for need in ticket.requirements:
        levels[need.skill] = max(levels.get(need.skill, 0), need.min_level)
    for step in sorted(queue.relaxation, key=lambda step: step.after_seconds):
        if ticket.joined_at + step.after_seconds > now:
            continue
        for need in step.requirements:
            if need.skill in levels:
                levels[need.skill] = min(levels[need.skill], need.min_level)
        for skill in step.drop:
            levels.pop(skill, None)
    return levels


def wanted_groups(ticket: Ticket, queue: QueueConfig, now: float) -> frozenset[str] | None:
    groups = queue.groups
    for step in queue.relaxation:
        if groups is not None and ticket.joined_at + step.after_seconds <= now:
            groups = None if step.any_group else groups | step.groups
    return groups


def lacks_nothing(agent: AgentConfig, ticket: Ticket, queue: QueueConfig, now: float) -> bool:
    """Member, enabled, skilled and in a group: everything but the tier."""
    if agent.queues is not None and queue.id not in agent.queues:
        return False
    if queue.id in agent.members and not agent.members[queue.id].enabled:
        return False
    groups = wanted_groups(ticket, queue, now)
    if groups is not None and not groups & agent.groups:
        return False
    return all(agent.skills.get(skill, 0) >= level for skill, level in wanted_levels(ticket, queue, now).items())


def tier(agent: AgentConfig, queue: QueueConfig) -> int:
    member = agent.members.get(queue.id)
    return member.penalty if member is not None else 0


def allowed_tier(ticket: Ticket, queue: QueueConfig, agents: Iterable[Agent], now: float) -> float:
    """The highest tier open to the ticket: by its wait, and by emptiness of the lower ones."""
    rules = queue.tier_rules
    if rules is None:
        return float("inf")
    opened = 0
    tiers = [tier(agent.config, queue) for agent in agents]
    if rules.open_after_seconds is not None:
        for number in range(1, max(tiers, default=0) + 1):
            if ticket.joined_at + number * rules.open_after_seconds <= now:
                opened = number
    if rules.open_when is OpenWhen.NEVER:
        return opened
    able = [agent for agent in agents if lacks_nothing(agent.config, ticket, queue, now)]
    present = [tier(agent.config, queue) for agent in able if is_present(agent, rules.open_when)]
    if any(number <= opened for number in present) or not present:
        return opened
    return min(present)


def is_present(agent: Agent, when: OpenWhen) -> bool:
    if when is OpenWhen.NONE_LOGGED_IN:
        return agent.status is not AgentStatus.LOGGED_OUT
    return agent.status is AgentStatus.AVAILABLE and agent.reachable and agent.pending is None


def serves(agent: Agent, ticket: Ticket, queue: QueueConfig, agents: list[Agent], now: float) -> bool:
    """May the agent be offered the ticket, whatever it does now?"""
    if not lacks_nothing(agent.config, ticket, queue, now):
        return False
    return tier(agent.config, queue) <= allowed_tier(ticket, queue, agents, now)


def is_open(agent: Agent) -> bool:
    """Could the agent be offered one more call of anybody's?"""
    if agent.status is not AgentStatus.AVAILABLE or not agent.reachable or agent.pending is not None:
        return False
    if agent.delay is not None or agent.told_outside or agent.seen_outside or agent.removed:
        return False
    used = len(agent.offers) + len(agent.calls) + (agent.wrap_up is not None) + sum(agent.reserved.values())
    return used < agent.config.capacity


def deadlines_due(floor: Floor) -> set[tuple[float, int, str]]:
    """The deadlines that everything timed must have, of the kinds that ``deadlines_live`` shows."""
    due: set[tuple[float, int, str]] = set()
    for offer in floor.offers.values():
        if not offer.answered:
            due.add((offer.ring_until, RING, offer.id))
    for ticket in floor.tickets.values():
        if ticket.state is not TicketState.CONNECTED and ticket.flow_out_at is not None and ticket.doomed is None:
            due.add((ticket.flow_out_at, MAX_WAIT, ticket.id))
        if ticket.reservation is not None and ticket.reservation.until is not None:
            due.add((ticket.reservation.until, RESERVED, ticket.id))
    for agent in floor.agents.agents.values():
        if agent.wrap_up is not None:
            due.add((agent.wrap_up.until, WRAP_UP, agent.config.id))
        if agent.delay is not None:
            due.add((agent.delay.until, DELAY, agent.config.id))
    due.update((place.until, PLACE, key) for key, place in floor.places.kept.items())
    return due


def deadlines_live(floor: Floor) -> set[tuple[float, int, str]]:
    kinds = (RING, MAX_WAIT, RESERVED, WRAP_UP, DELAY, PLACE)
    return {(at, kind, key) for at, kind, key in floor.deadlines.armed() if kind in kinds}
