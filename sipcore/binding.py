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
from sipcore.packets import ANY_FLOW, ANY_LISTENER, Hop, Source

__all__ = [
    "Binding", "BindingChange", "BindingChanged", "Cause", "is_covered", "is_newer", "place_of", "written_at",
]  # fmt: skip

_DEFAULT_PORT: Final = 5060


@dataclass(slots=True)
class Binding:
    """Times are absolute seconds; ``q`` 0 to 1, higher is preferred (§20.10).

    ``ruid`` names the binding through all its refreshes, on every node and in the database. With ``reg_id`` above 0 it
    is a flow of the user agent ``instance`` (RFC 5626), which a new contact of both replaces.
    A replicated one came to no listener of ours: its ``source`` is where the other node reaches the phone.
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

    @property
    def replicated(self) -> bool:
        """Whether another node took its latest REGISTER: that one looks after it."""
        return self.source.listener == ANY_LISTENER

    def reach(self) -> tuple[Hop | None, int]:
        """The hop and flow to reach it by; None: as its Path says, else the Contact.

        A stream is used again while it lives (a phone behind NAT has no other way in); else the source counts where the
        Contact names another host, that is, behind NAT. A Path whose first hop has no numeric address is one that
        the REGISTER came by, if it came to us.
        """
        hop = self.source.hop
        if self.path:
            leads = self.replicated or _is_numeric(self.path[0])
            return (None if leads else hop), self.source.flow
        if self.source.flow:
            return hop, self.source.flow
        return (hop if self.behind_nat() else None), ANY_FLOW

    def behind_nat(self) -> bool:
        """Whether the Contact names another address than its REGISTER came from, with no proxy in between to know it."""
        hop = self.source.hop
        if self.path or not hop.host:
            return False
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


def written_at(before: Binding, call_id: str, now: float) -> float:
    """``updated_at`` of a binding that takes the place of ``before``: now, and newer than ``before`` for every node.

    Nodes compare whole seconds, and their clocks may differ a little: what replaces another node's word, or comes with
    another Call-ID within its second, is dated a second after it.
    """
    if now - before.updated_at >= 1.0 or (int(now) == int(before.updated_at) and call_id == before.call_id):
        return now
    return max(now, float(int(before.updated_at) + 1))


def is_newer(binding: Binding, before: Binding) -> bool:
    """Which of two states of a binding counts, the same on every node in whatever order they come.

    The later whole second; within it the higher CSeq of one Call-ID; of two Call-IDs any, but always the same.
    """
    second, other = int(binding.updated_at), int(before.updated_at)
    if second != other:
        return second > other
    if binding.call_id == before.call_id:
        return binding.cseq > before.cseq
    return binding.call_id > before.call_id


def is_covered(binding: Binding, removed: Binding) -> bool:
    """Whether removing the state ``removed`` removes ``binding`` as well: it is the same state, or an older one."""
    second, other = int(binding.updated_at), int(removed.updated_at)
    if second != other:
        return second < other
    if binding.call_id == removed.call_id:
        return binding.cseq <= removed.cseq
    return binding.ruid == removed.ruid  # another one of the same contact may be a phone that has just come back


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
