"""What can happen in the agents' day, beside what ``engine_rules`` has: pauses with limits, calls missed, force, dispositions,
calls outside the queues.
"""

import dataclasses

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from queues.commands import (
    CallEnded,
    Command,
    ConfigureAgent,
    ConfigurePauseReason,
    ConfigureQueue,
    EndWrapUp,
    OutsideCalls,
    RemovePauseReason,
    RequeueTicket,
    SetDisposition,
    SetStatus,
    SetWrapUp,
)
from queues.model import AgentId, AgentStatus
from queues.outputs import AgentIncident, AgentNoted, DispositionGiven, MakeOffer, Output, RefusalReason, Refused
from queues.rules.agent_rules import OnLimit, PauseReason, PauseReasonId
from tests.property.engine_rules import EngineRules, agent_names, picks, queue_names

REASON = PauseReasonId("r")


class AgentRules(EngineRules):
    def __init__(self) -> None:
        super().__init__()
        self.lunch: PauseReason | None = None
        self.seen: dict[str, int] = {}
        self.owed: set[str] = set()  # calls whose queue asked for a disposition

    def also_configured(self) -> list[Command]:
        seen = [OutsideCalls(AgentId(name), count, seen=True) for name, count in self.seen.items()]
        return [*seen, *([] if self.lunch is None else [ConfigurePauseReason(self.lunch)])]

    # --- saying and hearing

    def do(self, command: Command) -> list[Output]:
        talking = self.talking(command)
        outputs = super().do(command)
        given = any(isinstance(each, DispositionGiven) and each.ticket == talking for each in outputs)
        if talking is not None and not given and not isinstance(outputs[0], Refused):
            self.owed.add(talking)
        return outputs

    def talking(self, command: Command) -> str | None:
        """The ticket that leaves its agent now, and needs a disposition."""
        if not isinstance(command, CallEnded | RequeueTicket):
            return None
        ticket = self.engine._floor.tickets.get(command.ticket)
        if ticket is None or ticket.agent is None or ticket.coded or not ticket.line.config.disposition_required:
            return None
        return command.ticket

    def hear(self, outputs: list[Output]) -> None:
        super().hear(outputs)
        for output in outputs:
            match output:
                case DispositionGiven():
                    self.owed.discard(output.ticket)
                case MakeOffer():
                    assert not self.engine._floor.agents.agents[output.agent].outside
                case AgentNoted(incident=AgentIncident.AUTO_PAUSED):
                    assert output.misses >= 1
                case _:
                    pass

    # --- what may happen

    @rule(
        name=queue_names,
        misses=st.sampled_from([None, 1, 2]),
        required=st.booleans(),
        longest=st.sampled_from([None, 3.0, 30.0]),
    )
    def change_rules(self, name: str, misses: int | None, required: bool, longest: float | None) -> None:
        if name in self.queues:
            changes = {"pause_after_misses": misses, "disposition_required": required, "max_wrap_up_seconds": longest}
            self.queues[name] = dataclasses.replace(self.queues[name], **changes)  # type: ignore[arg-type]  # by name
            self.do(ConfigureQueue(self.queues[name]))

    @rule(name=agent_names, misses=st.sampled_from([None, 0, 1]), seconds=st.sampled_from([None, 0.0, 7.0]))
    def change_agent(self, name: str, misses: int | None, seconds: float | None) -> None:
        if name in self.agents:
            agent = dataclasses.replace(self.agents[name], pause_after_misses=misses, wrap_up_seconds=seconds)
            self.agents[name] = agent
            self.do(ConfigureAgent(agent))

    @rule(limit=st.sampled_from([None, 5.0]), on_limit=st.sampled_from(OnLimit), most=st.sampled_from([None, 0, 1]))
    def configure_reason(self, limit: float | None, on_limit: OnLimit, most: int | None) -> None:
        self.lunch = PauseReason(REASON, "lunch", limit, on_limit, max_agents=most, max_agents_per_queue=most)
        self.do(ConfigurePauseReason(self.lunch))

    @precondition(lambda self: self.lunch is not None)
    @rule()
    def remove_reason(self) -> None:
        self.lunch = None
        self.do(RemovePauseReason(REASON))

    @rule(name=agent_names)
    def go_to_lunch(self, name: str) -> None:
        """With one place, it is taken by one."""
        before = self.at_lunch()
        outputs = self.do(SetStatus(AgentId(name), AgentStatus.PAUSED, "lunch"))
        refused = outputs and isinstance(outputs[0], Refused)
        if not refused and self.lunch is not None and self.lunch.max_agents is not None and name not in before:
            assert len(before) < self.lunch.max_agents
        if refused and isinstance(outputs[0], Refused) and outputs[0].reason is RefusalReason.PAUSE_LIMIT:
            assert self.at_lunch() == before

    def at_lunch(self) -> list[str]:
        agents = self.engine._floor.agents.agents
        return [
            name for name in self.agents
            if (agents[AgentId(name)].pending or (agents[AgentId(name)].status, agents[AgentId(name)].pause_reason))
            == (AgentStatus.PAUSED, "lunch")
        ]  # fmt: skip

    @rule(name=agent_names, count=st.sampled_from([0, 0, 1, 2]), seen=st.booleans())
    def call_outside(self, name: str, count: int, seen: bool) -> None:
        self.do(OutsideCalls(AgentId(name), count, seen))
        if seen and name in self.agents:
            self.seen[name] = count

    @rule(name=agent_names, status=st.sampled_from(AgentStatus))
    def force(self, name: str, status: AgentStatus) -> None:
        outputs = self.do(SetStatus(AgentId(name), status, "lunch", force=True, by="boss"))
        if name in self.agents and not (outputs and isinstance(outputs[0], Refused)):
            agent = self.engine._floor.agents.agents[AgentId(name)]
            assert (agent.status, agent.pending, agent.wrap_up) == (status, None, None)
            if status is not AgentStatus.AVAILABLE:
                assert all(self.engine._floor.offers[offer].answered for offer in agent.offers)

    @rule(name=agent_names, code=st.sampled_from(["sold", "lost"]))
    def give_disposition(self, name: str, code: str) -> None:
        self.do(SetDisposition(AgentId(name), None, code))

    @rule(name=agent_names)
    def end_wrap_up_by_force(self, name: str) -> None:
        self.do(EndWrapUp(AgentId(name), force=True))

    @precondition(lambda self: self.tickets)
    @rule(pick=picks, seconds=st.sampled_from([None, 0.0, 9.0]))
    def set_call_wrap_up(self, pick: int, seconds: float | None) -> None:
        self.do(SetWrapUp(self.some_ticket(pick), seconds))

    # --- what must hold always

    @invariant()
    def wrap_ups_are_bounded_and_owe_what_is_owed(self) -> None:
        uncoded: set[str] = set()
        for agent in self.engine._floor.agents.agents.values():
            if agent.wrap_up is not None:
                assert agent.wrap_up.latest is None or agent.wrap_up.until <= agent.wrap_up.latest
                uncoded |= {call.ticket for call in agent.wrap_up.calls if call.uncoded}
        assert uncoded == self.owed

    @invariant()
    def limits_of_pauses_are_watched(self) -> None:
        for agent in self.engine._floor.agents.agents.values():
            paused = agent.status is AgentStatus.PAUSED
            assert (agent.paused_at is not None) == paused
            limit = self.lunch.limit_seconds if self.lunch is not None and agent.pause_reason == "lunch" else None
            assert bool(agent.pause_timer) == (limit is not None and not agent.pause_overdue)
            assert paused or not agent.pause_overdue

    @invariant()
    def who_is_in_a_call_outside_is_not_open(self) -> None:
        for agent in self.engine._floor.agents.agents.values():
            assert not (agent.outside and agent.open)
            assert agent.misses >= 0


__all__ = ["AgentRules"]
