"""Puts the service together and runs it: the only place where adapters are chosen and rooms are introduced to each other."""

import asyncio
import gc
import logging
import random
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import uuid_utils
import uvloop

from app.auth.keys import ensure_bootstrap_key
from app.config_file.document import ConfigFileError
from app.config_file.importer import import_file
from app.core import Core, Sources
from app.core_config import core_config
from app.db.configuration import agents_of_other_realms, load_configuration, strategies_in_use
from app.db.engine import Database, DatabaseError
from app.db.facts_writer import FactsWriter
from app.db.migrate import migrate
from app.db.server_secrets import server_secret
from app.directory import Directory
from app.draining import drained
from app.events.hub import EventHub
from app.journal.codec import RowCodec
from app.journal.lmdb import LmdbJournal
from app.journal.port import JournalError
from app.journal_tables import TABLES
from app.live_slices import LIVE_ROUTERS
from app.main import create_app
from app.media_process import MediaError, MediaKeeper
from app.metrics.metrics import Metrics
from app.metrics.registrations import RegistrationMetrics
from app.metrics.replication import ReplicationMetrics
from app.metrics.router import metrics_router
from app.open_files import allow_files, too_few_files
from app.projections.live import LiveView
from app.projections.today import load_today
from app.randomness import random_digits
from app.registrations.journalled import forget_journalled, journalled_bindings
from app.registrations.writer import RegistrationWriter
from app.release import Build, build
from app.replication.reader import BusReader
from app.runtime import Runtime
from app.services import Services
from app.settings import Settings
from app.strategy_plugins import StrategyError, check_installed, register_strategies
from app.trace.feed import TraceFeed
from app.web import WebServer, bind
from b2bua.commands import CallId
from sipcore.config import Listener
from sipcore.message import Limits
from sipcore.net import ListenError, Network, StreamLimits
from sipcore.packets import Hop, Source

__all__ = ["serve"]

