"""``/api/v1/calls``: live calls, read from the projection; changes go through the live core."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.auth.access import READ, SUPERVISOR
from app.calls.schemas import LiveCall, PriorityBody
from app.commands import HangUp, LiveCommand, RefusedReply, SetCallPriority
from app.paging import Cursor, Limit, Page, after_cursor, to_cursor
from app.problems import FieldError, Problem, invalid
from app.projections.access import UsesView
from app.projections.live import LiveView
from app.projections.views import CallState, CallView
from app.services import Services, UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/calls", tags=["calls"])

_SCAN: Final = 2000  # calls looked at for one page: what a request may take of the loop

QueueFilter = Annotated[str | None, Query(max_length=64, description="Only this queue's, by name or id.")]
AgentFilter = Annotated[str | None, Query(max_length=64, description="Only this agent's, by name or id.")]
StateFilter = Annotated[CallState | None, Query(description="Only those in this state.")]


@router.get("", dependencies=[READ])
async def list_calls(
    services: UsesServices,
    view: UsesView,
    limit: Limit = 50,
    cursor: Cursor = None,
    queue: QueueFilter = None,
    agent: AgentFilter = None,
    state: StateFilter = None,
) -> Page[LiveCall]:
    """Live calls, the oldest first. A page may be shorter than ``limit`` and still have a ``next_cursor``."""
    queue_id, agent_id = _queue(view, queue), _agent(view, agent)
    items: list[LiveCall] = []
    last = None
    looked_at: Iterator[CallView] = islice(view.calls(services.clock(), after=after_cursor(cursor)), _SCAN + 1)
    for number, call in enumerate(looked_at):
        if len(items) == limit or number == _SCAN:
            return Page(items=items, next_cursor=last and to_cursor(last))
        last = call.id
        if _matches(call, queue_id, agent_id, state):
            items.append(LiveCall.of(call))
    return Page(items=items)


@router.get("/{call_id}", dependencies=[READ])
async def get_call(services: UsesServices, view: UsesView, call_id: str) -> LiveCall:
    return _shown(services, view, call_id)


@router.post("/{call_id}/hangup", status_code=204, dependencies=[SUPERVISOR])
async def hang_up(services: UsesServices, call_id: str) -> None:
    """End the call, whatever its state; a caller who waited counts as ended by the system."""
    await _submit(services, HangUp(call_id))


@router.post("/{call_id}/priority", dependencies=[SUPERVISOR])
async def set_priority(services: UsesServices, view: UsesView, call_id: str, body: PriorityBody) -> LiveCall:
    """Change a waiting caller's priority."""
    await _submit(services, SetCallPriority(call_id, body.priority))
    return _shown(services, view, call_id)


def _shown(services: Services, view: LiveView, call_id: str) -> LiveCall:
    call = view.call(call_id, services.clock())
    if call is None:
        raise Problem("not-found", f"There is no live call {call_id!r}; those that ended are at /api/v1/reports/calls.")
    return LiveCall.of(call)


def _matches(call: CallView, queue: str | None, agent: str | None, state: CallState | None) -> bool:
    return (
        (queue is None or call.queue == queue)
        and (agent is None or call.agent == agent)
        and (state is None or call.state == state)
    )


def _queue(view: LiveView, ref: str | None) -> str | None:
    found = None if ref is None else view.queue_id(ref)
    if ref is not None and found is None:
        raise invalid([FieldError("queue", f"there is no queue {ref!r}", "query")])
    return found


def _agent(view: LiveView, ref: str | None) -> str | None:
    found = None if ref is None else view.agent_id(ref)
    if ref is not None and found is None:
        raise invalid([FieldError("agent", f"there is no agent {ref!r}", "query")])
    return found


async def _submit(services: Services, command: LiveCommand) -> None:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply):
        if reply.status == 404:
            raise Problem("not-found", reply.detail)
        extra = {"reason": reply.reason, "allowed_transitions": list(reply.allowed_transitions)}
        raise Problem("impossible-transition", reply.detail, extra=extra)
