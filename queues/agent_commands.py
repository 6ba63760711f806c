"""Commands about agents: what they intend, whether they can be rung, and their wrap-up."""

from math import isfinite

from queues.agent_table import Agent
from queues.commands import EndWrapUp, ExtendWrapUp, SetReachable, SetStatus
from queues.floor import Floor
from queues.model import AgentStatus
from queues.outputs import RefusalReason, Refused

__all__ = ["AgentCommand", "carry_out"]

AgentCommand = SetStatus | SetReachable | EndWrapUp | ExtendWrapUp


def carry_out(floor: Floor, command: AgentCommand, now: float) -> Refused | None:
    agent = floor.agents.configured(command.agent)
    if agent is None:
        return Refused(RefusalReason.UNKNOWN_AGENT, f"there is no agent {command.agent}")
    match command:
        case SetStatus():
            _set_status(floor, agent, command, now)
        case SetReachable():
            _set_reachable(floor, agent, now, reachable=command.reachable)
        case EndWrapUp():
            return _end_wrap_up(floor, agent, now)
        case ExtendWrapUp():
            return _extend_wrap_up(floor, agent, command.seconds)
    return None


def _set_status(floor: Floor, agent: Agent, command: SetStatus, now: float) -> None:
    """A pause or log-out during a call or offer is kept as pending; to be available again takes that back."""
    if command.status is AgentStatus.AVAILABLE or not (agent.calls or agent.offers):
        floor.intend(agent, command.status, command.pause_reason, now)
        return
    reason = command.pause_reason if command.status is AgentStatus.PAUSED else None
    agent.pending = (command.status, reason)
    floor.touch(agent)


def _set_reachable(floor: Floor, agent: Agent, now: float, *, reachable: bool) -> None:
    if agent.reachable is reachable:
        return
    agent.reachable = reachable
    floor.touch(agent)
    if reachable:
        floor.agents.now_idle(agent, now)
    else:
        floor.lose_offers(agent, now)


def _end_wrap_up(floor: Floor, agent: Agent, now: float) -> Refused | None:
    if agent.wrap_up is None:
        return _not_in_wrap_up(agent)
    floor.end_wrap_up(agent, now)
    return None


def _extend_wrap_up(floor: Floor, agent: Agent, seconds: float) -> Refused | None:
    wrap_up = agent.wrap_up
    if wrap_up is None:
        return _not_in_wrap_up(agent)
    if not isfinite(seconds) or seconds <= 0:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, "a wrap-up is extended by a number of seconds above 0")
    floor.set_wrap_up(agent, wrap_up.until + seconds, wrap_up.ticket)
    return None


def _not_in_wrap_up(agent: Agent) -> Refused:
    return Refused(RefusalReason.NOT_IN_WRAP_UP, f"agent {agent.config.name} is not in wrap-up")