_log = logging.getLogger("callyard")
_MOST_WAITING: Final = 1000


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. 0 after a clean end; 1 with one line on stderr where it cannot run.

    Raises ``BuildError``, before anything is opened, where extensions and sources are of different builds.
    """
    running = build()
    _configure_logs(settings.log_level)
    few = too_few_files(allow_files(), settings.sip_max_connections)
    if few:
        _log.warning("%s", few)
    sys.setswitchinterval(0.0005)  # a database driver's thread must not hold the loop
    try:
        _log_plugins(register_strategies())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_Service(settings, running).run())
    except (DatabaseError, JournalError, MediaError, ListenError, StrategyError, OSError) as error:
        sys.stderr.write(f"callyard: {error}\n")
        return 1
    except ConfigFileError as error:
        sys.stderr.writelines(f"callyard: {line}\n" for line in error.lines)
        return 2
    return 0


def _configure_logs(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)


def _log_plugins(strategies: list[str]) -> None:
    if strategies:
        _log.info("strategies installed: %s", ", ".join(strategies))


def steady_clock() -> Callable[[], float]:
    """Wall time at start plus monotonic seconds since: an NTP step moves no deadline."""
    offset = time.time() - time.monotonic()
    monotonic = time.monotonic
    return lambda: offset + monotonic()


class _Service:
    """The parts, in the order in which they come up and go down."""

    def __init__(self, settings: Settings, running: Build) -> None:
        self._settings = settings
        self._running = running
        self._clock = steady_clock()
        self._stopping = asyncio.Event()
        self._ready: list[str] = ["starting"]

    async def run(self) -> None:
        settings = self._settings
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        journal = LmdbJournal(settings.data_dir / "journal", sync=settings.journal_sync == "full")
        try:
            database = Database(settings.database_url)
            try:
                await migrate(database)
                await self._first_steps(database)
                await self._serve(database, journal)
            finally:
                await database.close()
        finally:
            journal.close()

    async def _first_steps(self, database: Database) -> None:
        settings = self._settings
        fixed = settings.admin_key.get_secret_value() if settings.admin_key is not None else None
        made = await ensure_bootstrap_key(database, fixed)
        if made is not None:
            sys.stderr.write(f"callyard: the first API key (scope admin), shown only now: {made}\n")
        if settings.config is not None:
            report = await import_file(database, settings, settings.config)
            _log.info("%s: %s", settings.config, report)
        async with database.read() as session:
            check_installed(await strategies_in_use(session))

    async def _serve(self, database: Database, journal: LmdbJournal) -> None:
        parts = await self._build(database, journal)
        await self._start(parts)
        await self._until_stopped(parts.runtime)
        await self._stop(parts)
        if parts.runtime.failure is not None:
            raise parts.runtime.failure

    async def _build(self, database: Database, journal: LmdbJournal) -> "_Parts":
        settings, clock = self._settings, self._clock
        view = LiveView(clock())
        hub = EventHub(
            view, history=settings.events_history, new_id=_uuid, clock=clock, max_streams=settings.events_max_clients
        )
        writer = FactsWriter(
            journal, database, clock, batch=settings.facts_batch, interval=settings.facts_interval_seconds
        )
        behind = RegistrationWriter(
            database, batch=settings.register_flush_batch, interval=settings.register_flush_seconds
        )
        inlet = _Inlet()
        limits = Limits(message=settings.sip_max_message_bytes, headers=settings.sip_max_headers)
        network = Network(
            _listeners(settings), inlet, message_limits=limits,
            stream_limits=StreamLimits(connections=settings.sip_max_connections),
            receive_buffer=settings.sip_receive_buffer_bytes,
        )  # fmt: skip
        http = bind(settings.http_listen.host, settings.http_listen.port or 0)
        await network.start()
        core = await self._core(database, network.listeners, limits)
        runtime = Runtime(core, journal, RowCodec(TABLES), view, hub, clock)
        runtime.network, inlet.runtime = network, runtime
        keeper = self._keeper(core, runtime)
        if keeper is not None:
            await keeper.start()
        view.forecast = core.forecast
        await self._load(core, database, journal, view, behind)
        counts = self._internals(core, runtime, journal, network, writer, keeper)
        metrics = Metrics(
            view, clock=clock, internals=counts, streams=lambda: hub.streams, backlog=writer.backlog,
            shipping=lambda: writer.counters,
        )  # fmt: skip
        metrics.registry.register(RegistrationMetrics(core.registrations, behind))
        if core.bus is not None:
            metrics.registry.register(ReplicationMetrics(core.bus, core.replica, clock))
        runtime.metrics = metrics
        runtime.trace = TraceFeed(
            settings.trace_max_clients, settings.trace_backlog, lambda call: core.board.call_ids(CallId(call))
        )
        services = Services(
            settings,
            database,
            runtime,
            view,
            hub,
            counts,
            lambda: self._ready,
            clock,
            core.registrations,
            runtime.trace,
            BusReader(core.bus, core.replica, clock),
        )
        app = create_app(services, LIVE_ROUTERS, (metrics_router(metrics),))
        web = WebServer(app, http, keep_alive=settings.http_keep_alive_seconds)
        return _Parts(inlet, network, core, runtime, hub, writer, behind, keeper, web, http.getsockname()[1])

    async def _start(self, parts: "_Parts") -> None:
        parts.writer.start()
        parts.behind.start()
        parts.web.start()
        if parts.core.bus is not None:
            parts.core.bus.join(self._clock())
        parts.runtime.start()
        parts.inlet.open()
        self._ready = []
        _announce(self._running, parts.network.listeners, parts.http_port, self._settings)

    async def _stop(self, parts: "_Parts") -> None:
        """The media server stays while there are calls: the next start takes it up again."""
        self._ready = ["stopping"]
        parts.hub.close()
        if parts.runtime.trace is not None:
            parts.runtime.trace.close()
        await parts.web.stop()
        if parts.core.bus is not None:
            parts.core.bus.leave(self._clock())
        parts.runtime.stop()
        if parts.keeper is not None:
            await parts.keeper.stop(end=not parts.core.centre.calls)
        await parts.network.close()
        await parts.writer.stop()
        await parts.behind.stop()

    async def _core(self, database: Database, listeners: tuple[Listener, ...], limits: Limits) -> Core:
        settings = self._settings
        config = await core_config(settings, listeners, limits)
        sources = Sources(_uuid, random_digits, random.random, await server_secret(database, "digest-nonce"))
        return Core(config, Directory(settings.trunks), sources)

    async def _load(
        self, core: Core, database: Database, journal: LmdbJournal, view: LiveView, behind: RegistrationWriter
    ) -> None:
        async with database.read() as session:
            items = await load_configuration(session)
            strangers = await agents_of_other_realms(session, self._settings.realm)
        if strangers:
            _log.warning("passwords set for another realm, these agents cannot register: %s", ", ".join(strangers))
        codec = RowCodec(TABLES)
        gc.collect()
        gc.disable()  # hundreds of thousands of records come to stay: looking through them takes as long as making them
        rows = list(codec.decode_all(journal.load()))
        for item in items:
            view.configure(item)
        now = self._clock()
        await load_today(view, database, journal, now)
        if self._settings.media != "builtin":
            core.set_builtin_media((self._settings.media,), now, controllable=False)
        bindings = await behind.load(now)
        older = journalled_bindings(rows, bindings, now)
        await behind.store(older)
        forget_journalled(journal)
        core.load(items, drained(rows), now, [*bindings, *older])
        core.registrations.observers.append(behind.note)
        view.restore(core.centre.retold())
        gc.freeze()
        gc.enable()

    def _keeper(self, core: Core, runtime: Runtime) -> MediaKeeper | None:
        if self._settings.media != "builtin":
            return None

        def ping(uri: str, answered: Callable[[bool], None]) -> None:
            core.ping(uri, answered, self._clock())
            runtime.turn(self._clock())

        def moved(template: str, fresh: bool) -> None:  # noqa: FBT001 - as the keeper calls it
            core.set_builtin_media((template,), self._clock(), controllable=True, fresh=fresh)
            runtime.turn(self._clock())

        return MediaKeeper(self._settings, ping, moved)

    def _internals(
        self, core: Core, runtime: Runtime, journal: LmdbJournal, network: Network, writer: FactsWriter,
        keeper: MediaKeeper | None,
    ) -> Callable[[], dict[str, object]]:  # fmt: skip
        def counts() -> dict[str, object]:
            backlog, age = writer.backlog()
            return core.counts() | {
                "journal": journal.counts(),
                "outbox": {"turns": backlog, "oldest_seconds": age, **writer.counters},
                "loop": {"worst_lag_seconds": runtime.worst_lag, "turns": runtime.turns},
                "messages": dict(core.endpoint.counters),
                "network": network.metrics(),
                "build": {"kind": self._running.kind, "compiled_modules": self._running.modules},
                "media": {"up": keeper.is_up, "restarts": keeper.restarts} if keeper is not None else {},
            }

        return counts

    async def _until_stopped(self, runtime: Runtime) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runtime.failed_event.set)
        await runtime.failed_event.wait()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was built, for those who start and stop it."""

    inlet: "_Inlet"
    network: Network
    core: Core
    runtime: Runtime
    hub: EventHub
    writer: FactsWriter
    behind: RegistrationWriter
    keeper: MediaKeeper | None
    web: WebServer
    http_port: int


