"""What can happen to an engine, in any order: commands, deadlines, crashes."""

from math import floor
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from queues.commands import (
    Abandon,
    AssignTicket,
    CallEnded,
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
    QueueConfig,
    QueueId,
    Requirement,
    TicketId,
    TicketState,
)
from queues.outputs import (
    Refused,
    TicketEnded,
    TicketQueued,
)
from queues.rules.requirements import Membership
from queues.rules.sticky import StickyPolicy
from queues.strategies import BUILT_IN
from tests.property.engine_books import Booked, EngineBooks
from tests.property.routing_oracle import groups_some, members_some, own_needs, routings

QUEUES = ("red", "green", "blue")
AGENTS = ("ana", "bo", "cleo", "dan")

queue_names = st.sampled_from(QUEUES)
agent_names = st.sampled_from(AGENTS)
needs_some = st.sampled_from([{}, {}, {"billing": 2}, {"billing": 3}, {"french": 1}, {"billing": 1, "french": 2}])
skills_some = st.sampled_from([{"billing": 3, "french": 2}, {"billing": 3}, {"billing": 2, "french": 1}, {}])
strategies_some = st.sampled_from(sorted(BUILT_IN) + ["ring-all", "ring-progressively"] * 4)
picks = st.integers(0, 1_000_000)
mostly = st.sampled_from([True, True, True, False])


class EngineRules(EngineBooks):
    # --- what may happen

    @initialize()
    def open_up(self) -> None:
        self.configure_queue("red", {}, 0, 5.0, None, None, "longest-idle")
        self.configure_queue("green", {}, 0, 5.0, 40.0, None, "ring-progressively")
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
        routing=routings,
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
        routing: dict[str, Any] | None = None,
    ) -> None:
        config = QueueConfig(
            QueueId(name), name, tuple(Requirement(skill, level) for skill, level in needs.items()), priority,
            wrap_up_seconds=wrap_up, max_wait=max_wait, max_length=max_length, delays=Delays(busy=0.0, rejected=4.0),
            strategy=strategy, ring_at_most=ring_at_most, ring_step_seconds=4.0,
            sticky=StickyPolicy(100.0, 5.0) if name == QUEUES[0] else None, **routing or {},
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
        groups=groups_some,
        members=members_some,
    )
    def configure_agent(
        self, name: str, skills: dict[str, int], queues: frozenset[str] | None, capacity: int,
        groups: frozenset[str] = frozenset(), members: dict[str, Membership] | None = None,
    ) -> None:  # fmt: skip
        served = None if queues is None else frozenset(QueueId(queue) for queue in queues)
        belongs = {QueueId(queue): how for queue, how in (members or {}).items()}
        config = AgentConfig(AgentId(name), name, skills, served, capacity, groups, members=belongs)
        self.agents[name] = config
        self.do(ConfigureAgent(config))

    @precondition(lambda self: len(self.agents) > 2)
    @rule(name=agent_names)
    def remove_agent(self, name: str) -> None:
        self.agents.pop(name, None)  # first: what it frees is offered without it
        self.do(RemoveAgent(AgentId(name)))
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
        own=own_needs,
    )
    def arrive(self, queue: str, priorities: list[int], ready: bool, knows: str | None, own: dict[str, int]) -> None:
        for priority in priorities:
            self.enqueue(queue, priority, ready, AgentId(knows) if knows is not None else None, own)

    def enqueue(self, queue: str, priority: int, ready: bool, knows: AgentId | None, own: dict[str, int]) -> None:
        ticket = TicketId(f"t{next(self.arrivals)}")
        self.tickets[ticket] = Booked(queue, priority, int(ticket[1:]), self.now, ready, own=own)
        needs = tuple(Requirement(skill, level) for skill, level in own.items())
        outputs = self.do(Enqueue(ticket, QueueId(queue), priority, ready, preferred=knows, requirements=needs))
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
        if booked.agent is None and booked.queue in self.queues:  # or its bridge is being built, and the queue is gone
            mine = [each for each in self.tickets.values() if each.queue == booked.queue and each is not booked]
            mine = [each for each in mine if self.state_of(each) is TicketState.WAITING]
            first, place = min(map(self.place, mine), default=None), self.place(booked)
            if first is not None and first < place:  # the least that beats the points of the first
                booked.priority += floor(place[0] - first[0]) + 1
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
