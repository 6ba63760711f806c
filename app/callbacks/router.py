"""``/api/v1/callbacks``: customers who are to be called back; read from the projection, changed through the live core."""

from typing import Annotated

import uuid_utils
from fastapi import APIRouter, Query

from app.auth.access import READ, SUPERVISOR
from app.callbacks.schemas import CallbackBody, CallbackShown
from app.commands import CancelCallback, LiveCommand, RefusedReply, RequestCallback
from app.paging import Cursor, Limit, Page, after_cursor, to_cursor
from app.problems import FieldError, Problem, Where, invalid
from app.projections.access import UsesView
from app.projections.live import LiveView
from app.services import Services, UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/callbacks", tags=["callbacks"])

QueueFilter = Annotated[str | None, Query(max_length=64, description="Only this queue's, by name or id.")]


@router.get("", dependencies=[READ])
async def list_callbacks(
    view: UsesView, limit: Limit = 50, cursor: Cursor = None, queue: QueueFilter = None
) -> Page[CallbackShown]:
    """Those that wait, the oldest first."""
    queue_id = None if queue is None else _queue(view, queue, "query")
    items: list[CallbackShown] = []
    for one in view.callbacks.listed(after=after_cursor(cursor)):
        if len(items) == limit:
            return Page(items=items, next_cursor=to_cursor(items[-1].id))
        if queue_id in (None, one.queue):
            items.append(CallbackShown.of(one, view.queue_name(one.queue)))
    return Page(items=items)


@router.get("/{callback_id}", dependencies=[READ])
async def get_callback(view: UsesView, callback_id: str) -> CallbackShown:
    return _shown(view, callback_id)


@router.post("", status_code=201, dependencies=[SUPERVISOR])
async def request_callback(services: UsesServices, view: UsesView, body: CallbackBody) -> CallbackShown:
    """Ask for one: 409 where the queue does not call back, or is to call this number already."""
    queue = _queue(view, body.queue, "body")
    at = body.not_before.timestamp() if body.not_before is not None else None
    callback_id = str(uuid_utils.uuid7())
    await _submit(services, RequestCallback(callback_id, queue, body.number, body.priority, at))
    return _shown(view, callback_id)


@router.delete("/{callback_id}", status_code=204, dependencies=[SUPERVISOR])
async def cancel_callback(services: UsesServices, callback_id: str) -> None:
    """Give it up; a customer whose phone rings now is left alone."""
    await _submit(services, CancelCallback(callback_id))


def _shown(view: LiveView, callback_id: str) -> CallbackShown:
    found = view.callbacks.get(callback_id)
    if found is None:
        raise Problem("not-found", f"No callback {callback_id!r} is waiting.")
    return CallbackShown.of(found, view.queue_name(found.queue))


def _queue(view: LiveView, ref: str, where: Where) -> str:
    found = view.queue_id(ref)
    if found is None:
        raise invalid([FieldError("queue", f"there is no queue {ref!r}", where)])
    return found


async def _submit(services: Services, command: LiveCommand) -> None:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply):
        if reply.status == 404:
            raise Problem("not-found", reply.detail)
        raise Problem("impossible-transition", reply.detail, extra={"reason": reply.reason})
