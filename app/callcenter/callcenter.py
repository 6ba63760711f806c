"""The call centre's door: SIP events, commands and time in; it carries out what the two engines say until both are silent."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from app.callback import Callback
from app.callcenter.announcing import Announcing
from app.callcenter.calling_back import CallingBack
from app.callcenter.desk import Desk, OfBoard, OfEngine
from app.callcenter.dispatching import Dispatching
from app.callcenter.feature_calls import FeatureCalls
from app.callcenter.guesses import Guesses, PinLimits
from app.callcenter.leaving import Leaving
from app.callcenter.memory import LastTalks, Memory
from app.callcenter.offering import Offering
from app.callcenter.opening_hours import OpeningHours
from app.callcenter.waiting import Waiting
from app.callcenter.workplaces import DeskRow, Workplaces
from app.callers import caller_number
from app.chronicle import Chronicle, queue_state, retold
from app.commands import AgentCommand, DispatchCommand, OpenQueue, QueueCommand, Reply, RequestCallback
from app.configuration import Agent, Calendar, ConfigObject, ObjectKind, PauseReason, Queue
from app.directory import Directory, Entry
from app.draining import drained
from app.facts import Fact
from app.instants import earliest
from app.live_call import LiveCall
from app.workplace import Dialled
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.call import CallState
from b2bua.commands import CallId
from b2bua.switchboard import Switchboard
from queues import commands as to_engine
from queues.engine import Engine
from queues.floor.snapshot import ROWS
from queues.model import AgentId, AgentStatus, Overflow, QueueId, TicketId
from queues.outputs import RefusalReason, Refused
from queues.rules.agent_rules import PauseReasonId
from sipcore.events import Event, RequestReceived

__all__ = ["CallCenter"]

_PINS: Final = PinLimits()
_Rows = list[tuple[str, str, object]]


class CallCenter:
    """``ids`` makes UUIDv7s. ``chronicle.facts`` fills as things happen; the runtime takes and clears it each turn."""

    def __init__(
        self, engine: Engine, board: Switchboard, directory: Directory, ids: Callable[[], str],
        *, remembered_callers: int = 100_000, pins: PinLimits = _PINS, max_callbacks: int = 10_000,
    ) -> None:  # fmt: skip
        self._desk = desk = Desk(engine, board, directory, ids, Memory(remembered_callers))
        self._leaving = Leaving(desk)
        self._hours = OpeningHours(desk)
        self._announcing = Announcing(desk)
        self._waiting = Waiting(desk, self._leaving, self._announcing)
        offering = Offering(desk, self._waiting, self._leaving)
        self._dispatching = Dispatching(desk)
        self._workplaces = Workplaces(desk)
        self._features = FeatureCalls(desk, self._workplaces, Guesses(pins))
        self._calling_back = CallingBack(desk, offering, self._leaving, max_callbacks)
        rooms = (self._waiting, offering, self._leaving, self._dispatching, self._workplaces, self._calling_back)
        self._of_board: OfBoard = {said: hears for room in rooms for said, hears in room.of_board.items()}
        self._of_engine: OfEngine = {said: hears for room in rooms for said, hears in room.of_engine.items()}

    @property
    def calls(self) -> dict[str, LiveCall]:
        """Those that are live, by id."""
        return self._desk.calls

    @property
    def chronicle(self) -> Chronicle:
        return self._desk.chronicle

    # ------------------------------------------------------------------ in

    def arrive(
        self, event: RequestReceived, entry: Entry, now: float, *, wrap_up: float | None = None,
        callers: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """An admitted INVITE; caller and headers may add to ``entry``. ``callers``: agents from whose phone it comes."""
        call_id = self._desk.ids()
        for each in self._desk.board.arrive(event, CallId(call_id), now):
            if isinstance(each, from_board.CallArrived):
                self._desk.begin_calling(callers, now)
                directory, header = self._desk.directory, event.request.get
                trusted = directory.is_trusted(event.source.hop.host)
                number = caller_number(event.request, each.caller, trusted=trusted)
                known_as = number or each.caller
                priority, requirements = directory.priority_rules.apply(
                    entry.queue, known_as, header, entry.priority, entry.requirements
                )
                self._waiting.arrived(each, number, Entry(entry.queue, priority, requirements), now)
                self.calls[call_id].caller_agents = tuple(callers)
                if wrap_up is not None:
                    self._desk.tell_engine(to_engine.SetWrapUp(TicketId(call_id), wrap_up), now)
        self._run(now)
        call = self.calls.get(call_id)
        if call is not None and not call.ringing and not call.parked and call.overflow is None:
            self._waiting.park(call, now)
            self._run(now)

    def dial_feature(self, event: RequestReceived, dialled: Dialled, user: str | None, now: float) -> int | None:
        """An admitted INVITE that dials a feature code; the status to refuse it with, None: it is taken."""
        status = self._features.arrive(event, dialled, user, now)
        self._run(now)
        return status

    @property
    def feature_calls(self) -> int:
        """How many phones hear what a feature code has done."""
        return len(self._features)

    def sip(self, event: Event, now: float) -> None:
        """What the endpoint reports of dialogs and transactions of ours."""
        self._desk.work.add(self._desk.board.receive(event, now))
        self._run(now)

    def expire(self, now: float) -> None:
        self._desk.work.add(self._desk.board.expire(now))
        self._desk.work.add(self._desk.engine.expire(now))
        self._announcing.expire(now)
        self._leaving.flowing_out.expire(now)
        self._features.expire(now)
        self._hours.expire(now)
        self._calling_back.expire(now)
        self._run(now)

    def next_deadline(self) -> float | None:
        desk = self._desk
        return earliest(
            desk.board.next_deadline(), desk.engine.next_deadline(), self._announcing.next_deadline(),
            self._leaving.flowing_out.next_deadline(), self._features.next_deadline(), self._hours.next_deadline(),
            self._calling_back.next_deadline(),
        )  # fmt: skip

    def tell_engine(self, command: to_engine.Command, now: float) -> Refused | None:
        """A command of REST or presence; what it brings about is carried out before this returns."""
        refused = self._desk.tell_engine(command, now)
        if refused is None:
            self._run(now)
        return refused

    def of_agents(self, command: AgentCommand, now: float) -> Reply:
        """What agents and supervisors ask for, as REST hands it on."""
        reply = self._workplaces.handle(command, now)
        self._run(now)
        return reply

    def of_queues(self, command: QueueCommand, now: float) -> Refused | None:
        """A supervisor closes a queue, or opens it again."""
        queue = QueueId(command.queue)
        if isinstance(command, OpenQueue):
            return self.tell_engine(to_engine.OpenQueue(queue), now)
        close = to_engine.CloseQueue(queue, command.reason, command.overflow, command.also_waiting)
        return self.tell_engine(close, now)

    def media_vanished(self, alive: frozenset[str], now: float) -> None:
        """Media servers other than ``alive`` are gone, with their sessions."""
        self._desk.tell_board(to_board.MediaVanished(alive), now)
        self._run(now)

    def hang_up(self, call_id: str, now: float) -> bool:
        """End a live call. False: there is none of this id."""
        if call_id not in self.calls:
            return False
        self._desk.tell_board(to_board.HangUp(CallId(call_id), "hangup"), now)
        self._run(now)
        return True

    def set_priority(self, call_id: str, priority: int, now: float) -> Refused | None:
        call = self.calls.get(call_id)
        if call is None:
            return _no_call(call_id)
        refused = self.tell_engine(to_engine.SetPriority(TicketId(call_id), priority), now)
        if refused is None:
            call.priority = priority
            self._desk.note(call, "priority_changed", now)
        return refused

    def dispatch(self, command: DispatchCommand, now: float) -> Refused | None:
        """A supervisor's hand in the lines."""
        if command.call not in self.calls:
            return _no_call(command.call)
        refused = self._dispatching.carry_out(command, now)
        self._run(now)
        return refused

    def request_callback(self, command: RequestCallback, now: float) -> Refused | None:
        refused = self._calling_back.request(command, now)
        self._run(now)
        return refused

    def cancel_callback(self, callback_id: str, now: float) -> Refused | None:
        refused = self._calling_back.cancel(callback_id, now)
        self._run(now)
        return refused

    # ------------------------------------------------------------------ configuration and presence

    def configure(self, item: ConfigObject, now: float) -> None:
        """A queue or an agent is added or changed (the directory has it already)."""
        if isinstance(item, Queue):
            self.tell_engine(to_engine.ConfigureQueue(item.routing), now)
            self._hours.look(item.routing.id, now)
            self._run(now)
        elif isinstance(item, Calendar):
            self._hours.look_all(now, item.id)
            self._run(now)
        elif isinstance(item, Agent):
            is_new = self._desk.engine.agent_view(item.routing.id) is None
            self.tell_engine(to_engine.ConfigureAgent(item.routing), now)
            reachable = self._desk.directory.is_reachable(item)
            self.tell_engine(to_engine.SetReachable(item.routing.id, reachable), now)
            if is_new:
                self.begin(item, now)

        elif isinstance(item, PauseReason):
            self.tell_engine(to_engine.ConfigurePauseReason(item), now)

    def begin(self, agent: Agent, now: float) -> None:
        """An agent that was never seen before takes up the status that its configuration names."""
        self.tell_engine(to_engine.SetStatus(agent.routing.id, AgentStatus(agent.initial_status)), now)

    def unconfigure(self, kind: ObjectKind, item_id: str, now: float) -> None:
        if kind == "queue":
            self._hours.forget(item_id)
            self.tell_engine(to_engine.RemoveQueue(QueueId(item_id)), now)
        elif kind == "agent":
            self.tell_engine(to_engine.RemoveAgent(AgentId(item_id)), now)
            self._workplaces.gone(item_id)
        elif kind == "pause_reason":
            self.tell_engine(to_engine.RemovePauseReason(PauseReasonId(item_id)), now)

    def presence(self, aor: str, now: float) -> None:
        """Registrations of this address-of-record changed."""
        directory = self._desk.directory
        for agent_id in directory.registered(aor):
            reachable = directory.is_reachable(directory.agents[agent_id])
            self.tell_engine(to_engine.SetReachable(AgentId(agent_id), reachable), now)

    # ------------------------------------------------------------------ both vocabularies

    def _run(self, now: float) -> None:
        """Carry out what the two engines said, and what they say to that, until both are silent."""
        work, calls = self._desk.work, self._desk.calls
        while (said := work.take()) is not None:
            of_call = self._of_board.get(type(said))
            if of_call is not None:
                call = calls.get(said.call)
                if call is not None:
                    of_call(call, said, now)
                else:
                    self._features.hear(said, now)
                    self._calling_back.heard(said, now)
                continue
            of_engine = self._of_engine.get(type(said))
            if of_engine is not None:
                of_engine(said, now)

    # ------------------------------------------------------------------ what is kept

    def take_changes(self) -> list[tuple[str, str, object | None]]:
        """Rows to journal of the table ``live_call``, the engine's and the switchboard's."""
        desk = self._desk
        # Offers do not survive a restart: the engine forgets them, the switchboard cancels their legs.
        changes: list[tuple[str, str, object | None]] = desk.engine.take_changes(offers=False)
        if desk.dirty:
            calls = desk.calls
            changes += [("live_call", call_id, calls.get(call_id)) for call_id in desk.dirty]
            desk.dirty.clear()
        if self._workplaces.dirty:
            changes += self._workplaces.take_changes()
        if self._calling_back.dirty:
            changes += self._calling_back.take_changes()
        if desk.memory.dirty:
            changes += [("last_talk", caller, desk.memory.get(caller)) for caller in desk.memory.dirty]
            desk.memory.dirty.clear()
        changes += desk.board.take_changes()
        return changes

    # ------------------------------------------------------------------ restart

    def restore(self, rows: Iterable[tuple[str, str, object]], now: float) -> None:
        """Take up the journal's rows; the configuration has been given before. What cannot go on is ended."""
        desk = self._desk
        of_engine, of_board, ours = _by_room(rows)
        desk.memory.restore({key: row for _, key, row in ours if isinstance(row, LastTalks)})
        for table, key, row in ours:
            if table == "live_call" and isinstance(row, LiveCall):
                desk.calls[key] = row
                row.ringing.clear()
                if row.entered_at is None and not row.segments:
                    row.entered_at = row.joined_at = row.queued_at  # a row of an earlier release
                desk.begin_calling(row.caller_agents, now)
            elif table == "desk" and isinstance(row, DeskRow):
                self._workplaces.restore(key, row)
        desk.work.clear()  # the agents' rows say what was told of them
        outputs = desk.engine.restore(drained(of_engine), now)
        living = set(desk.board.restore(drained(of_board), now))
        for call in list(desk.calls.values()):
            if CallId(call.id) not in living:
                self._leaving.ended(call, from_board.CallEnded(CallId(call.id), "system", "restart"), now)
            elif desk.board.state_of(CallId(call.id)) is CallState.ARRIVED:
                call.parked = False
        leaving = {call.id for call in desk.calls.values() if call.overflow is not None or call.forward is not None}
        for call_id in living - {CallId(each) for each in desk.calls}:  # a feature code's: what it asked for is done
            desk.tell_board(to_board.HangUp(call_id, "restart"), now)
        callbacks = {key: row for _, key, row in ours if isinstance(row, Callback)}
        self._calling_back.restore(callbacks, now)
        desk.work.add(outputs)
        self._hours.look_all(now)
        self._run(now)
        for call in list(desk.calls.values()):
            self._go_on(call, now, leaving=call.id in leaving)
            if call.parked and call.connected_at is None:
                self._announcing.begin(call, now)
        self._run(now)

    def _go_on(self, call: LiveCall, now: float, *, leaving: bool) -> None:
        """What a call of the journal still needs: a media session, or its overflow begun again."""
        desk = self._desk
        if leaving:
            if desk.board.state_of(CallId(call.id)) is not CallState.BRIDGED:
                call.overflow = call.overflow or Overflow()
                self._leaving.flowing_out.go_on(call, now)
        elif not call.parked and call.overflow is None and not call.ringing and call.connected_at is None:
            self._waiting.park(call, now)

    def retold(self) -> Iterable[Fact]:
        """The calls and agents there are, for projections that begin now."""
        views = [self._desk.engine.agent_view(agent) for agent in self._desk.engine.agents()]
        agents = [view for view in views if view is not None]
        yield from retold(self.calls.values(), agents, self._desk.directory.desks)
        yield from self._dispatching.retold()
        for queue in self._desk.directory.queues:
            closed = self._desk.engine.closure(QueueId(queue))
            if closed is not None:
                yield queue_state(closed, "", 0.0)
        yield from self._calling_back.retold()


def _by_room(rows: Iterable[tuple[str, str, object]]) -> tuple[_Rows, _Rows, _Rows]:
    """The engine's, the switchboard's, and the call centre's own."""
    of_engine: _Rows = []
    of_board: _Rows = []
    ours: _Rows = []
    for row in rows:
        (of_engine if row[0] in ROWS else of_board if row[0] in ("call", "invite") else ours).append(row)
    return of_engine, of_board, ours


def _no_call(call_id: str) -> Refused:
    """Of who is to be called back, too: a place in line, but no call yet."""
    return Refused(RefusalReason.UNKNOWN_TICKET, f"there is no live call {call_id}")
