"""Live state from a journal's rows, after configuration was given.

Tickets keep their place. Offers that were pending are forgotten (whoever rang the phones cancels them), with no blame
on the agents; connected tickets stay with their agents. A waiting ticket whose queue is gone ends as withdrawn; a
connected one goes on, as does the call of an agent who is gone.
"""

from collections.abc import Iterable
from dataclasses import replace
from operator import itemgetter

from queues.agents.agent import Agent
from queues.agents.tally import Tally
from queues.floor.doors import Closure
from queues.floor.floor import Floor
from queues.floor.snapshot import AgentRow, OfferRow, PlaceRow, QueueRow, TicketRow, WaitsRow
from queues.lines.lines import Lines, Ticket
from queues.lines.reservation import Reservation
from queues.lines.waits import ClassWaits, Mean
from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    OfferId,
    QueueConfig,
    QueueId,
    RoutingState,
    TicketId,
    TicketState,
)
from queues.outputs import TicketEnded, TicketResult
from queues.rules.agent_rules import WrappedCall

__all__ = ["restore"]


def restore(floor: Floor, rows: Iterable[tuple[str, str, object]], now: float) -> None:
    """Put the rows on the floor, in any order; the caller then expires what fell due meanwhile, and settles.

    Raises ``TypeError`` on a row that is not of this module's types.
    """
    connected: list[tuple[int, TicketId, TicketRow, AgentId]] = []
    for _, key, row in rows:
        match row:
            case TicketRow():
                floor.sequence = max(floor.sequence, row.sequence, row.call_order)
                if row.agent is None:
                    _restore_waiting(floor, TicketId(key), row, now)
                else:
                    connected.append((row.call_order, TicketId(key), row, row.agent))
            case AgentRow():
                _restore_agent(floor, AgentId(key), row)
            case WaitsRow():
                _restore_waits(floor, row)
            case QueueRow():
                _restore_door(floor, QueueId(key), row)
            case PlaceRow():
                floor.places.keep(row.queue, row.caller, row.joined_at, row.until)
            case OfferRow():
                floor.dirty.offers[OfferId(key)] = None
            case _:
                raise TypeError(f"not a row of the queue engine: {row!r}")
    for _, ticket, ticket_row, agent_id in sorted(connected, key=itemgetter(0)):
        _restore_connected(floor, ticket, ticket_row, agent_id, now)
    for agent in floor.agents.agents.values():
        _as_told(agent)
        floor.emptied(agent, now)
        floor.touch(agent)


def _as_told(agent: Agent) -> None:
    """What the row does not repeat was told as it is restored; only true changes, such as lost offers, are news."""
    wrap_up, pending = agent.wrap_up, agent.pending
    agent.told.picture = replace(
        agent.told.picture,
        active=len(agent.calls),
        pending_status=pending[0] if pending is not None else None,
        wrap_up_until=wrap_up.until if wrap_up is not None else None,
        outside_calls=agent.outside,
        pause_overdue=agent.pause_overdue,
        forced_by=agent.forced_by,
    )


def _restore_agent(floor: Floor, agent_id: AgentId, row: AgentRow) -> None:
    agent = floor.agents.configured(agent_id)
    if agent is None:
        floor.dirty.agents[agent_id] = None
        return
    agent.status = AgentStatus(row.status)
    agent.pause_reason = row.pause_reason
    if row.pending_status is not None:
        agent.pending = (AgentStatus(row.pending_status), row.pending_reason)
    agent.reachable = row.reachable
    floor.agents.keep_order(agent, (row.idle_since, row.idle_order))
    last_offers = {queue: number for queue, number in row.last_offers.items() if queue in floor.lines}
    floor.agents.keep_tally(agent, Tally(row.calls, row.talk_seconds, last_offers))
    if row.wrap_up_until is not None:
        floor.set_wrap_up(agent, row.wrap_up_until, _wrapped(row), row.wrap_up_latest)
    if row.delay_until is not None:
        floor.set_delay(agent, row.delay_until)
    _restore_pause(floor, agent, row)
    agent.misses, agent.forced_by, agent.told_outside = row.misses, row.forced_by, row.told_outside
    agent.told.since = row.since
    agent.told.at = row.told_at
    agent.told.picture = replace(
        agent.told.picture,
        status=agent.status,
        pause_reason=row.pause_reason,
        state=RoutingState(row.state),
        ticket=row.ticket,
    )
    floor.touch(agent)


