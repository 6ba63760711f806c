"""Feature codes' own rules."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.agent_tables import FeatureCodeRow
from app.db.agents_day import feature_code_object
from app.feature_codes.schemas import FeatureCodeBody, FeatureCodeView
from app.resources import Resource

__all__ = ["FEATURE_CODES", "FeatureCodes"]


class FeatureCodes(Resource[FeatureCodeRow, FeatureCodeBody, FeatureCodeView]):
    noun = "feature code"
    path = "feature-codes"
    key = "code"
    kind = "feature_code"
    row = FeatureCodeRow
    body = FeatureCodeBody
    shown = FeatureCodeView

    async def objects(self, _session: AsyncSession, rows: Sequence[FeatureCodeRow], /) -> Sequence[ConfigObject]:
        return [feature_code_object(row) for row in rows]


FEATURE_CODES: Final = FeatureCodes()
