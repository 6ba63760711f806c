"""Trunks' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.configuration import trunk_object
from app.db.tables import TrunkRow
from app.problems import FieldError, invalid
from app.resources import Change, Resource
from app.trunks.schemas import TrunkBody, TrunkView
from app.trunks.secrets import read_secret

__all__ = ["TRUNKS", "Trunks"]


class Trunks(Resource[TrunkRow, TrunkBody, TrunkView]):
    noun = "trunk"
    path = "trunks"
    kind = "trunk"
    row = TrunkRow
    body = TrunkBody
    shown = TrunkView

    async def columns(self, _change: Change, body: TrunkBody, _row: TrunkRow | None, /) -> dict[str, Any]:
        """A reference to a password has to lead to one."""
        if body.password_from is not None:
            try:
                read_secret(body.password_from)
            except ValueError as error:
                raise invalid([FieldError("password_from", str(error))]) from None
        return body.model_dump()

    async def objects(self, _session: AsyncSession, rows: Sequence[TrunkRow], /) -> Sequence[ConfigObject]:
        return [trunk_object(row) for row in rows]


TRUNKS: Final = Trunks()
