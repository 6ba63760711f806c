"""``/api/v1/internals``: the live core's own numbers, zero or flat when nothing goes on."""

from typing import Any

from fastapi import APIRouter

from app.auth.access import ADMIN
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/internals", tags=["internals"])


@router.get("", dependencies=[ADMIN])
async def internals(services: UsesServices) -> dict[str, Any]:
    """Live calls, legs, dialogs, transactions, deadlines, offers, tickets, journal, outbox, loop lag, messages."""
    return dict(services.internals())
