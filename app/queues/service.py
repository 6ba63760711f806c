"""Queues' own rules: requirements in a table of their own, and what a deletion means for others."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.commands import Configure
from app.configuration import ConfigObject
from app.db.configuration import agent_objects, queue_objects
from app.db.tables import (
    AgentQueueRow,
    AgentRow,
    EntryPointRow,
    PriorityRuleRow,
    QueueRequirementRow,
    QueueRow,
    SkillRow,
)
from app.problems import FieldError, invalid
from app.queues.needs import NEEDS, relaxation_shown, relaxation_stored
from app.queues.references import names_of, queues_sent_to, resolved, shown, stored
from app.queues.schemas import QueueBody, QueueView
from app.requirements import skill_names
from app.resources import Change, Resource, resolve

__all__ = ["QUEUES", "Queues"]

_PLAIN: Final = (
    "name", "strategy", "priority", "ring_seconds", "wrap_up_seconds", "max_wait", "max_length", "overflow", "delays",
    "service_level", "short_abandon_seconds", "music", "greeting", "early_media", "early_media_max_seconds",
)  # fmt: skip
_POLICIES: Final = (
    "ring_at_most", "ring_step_seconds", "ageing", "weight", "max_wrap_up_seconds", "disposition_required",
    "pause_after_misses", "miss_causes", "missed_pause_reason", "announcements", "sticky", "callback", *NEEDS,
    "overflow_on", "limits", "calendar", "at_close", "place_return_seconds",
)  # fmt: skip


class Queues(Resource[QueueRow, QueueBody, QueueView]):
    noun = "queue"
    path = "queues"
    kind = "queue"
    row = QueueRow
    body = QueueBody
    shown = QueueView

    async def views(self, session: AsyncSession, rows: Sequence[QueueRow]) -> list[QueueView]:
        query = (
            select(col(QueueRequirementRow.queue_id), col(SkillRow.name), col(QueueRequirementRow.min_level))
            .join(SkillRow, col(SkillRow.id) == col(QueueRequirementRow.skill_id))
            .where(col(QueueRequirementRow.queue_id).in_([row.id for row in rows]))
            .order_by(col(SkillRow.name))
        )
        needs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for queue, skill, level in await session.execute(query):
            needs[queue].append({"skill": skill, "min_level": level})
        skills = await skill_names(session, _relaxed_skills(rows))
        names = await names_of(session, rows)
        return [
            QueueView.model_validate(
                {
                    **QueueView.common(row),
                    **{name: getattr(row, name) for name in _PLAIN},
                    **row.policies,
                    **shown(row.overflow, row.policies, names),
                    "requirements": needs[row.id],
                    "relaxation": relaxation_shown(row.policies.get("relaxation", ()), skills),
                }
            )
            for row in rows
        ]

    async def columns(self, change: Change, body: QueueBody, _row: QueueRow | None) -> dict[str, Any]:
        actions = stored(body)
        policies = {
            **body.model_dump(mode="json", include=set(_POLICIES)),
            "relaxation": await relaxation_stored(change, body.relaxation),
            "overflow_on": actions["overflow_on"],
        }
        overflow, policies = await resolved(change, actions["overflow"], policies, partly=change.in_parts)
        return {**body.model_dump(include=set(_PLAIN)), "overflow": overflow, "policies": policies}

    async def complete(self, change: Change, row: QueueRow, /) -> None:
        overflow, policies = await resolved(change, row.overflow, row.policies)
        if (overflow, policies) != (row.overflow, row.policies):
            row.overflow, row.policies = overflow, policies
            await change.session.flush()

    async def link(self, change: Change, row: QueueRow, body: QueueBody) -> None:
        places = {part.skill: ("requirements", i, "skill") for i, part in enumerate(body.requirements)}
        ids = await resolve(change, SkillRow, places)
        if len(set(ids.values())) != len(ids):
            raise invalid([FieldError("requirements", "a skill is required twice, by name and by id")])
        change.session.add_all(
            QueueRequirementRow(queue_id=row.id, skill_id=ids[part.skill], min_level=part.min_level)
            for part in body.requirements
        )
        await change.session.flush()

    async def unlink(self, change: Change, row: QueueRow) -> None:
        await change.session.execute(delete(QueueRequirementRow).where(col(QueueRequirementRow.queue_id) == row.id))

    async def objects(self, session: AsyncSession, rows: Sequence[QueueRow], /) -> Sequence[ConfigObject]:
        return await queue_objects(session, rows)

    async def users(self, session: AsyncSession, row: QueueRow, /) -> list[str]:
        query = select(col(EntryPointRow.user)).where(col(EntryPointRow.queue_id) == row.id).limit(20)
        rules = select(col(PriorityRuleRow.name)).where(col(PriorityRuleRow.queue_id) == row.id).limit(20)
        users = [f"entry point {user!r} leads to it" for user in await session.scalars(query)]
        users += [f"priority rule {name!r} is for it" for name in await session.scalars(rules)]
        return users + [f"queue {name!r} sends callers to it" for name in await queues_sent_to(session, row.id)]

    async def before_delete(self, change: Change, row: QueueRow) -> None:
        """Agents named for this queue keep their other queues; their list never turns into "every queue"."""
        members = select(col(AgentQueueRow.agent_id)).where(col(AgentQueueRow.queue_id) == row.id)
        agents = (await change.session.scalars(select(AgentRow).where(col(AgentRow.id).in_(members)))).all()
        await change.session.execute(delete(AgentQueueRow).where(col(AgentQueueRow.queue_id) == row.id))
        change.commands.extend(Configure(agent) for agent in await agent_objects(change.session, agents))


def _relaxed_skills(rows: Sequence[QueueRow]) -> set[str]:
    steps = [step for row in rows for step in row.policies.get("relaxation", ())]
    lowered = {part["skill"] for step in steps for part in step["requirements"]}
    return lowered.union(*(step["drop"] for step in steps))


QUEUES: Final = Queues()
