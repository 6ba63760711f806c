"""API keys as requests bring them: looked up in the database, and remembered for some seconds.

The look-up takes longer than all else that a request for an agent's state needs, and a caller waits for that agent. Who
sends a key that is not stored is looked up each time: unknown keys take no room.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from app.auth.caller import Caller, caller_of
from app.auth.keys import hash_key
from app.db.engine import Database
from app.db.tables import ApiKeyRow

__all__ = ["KeyRing"]


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    until: float


class KeyRing:
    """``seconds``: how long a key that was revoked by another process may still open the door. ``size``: keys remembered."""

    def __init__(self, database: Database, *, seconds: float, size: int) -> None:
        self._database = database
        self._seconds = seconds
        self._size = size
        self._known: dict[str, _Known] = {}  # by hash, those looked up longest ago first

    def __len__(self) -> int:
        return len(self._known)

    async def caller(self, key: str, now: float) -> Caller | None:
        """Whose key it is; None: it is not known."""
        key_hash = hash_key(key)
        known = self._known.get(key_hash)
        if known is not None and now < known.until:
            return known.caller
        ring = self._known  # what is read while ``forget`` is called goes into the ring that was put away
        async with self._database.read() as session:
            row = await session.scalar(select(ApiKeyRow).where(col(ApiKeyRow.hash) == key_hash))
        ring.pop(key_hash, None)
        if row is None:
            return None
        caller = caller_of(row)
        if len(ring) >= self._size:
            del ring[next(iter(ring))]
        ring[key_hash] = _Known(caller, now + self._seconds)
        return caller

    def forget(self) -> None:
        """A change of configuration may have taken keys with it (an agent's): each is looked up again."""
        self._known = {}
