"""What clients send and see of pause reasons."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.fields import Name
from app.resources import Body, View

__all__ = ["PauseReasonBody", "PauseReasonView"]

Most = Annotated[int, Field(ge=0, le=100_000)]


class _Fields(BaseModel):
    """``limit_seconds`` null: as long as the agent likes. ``on_limit``: what happens then, besides the event.

    ``max_agents``: as many at once; ``max_agents_per_queue``: of those who may serve one queue. ``productive``: work.
    """

    name: Name
    limit_seconds: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] | None = None
    on_limit: Literal["notify", "available", "log_out"] = "notify"
    productive: bool = False
    max_agents: Most | None = None
    max_agents_per_queue: Most | None = None


class PauseReasonBody(_Fields, Body):
    @model_validator(mode="after")
    def _limit_where_it_matters(self) -> Self:
        if self.on_limit != "notify" and self.limit_seconds is None:
            raise ValueError("on_limit needs limit_seconds")
        return self


class PauseReasonView(_Fields, View):
    pass
