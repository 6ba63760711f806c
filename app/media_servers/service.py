"""Media servers' own rules."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.configuration import media_server_object
from app.db.tables import MediaServerRow
from app.media_servers.schemas import MediaServerBody, MediaServerView
from app.resources import Resource

__all__ = ["MEDIA_SERVERS", "MediaServers"]


class MediaServers(Resource[MediaServerRow, MediaServerBody, MediaServerView]):
    noun = "media server"
    path = "media-servers"
    kind = "media_server"
    row = MediaServerRow
    body = MediaServerBody
    shown = MediaServerView

    async def objects(self, _session: AsyncSession, rows: Sequence[MediaServerRow], /) -> Sequence[ConfigObject]:
        return [media_server_object(row) for row in rows]


MEDIA_SERVERS: Final = MediaServers()
