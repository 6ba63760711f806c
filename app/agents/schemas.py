"""What clients send and see of agents. A skill or queue is referred to by its name or id; passwords are never shown."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from app.agents.membership import MembershipPart, each_once, in_short
from app.fields import Level, Name, Seconds, SipUri
from app.resources import Body, View

__all__ = [
    "AgentBody", "AgentStateBody", "AgentStateView", "AgentView", "DispositionBody", "OutsideCallsBody", "Status",
    "WrapUpBody",
]  # fmt: skip

Status = Literal["available", "paused", "logged_out"]


class _Fields(BaseModel):
    """``queues`` null: the agent serves every queue whose requirements it meets; else names, or objects that say how.
    ``address`` null: it has no phone but the one it logs in at.

    ``wrap_up_seconds`` and ``pause_after_misses`` null: the queue's; ``pause_after_misses`` 0: never. ``number``: who it
    is when a feature code is dialled.
    """

    name: Name
    address: SipUri | None = None
    skills: Annotated[dict[Name, Level], Field(max_length=200)] = {}
    queues: Annotated[list[Name | MembershipPart], Field(max_length=1000)] | None = None
    capacity: Annotated[int, Field(ge=1, le=100)] = 1
    offer: Literal["late", "caller"] = "late"
    groups: Annotated[list[Name], Field(max_length=100)] = []
    wrap_up_seconds: Seconds | None = None
    pause_after_misses: Annotated[int, Field(ge=0, le=1000)] | None = None
    number: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] | None = None


class AgentBody(_Fields, Body):
    """``password``: what the agent's phone registers with. ``pin``: dialled after its number in a feature code.

    ``status``: the state of a new agent; later it is set at ``/agents/{id}/state``.
    """

    password: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    pin: Annotated[str, Field(pattern=r"^[0-9]{1,16}$")] | None = None
    status: Status = "logged_out"

    @field_validator("groups")
    @classmethod
    def _as_set(cls, value: list[str]) -> list[str]:
        return sorted(set(value))

    @field_validator("queues")
    @classmethod
    def _by_queue(cls, value: list[str | MembershipPart] | None) -> list[str | MembershipPart] | None:
        return value if value is None else in_short(each_once(value))


class AgentView(_Fields, View):
    """``has_password``: the agent can register. ``has_pin``: feature codes with its number ask for its PIN."""

    has_password: bool
    has_pin: bool


class AgentStateBody(Body):
    """``address``: the phone at which the agent logs in, until it logs out. ``force``: now, whatever the agent does."""

    status: Status
    pause_reason: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    address: SipUri | None = None
    force: bool = False


class AgentStateView(BaseModel):
    """``pending_status``: asked for during a call, applied after it. ``since``: when this state began.

    ``outside_calls``: calls of the agent's that came from no queue. ``pause_overdue``: longer than its reason allows.
    ``forced_by``: who set the status in the agent's place. ``address``: the phone it logged in at, null: its own.
    """

    agent: str
    status: str
    routing_state: str
    pause_reason: str | None
    pending_status: str | None
    since: datetime | None
    call: str | None
    active: int
    capacity: int
    outside_calls: int
    pause_overdue: bool
    forced_by: str | None
    address: str | None


class WrapUpBody(Body):
    """``force``: end it although a call still needs its disposition (a supervisor's)."""

    action: Literal["end", "extend"]
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    force: bool = False


class OutsideCallsBody(Body):
    """How many calls the agent is in that came from no queue; 0: none any more."""

    count: Annotated[int, Field(ge=0, le=1000)]


class DispositionBody(Body):
    """``call`` null: the call that the agent wraps up or talks in. ``code``: a disposition, by name or id."""

    call: Annotated[str, Field(max_length=64)] | None = None
    code: Annotated[str, Field(min_length=1, max_length=64)]
    note: Annotated[str, Field(max_length=2000)] | None = None
