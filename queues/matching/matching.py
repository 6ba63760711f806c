"""Matching: whoever became free with whoever waits, until nobody who waits could be served.

``settle`` closes every command and every ``expire``. An agent who became open takes the best ticket of the lines it may
serve; a line with a new ticket offers its head to the best agent open for it.
"""

from heapq import heapify, heappop, heapreplace

from queues.agents.agent import Agent, IdlePlace
from queues.agents.agent_table import AgentTable
from queues.floor.floor import Floor
from queues.lines.lines import Line, Lines, Ticket, urgency
from queues.matching.flowing import check_staff, leave_doomed
from queues.matching.joining import join
from queues.matching.reserving import preferred, serve
from queues.matching.telling import tell
from queues.outputs import Output

__all__ = ["settle"]


def settle(floor: Floor, now: float) -> list[Output]:
    """Match, then tell what changed of the agents. Returns the outputs since the last time."""
    agents = floor.touched_agents
    if agents or floor.staff.emptied:
        check_staff(floor, now)
    if floor.leaving:
        leave_doomed(floor, now)
    if agents:
        _feed_all(floor, list(agents.values()), now)
    lines = floor.touched_lines
    if lines:
        _serve_all(floor, list(lines), now)
        lines.clear()
    if floor.ringing.short or floor.ringing.stirred:
        join(floor, now)
    if agents or floor.shown_agents:
        _tell_all(floor, now)
    if floor.decisions is not None:
        floor.decisions.settled()
    outputs, floor.outputs = floor.outputs, []
    return outputs


def _tell_all(floor: Floor, now: float) -> None:
    touched, shown = floor.touched_agents, floor.shown_agents
    for agent in touched.values():
        tell(floor, agent, now)
    if shown:
        for agent_id, agent in shown.items():
            if agent_id not in touched:
                tell(floor, agent, now)
        shown.clear()
    touched.clear()


def _feed_all(floor: Floor, touched: list[Agent], now: float) -> None:
    """Who has been idle longest comes first."""
    if len(touched) > 1:
        touched.sort(key=_idle_place)
    for agent in touched:
        if agent.free:
            _feed(floor, agent, now)
        elif agent.reserved:
            serve(floor, agent, now)


def _feed(floor: Floor, agent: Agent, now: float) -> None:
    """The agent takes the best tickets of the lines it may serve; with slots left it is open for whoever comes."""
    if agent.reserved:
        serve(floor, agent, now)
    while agent.open:
        ticket = _best_ticket(floor, agent, now)
        if ticket is None:
            floor.agents.list_open(agent)
            return
        floor.make_offer(ticket, agent, now)


def _serve_all(floor: Floor, touched: list[Line], now: float) -> None:
    """Offer the tickets of these lines, the best first, to the agents open for them."""
    if len(touched) == 1:
        while _serve(floor, touched[0], now):
            pass
        return
    heads = [(urgency(head, now), n) for n, line in enumerate(touched) if (head := line.head) is not None]
    heapify(heads)
    while heads:
        number = heads[0][1]
        line = touched[number]
        if _serve(floor, line, now) and (head := line.head) is not None:
            heapreplace(heads, (urgency(head, now), number))
        else:
            heappop(heads)


def _serve(floor: Floor, line: Line, now: float) -> bool:
    """Offer the line's head to the best agent open for it. Was there such an agent?"""
    ticket = line.head
    if ticket is None:
        return False
    agent = floor.agents.best(line)
    if agent is None:
        return False
    floor.make_offer(ticket, agent, now)
    if agent.open:
        floor.agents.list_open(agent)
    return True


def _best_ticket(floor: Floor, agent: Agent, now: float) -> Ticket | None:
    best: Ticket | None = None
    if agent.reserved:
        best = preferred(floor, agent, now)
    agents, all_lines = floor.agents, floor.lines
    for queue in agent.serves:
        lines = all_lines[queue]
        if not lines.alone:
            best = _best_of_lines(agents, lines, agent, best, now)
            continue
        head = lines.base.head
        if head is not None and (best is None or _precedes(head, best, now)) and agents.may_serve(agent, lines.base):
            best = head
    return best


def _best_of_lines(agents: AgentTable, lines: Lines, agent: Agent, best: Ticket | None, now: float) -> Ticket | None:
    """The first ticket of the queue that the agent may serve, if it comes before ``best``; else that."""
    before = best.place if best is not None and best.line.queue.pace == lines.pace else None
    line = agents.first_line(agent, lines, before)
    head = line.head if line is not None else None
    if head is None or (best is not None and not _precedes(head, best, now)):
        return best
    return head


def _precedes(ticket: Ticket, other: Ticket, now: float) -> bool:
    if ticket.line.queue.pace == other.line.queue.pace:
        return ticket.place < other.place
    return urgency(ticket, now) < urgency(other, now)


def _idle_place(agent: Agent) -> IdlePlace:
    return agent.idle
