"""``/api/v1/replication/peers``: the other nodes of the bus, and where we stand with each."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.auth.access import READ
from app.paging import Cursor, Limit, Page, after_cursor, page_of
from app.replication.schemas import PeerState, ReplicationPeer
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/replication", tags=["replication"])


@router.get("/peers", dependencies=[READ])
async def list_peers(
    services: UsesServices,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[PeerState | None, Query(description="Only those with this status.")] = None,
) -> Page[ReplicationPeer]:
    """All nodes that are known, by address; none where nothing is shared."""
    now, after = services.clock(), after_cursor(cursor)
    peers = [peer for peer in services.replication.peers() if peer.address > after and status in (None, peer.status)]
    found = [ReplicationPeer.of(peer, now) for peer in peers[: limit + 1]]
    return page_of(found, [peer.address for peer in peers], limit)
