"""Pause reasons' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.agent_tables import PauseReasonRow
from app.db.agents_day import pause_reason_object
from app.pause_reasons.schemas import PauseReasonBody, PauseReasonView
from app.resources import Change, Resource

__all__ = ["PAUSE_REASONS", "PauseReasons"]

_FIELDS: Final = ("name", "limit_seconds", "on_limit", "productive", "max_agents", "max_agents_per_queue")


class PauseReasons(Resource[PauseReasonRow, PauseReasonBody, PauseReasonView]):
    noun = "pause reason"
    path = "pause-reasons"
    kind = "pause_reason"
    row = PauseReasonRow
    body = PauseReasonBody

    async def views(self, session: AsyncSession, rows: Sequence[PauseReasonRow]) -> list[PauseReasonView]:  # noqa: ARG002 - the port's
        return [
            PauseReasonView.model_validate(
                {**PauseReasonView.common(row), **{name: getattr(row, name) for name in _FIELDS}}
            )
            for row in rows
        ]

    async def columns(self, change: Change, body: PauseReasonBody, row: PauseReasonRow | None) -> dict[str, Any]:  # noqa: ARG002 - the port's
        return body.model_dump()

    async def objects(self, _session: AsyncSession, rows: Sequence[PauseReasonRow], /) -> Sequence[ConfigObject]:
        return [pause_reason_object(row) for row in rows]


PAUSE_REASONS: Final = PauseReasons()
