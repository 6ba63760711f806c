"""Trunks' own rules."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.configuration import trunk_object
from app.db.tables import TrunkRow
from app.resources import Resource
from app.trunks.schemas import TrunkBody, TrunkView

__all__ = ["TRUNKS", "Trunks"]


class Trunks(Resource[TrunkRow, TrunkBody, TrunkView]):
    noun = "trunk"
    path = "trunks"
    kind = "trunk"
    row = TrunkRow
    body = TrunkBody
    shown = TrunkView

    async def objects(self, _session: AsyncSession, rows: Sequence[TrunkRow], /) -> Sequence[ConfigObject]:
        return [trunk_object(row) for row in rows]


TRUNKS: Final = Trunks()
