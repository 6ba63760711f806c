"""Commands about offers: what became of an agent's ringing."""

from queues.commands import Connected, OfferAnswered, OfferFailed, OfferRinging
from queues.floor.floor import MINIMUM_DELAY, Floor
from queues.floor.offer import Offer
from queues.handlers import pausing
from queues.model import TicketState
from queues.outputs import CancelReason, OfferResult, RefusalReason, Refused

__all__ = ["OfferCommand", "carry_out"]

OfferCommand = OfferRinging | OfferAnswered | OfferFailed | Connected


def carry_out(floor: Floor, command: OfferCommand, now: float) -> Refused | None:
    offer = floor.offers.get(command.offer)
    if offer is None:
        return Refused(RefusalReason.UNKNOWN_OFFER, f"offer {command.offer} is over")
    if isinstance(command, OfferRinging):
        _ringing(floor, offer)
    elif isinstance(command, OfferAnswered):
        _answered(floor, offer, now)
    elif isinstance(command, Connected):
        _connected(floor, offer, now)
    else:
        _failed(floor, offer, command, now)
    return None


def _ringing(floor: Floor, offer: Offer) -> None:
    if not offer.agent.offers[offer.id]:
        offer.agent.offers[offer.id] = True
        floor.show(offer.agent)


def _answered(floor: Floor, offer: Offer, now: float) -> None:
    """The first to accept wins; the ticket's other offers are withdrawn."""
    offer.answered = True
    floor.deadlines.disarm(offer.timer)
    _ringing(floor, offer)
    floor.ringing.stop(offer.ticket)
    floor.withdraw_offers(offer.ticket, CancelReason.ANSWERED_ELSEWHERE, now, winner=offer.id)


def _connected(floor: Floor, offer: Offer, now: float) -> None:
    ticket, agent = offer.ticket, offer.agent
    floor.withdraw_offers(ticket, CancelReason.ANSWERED_ELSEWHERE, now, winner=offer.id)
    floor.close_offer(offer, OfferResult.CONNECTED, None, now)
    floor.deadlines.disarm(ticket.timer)
    floor.deadlines.disarm(ticket.relax_timer)
    ticket.timer = ticket.relax_timer = 0
    floor.learn_wait(ticket, now)
    ticket.flow_out_at = None
    ticket.doomed = ticket.doomed_by = None
    ticket.state = TicketState.CONNECTED
    ticket.agent = agent.config.id
    ticket.connected_at = now
    agent.tally.calls += 1
    floor.sequence += 1
    ticket.call_order = floor.sequence
    agent.calls[ticket.id] = None
    agent.misses = 0
    floor.dirty.tickets[ticket.id] = None


def _failed(floor: Floor, offer: Offer, command: OfferFailed, now: float) -> None:
    ticket = offer.ticket
    if not command.ready:
        ticket.ready = False
    queue = ticket.line.config
    rest = max(queue.delays.of(command.cause), MINIMUM_DELAY)
    if pausing.count_miss(floor, offer.agent, queue, command.cause):
        rest = 0.0
    floor.fail_offer(offer, command.cause, now, rest=rest)
