"""What can happen to tickets without a call, beside what ``agent_rules`` has; and which deadlines of ``max_wait`` there are."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from queues.commands import CallbackReached, EnqueueCallback, HoldOffer, ReturnOffer
from queues.floor.deadlines import MAX_WAIT
from queues.model import QueueId, TicketId
from queues.outputs import Output, Refused, TicketEnded, TicketQueued, TicketResult
from tests.property.agent_rules import AgentRules
from tests.property.engine_books import Booked
from tests.property.engine_rules import mostly, picks, queue_names


class CallbackRules(AgentRules):
    def __init__(self) -> None:
        super().__init__()
        self.callbacks: set[str] = set()  # whose callers are not there

    def hear(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, TicketEnded) and output.ticket in self.callbacks:
                assert output.result is not TicketResult.FLOWED_OUT
                self.callbacks.remove(output.ticket)
        super().hear(outputs)

    # --- what may happen

    @rule(
        queue=queue_names, priority=st.integers(0, 2), ago=st.sampled_from([None, -5.0, 0.0, 3.0, 60.0]), ready=mostly
    )
    def call_back(self, queue: str, priority: int, ago: float | None, ready: bool) -> None:
        """Sooner or later; none has its place from the future."""
        ticket = TicketId(f"t{next(self.arrivals)}")
        joined_at = None if ago is None else self.now - ago
        at = self.now if joined_at is None else min(joined_at, self.now)
        self.tickets[ticket] = Booked(queue, priority, int(ticket[1:]), at, ready)
        outputs = self.do(EnqueueCallback(ticket, QueueId(queue), priority, joined_at, ready))
        if isinstance(outputs[0], Refused):
            assert queue not in self.queues, "no limit keeps it out"
            del self.tickets[ticket]
            return
        self.arrived += 1
        self.callbacks.add(ticket)
        queued = outputs[0]
        assert isinstance(queued, TicketQueued)
        assert queued.joined_at == at

    @precondition(lambda self: self.tickets)
    @rule(pick=picks)
    def reach(self, pick: int) -> None:
        ticket = self.some_ticket(pick)
        if self.tickets[ticket].agent is None:
            self.callbacks.discard(ticket)
        self.do(CallbackReached(ticket))

    @precondition(lambda self: self.offers)
    @rule(pick=picks, seconds=st.sampled_from([1.0, 30.0]))
    def hold(self, pick: int, seconds: float) -> None:
        self.do(HoldOffer(self.some_offer(pick), self.now + seconds))

    @precondition(lambda self: self.offers)
    @rule(pick=picks)
    def give_back(self, pick: int) -> None:
        offer = self.some_offer(pick)
        self.tickets[self.offers[offer][0]].ready = False
        self.do(ReturnOffer(offer))

    # --- what must hold always

    @invariant()
    def max_wait_is_watched_for_those_who_have_a_call(self) -> None:
        """One deadline for each, and for nobody else."""
        floor = self.engine._floor
        watched = {(at, key) for at, kind, key in floor.deadlines.armed() if kind == MAX_WAIT}
        tickets = floor.tickets.values()
        due = {(ticket.flow_out_at, ticket.id) for ticket in tickets if ticket.flow_out_at is not None}
        assert watched == {(at, key) for at, key in due if floor.tickets[key].doomed is None}
        for ticket in self.callbacks:
            assert floor.tickets[TicketId(ticket)].callback
            assert floor.tickets[TicketId(ticket)].flow_out_at is None
            assert len(floor.tickets[TicketId(ticket)].offers) <= 1


__all__ = ["CallbackRules"]
