"""Agents' own rules: skills and memberships in tables of their own, digest hashes instead of passwords."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.agents.credentials import digest_hashes, hash_pin, is_pin, user_of
from app.agents.membership import memberships, memberships_stored
from app.agents.schemas import AgentBody, AgentView
from app.commands import SetAgentState
from app.configuration import ConfigObject
from app.db.configuration import agent_objects
from app.db.tables import AgentRow, AgentSkillRow, SkillRow
from app.problems import FieldError, invalid
from app.resources import Change, Resource, resolve

__all__ = ["AGENTS", "Agents"]

_POLICIES: Final = ("groups", "wrap_up_seconds", "pause_after_misses")


class Agents(Resource[AgentRow, AgentBody, AgentView]):
    noun = "agent"
    path = "agents"
    kind = "agent"
    row = AgentRow
    body = AgentBody
    shown = AgentView

    async def views(self, session: AsyncSession, rows: Sequence[AgentRow]) -> list[AgentView]:
        ids = [row.id for row in rows]
        skills, queues = await _skills(session, ids), await memberships(session, ids)
        return [
            AgentView(
                **AgentView.common(row),
                name=row.name,
                address=row.address or None,
                skills=skills[row.id],
                queues=None if row.serves_all else queues[row.id],
                capacity=row.capacity,
                offer="caller" if row.offer == "caller" else "late",
                number=row.number,
                has_password=bool(row.ha1),
                has_pin=row.pin is not None,
                **row.policies,
            )
            for row in rows
        ]

    async def columns(self, change: Change, body: AgentBody, row: AgentRow | None) -> dict[str, Any]:
        values = body.model_dump(include={"name", "offer", "capacity", "number"})
        values["address"] = body.address or ""
        await _check_number(change.session, body.number, row)
        values["serves_all"] = body.queues is None
        values["policies"] = body.model_dump(mode="json", include=set(_POLICIES))
        if row is None:
            values["initial_status"] = body.status
        return {**values, **_credentials(change.realm, body, row), **_pin(body, row)}

    async def patch(self, change: Change, row: AgentRow, fields: Mapping[str, object]) -> bool:
        if "status" in fields:
            raise invalid([FieldError("status", f"set it at /api/v1/agents/{row.id}/state")])
        return await super().patch(change, row, fields)

    async def link(self, change: Change, row: AgentRow, body: AgentBody) -> None:
        session = change.session
        skills = await resolve(change, SkillRow, {skill: ("skills", skill) for skill in body.skills})
        await memberships_stored(change, row, body.queues)
        if len(set(skills.values())) != len(skills):
            raise invalid([FieldError("skills", "a skill is given twice, by name and by id")])
        session.add_all(
            AgentSkillRow(agent_id=row.id, skill_id=skills[skill], level=level) for skill, level in body.skills.items()
        )
        await session.flush()

    async def unlink(self, change: Change, row: AgentRow) -> None:
        await change.session.execute(delete(AgentSkillRow).where(col(AgentSkillRow.agent_id) == row.id))

    async def objects(self, session: AsyncSession, rows: Sequence[AgentRow], /) -> Sequence[ConfigObject]:
        return await agent_objects(session, rows)

    async def after_create(self, change: Change, row: AgentRow, body: AgentBody) -> None:
        if body.status != "logged_out":
            change.commands.append(SetAgentState(row.id, body.status))


async def _check_number(session: AsyncSession, number: str | None, row: AgentRow | None) -> None:
    if number is None:
        return
    query = select(col(AgentRow.name)).where(col(AgentRow.number) == number)
    if row is not None:
        query = query.where(col(AgentRow.id) != row.id)
    other = (await session.scalars(query)).first()
    if other is not None:
        raise invalid([FieldError("number", f"agent {other!r} has this number")])


def _pin(body: AgentBody, row: AgentRow | None) -> dict[str, Any]:
    """The column of the PIN's hash; none where it stays as it is."""
    if "pin" not in body.model_fields_set or (body.pin and row is not None and row.pin and is_pin(body.pin, row.pin)):
        return {}
    return {"pin": None if body.pin is None else hash_pin(body.pin)}


def _credentials(realm: str, body: AgentBody, row: AgentRow | None) -> dict[str, Any]:
    """The columns of the digest hashes; none where they stay as they are."""
    user = user_of(body.address or "")
    if body.password is not None:
        if not user:
            raise invalid([FieldError("password", "an address without a user cannot register")])
        return {"ha1": digest_hashes(user, realm, body.password), "ha1_realm": realm}
    if "password" in body.model_fields_set:
        return {"ha1": {}, "ha1_realm": None}
    if row is not None and row.ha1 and user != user_of(row.address):
        raise invalid([FieldError("password", "send it along: the stored hash is for the address's old user")])
    return {}


async def _skills(session: AsyncSession, agents: Sequence[str]) -> dict[str, dict[str, int]]:
    query = (
        select(col(AgentSkillRow.agent_id), col(SkillRow.name), col(AgentSkillRow.level))
        .join(SkillRow, col(SkillRow.id) == col(AgentSkillRow.skill_id))
        .where(col(AgentSkillRow.agent_id).in_(agents))
        .order_by(col(SkillRow.name))
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for agent, skill, level in await session.execute(query):
        found[agent][skill] = level
    return found


AGENTS: Final = Agents()
