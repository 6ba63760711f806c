"""API keys at rest: a key is shown once, when it is made, and only its SHA-256 is stored.

A key is 256 random bits, so there is nothing for a slow hash (argon2) to protect: no dictionary holds it, and a plain
hash lets each request find its key by one indexed look-up instead of spending 50 ms.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final, Literal, get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import ApiKeyRow

__all__ = ["SCOPES", "Scope", "create_key", "ensure_bootstrap_key", "hash_key", "mint_key"]

Scope = Literal["admin", "supervisor", "agent", "read"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
_PREFIX = "callyard_"  # lets secret scanners recognise a key that was committed by mistake


def mint_key() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(
    session: AsyncSession, name: str, scopes: Iterable[Scope], *, agent_id: str | None = None
) -> tuple[ApiKeyRow, str]:
    """A new key's row, added to the session, and the key itself: the only time it is seen."""
    key = mint_key()
    row = ApiKeyRow(name=name, hash=hash_key(key), scopes=sorted(set(scopes)), agent_id=agent_id)
    session.add(row)
    return row, key


async def ensure_bootstrap_key(database: Database, fixed: str | None) -> str | None:
    """See to the first administrator's key; returns it where it was made just now (print it once), else None.

    ``fixed`` (the setting ``admin_key``) replaces whatever bootstrap key there was.
    """
    async with database.write() as session:
        query = select(ApiKeyRow).where(col(ApiKeyRow.bootstrap).is_(True))
        row = (await session.execute(query)).scalar_one_or_none()
        if fixed is None and row is not None:
            return None
        key = fixed or mint_key()
        if row is None:
            session.add(ApiKeyRow(name="bootstrap", hash=hash_key(key), scopes=["admin"], bootstrap=True))
        else:
            row.hash = hash_key(key)
        return None if fixed else key
