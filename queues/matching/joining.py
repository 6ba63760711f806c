"""Open agents whom no waiting ticket needs join the ringing for those that are being offered already.

Every waiting ticket has one phone before any has two (``matching`` comes first); what is left goes to the ticket that is to
be served first, up to the number its strategy allows.
"""

from queues.floor.floor import Floor
from queues.lines.lines import Ticket, urgency

__all__ = ["join"]


def join(floor: Floor, now: float) -> None:
    ringing = floor.ringing
    short, queues = ringing.short, ringing.stirred
    for agent in floor.touched_agents.values():
        if agent.stamp:
            for queue in agent.serves:
                if queue in short:
                    queues[queue] = None
    tickets = [ticket for queue in queues if queue in short for ticket in short[queue].values()]
    queues.clear()
    for ticket in sorted(tickets, key=lambda ticket: urgency(ticket, now)) if len(tickets) > 1 else tickets:
        _fill(floor, ticket, now)
    queues.clear()


def _fill(floor: Floor, ticket: Ticket, now: float) -> None:
    while floor.ringing.wants(ticket):
        ringing = tuple([floor.offers[offer].agent for offer in ticket.offers])
        agent = floor.agents.best(ticket.line, ringing)
        if agent is None:
            return
        floor.make_offer(ticket, agent, now)
        if agent.open:
            floor.agents.list_open(agent)
