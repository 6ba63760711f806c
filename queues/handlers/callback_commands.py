"""Commands about callbacks: tickets without a call, whose caller is dialled when their turn comes.

Such a ticket stands in line like any other, with the time of joining of the call that it came of; neither ``max_wait`` nor a
queue's closing takes it out. Its offer holds the agent while the caller is dialled.
"""

from queues.commands import CallbackReached, EnqueueCallback, HoldOffer, ReturnOffer
from queues.floor.deadlines import MAX_WAIT, RING
from queues.floor.floor import Floor
from queues.floor.offer import Offer
from queues.handlers.ticket_commands import unconnected
from queues.lines.lines import Ticket
from queues.model import OfferId
from queues.outputs import CancelReason, OfferResult, RefusalReason, Refused, TicketQueued

__all__ = ["CallbackCommand", "carry_out"]

CallbackCommand = EnqueueCallback | HoldOffer | ReturnOffer | CallbackReached


def carry_out(floor: Floor, command: CallbackCommand, now: float) -> Refused | None:
    match command:
        case EnqueueCallback():
            return _enqueue(floor, command, now)
        case HoldOffer():
            return _hold(floor, command)
        case ReturnOffer():
            return _return(floor, command.offer, now)
        case CallbackReached():
            return _reached(floor, command, now)


def _enqueue(floor: Floor, command: EnqueueCallback, now: float) -> Refused | None:
    if command.ticket in floor.tickets:
        return Refused(RefusalReason.DUPLICATE_TICKET, f"ticket {command.ticket} is in a queue already")
    lines = floor.lines.get(command.queue)
    if lines is None:
        return Refused(RefusalReason.UNKNOWN_QUEUE, f"there is no queue {command.queue}")
    joined_at = now if command.joined_at is None else min(command.joined_at, now)
    floor.sequence += 1
    ticket = Ticket(command.ticket, lines.base, command.priority, joined_at, floor.sequence, command.ready)
    ticket.entered_at, ticket.callback = now, True
    floor.admit(ticket, now)
    floor.outputs.append(TicketQueued(ticket.id, command.queue, joined_at, lines.position(ticket.place)))
    return None


def _offer(floor: Floor, offer_id: OfferId) -> Offer | Refused:
    offer = floor.offers.get(offer_id)
    return offer if offer is not None else Refused(RefusalReason.UNKNOWN_OFFER, f"offer {offer_id} is over")


def _hold(floor: Floor, command: HoldOffer) -> Refused | None:
    offer = _offer(floor, command.offer)
    if isinstance(offer, Refused):
        return offer
    floor.deadlines.disarm(offer.timer)
    offer.ring_until = command.until
    offer.timer = floor.deadlines.arm(command.until, RING, offer.id)
    return None


def _return(floor: Floor, offer_id: OfferId, now: float) -> Refused | None:
    """No blame: the agent keeps its place in the idle list, the ticket its place in line, but it is not ready."""
    offer = _offer(floor, offer_id)
    if isinstance(offer, Refused):
        return offer
    offer.ticket.ready = False
    floor.withdraw(offer, CancelReason.WITHDRAWN)
    floor.close_offer(offer, OfferResult.CANCELLED, None, now)
    floor.emptied(offer.agent, now)
    floor.back_in_line(offer.ticket)
    return None


def _reached(floor: Floor, command: CallbackReached, now: float) -> Refused | None:
    ticket = unconnected(floor, command.ticket)
    if isinstance(ticket, Refused):
        return ticket
    if not ticket.callback:
        return None
    ticket.callback = False
    max_wait = ticket.line.config.max_wait
    if max_wait is not None and ticket.doomed is None:
        ticket.flow_out_at = now + max_wait
        ticket.timer = floor.deadlines.arm(ticket.flow_out_at, MAX_WAIT, ticket.id)
    floor.dirty.tickets[ticket.id] = None
    return None
