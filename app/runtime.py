"""The one loop and the one timer: drains sockets, lets the core decide, appends to the journal, then performs.

A turn: what came in is decided, the rows and facts go into the journal in one transaction, and only then do datagrams leave.
Projections, events and metrics learn of it a few milliseconds later, of several turns at once: nobody who calls waits for
them. A turn that says nothing to anybody, or no more than that a phone rings, owes its commit to the next one (or to the
timer, as soon): a crash in between is as if its messages had not arrived yet. Holds no decision of its own.
"""

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Final, Protocol

from app.commands import Configure, LiveCommand, Reply, Unconfigure
from app.core import Core
from app.events.hub import EventHub
from app.facts import Fact, encode_stored
from app.instants import earliest
from app.journal.codec import RowCodec
from app.journal.port import Journal, JournalError, Turn
from app.metrics.metrics import Metrics
from app.projections.live import LiveView
from app.trace.feed import TraceFeed
from sipcore.packets import Hop, Send, Source

__all__ = ["Outlet", "Runtime", "Timers"]

_log = logging.getLogger(__name__)
_LAG_EVERY: Final = 0.1  # seconds between two looks at how late the loop is
_APART: Final = 0.02  # seconds between two ticks: under load the deadlines of calls are due in bunches
_AT_ONCE: Final = 0.0
_OWING: Final = 0.02  # seconds that a commit may wait for a turn that has something to say
_RINGING: Final = b"SIP/2.0 180 "
_NO_BODY: Final = b"\r\n\r\n"
_NEWS: Final = 0.02  # seconds until projections, events and metrics are told what was committed


