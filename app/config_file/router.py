"""``POST /api/v1/config/import``: the file's content as JSON; it takes effect at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.auth.access import ADMIN
from app.config_file.importer import ImportReport, import_document
from app.resources import changing
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/config", tags=["config"])


@router.post("/import", dependencies=[ADMIN])
async def import_config(services: UsesServices, document: Annotated[dict[str, Any], Body()]) -> ImportReport:
    """Create or change what the document names; all or nothing. Sections: skills, queues, agents, entry_points,
    priority_rules, trunks, media_servers; fields as in the objects' own addresses, objects matched by name (entry points
    by user).
    """
    async with changing(services) as change:
        return await import_document(change, document)
