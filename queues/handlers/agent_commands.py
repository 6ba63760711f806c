"""Commands about agents: what they intend, whether they can be rung, and their wrap-up."""

from queues.agents.agent import Agent
from queues.commands import EndWrapUp, ExtendWrapUp, OutsideCalls, SetDisposition, SetReachable, SetStatus
from queues.floor.floor import Floor
from queues.handlers import pausing, wrap_ups
from queues.model import AgentStatus
from queues.outputs import AgentIncident, AgentNoted, RefusalReason, Refused

__all__ = ["AgentCommand", "carry_out"]

AgentCommand = SetStatus | SetReachable | EndWrapUp | ExtendWrapUp | OutsideCalls | SetDisposition


def carry_out(floor: Floor, command: AgentCommand, now: float) -> Refused | None:
    agent = floor.agents.configured(command.agent)
    if agent is None:
        return Refused(RefusalReason.UNKNOWN_AGENT, f"there is no agent {command.agent}")
    match command:
        case SetStatus():
            return _set_status(floor, agent, command, now)
        case SetReachable():
            _set_reachable(floor, agent, now, reachable=command.reachable)
        case EndWrapUp():
            return wrap_ups.end(floor, agent, command, now)
        case ExtendWrapUp():
            return wrap_ups.extend(floor, agent, command.seconds)
        case OutsideCalls():
            return _set_outside_calls(floor, agent, command, now)
        case SetDisposition():
            return wrap_ups.code(floor, agent, command)
    return None


def _set_status(floor: Floor, agent: Agent, command: SetStatus, now: float) -> Refused | None:
    """A pause or log-out during a call or offer is kept as pending; to be available again takes that back."""
    reason = pausing.reason_for(floor, agent, command)
    if isinstance(reason, Refused):
        return reason
    if command.force:
        _force(floor, agent, command, reason, now)
    elif command.status is AgentStatus.AVAILABLE or not (agent.calls or agent.offers):
        floor.intend(agent, command.status, reason, now)
    else:
        agent.pending = (command.status, reason if command.status is AgentStatus.PAUSED else None)
        floor.touch(agent)
    return None


def _force(floor: Floor, agent: Agent, command: SetStatus, reason: str | None, now: float) -> None:
    """A supervisor's word: it counts at once, whatever the agent does. A call in hand goes on."""
    if command.status is not AgentStatus.AVAILABLE:
        floor.retract_offers(agent, now)
    floor.end_wrap_up(agent, now)
    floor.end_delay(agent, now)
    floor.intend(agent, command.status, reason, now)
    agent.forced_by = command.by
    note = AgentNoted(
        agent.config.id, AgentIncident.FORCED, agent.pause_reason, status=command.status, by=command.by
    )  # fmt: skip
    floor.outputs.append(note)


def _set_outside_calls(floor: Floor, agent: Agent, command: OutsideCalls, now: float) -> Refused | None:
    if command.count < 0:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, "a number of calls is not below 0")
    before = agent.outside
    if command.seen:
        agent.seen_outside = command.count
    else:
        agent.told_outside = command.count
    if agent.outside == before:
        return None
    if not agent.outside:
        floor.agents.now_idle(agent, now)
    floor.touch(agent)
    return None


def _set_reachable(floor: Floor, agent: Agent, now: float, *, reachable: bool) -> None:
    if agent.reachable is reachable:
        return
    agent.reachable = reachable
    floor.touch(agent)
    if reachable:
        floor.agents.now_idle(agent, now)
    else:
        floor.lose_offers(agent, now)
