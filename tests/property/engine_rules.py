"""What can happen to an engine, in any order: commands, deadlines, crashes; with books kept from commands and outputs alone."""

import random
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from queues.commands import (
    Abandon,
    AssignTicket,
    CallEnded,
    Command,
    ConfigureAgent,
    ConfigureQueue,
    Connected,
    EndWrapUp,
    Enqueue,
    ExtendWrapUp,
    MoveToFront,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
    ReleaseTicket,
    RemoveAgent,
    RemoveQueue,
    RequeueTicket,
    ReserveTicket,
    SetPriority,
    SetReachable,
    SetReady,
    SetStatus,
    Withdraw,
)
from queues.engine import Engine
from queues.model import (
    AgentConfig,
    AgentId,
    AgentStatus,
    Delays,
    FailureCause,
    OfferId,
    QueueConfig,
    QueueId,
    Requirement,
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
    TicketQueued,
    TicketRequeued,
    TicketReserved,
    TicketResult,
)
from queues.sticky import StickyPolicy
from queues.strategies import BUILT_IN

QUEUES = ("red", "green", "blue")
AGENTS = ("ana", "bo", "cleo", "dan")

queue_names = st.sampled_from(QUEUES)
agent_names = st.sampled_from(AGENTS)
needs_some = st.sampled_from([{}, {}, {"billing": 2}, {"billing": 3}, {"french": 1}, {"billing": 1, "french": 2}])
skills_some = st.sampled_from([{"billing": 3, "french": 2}, {"billing": 3}, {"billing": 2, "french": 1}, {}])
strategies_some = st.sampled_from(sorted(BUILT_IN) + ["ring-all", "ring-progressively"] * 4)
picks = st.integers(0, 1_000_000)
mostly = st.sampled_from([True, True, True, False])


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


