"""``callyard api-key``: keys are made, listed and revoked in the database; a running service follows within
``api_key_cache_seconds``.
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.agents.service import AGENTS
from app.auth.keys import create_key
from app.cli.given import opened_database, settings_of
from app.db.tables import ApiKeyRow
from app.problems import Problem
from app.settings import Settings, SettingsError

__all__ = ["create_command", "list_command", "revoke_command"]


def create_command(given: argparse.Namespace) -> int:
    if ("agent" in given.scope) != (given.agent is not None):
        raise SettingsError("a key of scope agent needs --agent, other keys have none")
    key = asyncio.run(_create(settings_of(given), given))
    sys.stderr.write("The key is shown once and stored nowhere:\n")
    sys.stdout.write(f"{key}\n")
    return 0


async def _create(settings: Settings, given: argparse.Namespace) -> str:
    async with opened_database(settings) as database, database.write() as session:
        agent = None if given.agent is None else await _agent_id(session, given.agent)
        _, key = create_key(session, given.name, given.scope, agent_id=agent)
        return key


async def _agent_id(session: AsyncSession, ref: str) -> str:
    try:
        return (await AGENTS.find(session, ref)).id
    except Problem as problem:
        raise SettingsError(problem.detail) from None


def list_command(given: argparse.Namespace) -> int:
    for row in asyncio.run(_rows(settings_of(given))):
        made = datetime.fromtimestamp(row.created_at / 1000, UTC).isoformat(timespec="seconds")
        sys.stdout.write(f"{row.id}  {made}  {','.join(row.scopes)}  {row.name}\n")
    return 0


async def _rows(settings: Settings) -> list[ApiKeyRow]:
    async with opened_database(settings) as database, database.read() as session:
        return list(await session.scalars(select(ApiKeyRow).order_by(col(ApiKeyRow.id))))


def revoke_command(given: argparse.Namespace) -> int:
    if not asyncio.run(_revoke(settings_of(given), given.id)):
        raise SettingsError(f"there is no key with the id {given.id!r}")
    return 0


async def _revoke(settings: Settings, key_id: str) -> bool:
    async with opened_database(settings) as database, database.write() as session:
        row = await session.get(ApiKeyRow, key_id)
        await session.execute(delete(ApiKeyRow).where(col(ApiKeyRow.id) == key_id))
        return row is not None
