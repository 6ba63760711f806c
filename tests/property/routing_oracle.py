"""Who may serve which ticket, and in which order tickets are served: said once more, as plainly as possible.

Every agent and step is looked at each time; nothing is kept. The machine holds the engine's lines, masks and heaps against it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from queues.agents.agent import Agent
from queues.model import AgentConfig, AgentId, AgentStatus, QueueConfig
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, Requirement, TierRules

__all__ = ["Asked", "Place", "groups_some", "members_some", "own_needs", "place_of", "routings", "suits"]

Place = tuple[float, float, int]

own_needs = st.sampled_from([{}, {}, {}, {"billing": 3}, {"french": 2}, {"french": 1, "billing": 1}, {"law": 1}])
groups_some = st.sampled_from([frozenset(), frozenset({"front"}), frozenset({"back"})])
members_some = st.sampled_from(
    [
        {},
        {},
        {"red": Membership(1)},
        {"red": Membership(2), "green": Membership(1)},
        {"green": Membership(enabled=False)},
    ]
)
_LOWER = RelaxationStep(4.0, (Requirement("billing", 2), Requirement("french")), groups=frozenset({"back"}))
_DROP = RelaxationStep(15.0, drop=frozenset({"french", "law"}), any_group=True, max_tier=1)
routings: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {
        "relaxation": st.sampled_from([(), (), (_LOWER,), (_LOWER, _DROP)]),
        "tier_rules": st.sampled_from(
            [
                None,
                None,
                TierRules(4.0),
                TierRules(open_when=OpenWhen.NONE_READY),
                TierRules(15.0, OpenWhen.NONE_LOGGED_IN),
            ]
        ),
        "groups": st.sampled_from([None, None, frozenset({"front"})]),
        "ageing": st.sampled_from([0.0, 0.0, 0.25]),
        "weight": st.sampled_from([1.0, 2.0]),
        "prefer_skilled": st.booleans(),
    }
)


@dataclass(frozen=True)
class Asked:
    """What a ticket asks for: its queue, when it joined, and its own requirements."""

    queue: QueueConfig
    joined_at: float
    own: Mapping[str, int]

    def levels(self, now: float) -> dict[str, int]:
        levels = {need.skill: need.min_level for need in self.queue.requirements}
        for skill, level in self.own.items():
            levels[skill] = max(level, levels.get(skill, 0))
        for step in self.steps(now):
            for need in step.requirements:
                if need.skill in levels:
                    levels[need.skill] = min(levels[need.skill], need.min_level)
            levels = {skill: level for skill, level in levels.items() if skill not in step.drop}
        return levels

    def groups(self, now: float) -> frozenset[str] | None:
        groups = self.queue.groups
        for step in self.steps(now):
            groups = None if groups is None or step.any_group else groups | step.groups
        return groups

    def tier(self, now: float) -> int:
        rules = self.queue.tier_rules
        if rules is None:
            return 100
        waited = now - self.joined_at
        opened = [step.max_tier or 0 for step in self.steps(now)]
        if rules.open_after_seconds is not None:
            opened.append(int(waited // rules.open_after_seconds))
        return max(opened, default=0)

    def steps(self, now: float) -> Iterable[RelaxationStep]:
        return [step for step in self.queue.relaxation if step.after_seconds <= now - self.joined_at]


def suits(
    asked: Asked, agent: AgentConfig, agents: Iterable[AgentConfig], live: Mapping[AgentId, Agent], now: float
) -> bool:
    """May the agent serve the ticket now?"""
    if not _able(asked, agent, now):
        return False
    return _tier(asked, agent) <= _open_tier(asked, [each for each in agents if _able(asked, each, now)], live, now)


def _open_tier(asked: Asked, able: list[AgentConfig], live: Mapping[AgentId, Agent], now: float) -> int:
    rules, tier = asked.queue.tier_rules, asked.tier(now)
    if rules is None or rules.open_when is OpenWhen.NEVER:
        return tier
    present = [_tier(asked, each) for each in able if _present(live[each.id], rules.open_when)]
    return max(tier, min(present, default=tier))


def _present(agent: Agent, when: OpenWhen) -> bool:
    if when is OpenWhen.NONE_LOGGED_IN:
        return agent.status is not AgentStatus.LOGGED_OUT
    return agent.status is AgentStatus.AVAILABLE and agent.reachable and agent.pending is None


def _able(asked: Asked, agent: AgentConfig, now: float) -> bool:
    if agent.queues is not None and asked.queue.id not in agent.queues:
        return False
    if not agent.members.get(asked.queue.id, Membership()).enabled:
        return False
    groups = asked.groups(now)
    if groups is not None and not groups & agent.groups:
        return False
    return all(agent.skills.get(skill, 0) >= level for skill, level in asked.levels(now).items())


def _tier(asked: Asked, agent: AgentConfig) -> int:
    return agent.members.get(asked.queue.id, Membership()).penalty


def place_of(queue: QueueConfig, priority: int, joined_at: float, arrival: int) -> Place:
    """More points first, then the earlier; all age alike."""
    return queue.ageing * joined_at - priority, joined_at, arrival
