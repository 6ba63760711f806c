"""What a REGISTER asks for: its contacts with their granted times (RFC 3261 §10.3), Path (RFC 3327), flows (RFC 5626).

Reads and judges one request against the registrar's configuration; knows nothing of what is bound already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from sipcore.binding import Binding
from sipcore.digest import ALGORITHMS
from sipcore.message import NameAddr, Request, Uri
from sipcore.message.grammar import quote, unquote
from sipcore.packets import Source

__all__ = [
    "Asked", "RegisterRefused", "RegistrarConfig", "asked_of", "binding_of", "check_extensions", "contact_value", "outbound_of",
    "path_of", "user_agent_of",
]  # fmt: skip

_EXTENSIONS: Final = frozenset({"path", "outbound"})
_MALFORMED_EXPIRES: Final = 3600  # RFC 3261 §20.10: "Malformed values SHOULD be treated as equivalent to 3600."
_MAX_EXPIRES: Final = 2**32 - 1
_MAX_REG_ID: Final = 2**31 - 1  # RFC 5626 §4.2: "from 1 to 2^31 - 1 (inclusive)"
_MAX_USER_AGENT: Final = 255


@dataclass(frozen=True, slots=True)
class RegistrarConfig:
    """``domains``: the hosts whose users register here, the first one is the realm and the domain of every AoR.

    ``aliases``: other names of users (alias → user). Seconds: shorter registrations than ``min_expires`` are refused
    with 423, longer ones than ``max_expires`` are cut, ``default_expires`` is for phones that name none.
    ``algorithms``: those of the challenges, in this order (RFC 8760 §2.4); credentials with any that we speak are taken.
    ``replace_oldest``: a contact beyond ``max_contacts`` takes the place of the one that expires first, instead of 403.
    ``max_contact_bytes``: of a Contact's URI with its Path. ``path_unasked``: take a Path that the phone says nothing of.
    ``trusted``: networks whose requests need no digest. ``familiar``: phones whose way of saying it is remembered.
    """

    domains: tuple[str, ...]
    min_expires: int = 60
    max_expires: int = 3600
    default_expires: int = 3600
    max_contacts: int = 10
    digest: bool = True
    algorithms: tuple[str, ...] = ALGORITHMS
    aliases: Mapping[str, str] = field(default_factory=dict)
    replace_oldest: bool = False
    max_bindings: int = 500_000
    max_contact_bytes: int = 1024
    path_unasked: bool = False
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    familiar: int = 16_384


class RegisterRefused(Exception):  # noqa: N818 - a verdict, not a fault
    """``outcome`` is the name that it is counted under."""

    def __init__(self, status: int, outcome: str, reason: str | None = None, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.outcome = outcome
        self.reason = reason
        self.headers = headers


@dataclass(slots=True)
class Asked:
    """One Contact. ``seconds`` are granted, 0 removes it."""

    uri: str
    seconds: int
    q: float
    instance: str
    reg_id: int


def asked_of(texts: list[str], default: str | None, config: RegistrarConfig) -> list[Asked]:
    """The contacts, ``*`` not among them; ``default`` is the Expires header. Raises RegisterRefused; SipError."""
    return [_asked(NameAddr.parse(text, "Contact"), default, config) for text in texts]


def _asked(contact: NameAddr, default: str | None, config: RegistrarConfig) -> Asked:
    Uri.parse(contact.uri)
    if not contact.uri.isprintable():
        raise RegisterRefused(400, "bad_request", "Contact: odd characters")
    params = contact.params
    if not params:
        return Asked(contact.uri, _granted(default, config), 1.0, "", 0)
    instance = unquote(params.get("+sip.instance") or "")
    if not instance.isprintable() or len(instance) > 255:
        raise RegisterRefused(400, "bad_request", "Contact: bad +sip.instance")
    # RFC 5626 §6: "a Contact header field value with a reg-id but no instance-id […] simply ignores the reg-id".
    reg_id = _reg_id(params.get("reg-id")) if instance else 0
    return Asked(contact.uri, _granted(params.get("expires") or default, config), _q(params.get("q")), instance, reg_id)


def _granted(asked: str | None, config: RegistrarConfig) -> int:
    """The seconds that a contact gets; 0 removes it. §10.3 step 7's 423 for too few."""
    seconds = config.default_expires if asked is None else _seconds(asked)
    if 0 < seconds < min(config.min_expires, 3600):
        raise RegisterRefused(423, "interval_too_brief", None, ("Min-Expires", str(config.min_expires)))
    return min(seconds, config.max_expires)


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return _MALFORMED_EXPIRES
    return min(int(text), _MAX_EXPIRES)


