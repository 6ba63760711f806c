"""Configuration as the live core knows it: frozen values, free of the database. REST field names, seconds for durations.

The configuration slices (queues, agents …) write the database and then submit one ``Configure``/``Unconfigure`` each, so
that a change takes effect at once and touches nothing that it does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.announcements import Announcements
from queues.model import AgentConfig, QueueConfig

__all__ = [
    "Agent",
    "ConfigObject",
    "EntryPoint",
    "MediaServer",
    "ObjectKind",
    "OfferMode",
    "Queue",
    "ServiceLevel",
    "Trunk",
]

OfferMode = Literal["late", "caller"]
ObjectKind = Literal["queue", "agent", "entry_point", "trunk", "media_server"]


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    target: float = 0.8
    threshold_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: what the engine decides by (``routing``) and what a caller hears and how it is parked.

    ``early_media``: the caller is parked in a 183, not answered, until an agent takes the call, at most
    ``early_media_max_seconds``. ``greeting``: a sound played once before the first offer. ``music``: looped while waiting,
    between ``announcements``.
    """

    routing: QueueConfig
    service_level: ServiceLevel = field(default_factory=ServiceLevel)
    short_abandon_seconds: float = 5.0
    music: str = "music"
    greeting: str | None = None
    early_media: bool = False
    early_media_max_seconds: float = 120.0
    announcements: Announcements | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: ``address`` is an AoR registered here or any SIP URI; ``ha1`` digest hashes by algorithm, if it registers."""

    routing: AgentConfig
    address: str
    offer: OfferMode = "late"
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)  # as good as the password
    initial_status: Literal["available", "paused", "logged_out"] = "logged_out"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Calls to ``sip:<user>@<us>`` enter ``queue`` (its id) with ``priority`` added."""

    id: str
    user: str
    queue: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Trunk:
    """Addresses (IP networks) whose INVITEs need no digest."""

    id: str
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MediaServer:
    """A SIP media server, tried in order of ``position``; ``uri`` may hold ``{queue} {sound} {repeat}``."""

    id: str
    name: str
    uri: str
    position: int = 0


ConfigObject = Queue | Agent | EntryPoint | Trunk | MediaServer
