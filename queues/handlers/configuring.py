"""Configuration that comes and goes while calls live. A change touches only what it names, never live state."""

from queues.commands import (
    ConfigureAgent,
    ConfigurePauseReason,
    ConfigureQueue,
    RemoveAgent,
    RemovePauseReason,
    RemoveQueue,
)
from queues.floor.doors import Door
from queues.floor.floor import Floor
from queues.handlers import pausing
from queues.lines.lines import Lines
from queues.lines.waits import QueueWaits
from queues.model import AgentConfig, AgentId, AgentStatus, QueueConfig, QueueId, TicketState
from queues.outputs import CancelReason, RefusalReason, Refused, TicketResult
from queues.strategies import STRATEGIES

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
            _configure_agent(floor, command.agent, now)
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
    lines = floor.lines.get(config.id)
    if lines is None:
        lines = floor.lines[config.id] = Lines(config, floor.agents.top_tier(config.id))
        floor.waits[config.id] = QueueWaits()
    else:
        _place_anew(floor, lines, config, now)
    door = floor.doors.get(config.id)
    if door is None:
        door = floor.doors[config.id] = Door(config)
    door.config = config
    floor.agents.note_all()
    floor.staff.emptied[config.id] = None  # its limits may be new
    for ticket in {offer.ticket.id: offer.ticket for offer in floor.offers.values() if not offer.answered}.values():
        if ticket.line.queue is lines:
            floor.ringing.reconfigured(ticket, now)
    return None


def _place_anew(floor: Floor, lines: Lines, config: QueueConfig, now: float) -> None:
    """Everybody in the queue gets the place that is due by this configuration; an open agent may suit some of them."""
    tickets = [ticket for ticket in floor.tickets.values() if ticket.line.queue is lines]
    waiting = [ticket for ticket in tickets if ticket.state is TicketState.WAITING]
    for ticket in waiting:
        lines.remove(ticket)
    lines.configure(config, floor.agents.top_tier(config.id))
    for ticket in tickets:
        if ticket.state is not TicketState.CONNECTED:
            ticket.line = lines.base
            floor.place(ticket, now)
            floor.ringing.weigh(ticket)
    for ticket in waiting:
        floor.join(ticket)


def _configure_agent(floor: Floor, config: AgentConfig, now: float) -> None:
    """An agent in a tier that its queue had nobody in changes what relaxes there, and when."""
    before = floor.agents.agents.get(config.id)
    queues = {*config.members, *(before.config.members if before is not None else ())}
    tops = {queue: floor.agents.top_tier(queue) for queue in queues}
    floor.touch(floor.agents.configure(config, now))
    for queue, top in tops.items():
        lines = floor.lines.get(queue)
        if lines is not None and lines.config.tier_rules is not None and floor.agents.top_tier(queue) != top:
            _place_anew(floor, lines, lines.config, now)
    floor.touch_tiers(floor.lines)


def _remove_queue(floor: Floor, queue: QueueId, now: float) -> Refused | None:
    """Its tickets not connected end as withdrawn, one whose agent has answered only if the bridge fails."""
    lines = floor.lines.get(queue)
    if lines is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {queue}")
    for ticket in [ticket for ticket in floor.tickets.values() if ticket.line.queue is lines]:
        if ticket.state is not TicketState.CONNECTED:
            floor.dismiss(ticket, TicketResult.WITHDRAWN, CancelReason.WITHDRAWN, now)
    floor.agents.remove_queue(queue)
    floor.agents.note_all()
    floor.places.forget_queue(queue)
    del floor.lines[queue]
    lines.close()
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
    floor.touch_tiers(floor.lines)
    floor.end_wrap_up(agent, now)
    floor.end_delay(agent, now)
    floor.intend(agent, AgentStatus.LOGGED_OUT, None, now)
    floor.lose_offers(agent, now)
    return None
