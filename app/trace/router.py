"""``/api/v1/sip/trace``: SIP messages as they pass, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from app.auth.access import ADMIN
from app.problems import Problem
from app.services import UsesServices
from app.trace.feed import Filter, TraceFeed

__all__ = ["frames", "router"]

router = APIRouter(prefix="/sip", tags=["sip"])

KEEP_ALIVE_SECONDS: Final = 15.0
Wanted = Annotated[str | None, Query(min_length=1, max_length=256)]


@router.get("/trace", dependencies=[ADMIN], response_class=StreamingResponse)
async def trace(
    services: UsesServices, call: Wanted = None, user: Wanted = None, address: Wanted = None
) -> StreamingResponse:
    """Messages from now on, each an event ``sip``; filtered by Call-ID or live call, user, and peer's address."""
    if services.trace.full:
        raise Problem("unavailable", "As many traces run as the settings allow.")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = frames(services.trace, Filter(call, user, address))
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def frames(feed: TraceFeed, wants: Filter, keep_alive: float = KEEP_ALIVE_SECONDS) -> AsyncIterator[bytes]:
    """Frames in batches, a comment when nothing happened for ``keep_alive`` seconds, until the feed closes."""
    watcher = feed.watch(wants)
    try:
        yield b": watching\n\n"
        while not watcher.ended:
            with suppress(TimeoutError):
                await asyncio.wait_for(watcher.wake.wait(), keep_alive)
            batch = watcher.take()
            shown = b"".join([b"event: sip\ndata: %s\n\n" % json.dumps(asdict(each)).encode() for each in batch])
            yield shown or b": still here\n\n"
    finally:
        watcher.close()
