"""``/api/v1/calls``: live calls, read from the projection; changes go through the live core."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.auth.access import READ, SUPERVISOR, UsesCaller
from app.calls.schemas import AssignBody, CallWrapUpBody, LiveCall, PriorityBody, RequeueBody, ReserveBody
from app.commands import (
    AssignCall,
    HangUp,
    LiveCommand,
    MoveCallToFront,
    RefusedReply,
    ReleaseCall,
    RequeueCall,
    ReserveCall,
    SetCallPriority,
    SetCallWrapUp,
    WithdrawCall,
)
from app.paging import Cursor, Limit, Page, after_cursor, to_cursor
from app.problems import FieldError, Problem, Where, invalid
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


@router.post("/{call_id}/assign", dependencies=[SUPERVISOR])
async def assign(services: UsesServices, view: UsesView, call_id: str, body: AssignBody) -> LiveCall:
    """Give a waiting call to an agent: it is offered as soon as the agent is open, before all others."""
    agent = _agent(view, body.agent, "body") or ""
    await _submit(services, AssignCall(call_id, agent, body.wait_seconds, body.now))
    return _shown(services, view, call_id)


@router.post("/{call_id}/reserve", dependencies=[SUPERVISOR])
async def reserve(services: UsesServices, view: UsesView, call_id: str, body: ReserveBody) -> LiveCall:
    """Keep a waiting call and an agent for each other."""
    agent = _agent(view, body.agent, "body") or ""
    await _submit(services, ReserveCall(call_id, agent, body.seconds))
    return _shown(services, view, call_id)


@router.delete("/{call_id}/reservation", status_code=204, dependencies=[SUPERVISOR])
async def release(services: UsesServices, call_id: str) -> None:
    """An assignment or reservation is over: the call is for whoever is open."""
    await _submit(services, ReleaseCall(call_id))


@router.post("/{call_id}/requeue", dependencies=[SUPERVISOR])
async def requeue(services: UsesServices, view: UsesView, call_id: str, body: RequeueBody) -> LiveCall:
    """A waiting call to another queue; a call that is talked back into line, without its agent. Its time of joining stays."""
    await _submit(services, RequeueCall(call_id, _queue(view, body.queue, "body")))
    return _shown(services, view, call_id)


@router.post("/{call_id}/front", dependencies=[SUPERVISOR])
async def move_to_front(services: UsesServices, view: UsesView, call_id: str) -> LiveCall:
    """The waiting call is the next of its queue: its priority rises above that of the first in line."""
    await _submit(services, MoveCallToFront(call_id))
    return _shown(services, view, call_id)


@router.post("/{call_id}/withdraw", status_code=204, dependencies=[SUPERVISOR])
async def withdraw(services: UsesServices, call_id: str) -> None:
    """Take a waiting call out of its queue and hang up; one that is talked is refused."""
    await _submit(services, WithdrawCall(call_id))


@router.post("/{call_id}/wrap-up")
async def set_wrap_up(
    services: UsesServices, view: UsesView, caller: UsesCaller, call_id: str, body: CallWrapUpBody
) -> LiveCall:
    """How long the wrap-up after this call will be. Scope ``supervisor``, or the agent who talks in it."""
    if not caller.may("supervisor") and caller.agent_id is None:
        raise Problem("forbidden", f"The key {caller.name!r} may not do this.")
    agent = None if caller.may("supervisor") else caller.agent_id
    await _submit(services, SetCallWrapUp(call_id, body.seconds, agent))
    return _shown(services, view, call_id)


def _shown(services: Services, view: LiveView, call_id: str) -> LiveCall:
    call = view.call(call_id, services.clock())
    if call is None:
        raise Problem("not-found", f"There is no live call {call_id!r}; those that ended are at /api/v1/reports/calls.")
    return LiveCall.of(call)


def _matches(call: CallView, queue: str | None, agent: str | None, state: CallState | None) -> bool:
    return (
        (queue is None or call.queue == queue)
        and (agent is None or agent == call.agent or any(agent == each.agent for each in call.ringing))
        and (state is None or call.state == state)
    )


def _queue(view: LiveView, ref: str | None, where: Where = "query") -> str | None:
    found = None if ref is None else view.queue_id(ref)
    if ref is not None and found is None:
        raise invalid([FieldError("queue", f"there is no queue {ref!r}", where)])
    return found


def _agent(view: LiveView, ref: str | None, where: Where = "query") -> str | None:
    found = None if ref is None else view.agent_id(ref)
    if ref is not None and found is None:
        raise invalid([FieldError("agent", f"there is no agent {ref!r}", where)])
    return found


async def _submit(services: Services, command: LiveCommand) -> None:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply):
        if reply.status == 404:
            raise Problem("not-found", reply.detail)
        extra = {"reason": reply.reason, "allowed_transitions": list(reply.allowed_transitions)}
        raise Problem("impossible-transition", reply.detail, extra=extra)
