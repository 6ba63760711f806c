"""Skills that queues, entry points and priority rules require, as clients write them and as they are stored in JSON.

Clients name a skill by its name or id; what is stored, and what the live core knows, is the id.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import EntryPointRow, PriorityRuleRow, QueueRow, SkillRow
from app.fields import Level, Name
from app.problems import FieldError, invalid, path_of
from app.resources import Change, resolve

__all__ = ["RequirementPart", "Requirements", "resolved", "shown", "skill_names", "skill_users"]

Stored = list[dict[str, Any]]


class RequirementPart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skill: Name
    min_level: Level = 1


def _once_each(value: list[RequirementPart]) -> list[RequirementPart]:
    skills = [part.skill for part in value]
    if len(set(skills)) != len(skills):
        raise ValueError("a skill is required twice")
    return sorted(value, key=lambda part: part.skill)


Requirements = Annotated[list[RequirementPart], Field(max_length=32), AfterValidator(_once_each)]


async def resolved(change: Change, parts: Sequence[RequirementPart], *place: str | int) -> Stored:
    """As they are stored; ``place`` is where the list stands in the body. Raises ``validation`` for unknown skills."""
    ids = await resolve(change, SkillRow, {part.skill: (*place, i, "skill") for i, part in enumerate(parts)})
    if len(set(ids.values())) != len(ids):
        raise invalid([FieldError(path_of(place), "a skill is required twice, by name and by id")])
    stored = [{"skill": ids[part.skill], "min_level": part.min_level} for part in parts]
    return sorted(stored, key=lambda part: str(part["skill"]))


def shown(stored: Stored, names: Mapping[str, str]) -> Stored:
    """As clients see them; ``names`` of the skills by id."""
    parts = [{**part, "skill": names.get(part["skill"], part["skill"])} for part in stored]
    return sorted(parts, key=lambda part: str(part["skill"]))


async def skill_names(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    if not ids:
        return {}
    query = select(col(SkillRow.id), col(SkillRow.name)).where(col(SkillRow.id).in_(ids))
    return {row.id: row.name for row in await session.execute(query)}


async def skill_users(session: AsyncSession, skill: str) -> list[str]:
    """What is stored that names the skill, in words."""
    users = [
        f"queue {name!r} relaxes it"
        for name, policies in await session.execute(select(col(QueueRow.name), col(QueueRow.policies)))
        if any(skill in step["drop"] or _named(step["requirements"], skill) for step in policies.get("relaxation", ()))
    ]
    points = await session.execute(select(col(EntryPointRow.user), col(EntryPointRow.requirements)))
    users += [f"entry point {user!r} requires it" for user, stored in points if _named(stored, skill)]
    rules = await session.execute(select(col(PriorityRuleRow.name), col(PriorityRuleRow.requirements)))
    return users + [f"priority rule {name!r} requires it" for name, stored in rules if _named(stored, skill)]


def _named(stored: Stored, skill: str) -> bool:
    return any(part["skill"] == skill for part in stored)
