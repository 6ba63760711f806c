"""A caller leaves without an agent: the overflow's action is carried out, to its end.

Every action ends by itself: a forward that is not taken, an announcement that does not end in time, and an action that
cannot be carried out hang up. ``LiveCall.overflow`` says what is under way, so that a restart goes on with it.
"""

from collections.abc import Callable

from app.callcenter.desk import Desk
from app.forwarding import diversion, filled, voicemail_uri
from app.live_call import LiveCall
from b2bua import commands as to_board
from b2bua import events as from_board
from b2bua.call import CallState
from b2bua.commands import CallId, LegId, Playlist
from b2bua.proof import CHALLENGES
from queues.floor.deadlines import Deadlines
from queues.model import Overflow, OverflowAction, OverflowCause

__all__ = ["FlowingOut", "OfferCallback"]

OfferCallback = Callable[[LiveCall, Overflow, float], None]
"""Takes over a caller whom the queue offers to call back."""

_ANNOUNCEMENT = 0


class FlowingOut:
    """``offer_callback``: whoever takes over callers who are offered a callback; with nobody they are hung up."""

    __slots__ = ("_deadlines", "_desk", "_timers", "offer_callback")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._deadlines = Deadlines()
        self._timers: dict[str, int] = {}  # of announcements, by call
        self.offer_callback: OfferCallback | None = None

    def begin(self, call: LiveCall, overflow: Overflow, cause: OverflowCause, now: float) -> None:
        call.overflow, call.overflow_cause = overflow, cause
        self._desk.touch(call)
        self.go_on(call, now)

    def go_on(self, call: LiveCall, now: float) -> None:
        """Begin the action of ``call.overflow``, or begin it again after a restart."""
        overflow = call.overflow
        if overflow is None:
            return
        match overflow.action:
            case OverflowAction.URI | OverflowAction.VOICEMAIL if overflow.uri:
                self._forward(call, overflow, overflow.uri, now)
            case OverflowAction.ANNOUNCEMENT if overflow.sound:
                self._announce(call, overflow, overflow.sound, now)
            case OverflowAction.CALLBACK if self.offer_callback is not None:
                self.offer_callback(call, overflow, now)
            case _:
                self._end(call, now)

    def forward_failed(self, call: LiveCall, event: from_board.LegFailed, now: float) -> None:
        """Whoever the overflow names did not take the call."""
        busy = event.cause is from_board.LegFailure.BUSY
        word = "overflow_unauthorized" if event.status in CHALLENGES else "overflow_failed"
        self._end(call, now, word, 486 if busy else 480)

    def parked(self, call: LiveCall, now: float) -> None:
        """A caller who was being parked when the announcement was due hears it now."""
        overflow = call.overflow
        if overflow is not None and call.farewell == "later" and overflow.sound:
            self._play(call, overflow.sound, now)

    def played(self, call: LiveCall, now: float) -> None:
        if call.farewell == "now":
            self._end(call, now, "announcement")

    def park_failed(self, call: LiveCall, now: float) -> None:
        """Nothing can be played."""
        if call.farewell:
            self._end(call, now, "announcement_failed")

    def forget(self, call: LiveCall) -> None:
        """The call is over."""
        self._deadlines.disarm(self._timers.pop(call.id, 0))

    def next_deadline(self) -> float | None:
        return self._deadlines.next()

    def expire(self, now: float) -> None:
        while (due := self._deadlines.pop_due(now)) is not None:
            call = self._desk.calls.get(due[1])
            if call is not None:
                self._end(call, now, "announcement_too_long")

    # ---

    def _forward(self, call: LiveCall, overflow: Overflow, uri: str, now: float) -> None:
        desk = self._desk
        cause = call.overflow_cause or OverflowCause.MAX_WAIT
        queue = desk.directory.queues.get(call.queue)
        host = desk.board.host
        target = filled(uri, call, queue.routing.name if queue is not None else "", cause)
        if overflow.action is OverflowAction.VOICEMAIL:
            target = voicemail_uri(target, call, host, cause)
        call.forward = desk.ids()
        desk.touch(call)
        headers = diversion(target, call, host, cause)
        until = now + overflow.forward_ring_seconds
        dial = to_board.Dial(
            CallId(call.id), LegId(call.forward), to_board.Target(target), "late", until, headers
        )  # fmt: skip
        desk.tell_board(dial, now)

    def _announce(self, call: LiveCall, overflow: Overflow, sound: str, now: float) -> None:
        desk = self._desk
        until = now + overflow.announcement_max_seconds
        self._timers[call.id] = self._deadlines.arm(until, _ANNOUNCEMENT, call.id)
        state = desk.board.state_of(CallId(call.id))
        if state is CallState.ARRIVED:
            queue = desk.directory.queues.get(call.queue)
            early = (
                queue.early_media_max_seconds if queue is not None and queue.early_media and call.has_offer else None
            )
            call.parked, call.farewell = True, "now"
            desk.touch(call)
            desk.tell_board(to_board.Park(CallId(call.id), self._list(call, sound), early), now)
        elif state is CallState.PARKED:
            self._play(call, sound, now)
        else:
            call.farewell = "later"
            desk.touch(call)

    def _play(self, call: LiveCall, sound: str, now: float) -> None:
        call.farewell, call.announcing = "now", False
        self._desk.touch(call)
        self._desk.tell_board(to_board.Play(CallId(call.id), self._list(call, sound)), now)

    def _list(self, call: LiveCall, sound: str) -> Playlist:
        queue = self._desk.directory.queues.get(call.queue)
        return Playlist((sound,), loop=False, queue=queue.routing.name if queue is not None else "")

    def _end(self, call: LiveCall, now: float, word: str = "", status: int = 0) -> None:
        """Refuse the caller, or hang up if answered; ``word`` is for the record."""
        if not status:
            status = 486 if call.overflow_cause is OverflowCause.QUEUE_FULL else 480
        self._desk.tell_board(to_board.Reject(CallId(call.id), status, cause=word), now)
