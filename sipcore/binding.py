"""A binding: one contact of an address-of-record, and what becomes of it (RFC 3261 §10, RFC 3327 Path, RFC 5626 flows).

Values, never changed: a refresh makes a new one. Knows nothing of REGISTER, stores or sockets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from sipcore.errors import SipError
from sipcore.message import NameAddr, Uri
from sipcore.packets import ANY_FLOW, Hop, Source

__all__ = ["Binding", "BindingChange", "BindingChanged", "Cause", "place_of"]

_DEFAULT_PORT: Final = 5060


@dataclass(slots=True)
class Binding:
    """Times are absolute seconds; ``q`` 0 to 1, higher is preferred (§20.10).

    ``ruid`` names the binding through all its refreshes, on every node and in the database. With ``reg_id`` above 0 it
    is a flow of the user agent ``instance`` (RFC 5626), which a new contact of both replaces.
    """

    aor: str
    contact: str  # the Contact URI as text: the Request-URI of what is sent there
    expires_at: float
    call_id: str
    cseq: int
    source: Source  # where its REGISTER came from
    q: float = 1.0
    path: tuple[str, ...] = ()
    user_agent: str = ""
    instance: str = ""  # the value of +sip.instance as written, without its quotes
    reg_id: int = 0
    ruid: str = ""
    updated_at: float = 0.0  # of the REGISTER that wrote it, here or at another node

    def reach(self) -> tuple[Hop | None, int]:
        """The hop and flow to reach it by; None: as its Path says, else the Contact.

        A stream is used again while it lives (a phone behind NAT has no other way in); else the source counts where the
        Contact names another host, that is, behind NAT. A Path whose first hop has no numeric address is one that
        the REGISTER came by.
        """
        hop = self.source.hop
        if self.path:
            return (None if _is_numeric(self.path[0]) else hop), self.source.flow
        if self.source.flow:
            return hop, self.source.flow
        return (hop if self.behind_nat() else None), ANY_FLOW

    def behind_nat(self) -> bool:
        """Whether the Contact names another address than its REGISTER came from, with no proxy in between to know it."""
        if self.path:
            return False
        hop = self.source.hop
        try:
            uri = Uri.parse(self.contact)
        except SipError:
            return True
        if uri.host != hop.host:
            return True
        return hop.transport == "UDP" and (uri.port or _DEFAULT_PORT) != hop.port


class BindingChange(StrEnum):
    ADDED = "added"
    REFRESHED = "refreshed"
    REMOVED = "removed"
    EXPIRED = "expired"


class Cause(StrEnum):
    """Who or what changed a binding."""

    REGISTER = "register"  # the phone itself
    TIME = "time"  # it was not refreshed
    SILENCE = "silence"  # it did not answer OPTIONS
    FLOW = "flow"  # its stream ended (RFC 5626)
    OPERATOR = "operator"
    REPLICATION = "replication"  # another node: not to be told to the others again


@dataclass(slots=True)
class BindingChanged:
    """What became of a binding; ``binding`` is as it is now, or was last, ``before`` as it was."""

    change: BindingChange
    binding: Binding
    before: Binding | None = None
    cause: Cause = Cause.REGISTER


def place_of(bindings: Sequence[Binding], contact: str, instance: str, reg_id: int) -> int:
    """Where the binding stands that a contact replaces; -1: none. Raises BadUri for a contact that is no URI.

    A flow by its instance and number (RFC 5626 §6), any other by the URI comparison of RFC 3261 §19.1.4.
    """
    if reg_id:
        for index, old in enumerate(bindings):
            if old.reg_id == reg_id and old.instance == instance:
                return index
        return -1
    for index, old in enumerate(bindings):
        if old.contact == contact:  # a refresh nearly always has the same spelling
            return index
    uri = Uri.parse(contact)
    for index, old in enumerate(bindings):
        if Uri.parse(old.contact).same_as(uri):
            return index
    return -1


def _is_numeric(path: str) -> bool:
    try:
        ip_address(Uri.parse(NameAddr.parse(path, "Path").uri).host)
    except (SipError, ValueError):
        return False
    return True
