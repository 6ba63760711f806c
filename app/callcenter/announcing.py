"""Callers who wait are told where they stand: a list of sounds between the music, again and again.

The media server says when a list has ended (a foreign one hangs up) and gets the music back; an agent who accepts cuts it
short, as the caller is moved away at once. While an agent rings nothing new is begun.
"""

from heapq import heappop, heappush
from typing import Final

from app.announcements import Announcements, spoken
from app.callcenter.desk import Desk
from app.live_call import LiveCall, waiting_list
from b2bua import commands as to_board
from b2bua.call import CallState
from b2bua.commands import CallId, Playlist
from queues.model import TicketId

__all__ = ["Announcing"]

_AT_ONCE: Final = 64  # begun in one turn; further ones wait for the next tick
_LONGEST: Final = 60.0  # seconds: a foreign media server may never say that a list has ended
_END: Final = -1  # in the place of an announcement's number: it has had its time


class Announcing:
    __slots__ = ("_armed", "_desk", "_due", "_last", "_playing")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._due: list[tuple[float, int, str, int]] = []  # when, handle, call, number of the announcement
        self._armed: dict[str, int] = {}  # call: its handle
        self._playing: dict[str, int] = {}  # … of the end of what it hears
        self._last = 0

    def begin(self, call: LiveCall, now: float) -> None:
        """The caller is parked, or came into another queue: announcements as that queue has them."""
        if call.announcing and call.id not in self._playing:  # since before a restart
            self._watch(call, now)
        policy = self._policy(call)
        due = policy.due(call.queued_at, now) if policy is not None and call.queued_at is not None else None
        if due is None:
            self._armed.pop(call.id, None)
            return
        self._armed[call.id] = self._arm(due[0], call.id, due[1])

    def finished(self, call: LiveCall, now: float) -> bool:
        """A list has ended. Was it an announcement? Then there is music again."""
        if not call.announcing:
            return False
        call.announcing = False
        self._playing.pop(call.id, None)
        self._desk.touch(call)
        playlist = waiting_list(self._desk.directory.queues.get(call.queue), greeting=False)
        self._desk.tell_board(to_board.Play(CallId(call.id), playlist), now)
        return True

    def next_deadline(self) -> float | None:
        due = self._due
        while due and self._handles(due[0][3]).get(due[0][2]) != due[0][1]:
            heappop(due)
        return due[0][0] if due else None

    def expire(self, now: float) -> None:
        for _ in range(_AT_ONCE):
            at = self.next_deadline()
            if at is None or at > now:
                return
            _, _, call_id, number = heappop(self._due)
            call = self._desk.calls.get(call_id)
            if call is None or call.connected_at is not None or call.outcome is not None:
                del self._handles(number)[call_id]
            elif number == _END:
                del self._playing[call_id]
                self.finished(call, now)
            else:
                if self._may_hear(call):
                    self._announce(call, number, now)
                self.begin(call, now)

    def _watch(self, call: LiveCall, now: float) -> None:
        """It gets the music back, whether or not anybody says that the list has ended."""
        self._playing[call.id] = self._arm(now + _LONGEST, call.id, _END)

    def _arm(self, at: float, call_id: str, number: int) -> int:
        self._last += 1
        heappush(self._due, (at, self._last, call_id, number))
        return self._last

    def _handles(self, number: int) -> dict[str, int]:
        return self._playing if number == _END else self._armed

    def _policy(self, call: LiveCall) -> Announcements | None:
        queue = self._desk.directory.queues.get(call.queue)
        return queue.announcements if queue is not None else None

    def _may_hear(self, call: LiveCall) -> bool:
        """Parked with music and nobody rings."""
        if call.greeting or call.announcing or call.ringing or call.forward is not None:
            return False
        return call.parked and self._desk.board.state_of(CallId(call.id)) is CallState.PARKED

    def _announce(self, call: LiveCall, number: int, now: float) -> None:
        desk, policy = self._desk, self._policy(call)
        if policy is None:
            return
        ticket = TicketId(call.id)
        sounds = spoken(policy, number, desk.engine.position(ticket), desk.engine.remaining_wait(ticket, now))
        if sounds:
            call.announcing = True
            self._watch(call, now)
            desk.touch(call)
            queue = desk.directory.queues[call.queue]
            desk.tell_board(to_board.Play(CallId(call.id), Playlist(sounds, loop=False, queue=queue.routing.name)), now)
