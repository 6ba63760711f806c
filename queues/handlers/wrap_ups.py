"""Wrap-up: how long after which call, extended or ended, and the disposition that some queues ask for in it.

The call's own seconds count before the agent's, and these before the queue's; ``max_wrap_up_seconds`` of the queue bounds
them all, extensions included.
"""

from math import isfinite

from queues.agents.agent import Agent
from queues.commands import EndWrapUp, SetDisposition, SetWrapUp
from queues.floor.floor import Floor
from queues.lines.lines import Ticket
from queues.model import QueueId, TicketId, TicketState
from queues.outputs import DispositionGiven, RefusalReason, Refused
from queues.rules.agent_rules import NO_CODE, WrappedCall

__all__ = ["begin", "code", "end", "extend", "set_seconds"]


def begin(floor: Floor, agent: Agent, ticket: Ticket, now: float) -> None:
    """The ticket's call is over, the agent is left alone for a while. Calls that end meanwhile are wrapped up together."""
    queue = ticket.line.config
    seconds = _seconds(ticket, agent) if not agent.removed else 0.0
    uncoded = queue.disposition_required and not ticket.coded
    if seconds <= 0:
        if uncoded:
            floor.outputs.append(DispositionGiven(ticket.id, queue.id, agent.config.id, NO_CODE))
        return
    until, latest = now + seconds, None
    if queue.max_wrap_up_seconds is not None:
        latest = now + queue.max_wrap_up_seconds
        until = min(until, latest)
    before = agent.wrap_up
    calls: tuple[WrappedCall, ...] = ()
    if before is not None:
        calls = before.calls
        until = max(until, before.until)
        latest = None if latest is None or before.latest is None else max(latest, before.latest)
    floor.set_wrap_up(agent, until, (*calls, WrappedCall(ticket.id, queue.id, uncoded)), latest)


def _seconds(ticket: Ticket, agent: Agent) -> float:
    if ticket.wrap_up_seconds is not None:
        return ticket.wrap_up_seconds
    own = agent.config.wrap_up_seconds
    return own if own is not None else ticket.line.config.wrap_up_seconds


def set_seconds(floor: Floor, command: SetWrapUp) -> Refused | None:
    """What the wrap-up after this call will last; the present one is extended or ended instead."""
    ticket = floor.tickets.get(command.ticket)
    if ticket is None:
        return Refused(RefusalReason.UNKNOWN_TICKET, f"there is no ticket {command.ticket}")
    ticket.wrap_up_seconds = command.seconds
    floor.dirty.tickets[ticket.id] = None
    return None


def end(floor: Floor, agent: Agent, command: EndWrapUp, now: float) -> Refused | None:
    if agent.wrap_up is None:
        return _not_in_wrap_up(agent)
    missing = [call.ticket for call in agent.wrap_up.calls if call.uncoded]
    if missing and not command.force:
        return Refused(RefusalReason.DISPOSITION_REQUIRED, f"call {missing[0]} needs a disposition first")
    floor.end_wrap_up(agent, now)
    return None


def extend(floor: Floor, agent: Agent, seconds: float) -> Refused | None:
    """By so many seconds, as far as the queue allows."""
    wrap_up = agent.wrap_up
    if wrap_up is None:
        return _not_in_wrap_up(agent)
    if not isfinite(seconds) or seconds <= 0:
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, "a wrap-up is extended by a number of seconds above 0")
    until = wrap_up.until + seconds
    if wrap_up.latest is not None:
        until = min(until, wrap_up.latest)
        if until <= wrap_up.until:
            return Refused(RefusalReason.WRAP_UP_LIMIT, "the wrap-up lasts as long as the queue allows already")
    floor.set_wrap_up(agent, until, wrap_up.calls, wrap_up.latest)
    return None


def _not_in_wrap_up(agent: Agent) -> Refused:
    return Refused(RefusalReason.NOT_IN_WRAP_UP, f"agent {agent.config.name} is not in wrap-up")


def code(floor: Floor, agent: Agent, command: SetDisposition) -> Refused | None:
    """Give a call that the agent has in hand, or wraps up, its disposition; a later one replaces it."""
    found = _in_hand(floor, agent, command.ticket)
    if found is None:
        text = f"agent {agent.config.name} neither talks in this call nor wraps it up"
        return Refused(RefusalReason.NOT_POSSIBLE_NOW, text)
    ticket, queue = found
    if command.queues is not None and queue not in command.queues:
        return Refused(RefusalReason.WRONG_QUEUE, f"the disposition {command.code!r} is not for calls of this queue")
    live = floor.tickets.get(ticket)
    if live is not None:
        live.coded = True
        floor.dirty.tickets[ticket] = None
    elif agent.wrap_up is not None:
        agent.wrap_up.calls = tuple(
            WrappedCall(call.ticket, call.queue) if call.ticket == ticket else call for call in agent.wrap_up.calls
        )
        floor.touch(agent)
    floor.outputs.append(DispositionGiven(ticket, queue, agent.config.id, command.code, command.note))
    return None


def _in_hand(floor: Floor, agent: Agent, ticket: TicketId | None) -> tuple[TicketId, QueueId] | None:
    """The call and its queue; None asked for: the one wrapped up last, else the one the agent talks in."""
    if agent.wrap_up is not None:
        for call in reversed(agent.wrap_up.calls):
            if ticket in (None, call.ticket):
                return call.ticket, call.queue
    for talking in reversed(agent.calls):
        if ticket in (None, talking):
            live = floor.tickets[talking]
            assert live.state is TicketState.CONNECTED
            return talking, live.line.config.id
    return None
