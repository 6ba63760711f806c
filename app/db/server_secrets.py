"""Secrets that the service makes for itself, once, and keeps in the database (the digest nonce key, for one)."""

import secrets

from app.db.engine import Database
from app.db.tables import SecretRow

__all__ = ["server_secret"]


async def server_secret(database: Database, name: str, length: int = 32) -> bytes:
    """The secret of that name, made at first use: every process on this database gets the same."""
    async with database.write() as session:
        row = await session.get(SecretRow, name)
        if row is None:
            row = SecretRow(name=name, value=secrets.token_bytes(length))
            session.add(row)
        return row.value
