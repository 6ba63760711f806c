"""Entry points' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.configuration import ConfigObject
from app.db.configuration import entry_point_object
from app.db.tables import EntryPointRow, QueueRow
from app.entry_points.schemas import EntryPointBody, EntryPointView
from app.requirements import resolved, shown, skill_names
from app.resources import Change, Resource, resolve

__all__ = ["ENTRY_POINTS", "EntryPoints"]


class EntryPoints(Resource[EntryPointRow, EntryPointBody, EntryPointView]):
    noun = "entry point"
    path = "entry-points"
    key = "user"
    kind = "entry_point"
    row = EntryPointRow
    body = EntryPointBody
    shown = EntryPointView

    async def views(self, session: AsyncSession, rows: Sequence[EntryPointRow]) -> list[EntryPointView]:
        query = select(col(QueueRow.id), col(QueueRow.name)).where(col(QueueRow.id).in_({row.queue_id for row in rows}))
        names = {row.id: row.name for row in await session.execute(query)}
        skills = await skill_names(session, {part["skill"] for row in rows for part in row.requirements})
        return [
            EntryPointView.model_validate(
                {
                    **EntryPointView.common(row), "user": row.user, "queue": names[row.queue_id],
                    "priority": row.priority, "wrap_up_seconds": row.wrap_up_seconds,
                    "requirements": shown(row.requirements, skills),
                }
            )
            for row in rows
        ]  # fmt: skip

    async def columns(
        self,
        change: Change,
        body: EntryPointBody,
        _row: EntryPointRow | None,
    ) -> dict[str, Any]:
        ids = await resolve(change, QueueRow, {body.queue: ("queue",)})
        needs = await resolved(change, body.requirements, "requirements")
        plain = body.model_dump(exclude={"queue", "requirements"})
        return {"queue_id": ids[body.queue], "requirements": needs, **plain}

    async def objects(self, _session: AsyncSession, rows: Sequence[EntryPointRow], /) -> Sequence[ConfigObject]:
        return [entry_point_object(row) for row in rows]


ENTRY_POINTS: Final = EntryPoints()
