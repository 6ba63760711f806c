"""The bodies of the channel ``usrloc``: JSON ↔ contacts ↔ bindings, as Kamailio's module ``dmq_usrloc`` has them.

What Kamailio writes is read by typed decoders; what does not fit them is looked at member by member, so that one odd
contact does not cost its batch. Knows no peers: who is told what, and when, is ``replica``'s.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import msgspec

from sipcore.binding import Binding
from sipcore.config import DEFAULT_PORTS
from sipcore.dmq.wire import Batch, Contact
from sipcore.errors import SipError
from sipcore.message import NameAddr, Uri
from sipcore.message.grammar import split_quoted
from sipcore.packets import ANY_FLOW, ANY_LISTENER, Hop, Source

__all__ = [
    "ALL_METHODS", "PERMANENT", "REMOVE", "SYNC", "SYNC_REQUEST", "UPDATE", "BadBody", "BadContact", "Contact", "Usrloc",
    "UsrlocConfig", "batch", "read",
]  # fmt: skip

UPDATE: Final = 1
REMOVE: Final = 2
SYNC: Final = 3
SYNC_REQUEST: Final = b'{"action":3}'
ALL_METHODS: Final = 2**32 - 1
PERMANENT: Final = float(2**32 - 1)
"""``expires_at`` of a contact that never expires: far off, and still a time that REGISTER and a database can tell."""

_MOST: Final = 2**32 - 1
_MAX_USER_AGENT: Final = 255
_MAX_HOST: Final = 64
_BEGIN_BATCH: Final = b'{"multi":'
_TEXTS: Final = ("aor", "ruid", "c", "received", "path", "callid", "user_agent", "instance")
_BROKEN: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)

_USUAL_CONTACT: Final = re.compile(
    r"sip:(?:[A-Za-z0-9_.!~*()&=+$,-]+@)?([A-Za-z0-9._-]{1,64})(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?(?:;transport=([a-z]+))?"
).fullmatch
"""What it matches is a URI without doubt."""

_one = msgspec.json.Decoder(Contact)  # noqa: TID251 - classes of sipcore.dmq.wire, which is not compiled
_several = msgspec.json.Decoder(Batch)  # noqa: TID251 - as above
_encoder = msgspec.json.Encoder()


class BadBody(SipError):  # noqa: N818 - a verdict, like those of sipcore.errors
    """Not JSON, or no object with an action that we know: answered with 400, as Kamailio does."""


class BadContact(SipError):  # noqa: N818
    """A contact that cannot be a binding of ours; ``reason`` is a word to count it under."""


# ---------------------------------------------------------------------------------------------------------- JSON


def read(body: bytes) -> tuple[Sequence[Contact], int]:
    """The contacts of a body, and how many of its members are none. Raises BadBody.

    ``multi`` has to be the first key, as for Kamailio. One contact alone has action 1, 2 or 3; in a batch nobody asks.
    """
    try:
        if body.startswith(_BEGIN_BATCH):
            found: Sequence[Contact] = list(_several.decode(body).multi.values())
        else:
            found = (_one.decode(body),)
    except _BROKEN:
        return _read_leniently(body)
    return _with_action(found, single=not body.startswith(_BEGIN_BATCH), bad=0)


def _read_leniently(body: bytes) -> tuple[Sequence[Contact], int]:
    """Member by member; raw bytes that are no UTF-8 (a phone's User-Agent, as it came) become U+FFFD."""
    try:
        whole: object = msgspec.json.decode(body.decode("utf-8", "replace"))
    except _BROKEN as error:
        raise BadBody("not JSON") from error
    if not isinstance(whole, dict) or not whole:
        raise BadBody("no JSON object")
    several = next(iter(whole)) == "multi"
    members = whole["multi"] if several else {"": whole}
    if not isinstance(members, dict):
        raise BadBody("multi is no object")
    judged = [_contact_of(member) for member in members.values()]
    found = [contact for contact in judged if contact is not None]
    if not several and not found:
        raise BadBody("not a contact")
    return _with_action(found, single=not several, bad=len(judged) - len(found))


def _contact_of(member: object) -> Contact | None:
    """A null text is an empty one, a number may be written as text; None for anything else that does not fit."""
    if not isinstance(member, dict):
        return None
    plain = {name: "" if value is None and name in _TEXTS else value for name, value in member.items()}
    try:
        return msgspec.convert(plain, Contact, strict=False)  # noqa: TID251 - as above
    except _BROKEN:
        return None


def _with_action(found: Sequence[Contact], *, single: bool, bad: int) -> tuple[Sequence[Contact], int]:
    if single:
        if found[0].action not in (UPDATE, REMOVE, SYNC):
            raise BadBody("unknown action")
        return found, bad
    kept = [contact for contact in found if contact.action in (UPDATE, REMOVE)]
    return kept, bad + len(found) - len(kept)


def batch(contacts: Sequence[Contact], most_bytes: int) -> tuple[bytes, int]:
    """A body with the first of ``contacts``, at least one, as long as it has no more than ``most_bytes``; how many."""
    if len(contacts) == 1:
        return _encoder.encode(contacts[0]), 1
    parts: list[bytes] = []
    size = len(_BEGIN_BATCH) + 2
    for contact in contacts:
        part = b'"%d":%s' % (len(parts) + 1, _encoder.encode(contact))
        size += len(part) + 1
        if parts and size > most_bytes:
            break
        parts.append(part)
    return b'{"multi":{%s}}' % b",".join(parts), len(parts)


# ---------------------------------------------------------------------------------------------------------- bindings


@dataclass(frozen=True, slots=True)
class UsrlocConfig:
    """``domains``: those whose users are ours, the first one is the domain of every AoR; ``aliases``: alias → user.

    ``use_domain``: AoRs on the bus are ``user@domain`` (Kamailio's setting of that name), else the user alone.
    ``server_id`` goes with every contact. ``max_contact_bytes``: of a Contact's URI with its Path.
    """

    domains: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    use_domain: bool = False
    server_id: int = 0
    max_contact_bytes: int = 2048


class Usrloc:
    """Contacts ↔ bindings."""

    __slots__ = ("_aliases", "_config", "_domains", "_realm", "_server_id", "_suffix", "_use_domain")

    def __init__(self, config: UsrlocConfig) -> None:
        self._config = config
        self._realm = config.domains[0]
        self._suffix = f"@{self._realm}"
        self._domains = frozenset(domain.lower() for domain in config.domains)
        self._aliases = dict(config.aliases)
        self._use_domain = config.use_domain
        self._server_id = config.server_id

    def contact(self, binding: Binding, action: int) -> Contact:
        """What the bus is told of a binding."""
        aor = binding.aor[4:]
        user = aor.removesuffix(self._suffix)
        if not self._use_domain and "@" not in user:
            aor = user
        expires = int(binding.expires_at)
        q = binding.q
        return Contact(
            action, aor, binding.ruid, binding.contact, _received(binding), ",".join(binding.path), binding.call_id,
            binding.user_agent, binding.instance, 0 if expires >= _MOST else expires, binding.cseq, 0, 0,
            -1 if q >= 1.0 else round(q * 1000), int(binding.updated_at), ALL_METHODS, binding.reg_id, self._server_id,
        )  # fmt: skip

    def binding(self, contact: Contact) -> Binding:
        """What a node says of a contact as a binding of ours, replicated. Raises BadContact, SipError."""
        uri = contact.contact
        self._check(contact)
        q = contact.q
        ruid = contact.ruid or _made_up(contact)
        path = contact.path
        expires = contact.expires
        return Binding(
            self._aor(contact.aor), uri, float(expires) if 0 < expires < _MOST else PERMANENT, contact.call_id,
            contact.cseq, Source(_hop(contact.received, uri), ANY_LISTENER, ANY_FLOW),
            q / 1000 if 0 <= q < 1000 else 1.0, _path(path) if path else (), _clean(contact.user_agent),
            contact.instance, contact.reg_id if contact.instance else 0, ruid, float(contact.last_modified),
        )  # fmt: skip

    def named(self, contact: Contact) -> Binding:
        """For a removal: only what it is told by, whatever else it holds. Raises BadContact."""
        if not contact.ruid and not contact.contact:
            raise BadContact("nameless")
        self._check(contact)
        return Binding(
            self._aor(contact.aor), contact.contact, PERMANENT, contact.call_id, contact.cseq,
            Source(Hop("UDP", "", 0), ANY_LISTENER), instance=contact.instance, reg_id=contact.reg_id,
            ruid=contact.ruid or _made_up(contact),
            updated_at=float(contact.last_modified),
        )  # fmt: skip

    def _aor(self, text: str) -> str:
        """The canonical AoR of a user, or of ``user@domain`` where the domain is ours. Raises BadContact."""
        user, at, domain = text.rpartition("@")
        if not at:
            user = text
        elif domain.lower() not in self._domains:
            raise BadContact("foreign_domain")
        if not user:
            raise BadContact("no_aor")
        return f"sip:{self._aliases.get(user, user)}{self._suffix}"

    def _check(self, contact: Contact) -> None:
        """Raises BadContact."""
        if len(contact.contact) + len(contact.path) > self._config.max_contact_bytes:
            raise BadContact("too_long")
        text = contact.contact + contact.path + contact.ruid + contact.call_id + contact.instance + contact.aor
        if not text.isprintable():
            raise BadContact("odd_characters")


def _received(binding: Binding) -> str:
    """Where the phone is seen from, when that is not what its Contact says."""
    transport, host, port = binding.source.hop
    if binding.path or not host:
        return ""
    at = f"@{host}:{port}"
    if binding.contact.endswith(at) or f"{at};" in binding.contact or not binding.behind_nat():
        return ""
    if ":" in host:
        host = f"[{host}]"
    suffix = "" if transport == "UDP" else f";transport={transport.lower()}"
    return f"sip:{host}:{port}{suffix}"


def _hop(received: str, contact: str) -> Hop:
    """Where the other node reaches the phone. Raises BadContact, BadUri."""
    usual = None if received else _USUAL_CONTACT(contact)
    if usual is not None:
        host, port, transport = usual.groups()
        if transport is None or transport == "udp":
            return Hop("UDP", host, int(port) if port else 5060)
    uri = Uri.parse(contact)
    if not uri.is_sip:
        raise BadContact("no_sip_uri")
    return _hop_of(_seen(received) or uri)


def _seen(received: str) -> Uri | None:
    """None: it is empty, or no URI that a request could be sent to."""
    if not received:
        return None
    try:
        uri = Uri.parse(received)
    except SipError:
        return None
    return uri if uri.is_sip else None


def _hop_of(uri: Uri) -> Hop:
    transport = (uri.params.get("transport") or ("TLS" if uri.scheme == "sips" else "UDP")).upper()
    port = DEFAULT_PORTS.get(transport)
    if port is None:
        raise BadContact("unknown_transport")
    if len(uri.host) > _MAX_HOST:
        return Hop(transport, "", 0)
    return Hop(transport, uri.host, uri.port or port)


def _path(text: str) -> tuple[str, ...]:
    """The values of Path. Raises BadHeader, BadUri."""
    values = tuple([value.strip(" ") for value in split_quoted(text, ",")])
    for value in values:
        Uri.parse(NameAddr.parse(value, "Path").uri)
    return values


def _clean(user_agent: str) -> str:
    text = user_agent[:_MAX_USER_AGENT]
    return text if text.isprintable() else "".join([char if char.isprintable() else "?" for char in text])


def _made_up(contact: Contact) -> str:
    """A ruid for a contact that came without: the same on every node."""
    text = f"{contact.aor}\n{contact.contact}\n{contact.instance}\n{contact.reg_id}"
    return f"dmq-{blake2b(text.encode('utf-8', 'surrogateescape'), digest_size=16).hexdigest()}"
