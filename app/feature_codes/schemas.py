"""What clients send and see of feature codes."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.fields import SoundName
from app.resources import Body, View

__all__ = ["FeatureCodeBody", "FeatureCodeView"]


class _Fields(BaseModel):
    """``code``: what is dialled, ``*11``, before an agent's number (and ``*`` and its PIN); alone it means the agent at
    this phone.

    ``toggle``: available for who is paused or logged out, a pause for who is available. ``announcement``: a sound.
    """

    code: Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[*#][0-9*#]*[0-9#]$|^[*#]+[0-9]+$")]
    action: Literal["log_in", "log_out", "pause", "available", "toggle"]
    pause_reason: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    announcement: SoundName | None = None


class FeatureCodeBody(_Fields, Body):
    @model_validator(mode="after")
    def _reason_of_a_pause(self) -> Self:
        if self.pause_reason is not None and self.action not in ("pause", "toggle"):
            raise ValueError("only the actions pause and toggle have a pause_reason")
        return self


class FeatureCodeView(_Fields, View):
    pass
