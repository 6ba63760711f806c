"""What clients send and see of media servers."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from app.fields import Name
from app.resources import Body, View
from app.settings import check_media_uri

__all__ = ["MediaServerBody", "MediaServerView"]


class _Fields(BaseModel):
    """``uri`` may hold ``{queue}``, ``{sound}`` and ``{repeat}``. Servers are tried in order of ``position``."""

    name: Name
    uri: Annotated[str, Field(max_length=512), AfterValidator(check_media_uri)]
    position: Annotated[int, Field(ge=0, le=10_000)] = 0


class MediaServerBody(_Fields, Body):
    pass


class MediaServerView(_Fields, View):
    pass
