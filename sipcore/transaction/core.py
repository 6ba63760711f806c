"""What the four machines share: a transaction's fields, and the core that feeds it inputs and keeps its timers.

Knows nothing of matching or routing (``layer.py``, ``endpoint.py``). Time is an argument; what is to be sent and told
lies in ``sends`` and ``events`` until its owner takes it.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sipcore.config import Timers
from sipcore.deadlines import NEVER, Deadlines, Timed
from sipcore.events import Event
from sipcore.message import Message
from sipcore.packets import ANY_FLOW, ANY_LISTENER, Hop, Send
from sipcore.transaction.tables import MACHINE_NAMES, STATE_NAMES, TERMINATED

__all__ = ["Action", "Core", "Transaction", "Way"]

_NO_TIMER: Final = -1
_STATES: Final = len(STATE_NAMES)

# (core, transaction, message or None, now); the last two types differ by machine, and the tables keep them apart.
Action = Callable[..., None]
Rows = list[list[tuple[int, Action] | None]]


@dataclass(frozen=True, slots=True)
class Way:
    """How a transaction's messages leave: to which hop, over which stream, from which listener."""

    hop: Hop
    flow: int = ANY_FLOW
    listener: int = ANY_LISTENER


class Transaction(Timed):
    """The common part. Two timers at most run at once: the one that sends again, and the one that ends the state."""

    __slots__ = (
        "data", "end_at", "end_timer", "interval", "key", "machine", "prints", "reliable", "resend_at", "resend_timer",
        "rows", "state", "way",
    )  # fmt: skip

    def __init__(self, key: str, machine: int, rows: Rows, state: int, way: Way) -> None:
        self.due = self.armed = NEVER  # what Timed does, without the call
        self.key = key
        self.machine = machine
        self.rows = rows
        self.state = state
        self.way = way
        self.reliable = way.hop.transport != "UDP"
        self.data = b""  # what is sent again
        self.prints: list[int] = []  # hashes of the received messages that are absorbed unparsed when they come again
        self.interval = 0.0
        self.resend_at = self.end_at = NEVER
        self.resend_timer = self.end_timer = _NO_TIMER


class Core:
    """Feeds inputs to transactions; the subclass keeps their index."""

    __slots__ = ("counters", "deadlines", "events", "give_up", "population", "prints", "received", "sends", "timers")

    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.give_up = timers.give_up
        self.deadlines: Deadlines[Transaction] = Deadlines()
        self.sends: list[Send] = []
        self.events: list[Event] = []
        self.counters: dict[str, int] = defaultdict(int)
        self.population = [0] * (len(MACHINE_NAMES) * _STATES)
        self.prints: dict[int, Transaction] = {}
        self.received = 0  # the hash of the message that is being received: its fingerprint

    def feed(self, transaction: Transaction, signal: int, message: Message | None, now: float) -> None:
        """Move ``transaction`` by one input. An input that its state does not know is ignored and counted."""
        entry = transaction.rows[transaction.state][signal]
        if entry is None:
            self.count("ignored_inputs")
            return
        following, action = entry
        state = transaction.state
        if following != state:
            base = transaction.machine * _STATES
            self.population[base + state] -= 1
            self.population[base + following] += 1
            transaction.state = following
        action(self, transaction, message, now)
        if transaction.state == TERMINATED:
            self._retire(transaction)
            return
        resend_at, end_at = transaction.resend_at, transaction.end_at
        due = resend_at if resend_at < end_at else end_at
        if due == transaction.due:
            return
        if transaction.armed <= due < NEVER and transaction.due < NEVER:
            transaction.due = due  # later than before: the entry in the heap is moved on when it comes up
        else:
            self.deadlines.set(transaction, due)

    def expire(self, now: float) -> None:
        """Fire every timer that is due at ``now``."""
        while (transaction := self.deadlines.pop(now)) is not None:
            if transaction.end_at <= now:
                timer = transaction.end_timer
                transaction.end_at = NEVER
            else:
                timer = transaction.resend_timer
                transaction.resend_at = NEVER
            self.feed(transaction, timer, None, now)

    def begin(self, transaction: Transaction) -> None:
        """Count a new transaction and arm the timers its maker has set."""
        self.population[transaction.machine * _STATES + transaction.state] += 1
        resend_at, end_at = transaction.resend_at, transaction.end_at
        self.deadlines.set(transaction, resend_at if resend_at < end_at else end_at)

    def abandon(self, transaction: Transaction) -> None:
        """Forget ``transaction`` in whatever state it is; the TU hears nothing."""
        base = transaction.machine * _STATES
        self.population[base + transaction.state] -= 1
        self.population[base + TERMINATED] += 1
        transaction.state = TERMINATED
        self._retire(transaction)

    def send(self, transaction: Transaction, data: bytes) -> None:
        """Put ``data`` on its way to the transaction's peer."""
        way = transaction.way
        self.sends.append(Send(data, way.hop, way.flow, way.listener))

    def start_resending(self, transaction: Transaction, timer: int, interval: float, now: float) -> None:
        """Start the timer that sends again."""
        transaction.interval = interval
        transaction.resend_timer = timer
        transaction.resend_at = now + interval

    def start_ending(self, transaction: Transaction, timer: int, delay: float, now: float) -> None:
        """Start the timer that ends the state; a delay of 0 (reliable transports) ends it at once."""
        transaction.resend_at = NEVER
        transaction.end_timer = timer
        transaction.end_at = now + delay
        if delay == 0:
            transaction.end_at = NEVER
            self.feed(transaction, timer, None, now)

    def stop_resending(self, transaction: Transaction) -> None:
        """What was sent has been taken."""
        transaction.resend_at = NEVER

    def stop_timers(self, transaction: Transaction) -> None:
        """No timer runs in this state."""
        transaction.resend_at = transaction.end_at = NEVER

    def remember_print(self, transaction: Transaction) -> int:
        """From now on a message with the bytes being received is a retransmission; returns their hash.

        Python hashes bytes with a secret key, so that nobody can make two messages collide at will.
        """
        fingerprint = self.received
        transaction.prints.append(fingerprint)
        self.prints[fingerprint] = transaction
        return fingerprint

    def count(self, name: str) -> None:
        """Add one to a counter. Names come from a closed set: nothing a peer sends becomes one."""
        self.counters[name] += 1

    def populations(self) -> dict[str, int]:
        """Live transactions by machine and state, only those that a machine's table can be in."""
        return {
            f"{machine}.{state}": self.population[number * _STATES + place]
            for number, machine in enumerate(MACHINE_NAMES)
            for place, state in enumerate(STATE_NAMES)
            if state != STATE_NAMES[TERMINATED]
        }

    def open_cancel(self, invite: Transaction, now: float) -> None:
        """Start the client transaction of the CANCEL that ``invite`` owes its peer: the subclass indexes it."""
        raise NotImplementedError

    def drop(self, transaction: Transaction) -> None:
        """Forget ``transaction`` in the index: the subclass's part of retiring it."""
        raise NotImplementedError

    def _retire(self, transaction: Transaction) -> None:
        place = transaction.machine * _STATES + TERMINATED
        if not self.population[place]:
            return  # ended inside its own action already (a timer of length 0)
        self.population[place] = 0
        self.deadlines.clear(transaction)
        for fingerprint in transaction.prints:
            if self.prints.get(fingerprint) is transaction:
                del self.prints[fingerprint]
        self.drop(transaction)
        transaction.data = b""
