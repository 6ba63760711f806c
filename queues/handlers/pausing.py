"""Pauses: which reasons there are, how many agents may take one at once, how long, and the pause after calls missed."""

from queues.agents.agent import Agent
from queues.commands import ConfigurePauseReason, RemovePauseReason, SetStatus
from queues.floor.floor import Floor
from queues.model import AgentStatus, FailureCause, QueueConfig
from queues.outputs import AgentIncident, AgentNoted, RefusalReason, Refused
from queues.rules.agent_rules import OnLimit, PauseReason

__all__ = ["configure", "count_miss", "limit_reached", "reason_for", "remove"]


def configure(floor: Floor, command: ConfigurePauseReason, now: float) -> Refused | None:
    """Add or replace a reason. Who pauses for it now is held to its new limit, from the beginning of the pause."""
    reason = command.reason
    floor.pause_reasons[reason.id] = reason
    for agent in floor.agents.agents.values():
        began = agent.paused_at
        if began is None or agent.pause_reason != reason.name:
            continue
        if agent.pause_overdue and reason.limit_seconds is not None and began + reason.limit_seconds <= now:
            continue  # that was told
        floor.time_pause(agent, began)
        floor.touch(agent)
    return None


def remove(floor: Floor, command: RemovePauseReason) -> Refused | None:
    """Pauses for this reason go on, without a limit."""
    reason = floor.pause_reasons.pop(command.reason, None)
    if reason is None:
        return Refused(RefusalReason.UNKNOWN_PAUSE_REASON, f"there is no pause reason {command.reason}")
    for agent in floor.agents.agents.values():
        if agent.pause_reason == reason.name and agent.paused_at is not None:
            floor.time_pause(agent, agent.paused_at)
            floor.touch(agent)
    return None


def reason_for(floor: Floor, agent: Agent, command: SetStatus) -> str | Refused | None:
    """The reason's name for a pause that is asked for by its name or id; with none configured any text is a reason."""
    text = command.pause_reason
    if command.status is not AgentStatus.PAUSED or text is None or not floor.pause_reasons:
        return text
    reason = _find(floor, text)
    if reason is None:
        known = ", ".join(sorted(each.name for each in floor.pause_reasons.values()))
        return Refused(RefusalReason.UNKNOWN_PAUSE_REASON, f"there is no pause reason {text!r}; known are {known}")
    full = None if command.force else _full(floor, agent, reason)
    return reason.name if full is None else Refused(RefusalReason.PAUSE_LIMIT, full)


def _find(floor: Floor, text: str) -> PauseReason | None:
    for reason in floor.pause_reasons.values():
        if text in (reason.name, reason.id):
            return reason
    return None


def _full(floor: Floor, agent: Agent, reason: PauseReason) -> str | None:
    """Why no more agents may take this pause now; None: there is room."""
    limit, each = reason.max_agents, reason.max_agents_per_queue
    if (limit is None and each is None) or _takes(agent, reason.name):
        return None
    others = [other for other in floor.agents.agents.values() if not other.removed and _takes(other, reason.name)]
    if limit is not None and len(others) >= limit:
        return f"{len(others)} agents pause for {reason.name!r} already"
    for queue in agent.serves if each is not None else ():
        paused = sum(1 for other in others if queue in other.serves)
        if each is not None and paused >= each:
            return f"{paused} agents of queue {floor.lines[queue].config.name} pause for {reason.name!r} already"
    return None


def _takes(agent: Agent, name: str) -> bool:
    """Does the agent pause for this reason, or will after its calls?"""
    if agent.pending is not None:
        return agent.pending == (AgentStatus.PAUSED, name)
    return agent.status is AgentStatus.PAUSED and agent.pause_reason == name


def limit_reached(floor: Floor, agent: Agent, now: float) -> None:
    """The pause has lasted as long as its reason allows."""
    agent.pause_timer = 0
    reason = _find(floor, agent.pause_reason or "")
    if reason is None:
        return
    agent.pause_overdue = True
    note = AgentNoted(agent.config.id, AgentIncident.PAUSE_OVERDUE, reason.name)
    floor.outputs.append(note)
    if reason.on_limit is OnLimit.AVAILABLE:
        floor.intend(agent, AgentStatus.AVAILABLE, None, now)
    elif reason.on_limit is OnLimit.LOG_OUT:
        floor.intend(agent, AgentStatus.LOGGED_OUT, None, now)
    floor.touch(agent)


def count_miss(floor: Floor, agent: Agent, queue: QueueConfig, cause: FailureCause) -> bool:
    """One more call in a row that the agent did not take. True: it was one too many, and the agent pauses as soon as it
    has nothing else in hand (the offer that failed is still to be closed).
    """
    if cause not in queue.miss_causes or agent.removed:
        return False
    agent.misses += 1
    own = agent.config.pause_after_misses
    most = own if own is not None else queue.pause_after_misses
    if not most or agent.misses < most or agent.pending is not None or agent.status is not AgentStatus.AVAILABLE:
        return False
    misses, agent.misses = agent.misses, 0
    reason = queue.missed_pause_reason
    agent.pending = (AgentStatus.PAUSED, reason)
    note = AgentNoted(agent.config.id, AgentIncident.AUTO_PAUSED, reason, queue=queue.id, misses=misses, cause=cause)
    floor.outputs.append(note)
    return True
