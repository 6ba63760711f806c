"""``GET /api/v1/calls/{id}/decisions``: why each of a call's offers went to whom it went, and what a waiting call waits for."""

from datetime import UTC, datetime
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel

from app.auth.access import READ
from app.commands import ExplainCall, Explained
from app.problems import Problem
from app.projections.access import UsesView
from app.projections.live import LiveView
from app.services import UsesServices
from queues.insight.explain import Explanation, StillWaiting

__all__ = ["router"]

router = APIRouter(prefix="/calls", tags=["calls"])


class DecisionView(BaseModel):
    """An offer. ``chooser``: call (it looked for an agent), agent (became free) or reservation (it was kept for this one).

    ``next``: whom the call would have gone to otherwise, the best first, five at most. ``passed_over``: how many agents by
    what kept them: not_member, membership_disabled, not_skilled, other_group, tier_closed, logged_out, unreachable, paused,
    on_call, ringing, wrap_up, delay, not_ready, reserved_for_another; ranked_lower were open too. Null where it was not
    recorded (see the settings ``explain_…``).
    """

    offer: str
    time: datetime
    queue: str
    queue_id: str
    agent: str
    agent_id: str
    waited_seconds: float
    chooser: str
    next: list[str] | None
    passed_over: dict[str, int] | None

    @classmethod
    def of(cls, made: Explanation, view: LiveView) -> Self:
        return cls(
            offer=made.offer,
            time=datetime.fromtimestamp(made.at, UTC),
            queue=view.queue_name(made.queue) or made.queue,
            queue_id=made.queue,
            agent=view.agent_name(made.agent) or made.agent,
            agent_id=made.agent,
            waited_seconds=made.waited,
            chooser=made.chooser.value,
            next=None if made.next is None else [view.agent_name(agent) or agent for agent in made.next],
            passed_over=made.passed_over,
        )


class WaitingView(BaseModel):
    """Why nobody rings for the call now. ``ready`` false: it is being parked or greeted. ``kept_for``: the one agent who may
    have it. ``passed_over`` as in a decision; ranked_lower: open, but there is nothing to be offered yet.
    """

    queue: str
    queue_id: str
    position: int
    ready: bool
    kept_for: str | None
    expected_wait_seconds: float | None
    passed_over: dict[str, int]

    @classmethod
    def of(cls, waiting: StillWaiting, view: LiveView) -> Self:
        return cls(
            queue=view.queue_name(waiting.queue) or waiting.queue,
            queue_id=waiting.queue,
            position=waiting.position,
            ready=waiting.ready,
            kept_for=view.agent_name(waiting.kept_for) or waiting.kept_for,
            expected_wait_seconds=waiting.expected_wait,
            passed_over=waiting.passed_over,
        )


class DecisionsView(BaseModel):
    """``decisions``: the first one first. ``waiting``: null for a call that does not wait."""

    call: str
    decisions: list[DecisionView]
    waiting: WaitingView | None


@router.get("/{call_id}/decisions", dependencies=[READ])
async def decisions(services: UsesServices, view: UsesView, call_id: str) -> DecisionsView:
    """Of live calls, and for a while of those that ended."""
    reply = await services.gateway.submit(ExplainCall(call_id))
    found = reply if isinstance(reply, Explained) else Explained()
    if not found.decisions and found.waiting is None and view.call(call_id, services.clock()) is None:
        raise Problem("not-found", f"There is no call {call_id!r} that decisions are kept of.")
    return DecisionsView(
        call=call_id,
        decisions=[DecisionView.of(made, view) for made in found.decisions],
        waiting=None if found.waiting is None else WaitingView.of(found.waiting, view),
    )
