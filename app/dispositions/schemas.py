"""What clients send and see of dispositions. A queue is referred to by its name or id."""

from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from app.fields import Name
from app.resources import Body, View

__all__ = ["DispositionBody", "DispositionView"]


class _Fields(BaseModel):
    """``queues`` null: for the calls of every queue."""

    name: Name
    queues: Annotated[list[Name], Field(max_length=1000)] | None = None


class DispositionBody(_Fields, Body):
    @field_validator("queues")
    @classmethod
    def _as_set(cls, value: list[str] | None) -> list[str] | None:
        return value if value is None else sorted(set(value))


class DispositionView(_Fields, View):
    pass
