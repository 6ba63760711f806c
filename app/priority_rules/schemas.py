"""What clients send and see of priority rules. Skills and the queue are referred to by name or id."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.fields import Name
from app.requirements import Requirements
from app.resources import Body, View

__all__ = ["MatchPart", "PriorityRuleBody", "PriorityRuleView"]

Number = Annotated[str, Field(min_length=1, max_length=128)]
HeaderName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9.!%*_+`'~-]+$")
]  # RFC 3261 §25.1 token


class MatchPart(BaseModel):
    """One of: the caller's number (the user of From), how it begins, or a header of the INVITE (``value``: which it has)."""

    model_config = ConfigDict(extra="forbid")

    caller: Number | None = None
    caller_prefix: Number | None = None
    header: HeaderName | None = None
    value: Annotated[str, Field(max_length=256)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.caller, self.caller_prefix, self.header)) != 1:
            raise ValueError("give one of caller, caller_prefix and header")
        if self.value is not None and self.header is None:
            raise ValueError("value goes with header")
        return self


class _Fields(BaseModel):
    """``priority`` null: the number that the header holds. ``queue`` null: calls to every queue."""

    name: Name
    match: MatchPart
    priority: Annotated[int, Field(ge=-1000, le=1000)] | None = 0
    requirements: Requirements = []
    queue: Name | None = None


class PriorityRuleBody(_Fields, Body):
    @model_validator(mode="after")
    def _number_somewhere(self) -> Self:
        if self.priority is None and (self.match.header is None or self.match.value is not None):
            raise ValueError("priority null is for a header that holds the number (no value given)")
        return self


class PriorityRuleView(_Fields, View):
    pass
