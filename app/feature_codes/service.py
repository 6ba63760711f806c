"""Feature codes' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.agent_tables import FeatureCodeRow
from app.db.agents_day import feature_code_object
from app.feature_codes.schemas import FeatureCodeBody, FeatureCodeView
from app.resources import Change, Resource

__all__ = ["FEATURE_CODES", "FeatureCodes"]

_FIELDS: Final = ("code", "action", "pause_reason", "announcement")


class FeatureCodes(Resource[FeatureCodeRow, FeatureCodeBody, FeatureCodeView]):
    noun = "feature code"
    path = "feature-codes"
    key = "code"
    kind = "feature_code"
    row = FeatureCodeRow
    body = FeatureCodeBody

    async def views(self, session: AsyncSession, rows: Sequence[FeatureCodeRow]) -> list[FeatureCodeView]:  # noqa: ARG002 - the port's
        return [
            FeatureCodeView.model_validate(
                {**FeatureCodeView.common(row), **{name: getattr(row, name) for name in _FIELDS}}
            )
            for row in rows
        ]

    async def columns(self, change: Change, body: FeatureCodeBody, row: FeatureCodeRow | None) -> dict[str, Any]:  # noqa: ARG002 - the port's
        return body.model_dump()

    async def objects(self, _session: AsyncSession, rows: Sequence[FeatureCodeRow], /) -> Sequence[ConfigObject]:
        return [feature_code_object(row) for row in rows]


FEATURE_CODES: Final = FeatureCodes()
