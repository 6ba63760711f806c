"""What clients send and see of agents. A skill or queue is referred to by its name or id; passwords are never shown."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from app.fields import Level, Name, SipUri
from app.resources import Body, View

__all__ = ["AgentBody", "AgentStateBody", "AgentStateView", "AgentView", "Status", "WrapUpBody"]

Status = Literal["available", "paused", "logged_out"]


class _Fields(BaseModel):
    """``queues`` null: the agent serves every queue whose requirements it meets."""

    name: Name
    address: SipUri
    skills: Annotated[dict[Name, Level], Field(max_length=200)] = {}
    queues: Annotated[list[Name], Field(max_length=1000)] | None = None
    capacity: Annotated[int, Field(ge=1, le=100)] = 1
    offer: Literal["late", "caller"] = "late"
    groups: Annotated[list[Name], Field(max_length=100)] = []


class AgentBody(_Fields, Body):
    """``password``: what the agent's phone registers with. ``status``: the state of a new agent; later it is set at
    ``/agents/{id}/state``.
    """

    password: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    status: Status = "logged_out"

    @field_validator("queues", "groups")
    @classmethod
    def _as_set(cls, value: list[str] | None) -> list[str] | None:
        return value if value is None else sorted(set(value))


class AgentView(_Fields, View):
    """``has_password``: the agent can register."""

    has_password: bool


class AgentStateBody(Body):
    status: Status
    pause_reason: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class AgentStateView(BaseModel):
    """``pending_status``: asked for during a call, applied after it. ``since``: when this state began."""

    agent: str
    status: str
    routing_state: str
    pause_reason: str | None
    pending_status: str | None
    since: datetime | None
    call: str | None
    active: int
    capacity: int


class WrapUpBody(Body):
    action: Literal["end", "extend"]
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
