"""What peers tell: a queue of requests, applied contact by contact in slices, each answered when it is done."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sipcore.binding import Binding, is_newer
from sipcore.dmq.channel import Answer, Reply
from sipcore.dmq.feed import Bindings, Feed, state_of
from sipcore.dmq.graves import Graves
from sipcore.dmq.peer import Peer
from sipcore.dmq.usrloc import REMOVE, SYNC, BadBody, Contact, Usrloc, read
from sipcore.errors import SipError

__all__ = ["Intake", "Room"]


@dataclass(frozen=True, slots=True)
class Room:
    """How much is taken: bytes of requests that wait, bindings in all, bindings of one address-of-record."""

    waiting_bytes: int
    bindings: int
    contacts: int


@dataclass(slots=True, eq=False)
class _Job:
    """A request that is being applied; ``contacts`` None: not read yet."""

    body: bytes
    peer: Peer | None
    feed: Feed | None
    reply: Reply
    contacts: Sequence[Contact] | None = None
    at: int = 0


class Intake:
    """``asked``: the peer wants all contacts; ``remind``: somebody has a contact that was removed; ``correct``: the peer has an
    older state than we.
    """

    __slots__ = (
        "_asked",
        "_correct",
        "_count",
        "_graves",
        "_jobs",
        "_remind",
        "_room",
        "_store",
        "_usrloc",
        "_waiting_bytes",
    )

    def __init__(
        self,
        room: Room,
        usrloc: Usrloc,
        store: Bindings,
        graves: Graves,
        count: Callable[[Peer | None, str, int], None],
        asked: Callable[[Feed], None],
        remind: Callable[[Binding, float], None],
        correct: Callable[[Feed, Binding, float], None],
    ) -> None:
        self._room = room
        self._usrloc = usrloc
        self._store = store
        self._graves = graves
        self._count = count
        self._asked = asked
        self._remind = remind
        self._correct = correct
        self._jobs: deque[_Job] = deque()
        self._waiting_bytes = 0

    @property
    def busy(self) -> bool:
        """Whether requests wait."""
        return bool(self._jobs)

    def take(self, body: bytes, peer: Peer | None, feed: Feed | None, reply: Reply, now: float) -> None:
        """A request joins the queue; beyond its room it is refused."""
        if self._waiting_bytes + len(body) > self._room.waiting_bytes:
            self._count(peer, "refused_overload", 1)
            reply(Answer(503), now)
            return
        self._waiting_bytes += len(body)
        self._jobs.append(_Job(body, peer, feed, reply))

    def work(self, most: int, now: float) -> int:
        """Apply up to ``most`` contacts; how many they were (a request is one at least)."""
        done = 0
        while self._jobs and done < most:
            job = self._jobs[0]
            if job.contacts is None and not self._read(job):
                self._end(job, Answer(400), now)
                done += 1
                continue
            contacts = job.contacts or ()
            until = min(len(contacts), job.at + most - done)
            outcomes: dict[str, int] = {}
            for at in range(job.at, until):
                outcome = self._take_contact(contacts[at], job.feed, now)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            for outcome, times in outcomes.items():
                self._count(job.peer, outcome, times)
            done += max(1, until - job.at)
            job.at = until
            if until == len(contacts):
                self._end(job, Answer(200), now)
        return done

    def _end(self, job: _Job, answer: Answer, now: float) -> None:
        self._jobs.popleft()
        self._waiting_bytes -= len(job.body)
        job.reply(answer, now)

    def _read(self, job: _Job) -> bool:
        """False: nothing that could be read."""
        try:
            job.contacts, bad = read(job.body)
        except BadBody:
            self._count(job.peer, "bad_bodies", 1)
            return False
        if bad:
            self._count(job.peer, "bad_contacts", bad)
        if job.contacts and job.contacts[0].action == SYNC:
            job.contacts = ()
            self._count(job.peer, "syncs_answered" if job.feed is not None else "syncs_of_strangers", 1)
            if job.feed is not None:  # else it is told when it has joined
                self._asked(job.feed)
        return True

    def _take_contact(self, contact: Contact, feed: Feed | None, now: float) -> str:
        """The outcome, as it is counted."""
        try:
            if contact.action == REMOVE:
                return self._withdraw(self._usrloc.named(contact), feed, now)
            return self._apply(self._usrloc.binding(contact), feed, now)
        except SipError:
            return "bad_contacts"

    def _apply(self, binding: Binding, feed: Feed | None, now: float) -> str:
        removed = self._graves.find(binding)
        if removed is not None:
            state = replace(
                binding, updated_at=removed.updated_at, call_id=removed.call_id, cseq=removed.cseq
            )  # fmt: skip
            self._remind(state, now)  # under the name that it has there
            return "stale"
        if self._has_no_room(binding):
            return "full"
        if feed is not None:
            feed.known[binding.ruid] = state_of(binding)
        if self._store.apply(binding, now):
            return "applied"
        if feed is not None:
            self._correct_one(feed, binding, now)
        return "stale"

    def _correct_one(self, feed: Feed, binding: Binding, now: float) -> None:
        """What the peer has is older than what we have: it missed that."""
        for each in self._store.bindings(binding.aor):
            if (each.ruid == binding.ruid or each.contact == binding.contact) and is_newer(each, binding):
                self._correct(feed, each, now)
                return

    def _withdraw(self, binding: Binding, feed: Feed | None, now: float) -> str:
        if feed is not None:
            feed.known.pop(binding.ruid, None)
        gone = self._store.withdraw(binding, now)
        self._graves.bury(binding, now)
        return "withdrawn" if gone else "stale"

    def _has_no_room(self, binding: Binding) -> bool:
        """Whether it would be one too many."""
        current = self._store.bindings(binding.aor)
        if len(current) < self._room.contacts and len(self._store) < self._room.bindings:
            return False
        return all(each.ruid != binding.ruid for each in current)