class EngineRules(RuleBasedStateMachine):
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
            assert self.eligible(self.agents[offer.agent], self.queues[offer.queue])
            self.check_order(booked)
        self.hear_another_phone(booked, offer)
        booked.offers.add(offer.offer)
        self.offers[offer.offer] = (offer.ticket, offer.agent)
        assert self.in_hand(offer.agent) <= self.agents[offer.agent].capacity

    def check_order(self, booked: Booked) -> None:
        """FIFO within a priority, and high priorities first."""
        place = (-booked.priority, booked.arrival)
        for other in self.tickets.values():
            if other.queue == booked.queue and other.ready and self.state_of(other) is TicketState.WAITING:
                assert other.kept is not None or place <= (-other.priority, other.arrival)

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

    def eligible(self, agent: AgentConfig, queue: QueueConfig) -> bool:
        named = agent.queues is None or queue.id in agent.queues
        return named and all(agent.skills.get(need.skill, 0) >= need.min_level for need in queue.requirements)

    def some_offer(self, pick: int) -> OfferId:
        offers = sorted(self.offers)
        return OfferId(offers[pick % len(offers)])

    def some_ticket(self, pick: int) -> TicketId:
        tickets = sorted(self.tickets)
        return TicketId(tickets[pick % len(tickets)])

    # --- what may happen

    @initialize()
    def open_up(self) -> None:
        for name, strategy in zip(QUEUES, ("longest-idle", "ring-progressively"), strict=False):
            self.configure_queue(name, {}, 0, 5.0, None, None, strategy)
        for name in AGENTS[:3]:
            self.configure_agent(name, {"billing": 3, "french": 2}, None, 2)
            self.set_status(name, AgentStatus.AVAILABLE)

    @rule(
        name=queue_names,
        needs=needs_some,
        priority=st.integers(0, 2),
        wrap_up=st.sampled_from([0.0, 5.0]),
        max_wait=st.sampled_from([None, 40.0]),
        max_length=st.sampled_from([None, None, 3]),
        strategy=strategies_some,
        ring_at_most=st.sampled_from([2, 20]),
    )
    def configure_queue(
        self,
        name: str,
        needs: dict[str, int],
        priority: int,
        wrap_up: float,
        max_wait: float | None,
        max_length: int | None,
        strategy: str = "longest-idle",
        ring_at_most: int = 20,
    ) -> None:
        config = QueueConfig(
            QueueId(name), name, tuple(Requirement(skill, level) for skill, level in needs.items()), priority,
            wrap_up_seconds=wrap_up, max_wait=max_wait, max_length=max_length, delays=Delays(busy=0.0, rejected=4.0),
            strategy=strategy, ring_at_most=ring_at_most, ring_step_seconds=4.0,
            sticky=StickyPolicy(100.0, 5.0) if name == QUEUES[0] else None,
        )  # fmt: skip
        self.queues[name] = config
        self.do(ConfigureQueue(config))

    @precondition(lambda self: len(self.queues) > 1)
    @rule(name=queue_names)
    def remove_queue(self, name: str) -> None:
        self.do(RemoveQueue(QueueId(name)))
        self.queues.pop(name, None)

    @rule(
        name=agent_names,
        skills=skills_some,
        queues=st.one_of(st.none(), st.none(), st.frozensets(queue_names)),
        capacity=st.sampled_from([1, 1, 2, 3]),
    )
    def configure_agent(self, name: str, skills: dict[str, int], queues: frozenset[str] | None, capacity: int) -> None:
        served = None if queues is None else frozenset(QueueId(queue) for queue in queues)
        config = AgentConfig(AgentId(name), name, skills, served, capacity)
        self.agents[name] = config
        self.do(ConfigureAgent(config))

    @precondition(lambda self: len(self.agents) > 2)
    @rule(name=agent_names)
    def remove_agent(self, name: str) -> None:
        self.do(RemoveAgent(AgentId(name)))
        self.agents.pop(name, None)
        if self.engine._floor.agents.agents.get(AgentId(name)) is None:
            self.told.pop(name, None)

    @rule(status=st.sampled_from([AgentStatus.AVAILABLE, AgentStatus.AVAILABLE, AgentStatus.PAUSED]))
    def set_all(self, status: AgentStatus) -> None:
        for name in AGENTS:
            self.set_status(name, status)

    @rule(name=agent_names, status=st.sampled_from([*AgentStatus, AgentStatus.AVAILABLE]))
    def set_status(self, name: str, status: AgentStatus) -> None:
        self.do(SetStatus(AgentId(name), status, "lunch"))

    @rule(name=agent_names, reachable=mostly)
    def set_reachable(self, name: str, reachable: bool) -> None:
        self.do(SetReachable(AgentId(name), reachable))

    @rule(name=agent_names, seconds=st.sampled_from([None, 3.0]))
    def change_wrap_up(self, name: str, seconds: float | None) -> None:
        agent = AgentId(name)
        self.do(EndWrapUp(agent) if seconds is None else ExtendWrapUp(agent, seconds))

    @rule(
        queue=queue_names,
        priorities=st.lists(st.integers(0, 2), min_size=1, max_size=3),
        ready=mostly,
        knows=st.one_of(st.none(), agent_names),
    )
    def arrive(self, queue: str, priorities: list[int], ready: bool, knows: str | None) -> None:
        for priority in priorities:
            self.enqueue(queue, priority, ready, AgentId(knows) if knows is not None else None)

    def enqueue(self, queue: str, priority: int, ready: bool, knows: AgentId | None) -> None:
        ticket = TicketId(f"t{next(self.arrivals)}")
        self.tickets[ticket] = Booked(queue, priority, int(ticket[1:]), self.now, ready)
        outputs = self.do(Enqueue(ticket, QueueId(queue), priority, ready, preferred=knows))
        if isinstance(outputs[0], Refused):
            del self.tickets[ticket]
            return
        self.arrived += 1
        queued = outputs[0]
        assert isinstance(queued, TicketQueued)
        assert queued.joined_at == self.now
        if len(outputs) == 1:
            assert queued.position == self.engine.position(ticket)

    @precondition(lambda self: self.offers)
    @rule(pick=picks)
    def ring(self, pick: int) -> None:
        self.do(OfferRinging(self.some_offer(pick)))

    @precondition(lambda self: self.offers)
    @rule(pick=picks)
    def answer(self, pick: int) -> None:
        self.do(OfferAnswered(self.some_offer(pick)))

    @precondition(lambda self: self.offers)
    @rule(pick=picks, cause=st.sampled_from(FailureCause), ready=mostly)
    def fail(self, pick: int, cause: FailureCause, ready: bool) -> None:
        offer = self.some_offer(pick)
        if not ready:
            self.tickets[self.offers[offer][0]].ready = False
        self.do(OfferFailed(offer, cause, ready))

    @precondition(lambda self: self.offers)
    @rule(pick=picks)
    def connect(self, pick: int) -> None:
        self.do(Connected(self.some_offer(pick)))

    @precondition(lambda self: any(booked.agent for booked in self.tickets.values()))
    @rule(pick=picks)
    def end_call(self, pick: int) -> None:
        calls = sorted(ticket for ticket, booked in self.tickets.items() if booked.agent is not None)
        self.do(CallEnded(TicketId(calls[pick % len(calls)])))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks)
    def end_any(self, pick: int) -> None:
        self.do(CallEnded(self.some_ticket(pick)))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, by_the_system=st.booleans())
    def leave(self, pick: int, by_the_system: bool) -> None:
        ticket = self.some_ticket(pick)
        self.do(Withdraw(ticket) if by_the_system else Abandon(ticket))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, ready=st.booleans())
    def set_ready(self, pick: int, ready: bool) -> None:
        ticket = self.some_ticket(pick)
        if self.tickets[ticket].agent is None:
            self.tickets[ticket].ready = ready
        self.do(SetReady(ticket, ready))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, priority=st.integers(0, 2))
    def set_priority(self, pick: int, priority: int) -> None:
        ticket = self.some_ticket(pick)
        if self.tickets[ticket].agent is None:
            self.tickets[ticket].priority = priority
        self.do(SetPriority(ticket, priority))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, name=agent_names, seconds=st.sampled_from([None, 3.0, 30.0]), at_once=st.booleans())
    def assign(self, pick: int, name: str, seconds: float | None, at_once: bool) -> None:
        until = None if seconds is None else self.now + seconds
        self.do(AssignTicket(self.some_ticket(pick), AgentId(name), until, at_once))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, name=agent_names, seconds=st.sampled_from([0.0, 3.0, 30.0]))
    def reserve(self, pick: int, name: str, seconds: float) -> None:
        self.do(ReserveTicket(self.some_ticket(pick), AgentId(name), self.now + seconds))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        self.do(ReleaseTicket(self.some_ticket(pick)))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, queue=st.one_of(st.none(), queue_names), ready=mostly)
    def requeue(self, pick: int, queue: str | None, ready: bool) -> None:
        ticket = self.some_ticket(pick)
        booked = self.tickets[ticket]
        was_ready, talking = booked.ready, booked.agent is not None
        booked.ready = ready if talking else was_ready
        outputs = self.do(RequeueTicket(ticket, QueueId(queue) if queue is not None else None, ready))
        if isinstance(outputs[0], Refused):
            booked.ready = was_ready

    @precondition(lambda self: self.tickets)
    @rule(pick=picks)
    def to_the_front(self, pick: int) -> None:
        ticket = self.some_ticket(pick)
        booked = self.tickets[ticket]
        if booked.agent is None:
            mine = [each for each in self.tickets.values() if each.queue == booked.queue and each is not booked]
            mine = [each for each in mine if self.state_of(each) is TicketState.WAITING]
            ahead = [e.priority for e in mine if (-e.priority, e.arrival) < (-booked.priority, booked.arrival)]
            booked.priority = max(ahead, default=booked.priority - 1) + 1
        self.do(MoveToFront(ticket))
        if booked.agent is None and not booked.offers:
            assert self.engine.waiting(QueueId(booked.queue))[0] == ticket

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 4.0, 15.0, 20.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.hear(self.engine.expire(self.now))
        deadline = self.engine.next_deadline()
        assert deadline is None or deadline > self.now

    @rule()
    def crash(self) -> None:
        """A new engine from the journal alone: the same places, the same agents; offers are forgotten."""
        self.time_passes(0.0)
        before = self.engine
        places = self.places(before)
        agents = {name: before._floor.agents.agents[AgentId(name)] for name in self.agents}
        self.engine = Engine(self.offer_id, self.luck.random)
        for queue in self.queues.values():
            self.engine.handle(ConfigureQueue(queue), self.now)
        for agent in self.agents.values():
            self.engine.handle(ConfigureAgent(agent), self.now)
        for command in self.also_configured():
            self.engine.handle(command, self.now)
        self.offers.clear()
        for booked in self.tickets.values():
            booked.offers.clear()
        self.told = {name: told for name, told in self.told.items() if name in self.agents}
        outputs = self.engine.restore([(*key, row) for key, row in reversed(self.journal.items())], self.now)
        self.hear(outputs)
        gone = {output.ticket for output in outputs if isinstance(output, TicketEnded)}
        assert self.places(self.engine) == [ticket for ticket in places if ticket not in gone]
        for name, old in agents.items():
            new = self.engine._floor.agents.agents[AgentId(name)]
            pending = old.pending if old.pending is not None and not old.calls else None
            assert (new.status, new.pause_reason) == (pending or (old.status, old.pause_reason))
            assert (list(new.calls), new.reachable) == (list(old.calls), old.reachable)
            assert [spell and spell.until for spell in (new.wrap_up, new.delay)] == [
                spell and spell.until for spell in (old.wrap_up, old.delay)
            ]

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
