"""The engine under any sequence of commands, deadlines and crashes: what must hold always.

The machine compares the books of ``engine_rules`` with the engine after every step.
"""

from hypothesis.stateful import invariant

from queues.commands import (
    CallEnded,
    Withdraw,
)
from queues.floor.snapshot import TicketRow
from queues.model import (
    AgentId,
    AgentStatus,
    QueueId,
    TicketId,
    TicketState,
)
from tests.property.callback_rules import CallbackRules


class EngineMachine(CallbackRules):
    # --- what must hold always

    @invariant()
    def nobody_is_lost_or_doubled(self) -> None:
        assert self.arrived == len(self.tickets) + sum(self.ended.values())
        counts = self.engine.counts()
        states = [self.state_of(booked) for booked in self.tickets.values()]
        assert counts["tickets_waiting"] == states.count(TicketState.WAITING)
        assert counts["tickets_offered"] == states.count(TicketState.OFFERED)
        assert counts["tickets_connected"] == states.count(TicketState.CONNECTED)
        assert counts["offers"] == len(self.offers)
        for ticket, booked in self.tickets.items():
            view = self.engine.ticket_view(TicketId(ticket))
            assert view is not None
            assert (view.state, view.joined_at, view.priority) == (
                self.state_of(booked), booked.joined_at, booked.priority,
            )  # fmt: skip
            assert (view.ready, set(view.offers), view.agent) == (booked.ready, booked.offers, booked.agent)
            assert view.reserved_for == (booked.kept[0] if booked.kept is not None else None)

    @invariant()
    def lines_are_in_order(self) -> None:
        for queue in self.queues:
            mine = [item for item in self.tickets.items() if item[1].queue == queue]
            mine = [item for item in mine if self.state_of(item[1]) is TicketState.WAITING]
            mine.sort(key=lambda item: self.place(item[1]))
            assert self.engine.waiting(QueueId(queue)) == [ticket for ticket, _ in mine]

    @invariant()
    def a_line_offers_those_who_stand_in_it_each_once(self) -> None:
        for lines in self.engine._floor.lines.values():
            for line in lines:
                offered = [ticket.id for _, stamp, ticket in line.rest if ticket.stamp == stamp]
                offered += [line.head.id] if line.head is not None else []
                mine = [ticket.id for ticket in lines.waiting.values() if ticket.line is line and ticket.for_all]
                assert sorted(offered) == sorted(mine)

    @invariant()
    def nobody_waits_beside_an_idle_agent(self) -> None:
        for agent in self.agents.values():
            live = self.engine._floor.agents.agents[agent.id]
            free = live.status is AgentStatus.AVAILABLE and live.reachable and not live.pending and not live.delay
            slots = agent.capacity - self.in_hand(agent.id) - (live.wrap_up is not None)
            if not free or slots <= 0 or live.outside:
                continue
            for booked in self.tickets.values():
                if not booked.ready or self.state_of(booked) is not TicketState.WAITING:
                    continue
                name, held = booked.kept or ("", False)
                if held or slots > self.held_by(agent.id):
                    assert name != agent.id
                    assert name or not self.eligible(agent, booked)

    @invariant()
    def nobody_is_idle_beside_a_ticket_that_could_ring_more_phones(self) -> None:
        for ticket_id, booked in self.tickets.items():
            ticket = self.engine._floor.tickets[TicketId(ticket_id)]
            if not booked.offers or not booked.ready or len(booked.offers) >= ticket.phones:
                continue
            rung = [self.offers[offer][1] for offer in booked.offers]
            for agent in self.agents.values():
                if agent.id not in rung and self.engine._floor.agents.agents[agent.id].open:
                    assert not self.eligible(agent, booked)

    @invariant()
    def who_rings_several_phones_is_in_the_books(self) -> None:
        short = set()
        for ticket in self.engine._floor.tickets.values():
            if not ticket.offers or any(self.engine._floor.offers[offer].answered for offer in ticket.offers):
                assert (ticket.phones, ticket.ring_step, ticket.ring_timer) == (0, 0, 0)
            elif len(ticket.offers) < ticket.phones:
                short.add((ticket.line.config.id, ticket.id))
        books = self.engine._floor.ringing.short
        assert {(queue, ticket) for queue, tickets in books.items() for ticket in tickets} == short
        assert all(books.values())
        assert not self.engine._floor.ringing.stirred

    @invariant()
    def views_agree_with_what_was_told(self) -> None:
        for name in self.agents:
            view = self.engine.agent_view(AgentId(name))
            assert view is not None
            assert view.pending_status is None or self.in_hand(name), "applied once nothing is in hand"
            told = self.told.get(name)
            if told is not None:
                assert (view.status, view.routing_state, view.ticket) == (told.status, told.state, told.ticket)
                assert view.active == told.active == sum(1 for ticket in self.tickets.values() if ticket.agent == name)

    @invariant()
    def the_journal_is_the_engine(self) -> None:
        assert {key for table, key in self.journal if table == "ticket"} == set(self.tickets)
        for ticket, booked in self.tickets.items():
            row = self.journal["ticket", ticket]
            assert isinstance(row, TicketRow)
            assert (row.state, row.joined_at, row.priority, row.ready, row.agent) == (
                self.state_of(booked), booked.joined_at, booked.priority, booked.ready, booked.agent,
            )  # fmt: skip
        assert {key for table, key in self.journal if table == "offer"} == set(self.offers)
        assert {key for table, key in self.journal if table == "agent"} == set(self.agents)

    def teardown(self) -> None:
        """All hang up: nothing is left."""
        for ticket, booked in list(self.tickets.items()):
            if ticket in self.tickets:
                self.do(CallEnded(TicketId(ticket)) if booked.agent is not None else Withdraw(TicketId(ticket)))
        assert not self.tickets
        assert not self.offers
        self.now += 1000.0
        self.hear(self.engine.expire(self.now))
        counts = self.engine.counts()
        assert counts == {**dict.fromkeys(counts, 0), "agents": len(self.agents)}


TestEngine = EngineMachine.TestCase
