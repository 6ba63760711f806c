"""A node of the bus as REST shows it."""

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel

from app.replication.reader import PeerPicture
from sipcore.dmq.replica import Lag

__all__ = ["PeerState", "ReplicationLag", "ReplicationPeer"]

PeerState = Literal["pending", "active", "not_active", "disabled"]


class ReplicationLag(BaseModel):
    """``changes``: what it was not told yet, or has not confirmed, the oldest ``seconds`` old. ``sync_told``: contacts told by
    the full sync that is under way; null: none is. ``pulled``: it has sent us all its contacts since it joined.
    """

    changes: int
    seconds: float
    sync_told: int | None
    pulled: bool

    @classmethod
    def of(cls, lag: Lag) -> Self:
        return cls(changes=lag.waiting, seconds=round(lag.seconds, 3), sync_told=lag.walked, pulled=lag.pulled)


class ReplicationPeer(BaseModel):
    """``lists_us``: it holds us for active, and so tells us what happens there; null: not known.

    ``failures``: requests in a row without an answer. ``requests`` and ``contacts``: what passed since the start, by what
    became of it. ``lag`` null: it is told nothing.

    ``under_way``: our requests that wait for its answer, the oldest for ``oldest_wait_seconds``.
    """

    address: str
    status: PeerState
    configured: bool
    since: datetime
    last_heard_at: datetime | None
    last_answered_at: datetime | None
    round_trip_seconds: float | None
    failures: int
    lists_us: bool | None
    under_way: int
    oldest_wait_seconds: float
    requests: dict[str, int]
    contacts: dict[str, int]
    lag: ReplicationLag | None

    @classmethod
    def of(cls, peer: PeerPicture, now: float) -> Self:
        return cls.model_validate(
            {
                "address": peer.address,
                "status": peer.status,
                "configured": peer.configured,
                "since": _instant(peer.since),
                "last_heard_at": _instant(peer.heard_at),
                "last_answered_at": _instant(peer.answered_at),
                "round_trip_seconds": round(peer.round_trip, 6) if peer.answered_at else None,
                "failures": peer.failures,
                "lists_us": peer.lists_us,
                "under_way": peer.under_way,
                "oldest_wait_seconds": 0.0 if peer.oldest_at is None else round(max(0.0, now - peer.oldest_at), 3),
                "requests": peer.requests,
                "contacts": peer.contacts,
                "lag": None if peer.lag is None else ReplicationLag.of(peer.lag),
            }
        )


def _instant(seconds: float) -> datetime | None:
    """To the millisecond; 0 is never."""
    return datetime.fromtimestamp(round(seconds, 3), UTC) if seconds else None
