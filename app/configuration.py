"""Configuration as the live core knows it: frozen values, free of the database. REST field names, seconds for durations.

The configuration slices (queues, agents …) write the database and then submit one ``Configure``/``Unconfigure`` each, so
that a change takes effect at once and touches nothing that it does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.announcements import Announcements
from app.calendars.opening import Calendar
from app.callback_policy import CallbackPolicy
from b2bua.proof import Secret
from queues.model import AgentConfig, QueueConfig
from queues.rules.agent_rules import PauseReason
from queues.rules.requirements import Requirement

__all__ = [
    "Agent",
    "Calendar",
    "ConfigObject",
    "Disposition",
    "EntryPoint",
    "FeatureAction",
    "FeatureCode",
    "MediaServer",
    "ObjectKind",
    "OfferMode",
    "PauseReason",
    "Phone",
    "PriorityRule",
    "Queue",
    "ServiceLevel",
    "Trunk",
]

OfferMode = Literal["late", "caller"]
ObjectKind = Literal[
    "queue",
    "agent",
    "entry_point",
    "trunk",
    "media_server",
    "pause_reason",
    "disposition",
    "phone",
    "feature_code",
    "priority_rule",
    "calendar",
]
FeatureAction = Literal["log_in", "log_out", "pause", "available", "toggle"]


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    target: float = 0.8
    threshold_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: what the engine decides by (``routing``) and what a caller hears and how it is parked.

    ``early_media``: the caller is parked in a 183, not answered, until an agent takes the call, at most
    ``early_media_max_seconds``. ``greeting``: a sound played once before the first offer. ``music``: looped while waiting,
    between ``announcements``. ``calendar``: the id of its business hours; ``at_close``: whether callers who wait when they
    end are kept, or leave as those who come then.
    """

    routing: QueueConfig
    service_level: ServiceLevel = field(default_factory=ServiceLevel)
    short_abandon_seconds: float = 5.0
    music: str = "music"
    greeting: str | None = None
    early_media: bool = False
    early_media_max_seconds: float = 120.0
    announcements: Announcements | None = None
    calendar: str | None = None
    at_close: Literal["keep", "overflow"] = "keep"
    callback: CallbackPolicy | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: ``address`` is an AoR registered here or any SIP URI, "" for one who has none but the phone it logs in at.

    ``ha1``: digest hashes by algorithm, if it registers. ``number`` and ``pin`` (a salted hash): who it is to feature codes.
    """

    routing: AgentConfig
    address: str
    offer: OfferMode = "late"
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)  # as good as the password
    initial_status: Literal["available", "paused", "logged_out"] = "logged_out"
    number: str | None = None
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Calls to ``sip:<user>@<us>`` enter ``queue`` (its id) with ``priority`` added, and ``requirements`` of their own.

    ``wrap_up_seconds``: what follows these calls, whatever the agent's and the queue's say.
    """

    id: str
    user: str
    queue: str
    priority: int = 0
    wrap_up_seconds: float | None = None
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """What a call to ``queue`` (its id; None: to any) gains by its caller's number, how that begins, or a header.

    ``value``: which the header must have (None: any). ``priority`` None: the number that the header holds.
    """

    id: str
    name: str
    priority: int | None
    caller: str | None = None
    caller_prefix: str | None = None
    header: str | None = None
    value: str | None = None
    requirements: tuple[Requirement, ...] = ()
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """Addresses (IP networks) whose INVITEs need no digest.

    ``secret``: what they are shown when they challenge us, in ``realm`` or (None) any.
    """

    id: str
    name: str
    addresses: tuple[str, ...]
    secret: Secret | None = None
    realm: str | None = None


@dataclass(frozen=True, slots=True)
class MediaServer:
    """A SIP media server, tried in order of ``position``; ``uri`` may hold ``{queue} {sound} {repeat}``."""

    id: str
    name: str
    uri: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Disposition:
    """A word for what came of a call. ``queues`` (ids): whose calls it is for, None: any."""

    id: str
    name: str
    queues: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that registers as ``user`` and is nobody's own: a desk at which agents log in."""

    id: str
    user: str
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)  # as good as the password


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """Dialled from a phone as ``code``, ``code`` + an agent's number, or that + ``*`` + its PIN: the agent's state changes.

    ``announcement``: the sound that is heard for it; None: the one of what was done.
    """

    id: str
    code: str
    action: FeatureAction
    pause_reason: str | None = None
    announcement: str | None = None


ConfigObject = (
    Queue | Agent | EntryPoint | PriorityRule | Trunk | MediaServer | PauseReason | Disposition | Phone | FeatureCode
    | Calendar
)  # fmt: skip
