"""A call centre with every feature on, under any sequence of events: what must hold always, from configuration alone.

Beside ``test_engine`` (few features, the books of every ticket exact): here all of them, and what they have in common.
"""

from hypothesis import settings
from hypothesis.stateful import invariant

from queues.commands import CallEnded, Withdraw
from queues.engine import Engine
from queues.floor.decisions import CROWDS, Chooser
from queues.lines.needs import meets
from queues.model import AgentId, AgentStatus, QueueId, TicketId, TicketState
from queues.outputs import MakeOffer, Output, TicketEnded
from tests.property.centre_books import deadlines_due, deadlines_live, is_open, points, serves, urgency
from tests.property.centre_rules import CentreRules


class CentreMachine(CentreRules):
    # --- offers

    def hear_offer(self, offer: MakeOffer) -> None:
        """Only to one who may be rung; with a reason that can be told."""
        agent = self.engine._floor.agents.agents[offer.agent]
        assert agent.status is AgentStatus.AVAILABLE
        assert agent.reachable
        assert agent.pending is None
        assert agent.delay is None
        assert not agent.outside
        assert len(agent.offers) + len(agent.calls) + (agent.wrap_up is not None) <= agent.config.capacity
        (why,) = [why for why in self.engine.explain(offer.ticket, self.now) if why.offer == offer.offer]
        assert (why.agent, why.queue, why.at) == (offer.agent, offer.queue, self.now)
        assert why.agent not in (why.next or ())
        if why.chooser is Chooser.AGENT:
            self.took_the_most_urgent(offer)
        assert why.waited == self.now - self.engine._floor.tickets[offer.ticket].joined_at

    def took_the_most_urgent(self, offer: MakeOffer) -> None:
        """Across the queues: nothing that the agent may serve and that waits still would have come before."""
        floor = self.engine._floor
        taken, agent = floor.tickets[offer.ticket], floor.agents.agents[offer.agent]
        agents = [each for each in floor.agents.agents.values() if not each.removed]
        mine = urgency(taken, taken.line.config, self.now)
        for other in floor.tickets.values():
            if other.state is TicketState.WAITING and other.ready and other.reservation is None:
                queue = other.line.config
                assert not serves(agent, other, queue, agents, self.now) or mine <= urgency(other, queue, self.now)

    # --- what must hold always

    @invariant()
    def nobody_is_lost(self) -> None:
        assert self.arrived == len(self.joined) + self.ended
        assert set(self.engine._floor.tickets) == set(self.joined)

    @invariant()
    def every_ticket_is_in_exactly_one_place(self) -> None:
        floor = self.engine._floor
        places: dict[str, int] = dict.fromkeys(self.joined, 0)
        for lines in floor.lines.values():
            for ticket in lines.waiting.values():
                assert ticket.state is TicketState.WAITING
                assert ticket.line.queue is lines
                places[ticket.id] += 1
            assert sum(line.size for line in lines) == len(lines.waiting)
        for agent in floor.agents.agents.values():
            for call in agent.calls:
                assert (floor.tickets[call].state, floor.tickets[call].agent) == (
                    TicketState.CONNECTED,
                    agent.config.id,
                )
                places[call] += 1
        for offer in floor.offers.values():
            assert offer.id in offer.agent.offers
            assert offer.id in offer.ticket.offers
        for ticket in floor.tickets.values():
            places[ticket.id] += ticket.state is TicketState.OFFERED
            assert bool(ticket.offers) == (ticket.state is TicketState.OFFERED)
        assert set(places.values()) <= {1}

    @invariant()
    def the_time_of_joining_is_never_stamped_anew(self) -> None:
        for ticket in self.engine._floor.tickets.values():
            assert ticket.joined_at == self.joined[ticket.id]

    @invariant()
    def lines_are_ordered_by_points_then_by_the_time_of_joining(self) -> None:
        for name, queue in self.queues.items():
            tickets = [self.engine._floor.tickets[ticket] for ticket in self.engine.waiting(QueueId(name))]
            ranks = [
                (-round(points(ticket, queue, self.now), 6), ticket.joined_at, ticket.sequence) for ticket in tickets
            ]
            assert ranks == sorted(ranks)
            for number, ticket in enumerate(tickets, 1):
                assert self.engine.position(ticket.id) == number

    @invariant()
    def nobody_waits_beside_an_open_agent(self) -> None:
        floor = self.engine._floor
        agents = [agent for agent in floor.agents.agents.values() if not agent.removed]
        opened = [agent for agent in agents if is_open(agent)]
        for ticket in floor.tickets.values():
            if ticket.state is TicketState.WAITING and ticket.ready and ticket.reservation is None:
                queue = ticket.line.config
                assert not any(serves(agent, ticket, queue, agents, self.now) for agent in opened)

    @invariant()
    def reserved_tickets_are_their_agents(self) -> None:
        floor = self.engine._floor
        kept = {(agent.config.id, ticket) for agent in floor.agents.agents.values() for ticket in agent.reserved}
        assert kept == {
            (ticket.reservation.agent, ticket.id) for ticket in floor.tickets.values() if ticket.reservation is not None
        }
        for ticket in floor.tickets.values():
            assert ticket.reservation is None or ticket.state is TicketState.WAITING

    @invariant()
    def everything_timed_has_its_deadline_and_nothing_else_has(self) -> None:
        assert deadlines_live(self.engine._floor) == deadlines_due(self.engine._floor)

    @invariant()
    def nobody_wraps_up_what_was_never_talked(self) -> None:
        for agent in self.engine._floor.agents.agents.values():
            for wrapped in agent.wrap_up.calls if agent.wrap_up is not None else ():
                assert wrapped.ticket in self.connected
                assert wrapped.ticket not in agent.calls

    @invariant()
    def who_is_who_is_kept_right(self) -> None:
        """The sets of agents by bit, and the counts of who is there, are what a count from scratch gives."""
        floor = self.engine._floor
        agents = [agent for agent in floor.agents.agents.values() if not agent.removed]
        for lines in floor.lines.values():
            for line in lines:
                for agent in agents:
                    may = bool(floor.agents.audience.of(line.config.id, line.needs) >> agent.place & 1)
                    assert may == meets(agent.config, line.config.id, line.needs)
            there = [agent for agent in agents if lines.config.id in agent.serves]
            there = [agent for agent in there if agent.status is not AgentStatus.LOGGED_OUT]
            assert floor.staff.logged_in(lines.config.id) == len(there)
        assert floor.agents.open == sum(1 << agent.place for agent in agents if agent.stamp)
        assert all(bool(agent.stamp) == is_open(agent) for agent in agents)

    @invariant()
    def what_keeps_everybody_can_be_told(self) -> None:
        for ticket in self.engine._floor.tickets.values():
            waiting = self.engine.why_waiting(ticket.id, self.now)
            assert (waiting is not None) == (ticket.state is TicketState.WAITING)
            if waiting is None:
                continue
            assert sum(waiting.passed_over.values()) == len(self.agents)
            if waiting.ready and waiting.kept_for is None:
                assert CROWDS[0] not in waiting.passed_over, "somebody is open for it"

    @invariant()
    def expected_waits_are_sane(self) -> None:
        for name in self.queues:
            for priority in (0, 2):
                expected = self.engine.expected_wait(QueueId(name), priority, self.now)
                assert expected is None or 0 <= expected <= self.now - 1000.0 + 1e-6

    # --- a restart

    def restored(self, before: Engine, outputs: list[Output]) -> None:
        """The same tickets in the same places, the same agents, doors and estimates; offers are forgotten."""
        old, new = before._floor, self.engine._floor
        gone = {output.ticket for output in outputs if isinstance(output, TicketEnded)}
        for ticket in old.tickets.values():
            if ticket.id in gone:
                continue
            now = new.tickets[ticket.id]
            assert (now.joined_at, now.sequence, now.priority) == (ticket.joined_at, ticket.sequence, ticket.priority)
            assert now.requirements == ticket.requirements
            assert now.agent == ticket.agent
            if now.line.config.id == ticket.line.config.id:
                assert (now.met, now.entered_at) == (ticket.met, ticket.entered_at)
        for name in self.agents:
            was, now_is = old.agents.agents[AgentId(name)], new.agents.agents[AgentId(name)]
            assert (list(now_is.calls), now_is.reachable) == (list(was.calls), was.reachable)
            assert now_is.told_outside == was.told_outside
        for queue, door in old.doors.items():
            assert (new.doors[queue].closure is None) == (door.closure is None)
        assert set(new.places.kept) == set(old.places.kept)

    def teardown(self) -> None:
        """All hang up: nothing is left."""
        for ticket in list(self.joined):
            if ticket in self.joined:
                talking = self.engine._floor.tickets[TicketId(ticket)].state is TicketState.CONNECTED
                self.do(CallEnded(TicketId(ticket)) if talking else Withdraw(TicketId(ticket)))
        self.time_passes(100_000.0)
        counts = self.engine.counts()
        assert not self.joined
        assert counts == {**dict.fromkeys(counts, 0), "agents": len(self.agents), "deadlines": counts["deadlines"]}
        assert deadlines_live(self.engine._floor) == set()


TestCentre = CentreMachine.TestCase
TestCentre.settings = settings(TestCentre.settings, max_examples=settings().max_examples // 2)
