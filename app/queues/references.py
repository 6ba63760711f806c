"""What a queue refers to by name: the queues that its overflow leads to, and its calendar. Stored by id, shown by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.db.tables import CalendarRow, QueueRow
from app.queues.overflow_schemas import OverflowPart
from app.queues.schemas import QueueBody
from app.resources import Change, resolve

__all__ = [
    "Names",
    "names_of",
    "queues_sent_to",
    "queues_with_calendar",
    "resolved",
    "shown",
    "stored",
    "stored_overflow",
]

Names = Mapping[str, str]

_ALWAYS: Final = frozenset({"action", "uri"})


def stored_overflow(part: OverflowPart) -> dict[str, Any]:
    """What is not as usual; queues still as the client names them."""
    values = part.model_dump(mode="json")
    usual = OverflowPart.model_construct(action=part.action).model_dump(mode="json")
    return {name: value for name, value in values.items() if name in _ALWAYS or value != usual[name]}


def stored(body: QueueBody) -> dict[str, Any]:
    """The columns ``overflow`` and, of ``policies``, ``overflow_on``."""
    causes = {cause: stored_overflow(part) for cause, part in body.overflow_on.items()}
    return {"overflow": stored_overflow(body.overflow), "overflow_on": causes}


async def resolved(
    change: Change, overflow: dict[str, Any], policies: dict[str, Any], *, partly: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both columns with ids. ``partly``: a queue that is not there yet keeps its name. Raises ``validation``."""
    refs = dict(_queue_refs(overflow, policies))
    if partly:
        query = select(col(QueueRow.id), col(QueueRow.name)).where(
            col(QueueRow.name).in_(refs) | col(QueueRow.id).in_(refs)
        )
        rows = (await change.session.execute(query)).all() if refs else []
        ids = {row.name: row.id for row in rows} | {row.id: row.id for row in rows}
    else:
        ids = await resolve(change, QueueRow, refs) if refs else {}
    calendar = policies.get("calendar")
    if calendar is not None:
        calendar = (await resolve(change, CalendarRow, {calendar: ("calendar",)}))[calendar]
    dialled = _callback_calendar(policies)
    if dialled is not None:
        at = ("callback", "hours", "calendar")
        policies = _with_callback_calendar(policies, (await resolve(change, CalendarRow, {dialled: at}))[dialled])
    causes = policies.get("overflow_on", {})
    return _named(overflow, ids), {
        **policies,
        "overflow_on": {cause: _named(action, ids) for cause, action in causes.items()},
        "calendar": calendar,
    }


def shown(overflow: Mapping[str, Any], policies: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Both columns' references by name, as fields of a view."""
    causes = policies.get("overflow_on", {})
    calendar, dialled = policies.get("calendar"), _callback_calendar(policies)
    if dialled is not None:
        policies = _with_callback_calendar(policies, names.get(dialled, dialled))
    return {
        "callback": policies.get("callback"),
        "overflow": _named(overflow, names),
        "overflow_on": {cause: _named(action, names) for cause, action in causes.items()},
        "calendar": names.get(calendar, calendar) if calendar is not None else None,
    }


async def names_of(session: AsyncSession, rows: Sequence[QueueRow]) -> dict[str, str]:
    """The names of what these queues refer to, by id."""
    queues = {ref for row in rows for ref, _ in _queue_refs(row.overflow, row.policies)}
    calendars = {calendar for row in rows for calendar in _calendars(row.policies)}
    names: dict[str, str] = {}
    if queues:
        found = await session.execute(select(col(QueueRow.id), col(QueueRow.name)).where(col(QueueRow.id).in_(queues)))
        names |= {row.id: row.name for row in found}
    if calendars:
        query = select(col(CalendarRow.id), col(CalendarRow.name)).where(col(CalendarRow.id).in_(calendars))
        names |= {row.id: row.name for row in await session.execute(query)}
    return names


async def queues_sent_to(session: AsyncSession, queue_id: str) -> list[str]:
    """Names of other queues that send callers to this one."""
    rows = (
        await session.scalars(select(QueueRow).where(col(QueueRow.id) != queue_id).order_by(col(QueueRow.name)))
    ).all()
    return [row.name for row in rows if any(ref == queue_id for ref, _ in _queue_refs(row.overflow, row.policies))]


async def queues_with_calendar(session: AsyncSession, calendar_id: str) -> list[str]:
    """Names of the queues that keep to this calendar."""
    rows = (await session.scalars(select(QueueRow).order_by(col(QueueRow.name)))).all()
    return [row.name for row in rows if calendar_id in _calendars(row.policies)]


def _calendars(policies: Mapping[str, Any]) -> set[str]:
    """The calendars that the queue keeps to, and dials customers by."""
    return {each for each in (policies.get("calendar"), _callback_calendar(policies)) if each is not None}


def _callback_calendar(policies: Mapping[str, Any]) -> str | None:
    hours = (policies.get("callback") or {}).get("hours") or {}
    calendar: str | None = hours.get("calendar")
    return calendar


def _with_callback_calendar(policies: Mapping[str, Any], calendar: str) -> dict[str, Any]:
    callback = policies["callback"]
    return {**policies, "callback": {**callback, "hours": {**callback["hours"], "calendar": calendar}}}


def _queue_refs(overflow: Mapping[str, Any], policies: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str | int]]]:
    if overflow.get("queue") is not None:
        yield overflow["queue"], ("overflow", "queue")
    for cause, action in policies.get("overflow_on", {}).items():
        if action.get("queue") is not None:
            yield action["queue"], ("overflow_on", cause, "queue")


def _named(action: Mapping[str, Any], names: Names) -> dict[str, Any]:
    queue = action.get("queue")
    return dict(action) if queue is None else {**action, "queue": names.get(queue, queue)}
