"""The live core, sans-I/O: datagrams, commands and time in; datagrams, facts and rows to journal out.

Joins the endpoint, the registrar, the call centre and the directory. All that the runtime adds is sockets, a timer and the
journal; so a call-centre day runs in virtual time, and a failing one replays exactly.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import assert_never

from app.addresses import Network
from app.admission import Admission
from app.callcenter import CallCenter
from app.callcenter.guesses import PinLimits
from app.commands import (
    AssignCall,
    CancelCallback,
    CloseQueue,
    Configure,
    Done,
    EndWrapUp,
    ExplainCall,
    Explained,
    ExtendWrapUp,
    HangUp,
    LiveCommand,
    MoveCallToFront,
    OpenQueue,
    RefusedReply,
    ReleaseCall,
    RemoveBinding,
    Reply,
    RequestCallback,
    RequeueCall,
    ReserveCall,
    SetAgentState,
    SetCallPriority,
    SetCallWrapUp,
    SetDisposition,
    SetOutsideCalls,
    Unconfigure,
    WithdrawCall,
)  # fmt: skip
from app.configuration import Agent, ConfigObject, MediaServer, PauseReason, Queue
from app.directory import Directory
from app.draining import drained
from app.facts import Fact
from app.instants import earliest
from app.registrations.desk import KeepAlive, Registrations
from app.replication.sharing import share
from app.replies import reply_of
from b2bua.commands import SetMediaServers
from b2bua.desk import SwitchboardConfig
from b2bua.header_policy import user_of_uri
from b2bua.signalling import ALLOW
from b2bua.switchboard import Switchboard
from queues import commands as to_engine
from queues.engine import Engine
from queues.floor.decisions import DecisionRules
from queues.model import QueueId, TicketId
from sipcore.binding import Binding, BindingChange, BindingChanged
from sipcore.config import EndpointConfig
from sipcore.digest import NonceMaker
from sipcore.dmq.bus import Bus
from sipcore.dmq.config import BusConfig
from sipcore.dmq.replica import ReplicaConfig
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, ClientKey, Event, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to
from sipcore.packets import Hop, Send, Source
from sipcore.registrar import RegistrarConfig

__all__ = ["Core", "CoreConfig", "Sources"]

_ANSWERS = (ResponseReceived, ClientFailed)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a deciding room may not make for itself: UUIDv7s, hex digits (see ``Minter``), numbers in [0, 1), a nonce secret."""

    uuid: Callable[[], str]
    digits: Callable[[], str]
    uniform: Callable[[], float]
    nonce_secret: bytes


@dataclass(frozen=True, slots=True)
class CoreConfig:
    node: int
    worker: int
    realm: str
    endpoint: EndpointConfig
    switchboard: SwitchboardConfig
    registrar: RegistrarConfig
    keep_alive: KeepAlive = field(default_factory=KeepAlive)
    nonce_seconds: float = 300.0
    nonces_tracked: int = 100_000
    max_calls: int = 100_000
    remembered_callers: int = 100_000
    feature_networks: tuple[Network, ...] = ()  # whose feature codes need no digest
    pins: PinLimits = field(default_factory=PinLimits)
    decisions: DecisionRules | None = field(default_factory=DecisionRules)  # None: they are not kept
    max_callbacks: int = 10_000
    bus: BusConfig | None = None  # None: registrations are shared with nobody
    replica: ReplicaConfig = field(default_factory=ReplicaConfig)


