"""The hub: one ring of recent events, read by every subscriber at its own pace.

A subscriber is a position in the ring, not a queue of its own: publishing costs the same for one listener and for
hundreds, and a slow one costs no memory. Who falls too far behind, or asks to resume after an event that is gone, gets
``stream.reset``.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from app.events.event import Event, Told, event_of, reset, stats_event
from app.facts import AgentInterval, CallEvent, Fact, QueueSegment
from app.projections.views import QueueStats

__all__ = ["EventHub", "Interest", "QueueSource", "Subscription", "TooManyStreams"]

_STATS_INTERVAL: Final = 1.0  # seconds between two queue.stats of one queue
_STATS_PER_TICK: Final = 20  # bounds what one tick may take of the loop
_GONE: Final = 0  # the position of an event that is not in the ring
_SCAN: Final = 1000  # events looked at before the reader lets the loop turn


class TooManyStreams(Exception):  # noqa: N818 - it is a verdict, not a fault
    """As many streams are open as the settings allow."""


class QueueSource(Protocol):
    """Where statistics and names come from: ``app.projections.live.LiveView``."""

    def queue_name(self, queue_id: str | None) -> str | None: ...

    def agent_name(self, agent_id: str | None) -> str | None: ...

    def take_touched(self) -> set[str]: ...

    def has_touched(self) -> bool: ...

    def queue_stats(self, queue_id: str, now: float) -> QueueStats | None: ...


@dataclass(frozen=True, slots=True)
class Interest:
    """What a subscriber wants. Topics are event types (``call.queued``) or their families (``call``); empty: all.

    The other fields, where given, must be equal to the event's.
    """

    topics: frozenset[str] = frozenset()
    queue: str | None = None
    agent: str | None = None
    call: str | None = None

    def wants(self, event: Event) -> bool:
        if self.topics and event.type not in self.topics and event.type.partition(".")[0] not in self.topics:
            return False
        return (
            (self.queue is None or self.queue == event.queue)
            and (self.agent is None or self.agent == event.agent)
            and (self.call is None or self.call == event.call)
        )


class Subscription:
    """One listener. Await ``wake``, then ``take`` until it gives nothing; ``close`` it in the end."""

    __slots__ = ("_hub", "_interest", "_next", "ended", "wake")

    def __init__(self, hub: "EventHub", interest: Interest, start: int) -> None:
        self._hub = hub
        self._interest = interest
        self._next = start
        self.ended = False  # nothing comes after what take gives now
        self.wake = asyncio.Event()
        self.wake.set()  # there may be something to take already

    def take(self) -> list[bytes]:
        """The next frames, none when all was read so far (``wake`` is cleared then)."""
        frames, self._next, complete = self._hub.read(self._next, self._interest)
        if complete:
            self.ended = self._hub.closed
            self._hub.rest(self)
        return frames

    def close(self) -> None:
        self._hub.leave(self)


class EventHub:
    """``publish`` facts as they are committed, ``tick`` when ``next_deadline`` is due.

    ``history``: events kept, for those who resume and those who are slow. ``new_id`` mints the ids of events that are
    no facts. ``clock``: seconds since the epoch.
    """

    def __init__(
        self,
        queues: QueueSource,
        *,
        history: int,
        new_id: Callable[[], str],
        clock: Callable[[], float],
        max_streams: int = 500,
    ) -> None:
        self._queues = queues
        self._new_id = new_id
        self._clock = clock
        self._size = max(history, 1)
        self._max_streams = max_streams
        self._ring: list[Event | Told | None] = [None] * self._size  # facts become events when somebody reads them
        self._next = 1
        self._subscriptions: set[Subscription] = set()
        self._resting: set[Subscription] = set()
        self._dirty: dict[str, None] = {}  # queues with news, the longest-waiting first
        self._told: dict[str, float] = {}
        self.closed = False

    @property
    def streams(self) -> int:
        return len(self._subscriptions)

    @property
    def full(self) -> bool:
        return len(self._subscriptions) >= self._max_streams

    def publish(self, facts: Iterable[Fact]) -> None:
        """Put the facts that are told into the ring; who has read everything is woken."""
        ring, size, seq = self._ring, self._size, self._next
        for fact in facts:
            if isinstance(fact, CallEvent):
                if fact.kind == "ended":
                    continue  # the record tells it, with all its times
            elif isinstance(fact, (AgentInterval, QueueSegment)):
                continue  # of intervals the state was told, of segments the steps
            ring[seq % size] = fact
            seq += 1
        if seq != self._next:
            self._next = seq
            if self._resting:
                self._wake_all()

    def tick(self, now: float) -> None:
        """Tell the statistics of queues that changed, each at most once a second, to those who listen."""
        if not self._subscriptions:
            return
        self._collect()
        for queue_id in [queue_id for queue_id in self._dirty if self._due(queue_id) <= now][:_STATS_PER_TICK]:
            del self._dirty[queue_id]
            stats = self._queues.queue_stats(queue_id, now)
            if stats is None:
                self._told.pop(queue_id, None)
            else:
                self._told[queue_id] = now
                event = stats_event(self._new_id(), stats, now)
                event.seq = self._next
                self._ring[event.seq % self._size] = event
                self._next += 1
                self._wake_all()

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do; None while nothing changed or nobody listens."""
        if not self._subscriptions or not (self._dirty or self._queues.has_touched()):
            return None
        self._collect()
        return min(map(self._due, self._dirty), default=None)

    def subscribe(self, interest: Interest, last_event_id: str | None = None) -> Subscription:
        """From now on, or from after ``last_event_id``. Raises ``TooManyStreams``."""
        if self.full:
            raise TooManyStreams
        start = self._next
        if last_event_id:
            start = self._after(last_event_id)
        subscription = Subscription(self, interest, start)
        self._subscriptions.add(subscription)
        return subscription

    def _after(self, event_id: str) -> int:
        """Where to go on after this event: looked for when somebody resumes, which is rare, and not noted at each."""
        for seq in range(self._next - 1, max(self._next - 1 - self._size, 0), -1):
            event = self._ring[seq % self._size]
            if event is not None and event.id == event_id:
                return seq + 1
        return _GONE

    def rest(self, subscription: Subscription) -> None:
        """It has read everything: wake it at the next event. Who is still reading needs no waking."""
        subscription.wake.clear()
        self._resting.add(subscription)

    def leave(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._resting.discard(subscription)

    def read(self, start: int, interest: Interest) -> tuple[list[bytes], int, bool]:
        """(frames, where to go on, whether that was all). Who asks for what is gone is reset and goes on from now."""
        if start < self._next - self._size or start == _GONE:
            return [self._reset()], self._next, True
        end = min(start + _SCAN, self._next)
        frames = []
        for seq in range(start, end):
            event = self._event(seq)
            if event is not None and interest.wants(event):
                frames.append(event.frame(self._queues))
        return frames, end, end == self._next

    def _event(self, seq: int) -> Event | None:
        slot = seq % self._size
        told = self._ring[slot]
        if told is None or isinstance(told, Event):
            return told
        event = self._ring[slot] = event_of(told, seq)
        return event

    def close(self) -> None:
        """End every stream, once its reader has taken what is there."""
        self.closed = True
        self._wake_all()

    def _wake_all(self) -> None:
        for subscription in self._resting:
            subscription.wake.set()
        self._resting.clear()

    def _reset(self) -> bytes:
        return reset(self._new_id(), self._clock()).frame(self._queues)

    def _collect(self) -> None:
        for queue_id in sorted(self._queues.take_touched()):
            self._dirty.setdefault(queue_id)

    def _due(self, queue_id: str) -> float:
        return self._told.get(queue_id, 0.0) + _STATS_INTERVAL
