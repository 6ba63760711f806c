"""Bearer authentication and scopes as FastAPI dependencies: ``dependencies=[READ]`` on a route, or ``UsesCaller``.

``admin`` may do everything, ``supervisor`` reads all and changes the state of any agent or call, ``read`` reads all,
``agent`` reads and changes the state of its one agent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlmodel import col

from app.auth.keys import Scope, hash_key
from app.db.tables import ApiKeyRow
from app.problems import Problem
from app.services import UsesServices

__all__ = ["ADMIN", "READ", "SUPERVISOR", "Caller", "UsesCaller", "authenticated", "require"]

_IMPLIED: Final[Mapping[str, frozenset[str]]] = {
    "admin": frozenset({"admin", "supervisor", "read"}),
    "supervisor": frozenset({"supervisor", "read"}),
    "agent": frozenset({"agent"}),
    "read": frozenset({"read"}),
}
_bearer = HTTPBearer(auto_error=False, description="An API key.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``agent_id``: the agent that a key of scope ``agent`` speaks for."""

    key_id: str
    name: str
    scopes: frozenset[str]
    agent_id: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def is_agent(self, agent_id: str) -> bool:
        return "agent" in self.scopes and self.agent_id == agent_id


async def authenticated(
    services: UsesServices, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    """The caller behind the request's key. Raises 401."""
    if credentials is None:
        raise _unauthenticated("This address needs an API key.")
    async with services.database.read() as session:
        query = select(ApiKeyRow).where(col(ApiKeyRow.hash) == hash_key(credentials.credentials))
        row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise _unauthenticated("This API key is not known.")
    scopes = frozenset[str]().union(*(_IMPLIED.get(scope, frozenset()) for scope in row.scopes))
    return Caller(row.id, row.name, scopes, row.agent_id)


UsesCaller = Annotated[Caller, Depends(authenticated)]


def require(scope: Scope) -> Callable[[Caller], Awaitable[None]]:
    """A dependency that lets only callers with ``scope`` pass; others get 403."""

    async def check(caller: UsesCaller) -> None:
        if not caller.may(scope):
            raise Problem("forbidden", f"This needs the scope {scope}; the key {caller.name!r} lacks it.")

    return check


READ: Final = Depends(require("read"))
SUPERVISOR: Final = Depends(require("supervisor"))
ADMIN: Final = Depends(require("admin"))


def _unauthenticated(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})