def _q(text: str | None) -> float:
    try:
        q = float(text) if text else 1.0
    except ValueError:
        return 1.0
    return q if 0.0 <= q <= 1.0 else 1.0


def _reg_id(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 10:
        return 0
    number = int(text)
    return number if 1 <= number <= _MAX_REG_ID else 0


def check_extensions(request: Request) -> None:
    """Raises RegisterRefused 420 where something is required that we do not speak."""
    if request.get("Require") is None:
        return
    unknown = [option for option in request.get_all("Require") if option.lower() not in _EXTENSIONS]
    if unknown:
        raise RegisterRefused(420, "bad_extension", None, ("Unsupported", ", ".join(unknown)))


def path_of(request: Request, config: RegistrarConfig) -> tuple[str, ...]:
    """The route that a request to the contact takes first. Raises RegisterRefused 420; BadHeader.

    RFC 3327 §5.3, where the phone says nothing of Path: "The recommended policy is for the registrar to reject the
    request with a 420 'Bad Extension' response indicating the Path extension."
    """
    if request.get("Path") is None:
        return ()
    values = tuple(request.get_all("Path"))
    if not config.path_unasked and "path" not in _supported(request):
        raise RegisterRefused(420, "bad_extension", None, ("Unsupported", "path"))
    for value in values:
        Uri.parse(NameAddr.parse(value, "Path").uri)
        if not value.isprintable():
            raise RegisterRefused(400, "bad_request", "Path: odd characters")
    return values


def outbound_of(request: Request, asked: list[Asked], path: tuple[str, ...]) -> bool:
    """Whether its contact is a flow (RFC 5626 §6); where not, a reg-id counts for nothing. Raises RegisterRefused."""
    flows = [each for each in asked if each.reg_id and each.seconds]
    if not any(each.reg_id for each in asked):
        return False
    supported = "outbound" in _supported(request)
    # "…if the registrar is not the first hop […] the Path header field is missing or it exists but the first URI does
    # not have an 'ob' URI parameter, then outbound processing MUST NOT be applied."
    if supported and len(request.get_all("Via")) > 1 and not _has_ob(path):
        raise RegisterRefused(439, "first_hop_lacks_outbound")
    if supported and flows and sum(each.seconds > 0 for each in asked) > 1:
        raise RegisterRefused(400, "bad_request", "A flow registers alone")
    if not supported:
        for each in asked:
            each.reg_id = 0
    return supported


def _has_ob(path: tuple[str, ...]) -> bool:
    """The first hop's entry is the last one; some read RFC 5626's "first URI" as the topmost."""
    ends = (path[0], path[-1]) if path else ()
    return any("ob" in Uri.parse(NameAddr.parse(each, "Path").uri).params for each in ends)


def _supported(request: Request) -> list[str]:
    return [option.lower() for option in request.get_all("Supported")]


def user_agent_of(request: Request) -> str:
    """What the phone calls itself, cut and cleaned: it is shown and stored."""
    text = (request.get("User-Agent") or "")[:_MAX_USER_AGENT]
    return text if text.isprintable() else "".join([char if char.isprintable() else "?" for char in text])


def binding_of(
    request: Request, aor: str, asked: Asked, path: tuple[str, ...], source: Source, ruid: str, now: float, at: float
) -> Binding:
    """What ``asked`` becomes at ``now``; ``at`` orders it among what other nodes know."""
    return Binding(
        aor, asked.uri, now + asked.seconds, request.call_id, request.cseq.number, source, asked.q, path,
        user_agent_of(request), asked.instance, asked.reg_id, ruid, at,
    )  # fmt: skip


def contact_value(binding: Binding, now: float) -> str:
    """A Contact of the 200 (§10.3 step 8), with the seconds that are left."""
    value = f"<{binding.contact}>;expires={max(0, round(binding.expires_at - now))}"
    if binding.q != 1.0:
        value = f"{value};q={binding.q:g}"
    if binding.instance:
        value = f"{value};+sip.instance={quote(binding.instance)}"
        if binding.reg_id:
            value = f"{value};reg-id={binding.reg_id}"
    return value
