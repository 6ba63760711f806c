"""What clients see of callbacks, and send to ask for one."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from app.callers import MAX_NUMBER, is_number
from app.fields import Name
from app.projections.callbacks import CallbackState, CallbackView
from app.resources import Body

__all__ = ["CallbackBody", "CallbackShown"]


def _number(value: str) -> str:
    if not is_number(value):
        raise ValueError(f"a number is 1–{MAX_NUMBER} letters, digits and +*#._-")
    return value


class CallbackBody(Body):
    """A customer is to be called when its turn in ``queue`` comes, at the end of the line; not before ``not_before``."""

    queue: Name
    number: Annotated[str, AfterValidator(_number)]
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    not_before: AwareDatetime | None = None


class CallbackShown(BaseModel):
    """A callback that waits. ``source``: key, overflow or rest. ``cause``: why the customer was not reached the last time."""

    id: str
    queue: str
    queue_id: str
    number: str
    source: str
    state: CallbackState
    priority: int
    attempts: int
    cause: str | None
    requested_at: datetime

    @classmethod
    def of(cls, view: CallbackView, queue: str | None) -> Self:
        return cls(
            id=view.id,
            queue=queue or view.queue,
            queue_id=view.queue,
            number=view.number,
            source=view.source,
            state=view.state,
            priority=view.priority,
            attempts=view.attempts,
            cause=view.cause,
            requested_at=datetime.fromtimestamp(view.requested_at, UTC),
        )