class _Inlet:
    """Stands between the network, which comes up first, and the runtime, whose core needs the network's ports.

    Until ``open``, requests wait (bounded): the calls they belong to are not loaded yet. Responses are taken as they come.
    """

    def __init__(self) -> None:
        self.runtime: Runtime | None = None
        self._waiting: deque[tuple[bytes, Source]] | None = deque(maxlen=_MOST_WAITING)

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        if self._waiting is not None:
            self._waiting.extend([packet for packet in packets if not packet[0].startswith(b"SIP/2.0 ")])
            packets = [packet for packet in packets if packet[0].startswith(b"SIP/2.0 ")]
        if self.runtime is not None and packets:
            self.runtime.packets(packets)

    def failed(self, hop: Hop, flow: int) -> None:
        if self.runtime is not None:
            self.runtime.failed(hop, flow)

    def open(self) -> None:
        """Calls can be taken: first those that wait."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            self.packets(list(waiting))


def _uuid() -> str:
    return str(uuid_utils.uuid7())


def _listeners(settings: Settings) -> list[Listener]:
    listeners = []
    for index, each in enumerate(settings.sip_listen):
        shown = settings.advertised(index)
        host = shown.host if settings.sip_advertise else ""
        listeners.append(Listener(each.transport.upper(), each.host, each.port, host, shown.port or 0))
    return listeners


def _announce(running: Build, listeners: tuple[Listener, ...], port: int, settings: Settings) -> None:
    sip = ", ".join(f"{each.transport.lower()}:{each.sent_by}" for each in listeners)
    _log.info("Callyard %s takes SIP at %s; HTTP at http://%s:%d", running, sip, settings.http_listen.host, port)
