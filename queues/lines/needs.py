"""What a waiting call needs of an agent: its queue's requirements and its own, relaxed as it waits.

Pure functions of configuration and time waited; calls of one queue with equal needs share a line.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from queues.model import AgentConfig, QueueConfig, QueueId
from queues.rules.requirements import RelaxationStep, Requirement

__all__ = ["MAX_TIER", "Needs", "meets", "needs_after", "next_step", "steps_of", "surplus", "widest"]

MAX_TIER: Final = 100


class Needs(NamedTuple):
    """``requirements``: (skill, minimum level), sorted. ``groups``: one of these; None: of any group, or none.

    ``max_tier``: of the tiers of the queue's members; None: all are open.
    """

    requirements: tuple[tuple[str, int], ...] = ()
    groups: frozenset[str] | None = None
    max_tier: int | None = None


def steps_of(config: QueueConfig, top_tier: int) -> tuple[RelaxationStep, ...]:
    """The queue's relaxation in order of time, the tiers that open by waiting (up to ``top_tier``) among it."""
    steps = list(config.relaxation)
    rules = config.tier_rules
    if rules is not None and rules.open_after_seconds is not None:
        opening = rules.open_after_seconds
        steps += [RelaxationStep(tier * opening, max_tier=tier) for tier in range(1, top_tier + 1)]
    return tuple(sorted(steps, key=_after))


def needs_after(
    config: QueueConfig, steps: Sequence[RelaxationStep], own: Iterable[Requirement], joined_at: float, now: float
) -> Needs:
    """The needs at ``now`` of a call that joined the queue at ``joined_at`` with requirements of its own."""
    return _relaxed(config, own, [step for step in steps if joined_at + step.after_seconds <= now])


def next_step(steps: Sequence[RelaxationStep], joined_at: float, now: float) -> float | None:
    """The instant at which the needs change next."""
    for step in steps:
        if joined_at + step.after_seconds > now:
            return joined_at + step.after_seconds
    return None


def widest(config: QueueConfig) -> Needs:
    """What every call of the queue needs at the least, however long it has waited."""
    return _relaxed(config, (), config.relaxation)._replace(max_tier=None)


def meets(agent: AgentConfig, queue: QueueId, needs: Needs) -> bool:
    """May the agent serve calls of the queue with these needs?"""
    member = agent.membership(queue)
    if member is None or not member.enabled:
        return False
    if needs.max_tier is not None and member.penalty > needs.max_tier:
        return False
    if needs.groups is not None and needs.groups.isdisjoint(agent.groups):
        return False
    return all(agent.skills.get(skill, 0) >= level for skill, level in needs.requirements)


def surplus(agent: AgentConfig, needs: Needs) -> int:
    """By how many levels, summed up, the agent is above what is needed."""
    return sum(agent.skills.get(skill, 0) - level for skill, level in needs.requirements)


def _relaxed(config: QueueConfig, own: Iterable[Requirement], steps: Iterable[RelaxationStep]) -> Needs:
    levels = {need.skill: need.min_level for need in config.requirements}
    for need in own:
        levels[need.skill] = max(need.min_level, levels.get(need.skill, 0))
    groups = config.groups
    max_tier = 0 if config.tier_rules is not None else None
    for step in steps:
        for need in step.requirements:
            if need.skill in levels:
                levels[need.skill] = min(need.min_level, levels[need.skill])
        for skill in step.drop:
            levels.pop(skill, None)
        if groups is not None:
            groups = None if step.any_group else groups | step.groups
        if max_tier is not None and step.max_tier is not None:
            max_tier = max(max_tier, step.max_tier)
    return Needs(tuple(sorted(levels.items())), groups, max_tier)


def _after(step: RelaxationStep) -> float:
    return step.after_seconds
