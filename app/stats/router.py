"""``/api/v1/queues/stats`` and ``/queues/{id}/stats``. Include it before the queues' own router (``/queues/{id}``)."""

from fastapi import APIRouter

from app.auth.access import READ
from app.paging import Cursor, Limit, Page, after_cursor, page_of
from app.problems import Problem
from app.projections.access import UsesView
from app.services import UsesServices
from app.stats.schemas import QueueStatistics

__all__ = ["router"]

router = APIRouter(prefix="/queues", tags=["queues"])


@router.get("/stats", dependencies=[READ])
async def all_stats(
    services: UsesServices, view: UsesView, limit: Limit = 50, cursor: Cursor = None
) -> Page[QueueStatistics]:
    """Every queue's statistics, by name."""
    after, now = after_cursor(cursor), services.clock()
    names = sorted(name for queue_id in view.queue_ids() if (name := view.queue_name(queue_id)) and name > after)
    names = names[: limit + 1]
    found = [view.queue_stats(queue_id, now) for name in names if (queue_id := view.queue_id(name))]
    return page_of([QueueStatistics.of(stats) for stats in found if stats], names, limit)


@router.get("/{ref}/stats", dependencies=[READ])
async def stats(services: UsesServices, view: UsesView, ref: str) -> QueueStatistics:
    """One queue's statistics; ``ref`` is its id or name."""
    queue_id = view.queue_id(ref)
    found = None if queue_id is None else view.queue_stats(queue_id, services.clock())
    if found is None:
        raise Problem("not-found", f"There is no queue {ref!r}.")
    return QueueStatistics.of(found)