class Timers(Protocol):
    """What the runtime needs of an event loop."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> asyncio.TimerHandle: ...

    def call_at(self, when: float, callback: Callable[[float], None], when_due: float, /) -> asyncio.TimerHandle: ...


class Outlet(Protocol):
    """Where datagrams go: ``sipcore.net.Network``."""

    def send(self, send: Send, /) -> None: ...


class Runtime:
    """Receiver of the network and gateway of REST. ``clock``: wall time at start plus monotonic seconds since.

    ``timers``: the running event loop unless given.
    """

    def __init__(
        self,
        core: Core,
        journal: Journal,
        codec: RowCodec,
        view: LiveView,
        hub: EventHub,
        clock: Callable[[], float],
        timers: Timers | None = None,
    ) -> None:
        self.metrics: Metrics | None = None
        self.network: Outlet | None = None
        self.trace: TraceFeed | None = None
        self.turns = 0
        self.worst_lag = 0.0
        self.failure: JournalError | None = None
        self.failed_event = asyncio.Event()
        self._core = core
        self._journal = journal
        self._codec = codec
        self._view = view
        self._hub = hub
        self._clock = clock
        self._loop: Timers = timers or asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._ticked_at = 0.0
        self._owed_at: float | None = None  # when the commits that were put off are due
        self._news: list[Fact] = []  # committed, not told to projections, events and metrics yet
        self._news_at: float | None = None  # when they are
        self._lag_timer: asyncio.TimerHandle | None = None
        self._looks = 0

    # ------------------------------------------------------------------ in

    def packets(self, packets: list[tuple[bytes, Source]]) -> None:
        """One drained socket."""
        now = self._clock()
        receive = self._core.receive
        if self.trace is not None and self.trace.watchers:
            self.trace.received(packets, now)
        for data, source in packets:
            receive(data, source, now)
        self._after(now)

    def failed(self, hop: Hop, flow: int) -> None:
        now = self._clock()
        self._core.transport_failed(hop, flow, now)
        self._after(now)

    async def submit(self, command: LiveCommand) -> Reply:
        """See ``Gateway``: the reply is given after the journal's commit, and the projections show what came of it."""
        now = self._clock()
        self._tell()
        reply = self._core.handle(command, now)
        if not self.failure:
            self._follow(command)
        self.turn(now)
        self._tell()
        return reply

    def _follow(self, command: LiveCommand) -> None:
        """Projections know the configuration too."""
        match command:
            case Configure(item):
                self._view.configure(item)
            case Unconfigure(kind, item_id):
                self._view.unconfigure(kind, item_id)
            case _:
                pass

    # ------------------------------------------------------------------ the turn

    def _after(self, now: float) -> None:
        """Nothing to send that binds us: the commit waits for a turn that has something, at most ``_OWING`` seconds."""
        sends = self._core.sends()
        if (sends and not _only_rings(sends)) or (self._owed_at is not None and self._owed_at <= now):
            self.turn(now)
            return
        if sends and self.failure is None:
            self._send(now)
        self.turns += 1
        if self._owed_at is None:
            self._owed_at = now + _OWING
        self._arm(now)

    def turn(self, now: float) -> None:
        """Commit what was decided since the last commit, then perform it."""
        core = self._core
        self.turns += 1
        self._owed_at = None
        facts = core.take_facts()
        changes = core.take_changes()
        if (changes or facts) and not self._commit(changes, facts):
            core.take_sends()  # not journalled, so not said: peers will ask again
            return
        self._send(now)
        if facts:
            if not self._news:
                self._news_at = now + _NEWS
            self._news += facts
        self._arm(now)

    def _send(self, now: float) -> None:
        network = self.network
        if network is None:
            return
        sends = self._core.take_sends()
        if self.trace is not None and self.trace.watchers:
            self.trace.sent(sends, now)
        send = network.send
        for each in sends:
            send(each)

    def _commit(self, changes: list[tuple[str, str, object | None]], facts: list[Fact]) -> bool:
        try:
            self._journal.append(Turn(self._codec.encode_all(changes), encode_stored(facts)))
        except JournalError as error:
            _log.critical("the journal cannot be written, the service stops: %s", error)
            self.failure = error
            self.failed_event.set()
            return False
        return True

    def _tell(self) -> None:
        """Projections, events and metrics learn what was committed since they were told last."""
        if not self._news:
            return
        news, self._news, self._news_at = self._news, [], None
        self._view.apply_all(news)
        self._hub.publish(news)
        if self.metrics is not None:
            self.metrics.apply_all(news)

    # ------------------------------------------------------------------ the timer

    def _arm(self, now: float) -> None:
        """One timer for the earliest deadline. One that is due within ``_APART`` seconds stays: its tick looks again.

        A deadline of 0 is work that the turn had no time for: it goes on when the sockets have been looked at.
        """
        timer = self._timer
        if timer is not None and self._timer_at <= now + _APART:
            return
        due = self._next_deadline()
        if due is None:
            return
        due = now if due == _AT_ONCE else max(due, self._ticked_at + _APART)
        if timer is not None:
            if self._timer_at <= due:
                return
            timer.cancel()
        self._timer_at = due
        self._timer = self._loop.call_later(max(0.0, due - now), self._tick)

    def _next_deadline(self) -> float | None:
        """The earliest of the core's, the event hub's and those of what was put off."""
        return earliest(self._core.next_deadline(), self._hub.next_deadline(), self._owed_at, self._news_at)

    def _tick(self) -> None:
        self._timer = None
        now = self._ticked_at = self._clock()
        self._core.expire(now)
        self._tell()
        self._hub.tick(now)
        self._after(now)

    # ------------------------------------------------------------------ watching itself

    def start(self) -> None:
        """Begin: whatever the core wants to say after a restart is said now. Garbage is collected here from now on."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._watch(self._loop.time() + _LAG_EVERY)
        self.turn(self._clock())

    def stop(self) -> None:
        """Commit what is owed; nothing happens by itself any more."""
        if self.failure is None:
            self.turn(self._clock())
        self._tell()
        for timer in (self._timer, self._lag_timer):
            if timer is not None:
                timer.cancel()
        gc.enable()

    def _watch(self, due: float) -> None:
        """How late the loop is; and the young generations, whose collection is short (DESIGN: "no full one").

        Each time, though there is little garbage: calls that came to stay are looked through once, and those of a tenth of a
        second take 1 ms where those of five seconds would hold the loop for 50.
        """
        lag = max(0.0, self._loop.time() - due) if self._looks else 0.0
        self.worst_lag = max(self.worst_lag * 0.99, lag)
        if self.metrics is not None:
            self.metrics.loop_lag.observe(lag)
        self._looks += 1
        gc.collect(1)
        due = self._loop.time() + _LAG_EVERY
        self._lag_timer = self._loop.call_at(due, self._watch, due)


def _only_rings(sends: list[Send]) -> bool:
    """Whether all that is said is that a phone rings: a restart that knows nothing of it rings again."""
    return len(sends) == 1 and sends[0].data[:12] == _RINGING and sends[0].data[-4:] == _NO_BODY
