"""What a queue asks of its agents beside its requirements, as clients write it: groups, tiers, relaxation over time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.db.tables import SkillRow
from app.fields import Name
from app.requirements import Requirements, resolved, shown
from app.resources import Change, resolve

__all__ = ["NEEDS", "Groups", "NeedsFields", "RelaxationPart", "TierRulesPart", "relaxation_shown", "relaxation_stored"]

NEEDS = ("groups", "tier_rules", "prefer_skilled")
"""Fields that are stored as they are written; ``relaxation`` names skills."""

Groups = Annotated[list[Name], Field(max_length=100)]
Tier = Annotated[int, Field(ge=0, le=100)]
After = Annotated[float, Field(gt=0, le=86_400)]


class RelaxationPart(BaseModel):
    """From ``after_seconds`` of wait on: ``requirements`` lowers levels, ``drop`` gives skills up, ``groups`` may serve
    too, ``any_group`` gives groups up, tiers up to ``max_tier`` are open.
    """

    model_config = ConfigDict(extra="forbid")

    after_seconds: After
    requirements: Requirements = []
    drop: Annotated[list[Name], Field(max_length=32)] = []
    groups: Groups = []
    any_group: bool = False
    max_tier: Tier | None = None

    @field_validator("drop", "groups")
    @classmethod
    def _as_set(cls, value: list[str]) -> list[str]:
        return sorted(set(value))


class TierRulesPart(BaseModel):
    """Tier k is open to a call after k times ``open_after_seconds`` of its wait, or at once by ``open_when``."""

    model_config = ConfigDict(extra="forbid")

    open_after_seconds: After | None = None
    open_when: Literal["never", "none_logged_in", "none_ready"] = "never"


class NeedsFields(BaseModel):
    """``groups`` null: agents of any group, or none. ``tier_rules`` null: every tier is open at once."""

    groups: Groups | None = None
    tier_rules: TierRulesPart | None = None
    prefer_skilled: bool = False
    relaxation: Annotated[list[RelaxationPart], Field(max_length=20)] = []

    @field_validator("groups")
    @classmethod
    def _group_set(cls, value: list[str] | None) -> list[str] | None:
        return value if value is None else sorted(set(value))

    @field_validator("relaxation")
    @classmethod
    def _in_time(cls, value: list[RelaxationPart]) -> list[RelaxationPart]:
        return sorted(value, key=lambda step: step.after_seconds)


async def relaxation_stored(change: Change, steps: Sequence[RelaxationPart]) -> list[dict[str, Any]]:
    """With ids for skills. Raises ``validation`` for unknown ones."""
    stored = []
    for number, step in enumerate(steps):
        place = ("relaxation", number)
        drop = await resolve(change, SkillRow, {skill: (*place, "drop", i) for i, skill in enumerate(step.drop)})
        requirements = await resolved(change, step.requirements, *place, "requirements")
        stored.append({**step.model_dump(mode="json"), "drop": sorted(drop.values()), "requirements": requirements})
    return stored


def relaxation_shown(stored: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """With the names of skills."""
    return [
        {
            **step,
            "requirements": shown(step["requirements"], names),
            "drop": sorted(names.get(skill, skill) for skill in step["drop"]),
        }
        for step in stored
    ]
