"""What every action of the switchboard works with: the endpoint, the live calls, and what is to be reported.

Actions are plain functions ``(desk, call, leg, message, now)``; the desk holds no decision of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from b2bua.call import Call
from b2bua.commands import CallId, LegId
from b2bua.events import CallEvent
from b2bua.leg import CallerLeg, Leg, OutgoingLeg
from b2bua.proof import Secrets, no_secrets
from sipcore.config import Listener
from sipcore.deadlines import Deadlines
from sipcore.endpoint import Endpoint
from sipcore.events import ClientKey, ServerKey
from sipcore.ids import Minter
from sipcore.message import Request

__all__ = ["Change", "Desk", "Passed", "Purpose", "SwitchboardConfig", "Transit"]

Change = tuple[str, str, object | None]
"""A change to journal: (table, key, row); row None deletes."""


@dataclass(frozen=True, slots=True)
class SwitchboardConfig:
    """``host`` stands in our From headers; ``listeners`` make our Contacts. Durations in seconds; ``session_expires`` 0 turns
    session timers off."""

    host: str
    listeners: tuple[Listener, ...]
    session_expires: int = 1800
    min_session_expires: int = 90
    early_repeat_seconds: float = 60.0
    max_call_seconds: float = 14_400.0
    media_seconds: float = 6.0  # for a media server to answer, before the next one is tried
    offer_seconds: float = 32.0  # for a peer to answer a re-INVITE, before it is cancelled
    most_refreshes: int = 100  # of sessions, unanswered at once: calls that come and go are before them
    claims_a_second: float = 200.0  # after a restart, of media sessions; those of a few calls within 20 s
    greetings_a_second: float = 100.0  # the same for those who talk


class Purpose(IntEnum):
    """What a client transaction of a leg is for."""

    INVITE = 0
    BYE = 1
    MOVE = 2  # re-INVITE that takes the caller elsewhere
    ADJUST = 3  # re-INVITE that tells the callee of the caller's new address or codec
    RELAY = 4  # an offer/answer exchange that the other leg began
    PASS = 5  # any other request that the other leg sent
    REFRESH = 6  # session timer
    PLAY = 7


@dataclass(slots=True, eq=False)
class Passed:
    """A request of ``source`` that is answered when the other leg has answered it."""

    source: Leg
    server: ServerKey
    request: Request


@dataclass(slots=True, eq=False)
class Transit:
    """A client transaction under way: whose, what for, and the other leg's request that it passes on.

    ``request``: within a dialog, to be sent again if it is challenged; ``challenges``: how often it was.
    """

    call: Call
    leg: Leg
    purpose: Purpose
    passed: Passed | None = None
    request: Request | None = None
    challenges: int = 0


@dataclass(slots=True)
class Desk:
    endpoint: Endpoint
    ids: Minter
    config: SwitchboardConfig
    uniform: Callable[[], float]  # [0, 1): back-off after glare
    calls: dict[CallId, Call] = field(default_factory=dict)
    legs: dict[str, tuple[Call, Leg]] = field(default_factory=dict)  # by our local tag
    clients: dict[ClientKey, Transit] = field(default_factory=dict)
    invites: dict[ServerKey, tuple[Call, Leg]] = field(default_factory=dict)  # by the peer's INVITE, until its ACK
    events: list[CallEvent] = field(default_factory=list)
    dirty: dict[CallId, Call] = field(default_factory=dict)
    acked: list[Call] = field(default_factory=list)  # whose caller's INVITE need not be stored any longer
    ignored: int = 0
    refreshes: int = 0  # session refreshes that await their answer
    sequence: int = 0
    contacts: dict[str, str] = field(default_factory=dict)
    deadlines: Deadlines[Call] = field(default_factory=Deadlines)
    secrets: Secrets = no_secrets

    def report(self, event: CallEvent) -> None:
        self.events.append(event)

    def touch(self, call: Call) -> None:
        """The call has reached a commitment point: its row is journalled at the end of this turn."""
        self.dirty[call.id] = call

    def add_leg(self, call: Call, leg: Leg) -> None:
        self.legs[leg.dialog.local_tag] = (call, leg)

    def forget_leg(self, leg: Leg) -> None:
        self.legs.pop(leg.dialog.local_tag, None)
        self.invites.pop(leg.asked, None)
        if isinstance(leg, OutgoingLeg):
            self.clients.pop(leg.transaction, None)
        elif isinstance(leg, CallerLeg):
            self.invites.pop(leg.transaction, None)

    def asked(self, call: Call, leg: Leg, server: ServerKey) -> None:
        """The leg's peer re-INVITEs: its CANCEL, and an ACK that never comes, are for this leg."""
        self.invites.pop(leg.asked, None)
        leg.asked = server
        self.invites[server] = (call, leg)

    def acknowledged(self, call: Call) -> None:
        """The caller's INVITE is over: nobody asks for it any more, and it need not be stored any longer."""
        caller = call.caller
        self.invites.pop(caller.transaction, None)
        caller.transaction, caller.source = ServerKey(""), None
        self.acked.append(call)

    def next_session_id(self, now: float) -> int:
        """A session id for an ``o=`` line: unique and rising (RFC 4566 §5.2 suggests a time)."""
        self.sequence += 1
        return (int(now) << 20) + (self.sequence & 0xFFFFF)

    def next_leg_id(self, prefix: str) -> LegId:
        self.sequence += 1
        return LegId(f"{prefix}-{self.sequence}")

    def contact(self, transport: str) -> str:
        """Our Contact for peers on this transport; its user names the node and worker that owns the dialog."""
        known = self.contacts.get(transport)
        if known is None:
            listeners = self.config.listeners
            listener = next((each for each in listeners if each.transport == transport), listeners[0])
            known = f"<{listener.contact_uri(self.ids.contact_user())}>"
            self.contacts[transport] = known
        return known
