"""What a queue asks of the agents who serve it, and how it asks for less as a call waits. Configuration, frozen.

Durations are seconds. Skills, groups and queues are named by whatever the configuration calls them by (ids, in the service).
"""

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Membership", "OpenWhen", "RelaxationStep", "Requirement", "TierRules"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A skill that an agent must have at ``min_level`` (1–10) or above."""

    skill: str
    min_level: int = 1


@dataclass(frozen=True, slots=True)
class RelaxationStep:
    """From ``after_seconds`` of wait a call asks for less, also of what it brought along itself.

    ``requirements``: these skills suffice at this level (one that is lower already, or not required, stays so).
    ``drop``: these skills are not required any more. ``groups``: these agent groups may serve it too; ``any_group``:
    groups do not matter any more. ``max_tier``: tiers up to this one are open.
    """

    after_seconds: float
    requirements: tuple[Requirement, ...] = ()
    drop: frozenset[str] = field(default_factory=frozenset)
    groups: frozenset[str] = field(default_factory=frozenset)
    any_group: bool = False
    max_tier: int | None = None


class OpenWhen(StrEnum):
    """When the next tier opens although no call has waited for it: nobody in the open ones could serve the call and …"""

    NEVER = "never"
    NONE_LOGGED_IN = "none_logged_in"  # … is logged in
    NONE_READY = "none_ready"  # … is available and reachable, be it in a call


@dataclass(frozen=True, slots=True)
class TierRules:
    """Which tiers of a queue's agents are open to a call: tier 0 at once, tier k after k times ``open_after_seconds``
    of its wait (None: not by waiting).
    """

    open_after_seconds: float | None = None
    open_when: OpenWhen = OpenWhen.NEVER


@dataclass(frozen=True, slots=True)
class Membership:
    """How an agent belongs to a queue. Of those who are open, lower tiers (``penalty``, 0–100) are offered a call first.

    ``position``: the agent's place in strategies that go by a list. Not ``enabled``: the agent gets none of its calls.
    """

    penalty: int = 0
    position: int = 0
    enabled: bool = True
