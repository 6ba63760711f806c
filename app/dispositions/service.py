"""Dispositions' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.configuration import ConfigObject
from app.db.agent_tables import DispositionRow
from app.db.agents_day import disposition_object
from app.db.tables import QueueRow
from app.dispositions.schemas import DispositionBody, DispositionView
from app.resources import Change, Resource, resolve

__all__ = ["DISPOSITIONS", "Dispositions"]


class Dispositions(Resource[DispositionRow, DispositionBody, DispositionView]):
    noun = "disposition"
    path = "dispositions"
    kind = "disposition"
    row = DispositionRow
    body = DispositionBody
    shown = DispositionView

    async def views(self, session: AsyncSession, rows: Sequence[DispositionRow]) -> list[DispositionView]:
        wanted = {queue for row in rows for queue in row.queue_ids or ()}
        query = select(col(QueueRow.id), col(QueueRow.name)).where(col(QueueRow.id).in_(wanted))
        names = {row.id: row.name for row in await session.execute(query)} if wanted else {}
        return [
            DispositionView(**DispositionView.common(row), name=row.name, queues=_named(row.queue_ids, names))
            for row in rows
        ]

    async def columns(self, change: Change, body: DispositionBody, _row: DispositionRow | None) -> dict[str, Any]:
        if body.queues is None:
            return {"name": body.name, "queue_ids": None}
        ids = await resolve(change, QueueRow, {queue: ("queues", i) for i, queue in enumerate(body.queues)})
        return {"name": body.name, "queue_ids": sorted(set(ids.values()))}

    async def objects(self, _session: AsyncSession, rows: Sequence[DispositionRow], /) -> Sequence[ConfigObject]:
        return [disposition_object(row) for row in rows]


def _named(ids: list[str] | None, names: dict[str, str]) -> list[str] | None:
    """Names of the queues that are still there."""
    return None if ids is None else sorted(names[queue] for queue in ids if queue in names)


DISPOSITIONS: Final = Dispositions()
