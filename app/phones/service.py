"""Phones' own rules: digest hashes instead of passwords, and no user that an agent registers as."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.agents.credentials import digest_hashes, user_of
from app.configuration import ConfigObject
from app.db.agent_tables import PhoneRow
from app.db.agents_day import phone_object
from app.db.tables import AgentRow
from app.phones.schemas import PhoneBody, PhoneView
from app.problems import FieldError, invalid
from app.resources import Change, Resource

__all__ = ["PHONES", "Phones"]


class Phones(Resource[PhoneRow, PhoneBody, PhoneView]):
    noun = "phone"
    path = "phones"
    key = "user"
    kind = "phone"
    row = PhoneRow
    body = PhoneBody
    shown = PhoneView

    async def views(self, _session: AsyncSession, rows: Sequence[PhoneRow]) -> list[PhoneView]:
        return [PhoneView(**PhoneView.common(row), user=row.user, has_password=bool(row.ha1)) for row in rows]

    async def columns(self, change: Change, body: PhoneBody, row: PhoneRow | None) -> dict[str, Any]:
        await _check_user(change.session, body.user)
        if body.password is not None:
            hashes = digest_hashes(body.user, change.realm, body.password)
            return {"user": body.user, "ha1": hashes, "ha1_realm": change.realm}
        if "password" in body.model_fields_set:
            return {"user": body.user, "ha1": {}, "ha1_realm": None}
        if row is not None and row.ha1 and row.user != body.user:
            raise invalid([FieldError("password", "send it along: the stored hash is for the old user")])
        return {"user": body.user}

    async def objects(self, _session: AsyncSession, rows: Sequence[PhoneRow], /) -> Sequence[ConfigObject]:
        return [phone_object(row) for row in rows]


async def _check_user(session: AsyncSession, user: str) -> None:
    """An agent with a password registers as the user of its address: nobody else may."""
    query = select(AgentRow).where(col(AgentRow.ha1_realm).is_not(None), col(AgentRow.address).contains(f":{user}@"))
    for agent in await session.scalars(query):
        if user_of(agent.address) == user:
            raise invalid([FieldError("user", f"agent {agent.name!r} registers as this user")])


PHONES: Final = Phones()
