"""The channel ``usrloc``: tells the peers what happens to our registrations, takes what they tell, and syncs both ways.

- Whatever is registered, refreshed or removed here is told to every active peer (``note`` is an observer of the
  registrations); what another node did is not told again. A removal that a peer missed is told when it shows.
- A peer that joins is asked for all its contacts (action 3) and is told ours; one that asks gets all that we have.
- Requests to a peer are windowed by its answers, and a request of a peer is answered when it has been applied: neither
  side's socket buffer overflows. Beyond the window changes collect, and leave several in a request.
- All of it in slices of bounded size: what a turn has no budget for waits for the next (``next_deadline`` 0.0).
"""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause
from sipcore.dmq.channel import Reply, Sender
from sipcore.dmq.feed import Bindings, Change, Feed, Flight
from sipcore.dmq.graves import Graves
from sipcore.dmq.intake import Intake, Room
from sipcore.dmq.peer import Peer
from sipcore.dmq.usrloc import REMOVE, SYNC_REQUEST, UPDATE, Usrloc, UsrlocConfig, batch
from sipcore.message import Request

__all__ = ["Lag", "Replica", "ReplicaConfig"]

_CONTENT_TYPE: Final = "application/json"
_APPLYING: Final = 4  # what it costs to apply a contact, where telling one costs 1
_SCAN: Final = 1000  # addresses-of-record that a step of a walk looks at
_SCANNING: Final = 50  # what that costs at most
_RECENTLY: Final = 120.0  # seconds: what was removed since then is told to a peer that joins
_UNTOLD: Final = (Cause.REPLICATION, Cause.TIME)  # expiry is everyone's own
_NO_CHANNEL: Final = 404


@dataclass(frozen=True, slots=True)
class ReplicaConfig:
    """The first ones are Kamailio's parameters of ``dmq_usrloc`` under their names.

    ``sync``: ask a peer that joins for its contacts, and tell it ours. ``batch_msg_contacts`` and ``batch_msg_size``
    (bytes) bound a request with several contacts; after ``batch_size`` contacts of a sync comes a pause of
    ``batch_usleep`` µs (0: none, the window is enough). ``window`` and ``window_bytes``: requests under way to a peer.
    ``slice``: contacts that a turn applies (it tells four times as many). ``ask_again``: seconds after which a request
    for all contacts that nothing came of is repeated, doubling each time, ``asks`` times in all.
    ``waiting_bytes``: of requests that wait to be applied; beyond, they are refused with 503.
    ``removed_seconds``, ``removed``: how long, and how many, removals are remembered.
    ``max_bindings``, ``max_contacts``: what we hold in all, and of one address-of-record. ``use_domain``: see
    ``UsrlocConfig``.
    """

    sync: bool = True
    batch_msg_contacts: int = 50
    batch_msg_size: int = 60_000
    batch_size: int = 0
    batch_usleep: int = 0
    window: int = 8
    window_bytes: int = 131_072
    slice: int = 80
    ask_again: float = 5.0
    asks: int = 5
    waiting_bytes: int = 64 * 1024 * 1024
    removed_seconds: float = 3600.0
    removed: int = 20_000
    max_bindings: int = 500_000
    max_contacts: int = 100
    use_domain: bool = False


@dataclass(slots=True)
class Lag:
    """Where we stand with a peer. ``waiting``: changes that it was not told, or has not confirmed, the oldest of them
    ``seconds`` old. ``walked``: contacts told by the sync that is under way, None: none is. ``pulled``: it has told us all
    its contacts since it joined.
    """

    waiting: int
    seconds: float
    walked: int | None
    pulled: bool


