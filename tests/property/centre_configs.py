"""Configurations at random: every feature of queues and agents, few enough names that they meet."""

from hypothesis import strategies as st

from queues.model import (
    AgentConfig,
    AgentId,
    Delays,
    Limits,
    Overflow,
    OverflowAction,
    OverflowCause,
    QueueConfig,
    QueueId,
)
from queues.rules.requirements import Membership, OpenWhen, RelaxationStep, Requirement, TierRules
from queues.rules.sticky import StickyPolicy

__all__ = ["AGENTS", "QUEUES", "agent_configs", "call_needs", "queue_configs"]

QUEUES = ("red", "green", "blue")
AGENTS = ("ana", "bo", "cleo", "dan")

needs = st.sampled_from([(), (), (("billing", 2),), (("billing", 3), ("french", 1)), (("french", 2),)])
skills = st.sampled_from([{"billing": 3, "french": 2}, {"billing": 3}, {"billing": 2, "french": 1}, {}])
groups = st.sampled_from([frozenset(), frozenset({"north"}), frozenset({"south"}), frozenset({"north", "south"})])
relaxations = st.sampled_from([
    (), (), (RelaxationStep(4.0, (Requirement("billing", 1),)),),
    (RelaxationStep(10.0, drop=frozenset({"french"})), RelaxationStep(20.0, any_group=True)),
    (RelaxationStep(4.0, groups=frozenset({"south"})), RelaxationStep(15.0, drop=frozenset({"billing", "french"}))),
])  # fmt: skip
tier_rules = st.sampled_from([
    None, None, TierRules(10.0), TierRules(None, OpenWhen.NONE_LOGGED_IN), TierRules(15.0, OpenWhen.NONE_READY),
])  # fmt: skip
limits = st.sampled_from([
    Limits(), Limits(), Limits(max_expected_wait=30.0), Limits(none_logged_in=True, also_waiting=True),
    Limits(none_ready=True), Limits(none_ready=True, also_waiting=True),
])  # fmt: skip
actions = st.sampled_from([Overflow(), *(Overflow(OverflowAction.QUEUE, queue=queue) for queue in QUEUES)])
memberships = st.sampled_from([Membership(), Membership(1), Membership(2, 3), Membership(enabled=False)])


def _requirements(levels: tuple[tuple[str, int], ...]) -> tuple[Requirement, ...]:
    return tuple(Requirement(skill, level) for skill, level in levels)


call_needs = needs.map(_requirements)

queue_configs = st.builds(
    QueueConfig,
    id=st.sampled_from(QUEUES).map(QueueId),
    name=st.just("a queue"),
    requirements=call_needs,
    priority=st.integers(0, 2),
    strategy=st.sampled_from(["longest-idle", "round-robin", "top-down", "random", "by-skill-level", "ring-all"]),
    wrap_up_seconds=st.sampled_from([0.0, 5.0]),
    max_wait=st.sampled_from([None, 40.0]),
    max_length=st.sampled_from([None, None, 3]),
    overflow=actions,
    overflow_on=st.dictionaries(st.sampled_from(OverflowCause), actions, max_size=2),
    limits=limits,
    delays=st.just(Delays(busy=0.0, rejected=4.0)),
    ageing=st.sampled_from([0.0, 0.0, 0.125, 1.0]),
    weight=st.sampled_from([1.0, 1.0, 2.0]),
    disposition_required=st.booleans(),
    pause_after_misses=st.sampled_from([None, 2]),
    place_return_seconds=st.sampled_from([0.0, 30.0]),
    groups=st.sampled_from([None, None, None, frozenset({"north"})]),
    relaxation=relaxations,
    tier_rules=tier_rules,
    prefer_skilled=st.booleans(),
    ring_step_seconds=st.just(4.0),
    sticky=st.sampled_from([None, StickyPolicy(100.0, 5.0)]),
)

agent_configs = st.builds(
    AgentConfig,
    id=st.sampled_from(AGENTS).map(AgentId),
    name=st.just("an agent"),
    skills=skills,
    queues=st.sampled_from([None, None, frozenset(map(QueueId, QUEUES[:2])), frozenset({QueueId("blue")})]),
    capacity=st.sampled_from([1, 1, 2]),
    groups=groups,
    wrap_up_seconds=st.sampled_from([None, None, 3.0]),
    members=st.dictionaries(st.sampled_from(QUEUES).map(QueueId), memberships, max_size=2),
)
