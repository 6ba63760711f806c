"""Everything that can happen to a call centre with every feature configured at random; books are kept of outputs alone."""

import random
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from queues.commands import (
    Abandon,
    AssignTicket,
    CallEnded,
    CloseQueue,
    Command,
    ConfigureAgent,
    ConfigurePauseReason,
    ConfigureQueue,
    Connected,
    EndWrapUp,
    Enqueue,
    MoveToFront,
    OfferAnswered,
    OfferFailed,
    OfferRinging,
    OpenQueue,
    OutsideCalls,
    ReleaseTicket,
    RemoveAgent,
    RemoveQueue,
    RequeueTicket,
    ReserveTicket,
    SetDisposition,
    SetOpening,
    SetPriority,
    SetReachable,
    SetReady,
    SetStatus,
    SetWrapUp,
    Withdraw,
)
from queues.engine import Engine
from queues.floor.decisions import DecisionRules
from queues.model import AgentConfig, AgentId, AgentStatus, FailureCause, OfferId, QueueConfig, QueueId, TicketId
from queues.outputs import MakeOffer, OfferEnded, OfferResult, Output, Refused, TicketEnded, TicketQueued
from queues.rules.agent_rules import OnLimit, PauseReason, PauseReasonId
from queues.rules.overflow import Opening
from tests.property.centre_configs import AGENTS, QUEUES, agent_configs, call_needs, queue_configs

__all__ = ["CentreRules"]

queue_names = st.sampled_from(QUEUES)
agent_names = st.sampled_from(AGENTS)
picks = st.integers(0, 1_000_000)
mostly = st.sampled_from([True, True, True, False])
LUNCH = PauseReason(PauseReasonId("lunch"), "lunch", limit_seconds=30.0, on_limit=OnLimit.AVAILABLE, max_agents=2)


