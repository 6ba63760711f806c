"""A live call as the call centre knows it: which queue and agent, since when, and the record that it leaves behind.

Journalled as it changes (table ``live_call``), so that a restart loses no time stamp. Instants are seconds since the epoch.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from app.configuration import Queue
from app.facts import CallRecord, Outcome
from b2bua.commands import Playlist
from b2bua.events import EndedBy
from queues.model import Overflow, OverflowCause

__all__ = ["LiveCall", "Rung", "ended_by", "record_of", "waiting_list"]


_OTHER_SIDE: Final[dict[EndedBy, EndedBy]] = {"caller": "callee", "callee": "caller", "system": "system"}


@dataclass(slots=True)
class Rung:
    """An offer that is up: whose phone is rung, and since when. ``elsewhere``: another agent took the call first."""

    agent: str
    since: float
    elsewhere: bool = False


@dataclass(slots=True, eq=False)
class LiveCall:
    """``ringing``: the offers that are up, by id, in the order in which they were made. ``outcome`` once it is decided.

    ``queued_at``: when it first entered a queue; ``entered_at``: when it entered ``queue`` (None: it is not in it, or a
    segment says so already); ``joined_at``: what its place in line goes by. ``segments``: how many were written down.
    ``overflow``: the action that is being carried out, and its cause; ``forward``: the leg of that.
    """

    id: str
    sip_call_id: str
    caller: str
    called: str
    queue: str
    priority: int
    arrived_at: float
    has_offer: bool
    queued_at: float | None = None
    connected_at: float | None = None
    agent: str | None = None
    offers: int = 0
    ringing: dict[str, Rung] = field(default_factory=dict)
    ring_ms: int = 0
    parked: bool = False  # a media session was asked for
    greeting: bool = False  # it is being played, the ticket is not ready yet
    announcing: bool = False  # an announcement is being played between the music
    forward: str | None = None
    left_queue_at: float | None = None  # flowed out or withdrawn
    outcome: Outcome | None = None
    expected_wait_ms: int | None = None  # predicted when it entered the queue
    version: int = 1
    talked_ms: int = 0  # before it went back into line
    caller_agents: tuple[str, ...] = ()  # whose phone the call came from
    entered_at: float | None = None
    joined_at: float | None = None
    segments: int = 0
    overflow: Overflow | None = None
    overflow_cause: OverflowCause | None = None
    farewell: Literal["", "later", "now"] = ""  # an overflow's announcement: due when the caller is parked, or playing
    retune: bool = False  # its queue changed while it was being parked: other music is due
    number: str = ""  # by which the caller is known again
    agent_first: bool = False  # to the switchboard its caller is the agent

    def values(self) -> tuple[object, ...]:
        """As they are written to the journal, in order."""
        ringing = {offer: _rung_values(rung) for offer, rung in self.ringing.items()} if self.ringing else {}
        return (
            self.id, self.sip_call_id, self.caller, self.called, self.queue, self.priority, self.arrived_at,
            self.has_offer, self.queued_at, self.connected_at, self.agent, self.offers, ringing, self.ring_ms,
            self.parked, self.greeting, self.announcing, self.forward, self.left_queue_at, self.outcome,
            self.expected_wait_ms, self.version, self.talked_ms, self.caller_agents, self.entered_at, self.joined_at,
            self.segments, self.overflow, self.overflow_cause, self.farewell, self.retune, self.number,
            self.agent_first,
        )  # fmt: skip

    def first_rung(self) -> Rung | None:
        """Whose phone rings for the longest time."""
        return next(iter(self.ringing.values()), None)


def _rung_values(rung: Rung) -> dict[str, object]:
    return {"agent": rung.agent, "since": rung.since, "elsewhere": rung.elsewhere}


def ended_by(call: LiveCall, by: EndedBy) -> EndedBy:
    """Who ended it, where the switchboard says which of its legs did."""
    return _OTHER_SIDE[by] if call.agent_first else by


def record_of(call: LiveCall, fact_id: str, by: EndedBy, cause: str, queue: Queue | None, now: float) -> CallRecord:
    """The finished call's record. A call still undecided was abandoned if its caller left, else ended by the system."""
    outcome: Outcome = call.outcome or ("abandoned" if by == "caller" else "system")
    wait_ms = _wait_ms(call, now)
    threshold = queue.service_level.threshold_seconds if queue is not None else 20.0
    short = queue.short_abandon_seconds if queue is not None else 0.0
    counted = outcome in ("answered", "abandoned")
    return CallRecord(
        id=fact_id,
        call=call.id,
        sip_call_id=call.sip_call_id,
        caller=call.caller,
        called=call.called,
        queue=call.queue,
        agent=call.agent,
        arrived_at=call.arrived_at,
        queued_at=call.queued_at,
        answered_at=call.connected_at,
        ended_at=now,
        outcome=outcome,
        cause=cause,
        wait_ms=wait_ms,
        ring_ms=_ring_ms(call, now),
        talk_ms=call.talked_ms + (_ms(call.connected_at, now) if call.connected_at is not None else 0),
        offers=call.offers,
        priority=call.priority,
        within_threshold=wait_ms <= threshold * 1000 if counted else None,
        short_abandon=outcome == "abandoned" and wait_ms <= short * 1000,
        ended_by="agent" if by == "callee" else by,
        expected_wait_ms=call.expected_wait_ms,
        segments=max(1, call.segments),
        overflow_cause=_overflow_cause(call, outcome),
    )


def _overflow_cause(call: LiveCall, outcome: Outcome) -> str | None:
    """Why the queue did not take it, or let it go; the caller's own wish is the one way out that is no overflow."""
    if outcome not in ("rejected", "flowed_out"):
        return None
    if call.overflow_cause is not None:
        return call.overflow_cause.value
    return "callback" if outcome == "flowed_out" else None


def waiting_list(queue: Queue | None, *, greeting: bool) -> Playlist:
    """What a caller hears who waits in this queue (None: it is gone): the greeting once, then music."""
    if queue is None:
        return Playlist(("music",))
    name = queue.routing.name
    if greeting and queue.greeting is not None:
        return Playlist((queue.greeting,), loop=False, queue=name)
    return Playlist((queue.music,), queue=name)


def _wait_ms(call: LiveCall, now: float) -> int:
    if call.queued_at is None:
        return 0
    end = call.connected_at if call.connected_at is not None else call.left_queue_at
    return max(0, _ms(call.queued_at, end if end is not None else now) - call.talked_ms)


def _ring_ms(call: LiveCall, now: float) -> int:
    """Of the offer that succeeded; or was up (the first of several) when the caller left."""
    rung = call.first_rung()
    if call.connected_at is None and rung is not None:
        return _ms(rung.since, now)
    return call.ring_ms


def _ms(start: float, end: float) -> int:
    return max(0, round((end - start) * 1000))
