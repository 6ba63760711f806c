"""Trunks' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.configuration import trunk_object
from app.db.tables import TrunkRow
from app.resources import Change, Resource
from app.trunks.schemas import TrunkBody, TrunkView

__all__ = ["TRUNKS", "Trunks"]


class Trunks(Resource[TrunkRow, TrunkBody, TrunkView]):
    noun = "trunk"
    path = "trunks"
    kind = "trunk"
    row = TrunkRow
    body = TrunkBody

    async def views(self, session: AsyncSession, rows: Sequence[TrunkRow]) -> list[TrunkView]:  # noqa: ARG002 - the port's
        return [TrunkView(**TrunkView.common(row), name=row.name, addresses=row.addresses) for row in rows]

    async def columns(self, change: Change, body: TrunkBody, row: TrunkRow | None) -> dict[str, Any]:  # noqa: ARG002 - the port's
        return body.model_dump()

    async def objects(self, _session: AsyncSession, rows: Sequence[TrunkRow], /) -> Sequence[ConfigObject]:
        return [trunk_object(row) for row in rows]


TRUNKS: Final = Trunks()
