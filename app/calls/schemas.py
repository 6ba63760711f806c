"""What clients see of live calls, and send to change them."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from app.fields import Name, Seconds
from app.projections.views import CallState, CallView
from app.resources import Body

__all__ = ["AssignBody", "CallWrapUpBody", "LiveCall", "PriorityBody", "RequeueBody", "ReserveBody", "Ringing"]


class Ringing(BaseModel):
    """A phone that rings for the call. ``agent`` is a name, the id where that is gone; ``since`` it was offered."""

    agent: str
    agent_id: str
    offer: str
    since: datetime


class LiveCall(BaseModel):
    """A call that goes on. ``queue`` and ``agent`` are names, ids where the name is gone.

    ``agent``: whoever rings, connects or talks. ``position`` counts from 1 and is null once the caller talks.
    ``wait_seconds``: from entering the queue until connected, or until now. ``expected_wait_seconds``: still to
    come, null once connected or where nothing is known. ``offers``: how many agents were rung.
    ``reserved_for``: the agent for whom a waiting call is kept. ``ringing``: every phone that rings for it, of which
    ``agent`` is the first.
    """

    id: str
    state: CallState
    caller: str
    called: str
    queue: str | None
    queue_id: str | None
    agent: str | None
    agent_id: str | None
    priority: int
    position: int | None
    arrived_at: datetime
    queued_at: datetime | None
    connected_at: datetime | None
    wait_seconds: float | None
    expected_wait_seconds: float | None
    offers: int
    reserved_for: str | None = None
    ringing: list[Ringing] = []

    @classmethod
    def of(cls, call: CallView) -> Self:
        return cls(
            id=call.id,
            state=call.state,
            caller=call.caller,
            called=call.called,
            queue=call.queue_name or call.queue,
            queue_id=call.queue,
            agent=call.agent_name or call.agent,
            agent_id=call.agent,
            priority=call.priority,
            position=call.position,
            arrived_at=datetime.fromtimestamp(call.arrived_at, UTC),
            queued_at=_instant(call.queued_at),
            connected_at=_instant(call.connected_at),
            wait_seconds=call.wait_seconds,
            expected_wait_seconds=call.expected_wait_seconds,
            offers=call.offers,
            reserved_for=call.reserved_name or call.reserved_for,
            ringing=[
                Ringing(
                    agent=each.agent_name or each.agent, agent_id=each.agent, offer=each.offer, since=_at(each.since)
                )
                for each in call.ringing
            ],
        )


class PriorityBody(Body):
    """Higher is served first; the caller keeps its time of joining."""

    priority: Annotated[int, Field(ge=-1000, le=1000)]


class AssignBody(Body):
    """The call is the agent's next, whoever else waits and whatever its skills; nobody else is offered it.

    ``wait_seconds``: for so long (null: while it waits). ``now``: refused unless the agent can take it at once.
    """

    agent: Name
    wait_seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    now: bool = False


class ReserveBody(Body):
    """Call and agent are kept for each other: neither gets anything else for so many seconds."""

    agent: Name
    seconds: Annotated[float, Field(gt=0, le=86_400)]


class RequeueBody(Body):
    """``queue`` null: back into its own, for a call that is talked."""

    queue: Name | None = None


class CallWrapUpBody(Body):
    """How long the wrap-up after this call will be, whatever the agent's and the queue's say."""

    seconds: Seconds


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else _at(seconds)
