"""Skills' own rules: the live core knows them by id only, so a new name changes nothing there."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import AgentRow, AgentSkillRow, QueueRequirementRow, QueueRow, SkillRow
from app.requirements import skill_users
from app.resources import Resource
from app.skills.schemas import SkillBody, SkillView

__all__ = ["SKILLS", "Skills"]

_SHOWN: Final = 20


class Skills(Resource[SkillRow, SkillBody, SkillView]):
    noun = "skill"
    path = "skills"
    row = SkillRow
    body = SkillBody
    shown = SkillView

    async def users(self, session: AsyncSession, row: SkillRow, /) -> list[str]:
        required = (
            select(col(QueueRow.name))
            .join(QueueRequirementRow, col(QueueRequirementRow.queue_id) == col(QueueRow.id))
            .where(col(QueueRequirementRow.skill_id) == row.id)
            .limit(_SHOWN)
        )
        held = (
            select(col(AgentRow.name))
            .join(AgentSkillRow, col(AgentSkillRow.agent_id) == col(AgentRow.id))
            .where(col(AgentSkillRow.skill_id) == row.id)
            .limit(_SHOWN)
        )
        elsewhere = await skill_users(session, row.id)
        queues, agents = await session.scalars(required), await session.scalars(held)
        return [f"queue {name!r} requires it" for name in queues] + [
            *(f"agent {name!r} has it" for name in agents), *elsewhere
        ]  # fmt: skip


SKILLS: Final = Skills()
