"""What clients send and see of entry points. The queue is referred to by its name or id."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.fields import Name, Seconds
from app.requirements import Requirements
from app.resources import Body, View

__all__ = ["EntryPointBody", "EntryPointView"]

# RFC 3261 §25.1: user = 1*( unreserved / escaped / user-unreserved ), here without escapes.
User = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9\-_.!~*'()&=+$,;?]+$")]


class _Fields(BaseModel):
    user: User
    queue: Name
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    wrap_up_seconds: Seconds | None = None
    requirements: Requirements = []


class EntryPointBody(_Fields, Body):
    pass


class EntryPointView(_Fields, View):
    pass
