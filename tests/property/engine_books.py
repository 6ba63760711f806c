"""The books of a ticket's life, kept from commands and outputs alone, and what every output must agree with."""

import random
from dataclasses import dataclass, field
from itertools import count

from hypothesis.stateful import RuleBasedStateMachine

from queues.commands import (
    Command,
)
from queues.engine import Engine
from queues.model import (
    AgentConfig,
    AgentStatus,
    OfferId,
    QueueConfig,
    TicketId,
    TicketState,
)
from queues.outputs import (
    AgentChanged,
    MakeOffer,
    OfferEnded,
    OfferResult,
    Output,
    Refused,
    ReservationEnded,
    TicketEnded,
    TicketRequeued,
    TicketReserved,
    TicketResult,
)
from tests.property.routing_oracle import Asked, Place, place_of, suits


@dataclass
class Booked:
    """What the machine knows of a ticket that is not over."""

    queue: str
    priority: int
    arrival: int
    joined_at: float
    ready: bool
    offers: set[str] = field(default_factory=set)
    rings_since: float = 0.0
    agent: str | None = None
    kept: tuple[str, bool] | None = None  # for whom, and is a slot held?
    own: dict[str, int] = field(default_factory=dict)  # requirements of the call's own


class EngineBooks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.luck = random.Random(1)
        self.arrivals = count(1)
        self.engine = Engine(self.offer_id, self.luck.random)
        self.now = 1000.0
        self.queues: dict[str, QueueConfig] = {}
        self.agents: dict[str, AgentConfig] = {}
        self.tickets: dict[str, Booked] = {}
        self.offers: dict[str, tuple[str, str]] = {}  # offer: ticket, agent
        self.journal: dict[tuple[str, str], object] = {}
        self.arrived = 0
        self.ended: dict[TicketResult, int] = dict.fromkeys(TicketResult, 0)
        self.told: dict[str, AgentChanged] = {}

    def offer_id(self) -> str:
        return f"o{next(self.numbers)}"

    # --- saying and hearing

    def do(self, command: Command) -> list[Output]:
        before = self.engine.counts()
        outputs = self.engine.handle(command, self.now)
        if outputs and isinstance(outputs[0], Refused):
            assert len(outputs) == 1
            assert self.engine.counts() == before
            assert self.engine.take_changes() == []
        else:
            self.hear(outputs)
        return outputs

    def hear(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case MakeOffer():
                    self.hear_offer(output)
                case OfferEnded():
                    self.hear_offer_ended(output)
                case TicketEnded():
                    booked = self.tickets.pop(output.ticket)
                    assert not booked.offers
                    self.ended[output.result] += 1
                case AgentChanged():
                    self.hear_agent(output)
                case TicketReserved():
                    live = self.engine._floor.agents.agents[output.agent]
                    held = live.reserved.get(output.ticket, False)
                    self.tickets[output.ticket].kept = (output.agent, held)
                case ReservationEnded():
                    kept = self.tickets[output.ticket].kept
                    assert kept is not None
                    assert kept[0] == output.agent
                    self.tickets[output.ticket].kept = None
                case TicketRequeued():
                    booked = self.tickets[output.ticket]
                    assert output.joined_at == booked.joined_at, "the place in line is kept"
                    booked.queue = output.queue
                    booked.agent = None
                case _:
                    assert not isinstance(output, Refused)
        for offer in [output for output in outputs if isinstance(output, MakeOffer)]:
            agent = self.engine._floor.agents.agents[offer.agent]
            assert agent.status is AgentStatus.AVAILABLE
            assert agent.reachable
            assert agent.pending is None
            assert agent.delay is None
            assert self.in_hand(offer.agent) + (agent.wrap_up is not None) <= agent.config.capacity
        changed = [output.agent for output in outputs if isinstance(output, AgentChanged)]
        assert len(changed) == len(set(changed)), "one change per agent and turn"
        for table, key, row in self.engine.take_changes():
            if row is None:
                self.journal.pop((table, key), None)
            else:
                self.journal[table, key] = row

    def hear_offer(self, offer: MakeOffer) -> None:
        booked = self.tickets[offer.ticket]
        assert booked.ready
        assert booked.agent is None
        kept, booked.kept = booked.kept, None
        if kept is not None:
            assert kept[0] == offer.agent, "a ticket kept for one agent is offered to nobody else"
        else:
            assert self.eligible(self.agents[offer.agent], booked)
            self.check_order(booked, self.agents[offer.agent])
        self.hear_another_phone(booked, offer)
        booked.offers.add(offer.offer)
        self.offers[offer.offer] = (offer.ticket, offer.agent)
        assert self.in_hand(offer.agent) <= self.agents[offer.agent].capacity

    def check_order(self, booked: Booked, agent: AgentConfig) -> None:
        """Of the tickets of its queue that the agent may serve it gets the first."""
        place = self.place(booked)
        for other in self.tickets.values():
            if other.queue == booked.queue and other.ready and self.state_of(other) is TicketState.WAITING:
                assert other.kept is not None or place <= self.place(other) or not self.eligible(agent, other)

    def held_by(self, agent: str) -> int:
        """Slots that are kept for tickets."""
        return sum(1 for booked in self.tickets.values() if booked.kept == (agent, True))

    def hear_another_phone(self, booked: Booked, offer: MakeOffer) -> None:
        """More than one for a ticket: only where the strategy has it, as many as it has, each agent once."""
        if not booked.offers:
            booked.rings_since = self.now
            return
        queue = self.queues[offer.queue]
        steps = (self.now - booked.rings_since) // queue.ring_step_seconds
        most = {"ring-all": queue.ring_at_most, "ring-progressively": min(1 + steps, queue.ring_at_most)}
        assert len(booked.offers) < most.get(queue.strategy, 1)
        assert offer.agent not in [self.offers[other][1] for other in booked.offers]
        assert not any(self.engine._floor.offers[OfferId(other)].answered for other in booked.offers)

    def hear_offer_ended(self, ended: OfferEnded) -> None:
        assert self.offers.pop(ended.offer) == (ended.ticket, ended.agent)
        booked = self.tickets[ended.ticket]
        booked.offers.remove(ended.offer)
        if ended.result is OfferResult.CONNECTED:
            assert not booked.offers
            booked.agent = ended.agent

    def hear_agent(self, change: AgentChanged) -> None:
        before = self.told.get(change.agent)
        if before is not None:  # the intervals of an agent follow one another without a gap
            assert (change.previous, change.previous_ticket) == (before.state, before.ticket)
            assert change.previous_pause_reason == before.pause_reason
        assert change.previous_since <= self.now
        self.told[change.agent] = change

    def in_hand(self, agent: str) -> int:
        offers = sum(1 for _, offered in self.offers.values() if offered == agent)
        return offers + sum(1 for ticket in self.tickets.values() if ticket.agent == agent)

    def eligible(self, agent: AgentConfig, booked: Booked) -> bool:
        asked = Asked(self.queues[booked.queue], booked.joined_at, booked.own)
        return suits(asked, agent, self.agents.values(), self.engine._floor.agents.agents, self.now)

    def place(self, booked: Booked) -> Place:
        return place_of(self.queues[booked.queue], booked.priority, booked.joined_at, booked.arrival)

    def some_offer(self, pick: int) -> OfferId:
        offers = sorted(self.offers)
        return OfferId(offers[pick % len(offers)])

    def some_ticket(self, pick: int) -> TicketId:
        tickets = sorted(self.tickets)
        return TicketId(tickets[pick % len(tickets)])

    def also_configured(self) -> list[Command]:
        """What an engine is told after a crash, besides queues and agents, before its rows."""
        return []

    def places(self, engine: Engine) -> list[str]:
        """The tickets of every line, offered ones too, in order."""
        tickets = [ticket for ticket in engine._floor.tickets.values() if ticket.state is not TicketState.CONNECTED]
        return [ticket.id for ticket in sorted(tickets, key=lambda ticket: (ticket.line.config.id, ticket.place))]

    def state_of(self, booked: Booked) -> TicketState:
        if booked.agent is not None:
            return TicketState.CONNECTED
        return TicketState.OFFERED if booked.offers else TicketState.WAITING
