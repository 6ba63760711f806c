"""``/api/v1/events``: server-sent events (WHATWG HTML §9.2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from app.auth.access import READ
from app.events.event import FAMILIES
from app.events.hub import EventHub, Interest, Subscription
from app.problems import FieldError, Problem, invalid
from app.projections.access import UsesHub, UsesView

__all__ = ["frames", "router"]

router = APIRouter(tags=["events"])

KEEP_ALIVE_SECONDS: Final = 15.0
_HELLO: Final = b"retry: 2000\n\n"
_STILL_HERE: Final = b": still here\n\n"

Topics = Annotated[str, Query(max_length=1000, description="Event types or families, comma-separated; none: all.")]
Ref = Annotated[str | None, Query(max_length=64)]
LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)]


@router.get("/events", dependencies=[READ], response_class=StreamingResponse)
async def events(
    hub: UsesHub,
    view: UsesView,
    topics: Topics = "",
    queue: Ref = None,
    agent: Ref = None,
    call: Ref = None,
    last_event_id: LastId = None,
) -> StreamingResponse:
    """What happens, as it happens. Resumes after ``Last-Event-ID``; where that is too old, ``stream.reset`` comes."""
    interest = Interest(
        _topics(topics),
        queue=_known("queue", queue, None if queue is None else view.queue_id(queue)),
        agent=_known("agent", agent, None if agent is None else view.agent_id(agent)),
        call=call,
    )
    if hub.full:
        raise Problem("unavailable", "As many event streams are open as the settings allow.")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames(hub, interest, last_event_id), media_type="text/event-stream", headers=headers)


async def frames(
    hub: EventHub, interest: Interest, last_event_id: str | None = None, keep_alive: float = KEEP_ALIVE_SECONDS
) -> AsyncIterator[bytes]:
    """Frames in batches, a comment when nothing happened for ``keep_alive`` seconds, until the hub closes.

    Subscribes when the first frame is asked for: a response that is never sent leaves no subscription behind.
    """
    subscription = hub.subscribe(interest, last_event_id)
    try:
        yield _HELLO
        while True:
            batch = subscription.take()
            if batch:
                yield b"".join(batch)
            if subscription.ended:
                return
            if not (batch or await _woken(subscription, keep_alive)):
                yield _STILL_HERE
    finally:
        subscription.close()


async def _woken(subscription: Subscription, within: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(subscription.wake.wait(), within)
    return subscription.wake.is_set()


def _topics(text: str) -> frozenset[str]:
    topics = frozenset(topic.strip().removesuffix(".*") for topic in text.split(",") if topic.strip())
    for topic in sorted(topics):
        if topic.partition(".")[0] not in FAMILIES:
            raise invalid([FieldError("topics", f"there is no topic {topic!r}", "query")])
    return topics


def _known(field: str, ref: str | None, found: str | None) -> str | None:
    if ref is not None and found is None:
        raise invalid([FieldError(field, f"there is no {field} {ref!r}", "query")])
    return found
