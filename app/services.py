"""What a request handler may use, handed in as one value on ``app.state.services``.

Handlers see ports, never live objects: commands go through ``gateway``, reads come from the database and from ``live``,
a projection fed by facts. Each port is small, so that a test can stand in for it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from app.auth.key_ring import KeyRing
from app.commands import Gateway
from app.db.engine import Database
from app.facts import AgentState
from app.replication.reader import BusReader
from app.settings import Settings
from app.trace.feed import TraceFeed
from sipcore.binding import Binding

__all__ = ["Hub", "Live", "RegistrationReader", "Services", "UsesServices", "services_of"]


class Live(Protocol):
    """The part of the live projection that the configuration slices read."""

    def agent(self, agent_id: str) -> AgentState | None:
        """The agent's latest state, None before the live core has said anything about it."""

    def agent_id(self, ref: str) -> str | None:
        """The id behind an agent's id or name; None: the live core knows no such agent."""


class RegistrationReader(Protocol):
    """Where phones are registered now."""

    def canonical(self, text: str) -> str | None:
        """The address-of-record that a person means by a URI or a bare user; None: not in a domain of ours."""

    def bindings(self, aor: str) -> Sequence[Binding]:
        """The bindings of one address-of-record, the preferred one first."""

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        """Every address-of-record above ``after`` with its bindings, in order."""


class Hub(Protocol):
    """The event stream's distributor; ``app.events`` knows its full shape."""

    def close(self) -> None:
        """End every stream: the service stops."""


@dataclass(slots=True)
class Services:
    """``internals``: the numbers of ``/internals``. ``ready``: reasons why the service is not ready, none when it is.

    ``clock``: seconds since the epoch. ``keys``: the callers behind API keys. ``configuring`` serialises changes of
    configuration, so that the live core hears of them in the order in which they were committed.
    """

    settings: Settings
    database: Database
    gateway: Gateway
    live: Live
    hub: Hub
    internals: Callable[[], Mapping[str, object]]
    ready: Callable[[], list[str]]
    clock: Callable[[], float]
    registrations: RegistrationReader
    trace: TraceFeed = field(default_factory=TraceFeed)
    replication: BusReader = field(default_factory=BusReader)
    configuring: asyncio.Lock = field(default_factory=asyncio.Lock)
    keys: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.keys = KeyRing(self.database, seconds=settings.api_key_cache_seconds, size=settings.api_key_cache_size)


async def services_of(request: Request) -> Services:
    """The services of the application that handles this request. A coroutine, as every dependency: FastAPI would hand a
    plain function to a thread, which takes longer than the request itself."""
    services: Services = request.app.state.services
    return services


UsesServices = Annotated[Services, Depends(services_of)]
