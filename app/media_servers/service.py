"""Media servers' own rules."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.configuration import ConfigObject
from app.db.configuration import media_server_object
from app.db.tables import MediaServerRow
from app.media_servers.schemas import MediaServerBody, MediaServerView
from app.resources import Change, Resource

__all__ = ["MEDIA_SERVERS", "MediaServers"]


class MediaServers(Resource[MediaServerRow, MediaServerBody, MediaServerView]):
    noun = "media server"
    path = "media-servers"
    kind = "media_server"
    row = MediaServerRow
    body = MediaServerBody

    async def views(
        self,
        session: AsyncSession,  # noqa: ARG002 - the port's
        rows: Sequence[MediaServerRow],
    ) -> list[MediaServerView]:
        return [
            MediaServerView(**MediaServerView.common(row), name=row.name, uri=row.uri, position=row.position)
            for row in rows
        ]

    async def columns(
        self,
        change: Change,  # noqa: ARG002 - the port's
        body: MediaServerBody,
        row: MediaServerRow | None,  # noqa: ARG002 - the port's
    ) -> dict[str, Any]:
        return body.model_dump()

    async def objects(self, _session: AsyncSession, rows: Sequence[MediaServerRow], /) -> Sequence[ConfigObject]:
        return [media_server_object(row) for row in rows]


MEDIA_SERVERS: Final = MediaServers()
