"""``/api/v1/registrations``: where phones are registered, read from the live core's store; changes go through the core."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.auth.access import ADMIN, READ
from app.commands import RefusedReply, RemoveBinding
from app.paging import Cursor, Limit, Page, after_cursor, to_cursor
from app.problems import Problem
from app.registrations.schemas import RegisteredContact, Registration
from app.services import Services, UsesServices
from sipcore.binding import Binding

__all__ = ["router"]

router = APIRouter(prefix="/registrations", tags=["registrations"])

_SCAN: Final = 2000  # addresses-of-record looked at for one page: what a request may take of the loop

Part = Annotated[str | None, Query(max_length=256)]


@router.get("", dependencies=[READ])
async def list_registrations(
    services: UsesServices,
    limit: Limit = 50,
    cursor: Cursor = None,
    aor: Part = None,
    contact: Part = None,
    user_agent: Part = None,
) -> Page[Registration]:
    """Addresses-of-record in order, each with its contacts. The filters are parts of the address, of a Contact URI and of
    a User-Agent, in any case. A page may be shorter than ``limit`` and still have a ``next_cursor``.
    """
    now = services.clock()
    wanted = [text.lower() if text else "" for text in (aor, contact, user_agent)]
    items: list[Registration] = []
    last = None
    looked_at = islice(services.registrations.walk(after_cursor(cursor)), _SCAN + 1)
    for number, (name, bindings) in enumerate(looked_at):
        if len(items) == limit or number == _SCAN:
            return Page(items=items, next_cursor=last and to_cursor(last))
        last = name
        if _matches(name, bindings, *wanted):
            items.append(_shown(name, bindings, now))
    return Page(items=items)


@router.get("/{aor:path}", dependencies=[READ])
async def get_registration(services: UsesServices, aor: str) -> Registration:
    """One address-of-record: a SIP URI, or a user of ours."""
    name = _canonical(services, aor)
    bindings = services.registrations.bindings(name)
    if not bindings:
        raise Problem("not-found", f"Nothing is registered for {name!r}.")
    return _shown(name, bindings, services.clock())


@router.delete("/{aor:path}/contacts/{ruid}", status_code=204, dependencies=[ADMIN])
async def delete_contact(services: UsesServices, aor: str, ruid: str) -> None:
    """Forget one contact. Its phone is not told; it comes back when it registers again."""
    await _remove(services, RemoveBinding(_canonical(services, aor), ruid))


@router.delete("/{aor:path}", status_code=204, dependencies=[ADMIN])
async def delete_registration(services: UsesServices, aor: str) -> None:
    """Forget every contact of an address-of-record."""
    await _remove(services, RemoveBinding(_canonical(services, aor)))


def _shown(aor: str, bindings: Sequence[Binding], now: float) -> Registration:
    return Registration(aor=aor, contacts=[RegisteredContact.of(binding, now) for binding in bindings])


def _matches(name: str, bindings: Sequence[Binding], aor: str, contact: str, user_agent: str) -> bool:
    return aor in name.lower() and any(
        contact in binding.contact.lower() and user_agent in binding.user_agent.lower() for binding in bindings
    )


def _canonical(services: Services, aor: str) -> str:
    name = services.registrations.canonical(aor)
    if name is None:
        raise Problem("not-found", f"{aor!r} is no address in a domain of this service.")
    return name


async def _remove(services: Services, command: RemoveBinding) -> None:
    reply = await services.gateway.submit(command)
    if isinstance(reply, RefusedReply):
        raise Problem("not-found", reply.detail)