class Replica:
    """A ``Channel``. ``counters`` only grow; those of a peer are in ``Peer.counters``."""

    name = "usrloc"

    def __init__(self, config: ReplicaConfig, usrloc: UsrlocConfig, store: Bindings, sender: Sender) -> None:
        self.counters: Counter[str] = Counter()
        self._config = config
        self._usrloc = Usrloc(usrloc)
        self._store = store
        self._sender = sender
        self._feeds: dict[str, Feed] = {}
        self._graves = Graves(config.removed_seconds, config.removed)
        self._intake = Intake(
            Room(config.waiting_bytes, config.max_bindings, config.max_contacts), self._usrloc, store, self._graves,
            self._count, self._be_asked, self._remind, self._correct,
        )  # fmt: skip
        self._unfinished: dict[str, Feed] = {}  # those that the turn's budget stopped
        self._budget = 0
        self._turn = 0.0

    # ------------------------------------------------------------------ what happens here

    def note(self, change: BindingChanged, now: float) -> None:
        """An observer of the registrations: tell the peers, unless one of them told us."""
        gone = change.change is BindingChange.REMOVED
        if change.cause is Cause.REPLICATION and not gone:
            return
        if gone or change.change is BindingChange.EXPIRED:
            for feed in self._feeds.values():
                feed.known.pop(change.binding.ruid, None)
        if change.cause in _UNTOLD:
            return
        if gone:
            self._graves.bury(change.binding, now)
        self._at(now)
        for feed in self._feeds.values():
            feed.note(REMOVE if gone else UPDATE, change.binding, now)
            self._pump(feed, now)

    # ------------------------------------------------------------------ the bus

    def joined(self, peer: Peer, now: float) -> None:
        """See Channel."""
        self._at(now)
        feed = self._feeds[peer.address] = Feed(peer)
        for removed in self._graves.younger_than(_RECENTLY, now):
            feed.note(REMOVE, removed, now)  # a third node may tell it what that has not heard the end of
        if self._config.sync:
            self._ask(feed, now)
            feed.start_walk(own=True)
        self._pump(feed, now)

    def left(self, peer: Peer, now: float) -> None:  # noqa: ARG002 - a Channel's
        """See Channel. What it was not told it will be when it is back, by the sync."""
        self._feeds.pop(peer.address, None)
        self._unfinished.pop(peer.address, None)

    def take(self, request: Request, peer: Peer | None, reply: Reply, now: float) -> None:
        """See Channel. Never raises on what the request holds."""
        feed = self._feeds.get(peer.address) if peer is not None else None
        if feed is not None:
            feed.asked_at = None  # it speaks
        self._at(now)
        self._intake.take(request.body, peer, feed, reply, now)
        self._work(now)

    def lag(self, peer: Peer, now: float) -> Lag | None:
        """None: the peer is not there, or takes no registrations."""
        feed = self._feeds.get(peer.address)
        if feed is None or feed.deaf:
            return None
        oldest = feed.oldest()
        walked = None if feed.walk is None else feed.walk.told
        waiting = feed.waiting + feed.told_under_way
        return Lag(waiting, 0.0 if oldest is None else max(0.0, now - oldest), walked, feed.pulled)

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        """See Channel."""
        if self._intake.busy or self._unfinished:
            return 0.0
        times = [feed.paused_until for feed in self._feeds.values() if feed.walk is not None and feed.paused_until]
        times += [due for feed in self._feeds.values() if (due := self._asks_at(feed)) is not None]
        return min(times, default=None)

    def expire(self, now: float) -> None:
        """See Channel."""
        self._begin_turn(now)
        for feed in list(self._feeds.values()):
            asks_at = self._asks_at(feed)
            if asks_at is not None and asks_at <= now:
                self._ask(feed, now)
            if feed.paused_until and feed.paused_until <= now:
                feed.paused_until = 0.0
                self._unfinished[feed.peer.address] = feed
        self._resume(now)
        self._work(now)

    def _work(self, now: float) -> None:
        """Apply what peers told, as far as the turn's budget goes."""
        if self._budget > 0:
            self._budget -= _APPLYING * self._intake.work(max(1, self._budget // _APPLYING), now)

    def _at(self, now: float) -> None:
        """Everything of one time is one turn, as a drained socket is."""
        if now != self._turn:
            self._begin_turn(now)

    def _begin_turn(self, now: float) -> None:
        self._turn = now
        self._budget = self._config.slice * _APPLYING

    # ------------------------------------------------------------------ telling

    def _resume(self, now: float) -> None:
        """Those that had no budget, the one that waits longest first; half of it is for what peers tell."""
        reserve = self._budget // 2 if self._intake.busy else 0
        for address, feed in list(self._unfinished.items()):
            if self._budget <= reserve:
                return
            del self._unfinished[address]
            self._pump(feed, now)

    def _pump(self, feed: Feed, now: float) -> None:
        """Send as much as the window takes and the turn has time for."""
        config = self._config
        while not feed.deaf and feed.under_way < config.window and feed.size_under_way < config.window_bytes:
            if self._budget <= 0:
                self._unfinished[feed.peer.address] = feed
                return
            changes = feed.take_changes(config.batch_msg_contacts) or self._walked(feed, now)
            if changes:
                self._send(feed, changes, now)
            elif feed.walk is None or feed.paused_until:
                return

    def _walked(self, feed: Feed, now: float) -> list[Change]:
        """The next contacts of a sync; may be none though there are more."""
        if feed.walk is None or feed.paused_until:
            return []
        config = self._config
        found = feed.take_walked(self._store, UPDATE, config.batch_msg_contacts, _SCAN, now)
        count = len(found)
        if count < config.batch_msg_contacts:
            self._budget -= _SCANNING
        feed.since_pause += count
        if config.batch_size and config.batch_usleep and feed.since_pause >= config.batch_size:
            feed.since_pause = 0
            feed.paused_until = now + config.batch_usleep / 1e6
        return found

    def _send(self, feed: Feed, changes: list[Change], now: float) -> None:
        most = self._config.batch_msg_contacts
        if len(changes) > most:  # of one user: the others wait until these have been taken
            feed.restore(changes[most:])
            del changes[most:]
        to_contact = self._usrloc.contact
        contacts = [to_contact(change.binding, change.action) for change in changes]
        body, count = batch(contacts, self._config.batch_msg_size)
        if count < len(changes):
            feed.restore(changes[count:])
            del changes[count:]
        self._budget -= count
        self._count(feed.peer, "told", count)
        flight = Flight(changes, len(body))
        feed.departed(flight)
        done = partial(self._answered, feed, flight)
        self._sender.send(feed.peer, self.name, _CONTENT_TYPE, body, now, done=done)

    def _answered(self, feed: Feed, flight: Flight, status: int | None, now: float) -> None:
        feed.landed(flight)
        count = len(flight.changes)
        if self._feeds.get(feed.peer.address) is not feed:
            return
        if status is None:
            self._count(feed.peer, "unanswered", count)
            feed.restore([each for change in flight.changes if (each := self._as_it_is(change)) is not None])
        elif status == _NO_CHANNEL:
            feed.deaf = True
        elif status >= 300:
            self._count(feed.peer, "refused", count)
        else:
            self._count(feed.peer, "confirmed", count)
        self._at(now)
        self._pump(feed, now)

    def _as_it_is(self, change: Change) -> Change | None:
        """A change that was not told in time; None: what it told of is gone by now."""
        if change.action == REMOVE:
            return change
        for binding in self._store.bindings(change.binding.aor):
            if binding.ruid == change.binding.ruid:
                return change._replace(binding=binding)
        return None

    # ------------------------------------------------------------------ asking for all

    def _asks_at(self, feed: Feed) -> float | None:
        """When to ask again; None: something came of it, or we give up."""
        if feed.asked_at is None or feed.asked >= self._config.asks:
            return None
        return feed.asked_at + self._config.ask_again * 2.0 ** (feed.asked - 1)

    def _ask(self, feed: Feed, now: float) -> None:
        feed.asked += 1
        feed.asked_at = now
        self._count(feed.peer, "syncs_asked", 1)
        done = partial(self._pulled, feed)
        self._sender.send(feed.peer, self.name, _CONTENT_TYPE, SYNC_REQUEST, now, done=done, once=True)

    def _pulled(self, feed: Feed, status: int | None, _now: float) -> None:
        if status is None:
            return
        feed.asked_at = None
        if status == _NO_CHANNEL:
            feed.deaf = True
        feed.pulled = status < 300

    def _be_asked(self, feed: Feed) -> None:
        """The peer wants all contacts."""
        feed.start_walk(own=False)
        self._unfinished[feed.peer.address] = feed

    def _remind(self, removed: Binding, now: float) -> None:
        """A peer has what was removed: it missed that, or its word was under way. Others may have it from there by now."""
        for address, feed in self._feeds.items():
            feed.note(REMOVE, removed, now)
            self._unfinished[address] = feed

    def _correct(self, feed: Feed, binding: Binding, now: float) -> None:
        feed.note(UPDATE, binding, now)
        self._unfinished[feed.peer.address] = feed

    def _count(self, peer: Peer | None, outcome: str, count: int) -> None:
        self.counters[outcome] += count
        if peer is not None:
            peer.counters[outcome] += count
