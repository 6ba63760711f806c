"""The lines of a queue in the order of their heads, and the heaps behind these: many of them, and nothing left over."""

import random

from queues.commands import Abandon, AssignTicket, ReleaseTicket, SetReady
from queues.model import AgentId, AgentStatus, QueueId, TicketId
from tests.unit.queues.desk import Desk


def test_among_hundreds_of_lines_an_agent_finds_the_first_that_it_may_serve() -> None:
    """More of them than one look takes in, and agents whom the lines knew when they came, or did not."""
    luck, desk = random.Random(5), Desk()
    skills = {name: {f"s{luck.randint(0, 399)}": 1 for _ in range(12)} for name in ("ana", "bo", "cleo", "dan", "eve")}
    for name in ("ana", "bo", "cleo"):
        desk.agent(name, skills[name], capacity=700)
        desk.status(name, AgentStatus.PAUSED)
    due = [f"s{number % 400}" for number in range(700)]
    for number, skill in enumerate(due):
        desk.enter(f"t{number}", needs={skill: 1}, at=float(number))
    for name, own in skills.items():
        if name in ("dan", "eve"):
            desk.agent(name, own, capacity=700)
        else:
            desk.status(name, AgentStatus.AVAILABLE)
        assert desk.offered() == [(f"t{number}", name) for number, skill in enumerate(due) if skill in own]
        due = ["" if skill in own else skill for skill in due]


def test_lines_are_in_the_order_of_their_heads_whoever_comes_and_leaves() -> None:
    """Hundreds of them: new ones anywhere among the others, and gaps anywhere."""
    luck, desk = random.Random(3), Desk()
    skill_of: dict[str, str] = {}
    for number in range(900):
        if luck.random() < 0.3 and skill_of:
            desk.do(Abandon(TicketId(gone := luck.choice(list(skill_of)))))
            del skill_of[gone]
        ticket, skill = f"t{number}", f"s{luck.randint(0, 700)}"
        skill_of[ticket] = skill
        desk.enter(ticket, needs={skill: 1}, priority=luck.randint(0, 9), at=float(number))
    due = desk.waiting()
    for name, some in (("ana", 40), ("bo", 350), ("cleo", 701)):
        skills = {f"s{number}": 1 for number in luck.sample(range(701), some)}
        desk.agent(name, skills, capacity=900)
        assert desk.offered() == [(ticket, name) for ticket in due if skill_of[ticket] in skills]
        due = desk.waiting()
    assert due == []


def test_who_becomes_free_finds_its_line_beside_newer_ones_of_others() -> None:
    desk = Desk()
    for name, skill in (("ana", "french"), ("bo", "german")):
        desk.agent(name, {skill: 1})
        desk.enter(f"with {name}", needs={skill: 1})
    desk.connect("o1")
    desk.connect("o2")
    desk.enter("a", needs={"french": 1}, at=1)
    desk.enter("b", needs={"german": 1}, at=2)
    desk.end("with ana", at=3)
    assert desk.offered() == [("a", "ana")]


def test_many_who_leave_unserved_leave_nothing_behind() -> None:
    """The heaps delete lazily, yet stay in proportion to what lives."""
    desk = Desk()
    desk.enter("first")
    for number in range(2000):
        desk.enter(f"t{number}")
        desk.do(Abandon(TicketId(f"t{number}")))
    line = desk.engine._floor.lines[QueueId("support")].base
    assert len(line.rest) < 200
    assert len(desk.engine._floor.deadlines._heap) < 200
    desk.agent("ana")
    assert desk.offered() == [("first", "ana")]
    desk.status("ana", AgentStatus.LOGGED_OUT)


def test_void_entries_of_a_heap_are_counted() -> None:
    """However a ticket leaves it: by its turn, before it, kept for an agent, or when the heap is cleared of such."""
    luck, desk = random.Random(4), Desk()
    desk.agent("ana")
    desk.status("ana", AgentStatus.PAUSED)
    line = desk.engine._floor.lines[QueueId("support")].base
    ready: dict[str, bool] = {}
    for number in range(1200):
        draw = luck.random()
        if draw < 0.45 or not ready:
            desk.enter(f"t{number}", priority=luck.randint(0, 3), at=float(number))
            ready[f"t{number}"] = True
            continue
        ticket = desk.waiting()[0] if draw < 0.55 else luck.choice(list(ready))
        if draw < 0.8:
            desk.do(Abandon(TicketId(ticket)))
            del ready[ticket]
        elif draw < 0.85:
            desk.do(AssignTicket(TicketId(ticket), AgentId("ana")))
        elif draw < 0.9:
            desk.do(ReleaseTicket(TicketId(ticket)))
        else:
            ready[ticket] = not ready[ticket]
            desk.do(SetReady(TicketId(ticket), ready=ready[ticket]))
        assert line.dead == sum(entry.stamp != stamp for _, stamp, entry in line.rest)