def _wrapped(row: AgentRow) -> tuple[WrappedCall, ...]:
    """An older row names only the last call."""
    if row.wrap_up_calls or row.wrap_up_ticket is None:
        return row.wrap_up_calls
    return (WrappedCall(row.wrap_up_ticket, QueueId("")),)


def _restore_pause(floor: Floor, agent: Agent, row: AgentRow) -> None:
    if agent.status is not AgentStatus.PAUSED:
        return
    floor.time_pause(agent, row.paused_at if row.paused_at is not None else row.since)
    if row.pause_overdue:  # told before
        floor.deadlines.disarm(agent.pause_timer)
        agent.pause_timer, agent.pause_overdue = 0, True


def _restore_waiting(floor: Floor, ticket_id: TicketId, row: TicketRow, now: float) -> None:
    lines = floor.lines.get(row.queue)
    if lines is None:
        floor.dirty.tickets[ticket_id] = None
        floor.outputs.append(TicketEnded(ticket_id, row.queue, TicketResult.WITHDRAWN))
        return
    ticket = _ticket_of(ticket_id, lines, row)
    ticket.flow_out_at = row.flow_out_at
    floor.admit(ticket, now)
    agent = floor.agents.configured(row.reserved_for) if row.reserved_for is not None else None
    if agent is not None:
        kept = Reservation(
            agent.config.id, row.reserved_until, row.reserved_first, row.reserved_holds, 0, row.reserved_seconds
        )
        floor.reserve(ticket, agent, kept, tell=False)


def _ticket_of(ticket_id: TicketId, lines: Lines, row: TicketRow) -> Ticket:
    """What a ticket has wherever it is: one that talks may go back into a line."""
    ticket = Ticket(ticket_id, lines.base, row.priority, row.joined_at, row.sequence, row.ready)
    ticket.requirements = row.requirements
    ticket.met, ticket.entered_at = row.met, row.entered_at
    ticket.wrap_up_seconds, ticket.callback = row.wrap_up_seconds, row.callback
    ticket.visited, ticket.caller = row.visited, row.caller
    return ticket


def _restore_waits(floor: Floor, row: WaitsRow) -> None:
    waits = floor.waits.get(row.queue)
    if waits is None:
        floor.dirty.waits[row.queue, row.priority] = None
        return
    means = {bin_: Mean(value, samples) for bin_, value, samples in row.means}
    waits.classes[row.priority] = ClassWaits(row.last, means)
    if row.served_at >= waits.served_at:
        waits.served_at, waits.gap, waits.last = row.served_at, Mean(row.gap, row.gap_samples), row.last


def _restore_door(floor: Floor, queue: QueueId, row: QueueRow) -> None:
    door = floor.doors.get(queue)
    if door is None:
        floor.dirty.queues[queue] = None
    else:
        door.closure = Closure(row.since, row.reason, row.overflow)


def _restore_connected(floor: Floor, ticket_id: TicketId, row: TicketRow, agent_id: AgentId, now: float) -> None:
    lines = floor.lines.get(row.queue) or Lines(QueueConfig(row.queue, row.queue))
    ticket = _ticket_of(ticket_id, lines, row)
    ticket.state = TicketState.CONNECTED
    ticket.agent = agent_id
    ticket.call_order = row.call_order
    ticket.coded = row.coded
    ticket.connected_at = row.connected_at
    floor.tickets[ticket_id] = ticket
    agent = floor.agents.agents.get(agent_id) or _absent(floor, agent_id, now)
    agent.calls[ticket_id] = None
    floor.touch(agent)


def _absent(floor: Floor, agent_id: AgentId, now: float) -> Agent:
    """An agent who is not configured any more, for as long as its call lasts."""
    agent = floor.agents.configure(AgentConfig(agent_id, agent_id), now)
    floor.agents.retire(agent)
    return agent
