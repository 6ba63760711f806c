"""Pause reasons' own rules."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.agent_tables import PauseReasonRow
from app.db.agents_day import pause_reason_object
from app.pause_reasons.schemas import PauseReasonBody, PauseReasonView
from app.resources import Resource

__all__ = ["PAUSE_REASONS", "PauseReasons"]


class PauseReasons(Resource[PauseReasonRow, PauseReasonBody, PauseReasonView]):
    noun = "pause reason"
    path = "pause-reasons"
    kind = "pause_reason"
    row = PauseReasonRow
    body = PauseReasonBody
    shown = PauseReasonView

    async def objects(self, _session: AsyncSession, rows: Sequence[PauseReasonRow], /) -> Sequence[ConfigObject]:
        return [pause_reason_object(row) for row in rows]


PAUSE_REASONS: Final = PauseReasons()
