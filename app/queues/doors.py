"""``/api/v1/queues/{id}/close`` and ``/open``: a supervisor closes a queue at once, whatever its calendar says."""

from typing import Any

from fastapi import APIRouter

from app.auth.access import SUPERVISOR
from app.commands import CloseQueue, LiveCommand, OpenQueue, RefusedReply
from app.db.tables import QueueRow
from app.journal.building import converted
from app.problems import FieldError, Problem, invalid
from app.projections.access import UsesView
from app.projections.live import LiveView
from app.queues.overflow_schemas import CloseBody
from app.queues.references import stored_overflow
from app.queues.service import QUEUES
from app.services import Services, UsesServices
from app.stats.schemas import QueueStatistics
from queues.model import Overflow

__all__ = ["router"]

router = APIRouter(prefix="/queues", tags=["queues"])


@router.post("/{ref}/close", dependencies=[SUPERVISOR])
async def close_queue(services: UsesServices, view: UsesView, ref: str, body: CloseBody) -> QueueStatistics:
    """No call is taken until it is opened again; closing a closed queue replaces reason and action. Survives a restart."""
    async with services.database.read() as session:
        queue = (await QUEUES.find(session, ref)).id
        action = stored_overflow(body.action) if body.action is not None else None
        if action is not None and body.action is not None and body.action.queue is not None:
            other = await QUEUES.named(session, body.action.queue) or await session.get(QueueRow, body.action.queue)
            if other is None or other.id == queue:
                raise invalid([FieldError("action.queue", f"there is no other queue {body.action.queue!r}")])
            action["queue"] = other.id
    overflow = None if action is None else _overflow(action)
    return await _submit(services, view, queue, CloseQueue(queue, body.reason, overflow, body.also_waiting))


@router.post("/{ref}/open", dependencies=[SUPERVISOR])
async def open_queue(services: UsesServices, view: UsesView, ref: str) -> QueueStatistics:
    """The end of a close; the calendar says from now on whether the queue is open."""
    async with services.database.read() as session:
        queue = (await QUEUES.find(session, ref)).id
    return await _submit(services, view, queue, OpenQueue(queue))


def _overflow(stored: dict[str, Any]) -> Overflow:
    return converted(stored, Overflow)


async def _submit(services: Services, view: LiveView, queue: str, command: LiveCommand) -> QueueStatistics:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply):
        if reply.status == 404:
            raise Problem("not-found", reply.detail)
        raise Problem("impossible-transition", reply.detail, extra={"reason": reply.reason, "allowed_transitions": []})
    stats = view.queue_stats(queue, services.clock())
    if stats is None:
        raise Problem("not-found", f"There is no queue {queue!r}.")
    return QueueStatistics.of(stats)
