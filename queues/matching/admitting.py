"""Whether a queue takes a call, and which queue does where one sends its callers on to another.

The causes are asked in this order: closed by a supervisor, holiday, outside business hours; nobody logged in, nobody
ready; no room, too long a wait. The last two do not stop a call that an open agent can serve at once.
"""

from dataclasses import dataclass

from queues.floor.doors import HANG_UP, Door
from queues.floor.floor import Floor
from queues.insight.expected_wait import expected_wait
from queues.model import Overflow, OverflowAction, OverflowCause, QueueId
from queues.outputs import TurnedAway
from queues.rules.requirements import Requirement

__all__ = ["Caller", "Route", "onward", "route"]


@dataclass(slots=True)
class Route:
    """Where a call goes: into ``queue``, or (None) away by ``overflow``. ``turned_away``: queues that were asked before."""

    queue: QueueId | None
    overflow: Overflow
    turned_away: tuple[TurnedAway, ...] = ()


@dataclass(slots=True)
class Caller:
    """Who wants to enter: the call's own priority and requirements, and whether it could be offered at once."""

    priority: int
    ready: bool
    requirements: tuple[Requirement, ...] = ()


def route(floor: Floor, door: Door, caller: Caller, now: float, visited: tuple[QueueId, ...] = ()) -> Route:
    """From queue to queue, none of them twice and none of ``visited``, until one takes the call or there is another action."""
    away: list[TurnedAway] = []
    asked = list(visited)  # few
    while True:
        queue = door.config.id
        cause = _refusal(floor, door, caller, now)
        if cause is None:
            return Route(queue, HANG_UP, tuple(away))
        away.append(TurnedAway(queue, cause))
        asked.append(queue)
        overflow = door.action(cause)
        if overflow.action is not OverflowAction.QUEUE:
            return Route(None, overflow, tuple(away))
        following = floor.doors.get(QueueId(overflow.queue or ""))
        if following is None or following.config.id in asked:
            return Route(None, door.last_resort(), tuple(away))
        door = following


def onward(
    floor: Floor, door: Door, cause: OverflowCause, caller: Caller, now: float, visited: tuple[QueueId, ...]
) -> Route:
    """Where a call goes that leaves this queue for this cause; ``visited`` are the queues that it was in, this one too."""
    overflow = door.action(cause)
    if overflow.action is not OverflowAction.QUEUE:
        return Route(None, overflow)
    following = floor.doors.get(QueueId(overflow.queue or ""))
    if following is None or following.config.id in visited:
        return Route(None, door.last_resort())
    return route(floor, following, caller, now, visited)


def _refusal(floor: Floor, door: Door, caller: Caller, now: float) -> OverflowCause | None:
    shut = door.shut()
    if shut is not None:
        return shut
    config = door.config
    limits, queue = config.limits, config.id
    if limits.none_logged_in and not floor.staff.logged_in(queue):
        return OverflowCause.NONE_LOGGED_IN
    if limits.none_ready and not floor.staff.ready(queue):
        return OverflowCause.NONE_READY
    lines = floor.lines[queue]
    full = config.max_length is not None and len(lines.waiting) >= config.max_length
    if not full and limits.max_expected_wait is None:
        return None
    if caller.ready and floor.agents.best(lines.line_for(caller.requirements, now, now)) is not None:
        return None
    if full:
        return OverflowCause.QUEUE_FULL
    longest = limits.max_expected_wait
    expected = expected_wait(floor, queue, caller.priority, now) if longest is not None else None
    if longest is not None and expected is not None and expected > longest:
        return OverflowCause.EXPECTED_WAIT
    return None
