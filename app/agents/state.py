"""``/api/v1/agents/{id}/state``, ``/wrap-up``, ``/outside-calls`` and ``/disposition``: all by way of the live core."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Response

from app.agents.schemas import AgentStateBody, AgentStateView, DispositionBody, OutsideCallsBody, WrapUpBody
from app.agents.service import AGENTS
from app.auth.access import Caller, UsesCaller
from app.commands import (
    EndWrapUp,
    ExtendWrapUp,
    LiveCommand,
    RefusedReply,
    SetAgentState,
    SetDisposition,
    SetOutsideCalls,
)
from app.etag import check_match, etag
from app.facts import AgentState
from app.problems import FieldError, Problem, invalid
from app.resource_http import IfMatch
from app.services import Services, UsesServices

__all__ = ["router"]

router = APIRouter(prefix="/agents", tags=["agents"])

# Refusals that are about what was sent, not about the agent's state.
_FIELDS: Final = {"unknown_pause_reason": "pause_reason", "unknown_disposition": "code", "wrong_queue": "code"}


@router.get("/{ref}/state")
async def get_state(services: UsesServices, caller: UsesCaller, ref: str, response: Response) -> AgentStateView:
    """The agent's state now. Scope ``read``, or the agent itself."""
    agent = await _agent_id(services, ref)
    _allow(caller, agent, reading=True)
    return _shown(services, agent, response)


@router.put("/{ref}/state")
async def put_state(
    services: UsesServices,
    caller: UsesCaller,
    ref: str,
    body: AgentStateBody,
    *,
    response: Response,
    if_match: IfMatch = None,
) -> AgentStateView:
    """Set the status. A pause or log-out asked for during a call is kept as ``pending_status`` and applied after it.

    ``force`` (scope ``supervisor``): at once, offers are withdrawn, a wrap-up ends, a call in hand goes on. ``address``: the
    phone at which the agent logs in. The last writer wins, unless ``If-Match`` names the state that was read. Scope
    ``supervisor``, or the agent itself.
    """
    if body.pause_reason is not None and body.status != "paused":
        raise invalid([FieldError("pause_reason", "only a pause has a reason")])
    if body.address is not None and body.status == "logged_out":
        raise invalid([FieldError("address", "who logs out has no address")])
    agent = await _agent_id(services, ref)
    _allow(caller, agent)
    _allow_force(caller, force=body.force)
    check_match(if_match, _tag(services.live.agent(agent)))
    by = caller.name if body.force else None
    await _submit(services, SetAgentState(agent, body.status, body.pause_reason, body.address, body.force, by))
    return _shown(services, agent, response)


@router.post("/{ref}/wrap-up")
async def wrap_up(
    services: UsesServices, caller: UsesCaller, ref: str, body: WrapUpBody, response: Response
) -> AgentStateView:
    """End the wrap-up now, or extend it by ``seconds``. Scope ``supervisor``, or the agent itself."""
    agent = await _agent_id(services, ref)
    _allow(caller, agent)
    _allow_force(caller, force=body.force)
    await _submit(services, _wrap_up_command(agent, body))
    return _shown(services, agent, response)


@router.put("/{ref}/outside-calls")
async def put_outside_calls(
    services: UsesServices, caller: UsesCaller, ref: str, body: OutsideCallsBody, response: Response
) -> AgentStateView:
    """How many calls the agent is in that came from no queue, by the word of a PBX or CRM: it is offered none meanwhile.

    Scope ``supervisor``, or the agent itself.
    """
    agent = await _agent_id(services, ref)
    _allow(caller, agent)
    await _submit(services, SetOutsideCalls(agent, body.count))
    return _shown(services, agent, response)


@router.post("/{ref}/disposition")
async def give_disposition(
    services: UsesServices, caller: UsesCaller, ref: str, body: DispositionBody, response: Response
) -> AgentStateView:
    """What came of a call that the agent talks in or wraps up; said again, it replaces what was said before.

    Scope ``supervisor``, or the agent itself.
    """
    agent = await _agent_id(services, ref)
    _allow(caller, agent)
    await _submit(services, SetDisposition(agent, body.call, body.code, body.note))
    return _shown(services, agent, response)


def _wrap_up_command(agent: str, body: WrapUpBody) -> LiveCommand:
    if body.action == "extend":
        if body.seconds is None:
            raise invalid([FieldError("seconds", "say by how many seconds to extend")])
        return ExtendWrapUp(agent, body.seconds)
    if body.seconds is not None:
        raise invalid([FieldError("seconds", "only an extension takes seconds")])
    return EndWrapUp(agent, body.force)


async def _agent_id(services: Services, ref: str) -> str:
    """Asked of the live core first: a caller may be waiting for this agent. Raises 404."""
    known = services.live.agent_id(ref)
    if known is not None:
        return known
    async with services.database.read() as session:
        return (await AGENTS.find(session, ref)).id


def _allow(caller: Caller, agent: str, *, reading: bool = False) -> None:
    if not (caller.may("read" if reading else "supervisor") or caller.is_agent(agent)):
        raise Problem("forbidden", f"The key {caller.name!r} may not do this for this agent.")


def _allow_force(caller: Caller, *, force: bool) -> None:
    if force and not caller.may("supervisor"):
        raise Problem("forbidden", f"The key {caller.name!r} may not force anything: that needs the scope supervisor.")


async def _submit(services: Services, command: LiveCommand) -> None:
    reply = await services.gateway.submit(command)
    if not isinstance(reply, RefusedReply):
        return
    if reply.status == 404:
        raise Problem("not-found", reply.detail)
    field = _FIELDS.get(reply.reason)
    if field is not None:
        raise invalid([FieldError(field, reply.detail)])
    extra: Mapping[str, object] = {"reason": reply.reason, "allowed_transitions": list(reply.allowed_transitions)}
    raise Problem("impossible-transition", reply.detail, extra=extra)


def _tag(state: AgentState | None) -> str:
    return "none" if state is None else state.id


def _shown(services: Services, agent: str, response: Response) -> AgentStateView:
    state = services.live.agent(agent)
    response.headers["ETag"] = etag(_tag(state))
    return AgentStateView(
        agent=agent,
        status=state.status if state else "logged_out",
        routing_state=state.routing_state if state else "offline",
        pause_reason=state.pause_reason if state else None,
        pending_status=state.pending_status if state else None,
        since=datetime.fromtimestamp(state.time, UTC) if state else None,
        call=state.call if state else None,
        active=state.active if state else 0,
        capacity=state.capacity if state else 0,
        outside_calls=state.outside_calls if state else 0,
        pause_overdue=state is not None and state.pause_overdue,
        forced_by=state.forced_by if state else None,
        address=state.address if state else None,
    )
