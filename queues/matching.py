"""Matching: whoever became free with whoever waits, until nobody who waits could be served.

``settle`` closes every command and every ``expire``. An agent who became open takes the best ticket of the lines it serves;
a line with a new ticket offers its head to the best agent open for it.
"""

from queues.agent_table import Agent, IdlePlace
from queues.floor import Floor
from queues.flowing import check_staff, leave_doomed
from queues.joining import join
from queues.lines import Line, Place, Ticket
from queues.outputs import Output
from queues.reserving import preferred, serve

__all__ = ["settle"]


def settle(floor: Floor, now: float) -> list[Output]:
    """Match, then tell what changed of the agents. Returns the outputs since the last time."""
    agents = floor.touched_agents
    if agents or floor.staff.emptied:
        check_staff(floor, now)
    if floor.leaving:
        leave_doomed(floor, now)
    touched = list(agents.values())
    if len(touched) > 1:
        touched.sort(key=_idle_place)
    for agent in touched:
        _feed(floor, agent, now)
    lines = floor.touched_lines
    if lines:
        for line in lines.values():
            _serve(floor, line, now)
        lines.clear()
    if floor.ringing.short:
        join(floor, now)
    if agents:
        for agent in agents.values():
            floor.tell(agent, now)
        agents.clear()
    return floor.take_outputs()


def _feed(floor: Floor, agent: Agent, now: float) -> None:
    """The agent takes the best tickets of the lines it serves; with slots left it is open for whoever comes."""
    if agent.reserved:
        serve(floor, agent, now)
    while agent.open:
        ticket = _best_ticket(floor, agent)
        if ticket is None:
            floor.agents.list_open(agent)
            return
        floor.make_offer(ticket, agent, now)


def _serve(floor: Floor, line: Line, now: float) -> None:
    """Offer the line's tickets, from its head, to the agents open for it."""
    while True:
        ticket = line.head()
        if ticket is None:
            return
        agent = floor.agents.best(line.config.id)
        if agent is None:
            return
        floor.make_offer(ticket, agent, now)
        if agent.open:
            floor.agents.list_open(agent)


def _best_ticket(floor: Floor, agent: Agent) -> Ticket | None:
    best: Ticket | None = None
    best_place: Place = (0, 0.0, 0)
    if agent.reserved:
        best = preferred(floor, agent)
        best_place = best.place if best is not None else best_place
    lines = floor.lines
    for queue in agent.serves:
        head = lines[queue].head()
        if head is not None:
            place = head.place
            if best is None or place < best_place:
                best, best_place = head, place
    return best


def _idle_place(agent: Agent) -> IdlePlace:
    return agent.idle
