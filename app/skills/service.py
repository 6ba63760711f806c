"""Skills' own rules: the live core knows them by id only, so a new name changes nothing there."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import AgentRow, AgentSkillRow, QueueRequirementRow, QueueRow, SkillRow
from app.requirements import skill_users
from app.resources import Change, Resource
from app.skills.schemas import SkillBody, SkillView

__all__ = ["SKILLS", "Skills"]

_SHOWN: Final = 20


class Skills(Resource[SkillRow, SkillBody, SkillView]):
    noun = "skill"
    path = "skills"
    row = SkillRow
    body = SkillBody

    async def views(self, session: AsyncSession, rows: Sequence[SkillRow]) -> list[SkillView]:  # noqa: ARG002 - the port's
        return [SkillView(**SkillView.common(row), name=row.name) for row in rows]

    async def columns(self, change: Change, body: SkillBody, row: SkillRow | None) -> dict[str, Any]:  # noqa: ARG002 - the port's
        return {"name": body.name}

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