class CentreRules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.luck = random.Random(1)
        self.now = 1000.0
        self.engine = self.new_engine()
        self.queues: dict[str, QueueConfig] = {}
        self.agents: dict[str, AgentConfig] = {}
        self.journal: dict[tuple[str, str], object] = {}
        self.joined: dict[str, float] = {}  # live tickets: when each joined
        self.connected: set[str] = set()  # those that ever were
        self.arrived = self.ended = 0

    def new_engine(self) -> Engine:
        return Engine(lambda: f"o{next(self.numbers)}", self.luck.random, DecisionRules())

    # --- saying and hearing

    def do(self, command: Command) -> list[Output]:
        before = self.engine.counts()
        outputs = self.engine.handle(command, self.now)
        if outputs and isinstance(outputs[0], Refused):
            assert len(outputs) == 1
            assert self.engine.counts() == before
        else:
            self.hear(outputs)
        return outputs

    def hear(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case TicketQueued():
                    self.hear_queued(output)
                case MakeOffer():
                    self.hear_offer(output)
                case OfferEnded():
                    if output.result is OfferResult.CONNECTED:
                        self.connected.add(output.ticket)
                case TicketEnded():
                    del self.joined[output.ticket]
                    self.ended += 1
                case _:
                    assert not isinstance(output, Refused)
        for table, key, row in self.engine.take_changes():
            if row is None:
                self.journal.pop((table, key), None)
            else:
                self.journal[table, key] = row

    def hear_queued(self, queued: TicketQueued) -> None:
        if queued.ticket in self.joined:
            assert queued.joined_at == self.joined[queued.ticket], "in another queue: the time of joining is kept"
            return
        self.arrived += 1
        self.joined[queued.ticket] = queued.joined_at
        assert queued.joined_at <= self.now
        assert queued.expected_wait is None or queued.expected_wait >= 0

    def hear_offer(self, offer: MakeOffer) -> None:
        """Overridden where what must hold of offers is."""

    def some(self, names: list[str], pick: int) -> str:
        return sorted(names)[pick % len(names)]

    def a_ticket(self, pick: int) -> TicketId:
        return TicketId(self.some(list(self.joined), pick))

    def an_offer(self, pick: int) -> OfferId:
        return OfferId(self.some(list(self.engine._floor.offers), pick))

    # --- what may happen: configuration

    @initialize(
        queues=st.lists(queue_configs, min_size=2, max_size=3), agents=st.lists(agent_configs, min_size=3, max_size=4)
    )
    def open_up(self, queues: list[QueueConfig], agents: list[AgentConfig]) -> None:
        self.do(ConfigurePauseReason(LUNCH))
        for queue in queues:
            self.configure_queue(queue)
        for agent in agents:
            self.configure_agent(agent)
            self.do(SetStatus(agent.id, AgentStatus.AVAILABLE))

    @rule(queue=queue_configs)
    def configure_queue(self, queue: QueueConfig) -> None:
        self.queues[queue.id] = queue
        self.do(ConfigureQueue(queue))

    @rule(agent=agent_configs)
    def configure_agent(self, agent: AgentConfig) -> None:
        self.agents[agent.id] = agent
        self.do(ConfigureAgent(agent))

    @precondition(lambda self: len(self.queues) > 1)
    @rule(name=queue_names)
    def remove_queue(self, name: str) -> None:
        self.queues.pop(name, None)
        self.do(RemoveQueue(QueueId(name)))

    @precondition(lambda self: len(self.agents) > 2)
    @rule(name=agent_names)
    def remove_agent(self, name: str) -> None:
        self.agents.pop(name, None)
        self.do(RemoveAgent(AgentId(name)))

    @rule(name=queue_names, also=st.booleans(), how=st.sampled_from(["close", "open", "night", "day", "day", "open"]))
    def door(self, name: str, also: bool, how: str) -> None:
        queue = QueueId(name)
        commands: dict[str, Command] = {
            "close": CloseQueue(queue, "fire", also_waiting=also), "open": OpenQueue(queue),
            "night": SetOpening(queue, Opening.CLOSED, also_waiting=also), "day": SetOpening(queue, Opening.OPEN),
        }  # fmt: skip
        self.do(commands[how])

    # --- agents

    @rule(name=agent_names, status=st.sampled_from([*AgentStatus, AgentStatus.AVAILABLE]), force=st.booleans())
    def set_status(self, name: str, status: AgentStatus, force: bool) -> None:
        self.do(SetStatus(AgentId(name), status, "lunch", force, "boss" if force else None))

    @rule()
    def all_to_work(self) -> None:
        for name in AGENTS:
            self.do(SetStatus(AgentId(name), AgentStatus.AVAILABLE))

    @rule(name=agent_names, reachable=mostly)
    def set_reachable(self, name: str, reachable: bool) -> None:
        self.do(SetReachable(AgentId(name), reachable))

    @rule(name=agent_names, calls=st.sampled_from([0, 0, 1]), seen=st.booleans())
    def outside_calls(self, name: str, calls: int, seen: bool) -> None:
        self.do(OutsideCalls(AgentId(name), calls, seen))

    @rule(name=agent_names, force=st.booleans())
    def end_wrap_up(self, name: str, force: bool) -> None:
        self.do(EndWrapUp(AgentId(name), force))

    @rule(name=agent_names)
    def disposition(self, name: str) -> None:
        self.do(SetDisposition(AgentId(name), None, "sold"))

    # --- callers

    @rule(queue=queue_names, priority=st.integers(0, 2), ready=mostly, needs=call_needs,
          caller=st.sampled_from([None, "x", "y"]), knows=st.one_of(st.none(), agent_names), calls=st.integers(1, 2),
    )  # fmt: skip
    def arrive(
        self, queue: str, priority: int, ready: bool, needs: tuple[object, ...], caller: str | None, knows: str | None,
        calls: int,
    ) -> None:  # fmt: skip
        for _ in range(calls):
            known = AgentId(knows) if knows is not None else None
            ticket = TicketId(f"t{next(self.numbers)}")
            self.do(
                Enqueue(ticket, QueueId(queue), priority, ready, None, caller, needs, known)  # type: ignore[arg-type]
            )

    @precondition(lambda self: self.engine._floor.offers)
    @rule(pick=picks, how=st.sampled_from(["ring", "answer", "connect", "connect", "fail", "park"]),
          cause=st.sampled_from(FailureCause))  # fmt: skip
    def an_offer_goes_on(self, pick: int, how: str, cause: FailureCause) -> None:
        offer = self.an_offer(pick)
        commands: dict[str, Command] = {
            "ring": OfferRinging(offer), "answer": OfferAnswered(offer), "connect": Connected(offer),
            "fail": OfferFailed(offer, cause), "park": OfferFailed(offer, cause, ready=False),
        }  # fmt: skip
        self.do(commands[how])

    @precondition(lambda self: self.joined)
    @rule(pick=picks, how=st.sampled_from(["end", "end", "abandon", "withdraw", "ready", "unready", "wrap up"]))
    def a_call_goes_on(self, pick: int, how: str) -> None:
        ticket = self.a_ticket(pick)
        commands: dict[str, Command] = {
            "end": CallEnded(ticket), "abandon": Abandon(ticket), "withdraw": Withdraw(ticket), "ready": SetReady(ticket),
            "unready": SetReady(ticket, ready=False), "wrap up": SetWrapUp(ticket, 7.0),
        }  # fmt: skip
        self.do(commands[how])

    @precondition(lambda self: self.joined)
    @rule(pick=picks, name=agent_names, queue=st.one_of(st.none(), queue_names), seconds=st.sampled_from([3.0, 30.0]),
          how=st.sampled_from(["priority", "assign", "reserve", "release", "requeue", "front"]))  # fmt: skip
    def a_supervisor_steps_in(self, pick: int, name: str, queue: str | None, seconds: float, how: str) -> None:
        ticket, agent, until = self.a_ticket(pick), AgentId(name), self.now + seconds
        commands: dict[str, Command] = {
            "priority": SetPriority(ticket, pick % 3), "assign": AssignTicket(ticket, agent, until),
            "reserve": ReserveTicket(ticket, agent, until), "release": ReleaseTicket(ticket),
            "requeue": RequeueTicket(ticket, QueueId(queue) if queue is not None else None), "front": MoveToFront(ticket),
        }  # fmt: skip
        self.do(commands[how])

    # --- time, and its end

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 4.0, 10.0, 15.0, 20.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := self.engine.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self.hear(self.engine.expire(self.now))
        self.now = until

    @rule()
    def crash(self) -> None:
        """A new engine from configuration and journal; what it must have kept is compared where that is written."""
        self.time_passes(0.0)
        before, self.engine = self.engine, self.new_engine()
        self.engine.handle(ConfigurePauseReason(LUNCH), self.now)
        for queue in self.queues.values():
            self.engine.handle(ConfigureQueue(queue), self.now)
        for agent in self.agents.values():
            self.engine.handle(ConfigureAgent(agent), self.now)
        rows = [(*key, row) for key, row in reversed(self.journal.items())]
        outputs = self.engine.restore(rows, self.now)
        self.restored(before, outputs)
        self.hear(outputs)

    def restored(self, before: Engine, outputs: list[Output]) -> None:
        """Overridden where what must hold after a restart is."""
