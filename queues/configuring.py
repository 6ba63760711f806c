"""Configuration that comes and goes while calls live. A change touches only what it names, never live state."""

from queues import pausing
from queues.commands import (
    ConfigureAgent,
    ConfigurePauseReason,
    ConfigureQueue,
    RemoveAgent,
    RemovePauseReason,
    RemoveQueue,
)
from queues.doors import Door
from queues.floor import Floor
from queues.lines import Line
from queues.model import AgentId, AgentStatus, QueueConfig, QueueId, TicketState
from queues.outputs import CancelReason, RefusalReason, Refused, TicketResult
from queues.strategies import STRATEGIES
from queues.waits import QueueWaits

__all__ = ["ConfigurationCommand", "carry_out"]

ConfigurationCommand = (
    ConfigureQueue | RemoveQueue | ConfigureAgent | RemoveAgent | ConfigurePauseReason | RemovePauseReason
)  # fmt: skip


def carry_out(floor: Floor, command: ConfigurationCommand, now: float) -> Refused | None:
    match command:
        case ConfigureQueue():
            return _configure_queue(floor, command.queue, now)
        case RemoveQueue():
            return _remove_queue(floor, command.queue, now)
        case ConfigureAgent():
            floor.touch(floor.agents.configure(command.agent, now))
            return None
        case RemoveAgent():
            return _remove_agent(floor, command.agent, now)
        case ConfigurePauseReason():
            return pausing.configure(floor, command, now)
        case RemovePauseReason():
            return pausing.remove(floor, command)


def _configure_queue(floor: Floor, config: QueueConfig, now: float) -> Refused | None:
    if config.strategy not in STRATEGIES:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, f"there is no strategy {config.strategy}")
    floor.agents.configure_queue(config)
    line = floor.lines.get(config.id)
    if line is None:
        line = floor.lines[config.id] = Line(config)
        floor.waits[config.id] = QueueWaits()
    line.config = config
    floor.touch_line(line)
    door = floor.doors.get(config.id)
    if door is None:
        door = floor.doors[config.id] = Door(config)
    door.config = config
    floor.staff.recount(floor.agents.agents.values())
    floor.staff.emptied[config.id] = None  # its limits may be new
    for ticket in {offer.ticket.id: offer.ticket for offer in floor.offers.values() if not offer.answered}.values():
        if ticket.line is line:
            floor.ringing.reconfigured(ticket, now)
    return None


def _remove_queue(floor: Floor, queue: QueueId, now: float) -> Refused | None:
    """Its tickets not connected end as withdrawn, one whose agent has answered only if the bridge fails."""
    line = floor.lines.get(queue)
    if line is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {queue}")
    for ticket in [ticket for ticket in floor.tickets.values() if ticket.line is line]:
        if ticket.state is not TicketState.CONNECTED:
            floor.dismiss(ticket, TicketResult.WITHDRAWN, CancelReason.WITHDRAWN, now)
    floor.agents.remove_queue(queue)
    floor.staff.recount(floor.agents.agents.values())
    floor.places.forget_queue(queue)
    del floor.lines[queue]
    for priority in floor.waits.pop(queue).classes:
        floor.dirty.waits[queue, priority] = None
    del floor.doors[queue]
    floor.dirty.queues[queue] = None
    return None


def _remove_agent(floor: Floor, agent_id: AgentId, now: float) -> Refused | None:
    """Offers not answered fail, wrap-up and delay are void; a call in hand goes on and the agent is then forgotten."""
    agent = floor.agents.configured(agent_id)
    if agent is None:
        return Refused(RefusalReason.UNKNOWN_AGENT, f"there is no agent {agent_id}")
    floor.agents.retire(agent)
    floor.end_wrap_up(agent, now)
    floor.end_delay(agent, now)
    floor.intend(agent, AgentStatus.LOGGED_OUT, None, now)
    floor.lose_offers(agent, now)
    return None
