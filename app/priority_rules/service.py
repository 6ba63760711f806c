"""Priority rules' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.configuration import ConfigObject
from app.db.configuration import priority_rule_object
from app.db.tables import PriorityRuleRow, QueueRow
from app.priority_rules.schemas import PriorityRuleBody, PriorityRuleView
from app.requirements import resolved, shown, skill_names
from app.resources import Change, Resource, resolve

__all__ = ["PRIORITY_RULES", "PriorityRules"]


class PriorityRules(Resource[PriorityRuleRow, PriorityRuleBody, PriorityRuleView]):
    noun = "priority rule"
    path = "priority-rules"
    kind = "priority_rule"
    row = PriorityRuleRow
    body = PriorityRuleBody
    shown = PriorityRuleView

    async def views(self, session: AsyncSession, rows: Sequence[PriorityRuleRow]) -> list[PriorityRuleView]:
        query = select(col(QueueRow.id), col(QueueRow.name)).where(col(QueueRow.id).in_({row.queue_id for row in rows}))
        queues = {row.id: row.name for row in await session.execute(query)}
        skills = await skill_names(session, {part["skill"] for row in rows for part in row.requirements})
        return [
            PriorityRuleView.model_validate(
                {
                    **PriorityRuleView.common(row), "name": row.name, "match": row.match, "priority": row.priority,
                    "requirements": shown(row.requirements, skills),
                    "queue": queues[row.queue_id] if row.queue_id is not None else None,
                }
            )
            for row in rows
        ]  # fmt: skip

    async def columns(
        self,
        change: Change,
        body: PriorityRuleBody,
        _row: PriorityRuleRow | None,
    ) -> dict[str, Any]:
        queue = (await resolve(change, QueueRow, {body.queue: ("queue",)}))[body.queue] if body.queue else None
        return {
            "name": body.name, "match": body.match.model_dump(), "priority": body.priority,
            "requirements": await resolved(change, body.requirements, "requirements"), "queue_id": queue,
        }  # fmt: skip

    async def objects(self, _session: AsyncSession, rows: Sequence[PriorityRuleRow], /) -> Sequence[ConfigObject]:
        return [priority_rule_object(row) for row in rows]


PRIORITY_RULES: Final = PriorityRules()
