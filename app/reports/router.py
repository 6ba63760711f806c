"""``/api/v1/reports``: finished calls one by one, and counts by queue."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response, StreamingResponse

from app.auth.access import READ
from app.db.tables import QueueRow
from app.paging import Cursor, Limit, Page, after_cursor, to_cursor
from app.problems import FieldError, Problem, invalid
from app.projections.day import Counts, midnight
from app.reports.csv import calls_as_csv
from app.reports.filters import From, Ref, To, UsesFilter, id_of, interval
from app.reports.repository import counts_by_queue, page_of_calls, recorded_call, segments_of
from app.reports.schemas import CallReport, QueueReport, SegmentReport
from app.services import UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/reports", tags=["reports"])

Format = Annotated[Literal["json", "csv"] | None, Query(description="Overrides `Accept`.")]
Accept = Annotated[str, Header(include_in_schema=False)]


@router.get("/calls", dependencies=[READ], response_model=Page[CallReport])
async def calls(
    services: UsesServices,
    report: UsesFilter,
    limit: Limit = 50,
    cursor: Cursor = None,
    accept: Accept = "",
    format: Format = None,  # noqa: A002 - the query parameter's name
) -> Page[CallReport] | Response:
    """Finished calls, newest first. CSV (``Accept: text/csv`` or ``format=csv``) has all that match, not one page."""
    async with services.database.read() as session:
        conditions = await report.conditions(session)
        if (format or ("csv" if "text/csv" in accept.lower() else "json")) == "csv":
            headers = {"Content-Disposition": 'attachment; filename="calls.csv"'}
            return StreamingResponse(calls_as_csv(services.database, report), media_type="text/csv", headers=headers)
        rows = await page_of_calls(session, conditions, _before(cursor), limit + 1)
    return Page(items=[CallReport.of(row) for row in rows[:limit]], next_cursor=_next(rows, limit))


@router.get("/calls/{call_id}", dependencies=[READ])
async def call(services: UsesServices, call_id: str) -> CallReport:
    """One finished call."""
    async with services.database.read() as session:
        return await _finished(session, call_id)


@router.get("/calls/{call_id}/segments", dependencies=[READ])
async def segments(services: UsesServices, call_id: str) -> Page[SegmentReport]:
    """What each queue had to do with a finished call, in order."""
    async with services.database.read() as session:
        whole = await _finished(session, call_id)
        rows = await segments_of(session, call_id)
    return Page(items=[SegmentReport.of(row) for row in rows] or [SegmentReport.of_whole(whole)])


async def _finished(session: AsyncSession, call_id: str) -> CallReport:
    row = await recorded_call(session, call_id)
    if row is None:
        raise Problem("not-found", f"There is no finished call {call_id!r}; live ones are at /api/v1/calls.")
    return CallReport.of(row)


@router.get("/queues", dependencies=[READ])
async def queues(services: UsesServices, start: From = None, to: To = None, queue: Ref = None) -> Page[QueueReport]:
    """Counts of the calls that entered each queue in the interval; by default since midnight UTC."""
    now = services.clock()
    start_ms, end_ms = interval(start, to)
    end_ms = round(now * 1000) + 1 if end_ms is None else end_ms
    start_ms = round(midnight(end_ms / 1000) * 1000) if start_ms is None else start_ms
    async with services.database.read() as session:
        only = None if queue is None else await id_of(session, QueueRow, "queue", queue)
        found = await counts_by_queue(session, start_ms, end_ms, only)
    return Page(items=[_report(queue_id, name or queue_id, counts) for queue_id, name, counts in found])


def _report(queue_id: str, name: str, counts: Counts) -> QueueReport:
    in_progress = counts.offered - counts.ended
    return QueueReport(
        queue=name,
        queue_id=queue_id,
        offered=counts.offered,
        answered=counts.answered,
        answered_within_threshold=counts.answered_in_time,
        abandoned=counts.abandoned,
        abandoned_within_threshold=counts.abandoned_in_time,
        short_abandoned=counts.short_abandoned,
        flowed_out=counts.flowed_out,
        system=counts.system,
        in_progress=in_progress,
        rejected=counts.rejected,
        provisional=in_progress > 0,
        wait_seconds=counts.wait_ms / 1000,
        talk_seconds=counts.talk_ms / 1000,
        wrap_up_seconds=counts.wrap_up_ms / 1000,
        service_level=counts.service_level,
        abandon_rate=counts.abandon_rate,
        average_speed_of_answer_seconds=counts.average_speed_of_answer_seconds,
        average_handle_time_seconds=counts.average_handle_time_seconds,
    )


def _before(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    arrived_at, _, call = after_cursor(cursor).partition(" ")
    if not (arrived_at.isascii() and arrived_at.isdigit() and len(arrived_at) < 18):
        raise invalid([FieldError("cursor", "this is no cursor of ours", "query")])
    return int(arrived_at), call


def _next(rows: Sequence[Any], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    return to_cursor(f"{rows[limit - 1].arrived_at} {rows[limit - 1].call}")