class Core:
    def __init__(self, config: CoreConfig, directory: Directory, sources: Sources) -> None:
        ids = Minter(config.node, config.worker, sources.digits)
        nonces = self._nonces = NonceMaker(sources.nonce_secret, config.nonce_seconds, config.nonces_tracked)
        self.endpoint = Endpoint(config.endpoint, ids)
        self.directory = directory
        self.board = Switchboard(
            self.endpoint, ids, config.switchboard, sources.uniform, directory.secret_for
        )  # fmt: skip
        self.engine = Engine(sources.uuid, sources.uniform, config.decisions)
        self.centre = CallCenter(
            self.engine, self.board, directory, sources.uuid, remembered_callers=config.remembered_callers,
            pins=config.pins, max_callbacks=config.max_callbacks,
        )  # fmt: skip
        self.registrations = Registrations(
            config.registrar, config.keep_alive, self.endpoint, directory.ha1, nonces=nonces, ids=ids,
            host=config.switchboard.host,
        )  # fmt: skip
        self.registrations.observers.append(self._presence)
        self.bus = Bus(config.bus, self.endpoint, ids) if config.bus is not None else None
        self.replica = None if self.bus is None else share(
            self.registrations, self.bus, config.replica, config.registrar, config.node
        )  # fmt: skip
        directory.attach(self.registrations.registrar, self.registrations.store)
        self._admission = Admission(directory, config.realm, nonces, ids, config.registrar.algorithms)
        self._config = config
        self._ids = ids
        self._builtin_media: tuple[str, ...] = ()
        self._controllable: frozenset[str] = frozenset()
        self._fresh_media = False
        self._owner = ids.tag()  # this start of ours: a media server that outlived us learns that its owner is new
        self._pings: dict[ClientKey, Callable[[bool], None]] = {}

    # ------------------------------------------------------------------ SIP

    def receive(self, data: bytes, source: Source, now: float) -> None:
        for event in self.endpoint.receive(data, source, now):
            self._event(event, now)

    def transport_failed(self, hop: Hop, flow: int, now: float) -> None:
        for event in self.endpoint.transport_failed(hop, flow, now):
            self._event(event, now)
        if flow:
            self.registrations.flow_ended(flow, now)

    def expire(self, now: float) -> None:
        """Everything that is due."""
        for event in self.endpoint.expire(now):
            self._event(event, now)
        self.centre.expire(now)
        self.registrations.expire(now)
        if self.bus is not None:
            self.bus.expire(now)

    def next_deadline(self) -> float | None:
        return earliest(
            self.endpoint.next_deadline(), self.centre.next_deadline(), self.registrations.next_deadline(),
            None if self.bus is None else self.bus.next_deadline(),
        )  # fmt: skip

    def _event(self, event: Event, now: float) -> None:
        if isinstance(event, RequestReceived):
            if not event.request.to_tag:
                self._new_request(event, now)
                return
        elif isinstance(event, _ANSWERS):
            if event.transaction in self._pings:
                self._ping_answered(event)
                return
            if self.registrations.answered(event, now) or (self.bus is not None and self.bus.answered(event, now)):
                return
        self.centre.sip(event, now)

    def _new_request(self, event: RequestReceived, now: float) -> None:
        """A request outside any dialog."""
        request, server = event.request, event.transaction
        if server is None:
            return  # an ACK that belongs to nothing
        match request.method:
            case "INVITE":
                self._invite(event, now)
            case "OPTIONS":
                self._answer(
                    event,
                    200,
                    now,
                    ("Allow", ALLOW),
                    ("Accept", "application/sdp"),
                    ("Supported", "timer, path, outbound"),
                )
            case "KDMQ" if self.bus is not None:
                self.bus.receive(event, now)
            case "BYE" | "UPDATE" | "INFO" | "NOTIFY" | "REFER" | "PRACK":
                self._answer(event, 481, now)  # they belong to a dialog, and this one has no To tag
            case _:
                self._answer(event, 405, now, ("Allow", ALLOW))

    def _invite(self, event: RequestReceived, now: float) -> None:
        server = event.transaction
        called = _called_user(event.request)
        dialled = self.directory.workplace.dialled(called)
        host = event.source.hop.host
        trusted = self.directory.is_trusted(host) if dialled is None else self._may_dial(host)
        who = self._admission.judge(event.request, now, trusted=trusted)
        if isinstance(who, Response):
            if server is not None:
                self.endpoint.respond(server, who, now)
            return
        entry = self.directory.entry(called) if dialled is None else None
        if entry is None and dialled is None:
            self._answer(event, 404, now)
        elif len(self.centre.calls) + self.centre.feature_calls >= self._config.max_calls:
            self._answer(event, 503, now, ("Retry-After", "5"))
        elif dialled is not None:
            status = self.centre.dial_feature(event, dialled, who, now)
            if status is not None:
                self._answer(event, status, now)
        elif entry is not None:
            callers = self.directory.callers(event.request, event.source, who)
            wrap_up = self.directory.wrap_up_of(called)
            self.centre.arrive(event, entry, now, wrap_up=wrap_up, callers=callers)

    def _may_dial(self, host: str) -> bool:
        """Whether a feature code from there needs no digest: not all that a trunk may."""
        address = ip_address(host)
        return any(address.version == each.version and address in each for each in self._config.feature_networks)

    def _answer(self, event: RequestReceived, status: int, now: float, *headers: tuple[str, str]) -> None:
        if event.transaction is not None:
            response = respond_to(event.request, status, to_tag=self._ids.tag(), headers=headers)
            self.endpoint.respond(event.transaction, response, now)

    def _presence(self, change: BindingChanged, now: float) -> None:
        if change.change is not BindingChange.REFRESHED:
            self.centre.presence(change.binding.aor, now)

    # ------------------------------------------------------------------ the media server's pulse

    def ping(self, uri: str, answered: Callable[[bool], None], now: float) -> None:
        """OPTIONS to ``uri``; ``answered`` is called with whether anything came back."""
        tag = self._ids.tag()
        own = f"<sip:{self._config.switchboard.host}>"
        headers = [("From", f"{own};tag={tag}"), ("To", f"<{uri}>"), ("Call-ID", self._ids.call_id())]
        headers += [("CSeq", "1 OPTIONS"), ("Max-Forwards", "70"), ("X-Owner", self._owner)]
        self._pings[self.endpoint.request(Request("OPTIONS", uri, headers), now)] = answered

    def _ping_answered(self, event: ResponseReceived | ClientFailed) -> None:
        if isinstance(event, ResponseReceived) and event.response.status < 200:
            return
        self._pings.pop(event.transaction)(isinstance(event, ResponseReceived))

    def set_builtin_media(self, uris: tuple[str, ...], now: float, *, controllable: bool, fresh: bool = False) -> None:
        """Where the built-in media server (or the one of the settings) is; configured ones are tried first.

        ``fresh``: it has just been started, so that every session of the one before is gone.
        """
        self._builtin_media = uris
        self._controllable = frozenset(uris) if controllable else frozenset()
        self._fresh_media = fresh
        self._media_changed(now)
        self._check_media(now)

    def _check_media(self, now: float) -> None:
        """Callers parked at media servers that are no more get a session at one that is."""
        alive = frozenset(self.directory.media_uris()) | frozenset(() if self._fresh_media else self._builtin_media)
        self.centre.media_vanished(alive, now)

    def _media_changed(self, now: float) -> None:
        uris = (*self.directory.media_uris(), *self._builtin_media)
        self.board.handle(SetMediaServers(uris, self._controllable), now)

    # ------------------------------------------------------------------ commands

    def load(
        self,
        items: Iterable[ConfigObject],
        rows: Iterable[tuple[str, str, object]],
        now: float,
        bindings: Iterable[Binding] = (),
    ) -> None:
        """At start: the whole configuration, where phones are registered, then the rows of the journal."""
        items, rows = list(items), list(rows)
        self._nonces.distrust_before(now)
        self.directory.put(*items)
        self.registrations.restore(bindings, now)
        known = {key for table, key, _ in rows if table == "agent"}
        agents = [item for item in items if isinstance(item, Agent)]
        for item in items:
            if isinstance(item, Queue):
                self.engine.handle(to_engine.ConfigureQueue(item.routing), now)
            elif isinstance(item, PauseReason):
                self.engine.handle(to_engine.ConfigurePauseReason(item), now)
        for agent in agents:
            self.engine.handle(to_engine.ConfigureAgent(agent.routing), now)
        self._media_changed(now)
        self.centre.restore(drained(rows), now)
        for agent in agents:
            reachable = self.directory.is_reachable(agent)
            self.centre.tell_engine(to_engine.SetReachable(agent.routing.id, reachable), now)
            if agent.routing.id not in known:
                self.centre.begin(agent, now)
        self._check_media(now)

    def handle(self, command: LiveCommand, now: float) -> Reply:  # noqa: C901 - one case a command
        match command:
            case Configure(item):
                self.directory.put(item)
                self.centre.configure(item, now)
                if isinstance(item, MediaServer):
                    self._media_changed(now)
                return Done()
            case Unconfigure(kind, item_id):
                self.centre.unconfigure(kind, item_id, now)
                self.directory.drop(kind, item_id)
                if kind == "media_server":
                    self._media_changed(now)
                return Done()
            case (
                SetAgentState() | EndWrapUp() | ExtendWrapUp() | SetOutsideCalls() | SetDisposition() | SetCallWrapUp()
            ):
                return self.centre.of_agents(command, now)
            case HangUp(call):
                if self.centre.hang_up(call, now):
                    return Done()
                return RefusedReply(404, "unknown_call", f"no live call has the id {call!r}")
            case SetCallPriority(call, priority):
                return reply_of(self.centre.set_priority(call, priority, now))
            case (
                AssignCall() | ReserveCall() | ReleaseCall() | RequeueCall() | MoveCallToFront() | WithdrawCall()
            ):  # fmt: skip
                return reply_of(self.centre.dispatch(command, now))
            case RequestCallback():
                return reply_of(self.centre.request_callback(command, now))
            case CancelCallback(callback):
                return reply_of(self.centre.cancel_callback(callback, now))
            case ExplainCall(call):
                ticket = TicketId(call)
                return Explained(tuple(self.engine.explain(ticket, now)), self.engine.why_waiting(ticket, now))
            case RemoveBinding(aor, ruid):
                if self.registrations.remove(aor, ruid, now):
                    return Done()
                return RefusedReply(404, "unknown_binding", f"{aor!r} has no such binding")
            case CloseQueue() | OpenQueue():
                return reply_of(self.centre.of_queues(command, now))
            case _:
                assert_never(command)

    # ------------------------------------------------------------------ out

    def sends(self) -> list[Send]:
        """What there is to tell peers, so far."""
        return self.endpoint.sends

    def take_sends(self) -> list[Send]:
        sends, self.endpoint.sends = self.endpoint.sends, []
        return sends

    def take_facts(self) -> list[Fact]:
        chronicle = self.centre.chronicle
        facts, chronicle.facts = chronicle.facts, []
        return facts

    def take_changes(self) -> list[tuple[str, str, object | None]]:
        return self.centre.take_changes()

    def forecast(self, queue: str, priority: int, position: int | None, now: float) -> float | None:
        """Seconds that a call at this position (None: that enters now) may expect to wait; None: nothing is known."""
        return self.engine.expected_wait(QueueId(queue), priority, now, position)

    def counts(self) -> dict[str, object]:
        """What lives, for ``/internals``: all zero or flat when nothing goes on."""
        return {
            "calls": len(self.centre.calls),
            "feature_calls": self.centre.feature_calls,
            "switchboard": self.board.counts(),
            "transactions": self.endpoint.counts(),
            "queues": self.engine.counts(),
            "registrations": len(self.registrations.store),
            "replication": {} if self.bus is None else self.bus.counts(),
        }


def _called_user(request: Request) -> str:
    return user_of_uri(request.uri)
