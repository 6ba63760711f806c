"""Bearer authentication and scopes as FastAPI dependencies: ``dependencies=[READ]`` on a route, or ``UsesCaller``.

``admin`` may do everything, ``supervisor`` reads all and changes the state of any agent or call, ``read`` reads all,
``agent`` reads and changes the state of its one agent.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.auth.caller import Caller
from app.auth.keys import Scope
from app.problems import Problem
from app.services import UsesServices

__all__ = ["ADMIN", "READ", "SUPERVISOR", "Caller", "UsesCaller", "authenticated", "require"]

_bearer = HTTPBearer(auto_error=False, description="An API key.")


async def authenticated(
    services: UsesServices, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    """The caller behind the request's key. Raises 401."""
    if credentials is None:
        raise _unauthenticated("This address needs an API key.")
    caller = await services.keys.caller(credentials.credentials, services.clock())
    if caller is None:
        raise _unauthenticated("This API key is not known.")
    return caller


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
