"""The registrar: REGISTER in, response and changes out (RFC 3261 §10.3, §22; digest by RFC 7616 and RFC 8760).

Pure: time, tags, nonces and users' HA1 are handed in. An unknown user and a wrong password get the same answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from sipcore.digest import ALGORITHMS, Challenge, Credentials, NonceMaker, Verdict, verify
from sipcore.errors import SipError
from sipcore.ids import Minter
from sipcore.location import Binding, BindingChange, BindingChanged, LocationStore
from sipcore.message import NameAddr, Request, Response, Uri, respond_to
from sipcore.packets import Source

__all__ = ["Ha1Lookup", "Registrar", "RegistrarConfig"]

Ha1Lookup = Callable[[str, str, str], str | None]
"""(user, realm, algorithm) → HA1, None for a user that we do not know."""

_EXTENSIONS: Final = frozenset({"path"})
_NOBODY: Final = "0" * 64  # an HA1 that no password has, judged in the place of an unknown user's
_MALFORMED_EXPIRES: Final = 3600  # RFC 3261 §20.10: "Malformed values SHOULD be treated as equivalent to 3600."
_MAX_EXPIRES: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class RegistrarConfig:
    """``domains``: the hosts whose users register here, the first one is the realm and the domain of every AoR.

    Seconds: shorter registrations than ``min_expires`` are refused with 423, longer ones than ``max_expires`` are cut.
    ``algorithms``: those of the challenges, in this order (RFC 8760 §2.4); credentials with any that we speak are taken.
    """

    domains: tuple[str, ...]
    min_expires: int = 60
    max_expires: int = 3600
    default_expires: int = 3600
    max_contacts: int = 10
    digest: bool = True
    algorithms: tuple[str, ...] = ALGORITHMS


class _Refused(Exception):  # noqa: N818 - a verdict, not a fault
    def __init__(self, status: int, reason: str | None = None, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason
        self.headers = headers


class Registrar:
    """Decides on REGISTER requests and keeps the bindings in ``store``."""

    __slots__ = ("_aor", "_config", "_date", "_domains", "_ha1", "_ids", "_is_ours", "_nonces", "_realm", "_store")

    def __init__(
        self, config: RegistrarConfig, store: LocationStore, ha1: Ha1Lookup, *, nonces: NonceMaker, ids: Minter
    ) -> None:
        self._config = config
        self._store = store
        self._ha1 = ha1
        self._nonces = nonces
        self._ids = ids
        self._domains = frozenset(domain.lower() for domain in config.domains)
        self._realm = config.domains[0]
        self._date = (0, "")
        # Phones ask for the same again and again: what their URIs say is remembered, within bounds.
        self._is_ours = lru_cache(maxsize=1024)(self._is_our_domain)
        self._aor = lru_cache(maxsize=16_384)(self._aor_of_text)

    def handle(self, request: Request, source: Source, now: float) -> tuple[Response, list[BindingChanged]]:
        """Answer one REGISTER; the changes are in the store already. Never raises on what the request holds."""
        try:
            aor = self._address_of_record(request)
            self._check_extensions(request)
            if self._config.digest:
                self._authenticate(request, aor, now)
            changes = self._register(request, aor, source, now)
        except _Refused as refused:
            return self._answer(request, refused.status, refused.reason, refused.headers), []
        except SipError as error:
            return self._answer(request, error.status, None, ()), []
        headers = [("Contact", _contact_value(binding, now)) for binding in self._store.bindings(aor)]
        headers.append(("Date", self._date_text(int(now))))
        return self._answer(request, 200, None, headers), changes

    def next_deadline(self) -> float | None:
        """When the next binding expires."""
        return self._store.next_deadline()

    def expire(self, now: float) -> list[BindingChanged]:
        """Remove the bindings that were not refreshed in time."""
        return [BindingChanged(BindingChange.EXPIRED, binding) for binding in self._store.expire(now)]

    def aor_of(self, uri: Uri) -> str | None:
        """The canonical address-of-record (§10.3 step 5), None when its domain is not ours.

        All our domains are one: a phone that registers at our address and an agent addressed by our name meet.
        """
        if uri.scheme not in ("sip", "sips") or uri.host.lower() not in self._domains:
            return None
        return f"sip:{uri.username}@{self._realm}"

    def aor_of_user(self, user: str) -> str:
        """The address-of-record of a user of ours."""
        return f"sip:{user}@{self._realm}"

    def _address_of_record(self, request: Request) -> str:
        if not self._is_ours(request.uri):
            raise _Refused(404, "Not a domain of this registrar")
        aor = self._aor(request.to.uri)
        if aor is None or aor.startswith("sip:@"):
            raise _Refused(404)
        return aor

    def _is_our_domain(self, text: str) -> bool:
        return Uri.parse(text).host.lower() in self._domains

    def _aor_of_text(self, text: str) -> str | None:
        return self.aor_of(Uri.parse(text))

    def _date_text(self, second: int) -> str:
        if self._date[0] != second or not self._date[1]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    def _check_extensions(self, request: Request) -> None:
        unknown = [option for option in request.get_all("Require") if option.lower() not in _EXTENSIONS]
        if unknown:
            raise _Refused(420, None, ("Unsupported", ", ".join(unknown)))

    def _authenticate(self, request: Request, aor: str, now: float) -> None:
        credentials = self._credentials(request)
        if credentials is None:
            raise self._challenge(now, stale=False)
        known = self._ha1(credentials.username, self._realm, credentials.algorithm.upper())
        verdict = verify(
            credentials,
            "REGISTER",
            known or _NOBODY,
            self._nonces,
            now,
            realm=self._realm,
            request_uri=request.uri,
            require_qop=False,  # old phones answer without qop; the nonce's short life bounds what a replay can do
        )
        if known is None or verdict is not Verdict.OK:
            raise self._challenge(now, stale=known is not None and verdict is Verdict.STALE)
        if aor != f"sip:{credentials.username}@{self._realm}":
            raise _Refused(403)

    def _credentials(self, request: Request) -> Credentials | None:
        """Those for our realm: a request may carry others' (RFC 3261 §22.3). Bad ones raise BadHeader (400)."""
        for text in request.get_all("Authorization"):
            credentials = Credentials.parse(text)
            if credentials.realm == self._realm:
                return credentials
        return None

    def _challenge(self, now: float, *, stale: bool) -> _Refused:
        nonce = self._nonces.make(now)
        challenges = [
            ("WWW-Authenticate", str(Challenge(self._realm, nonce, algorithm, stale=stale)))
            for algorithm in self._config.algorithms
        ]
        return _Refused(401, None, *challenges)

    def _register(self, request: Request, aor: str, source: Source, now: float) -> list[BindingChanged]:
        """Steps 6 and 7. Nothing is stored unless all of it can be."""
        contacts = request.get_all("Contact")
        if not contacts:
            return []
        current = list(self._store.bindings(aor))
        if "*" in contacts:
            changes = self._remove_all(request, contacts, current)
            self._store.replace(aor, [])
            return changes
        changes = []
        for contact in [NameAddr.parse(text, "Contact") for text in contacts]:
            change = self._bind(request, aor, contact, source, current, now)
            if change is not None:
                changes.append(change)
        if len(current) > self._config.max_contacts:
            raise _Refused(403, "Too many contacts")
        self._store.replace(aor, current)
        return changes

    def _remove_all(self, request: Request, contacts: list[str], current: list[Binding]) -> list[BindingChanged]:
        if len(contacts) > 1 or request.get("Expires") != "0":
            raise _Refused(400, "Contact: * stands alone and with Expires: 0")
        for binding in current:
            _check_order(request, binding)
        return [BindingChanged(BindingChange.REMOVED, binding) for binding in current]

    def _bind(
        self,
        request: Request,
        aor: str,
        contact: NameAddr,
        source: Source,
        current: list[Binding],
        now: float,
    ) -> BindingChanged | None:
        """Add, refresh or remove one contact in ``current``."""
        seconds = self._granted(contact, request)
        place = _place_of(contact.uri, current)
        if place is not None:
            _check_order(request, current[place])
        if seconds == 0:
            if place is None:
                return None
            return BindingChanged(BindingChange.REMOVED, current.pop(place))
        binding = Binding(
            aor=aor,
            contact=contact.uri,
            expires_at=now + seconds,
            call_id=request.call_id,
            cseq=request.cseq.number,
            source=source,
            q=_q_of(contact),
            path=tuple(request.get_all("Path")),
            user_agent=request.get("User-Agent") or "",
        )
        if place is None:
            current.append(binding)
            return BindingChanged(BindingChange.ADDED, binding)
        current[place] = binding
        return BindingChanged(BindingChange.REFRESHED, binding)

    def _granted(self, contact: NameAddr, request: Request) -> int:
        """The seconds that a contact gets; 0 removes it. Step 7's 423 for too few."""
        asked = contact.params.get("expires") or request.get("Expires")
        seconds = self._config.default_expires if asked is None else _seconds(asked)
        if 0 < seconds < min(self._config.min_expires, 3600):
            raise _Refused(423, None, ("Min-Expires", str(self._config.min_expires)))
        return min(seconds, self._config.max_expires)

    def _answer(
        self, request: Request, status: int, reason: str | None, headers: Sequence[tuple[str, str]]
    ) -> Response:
        return respond_to(request, status, reason, to_tag=self._ids.tag(), headers=headers)


def _place_of(text: str, current: list[Binding]) -> int | None:
    """Where the contact stands among the current ones, by the URI comparison of RFC 3261 §19.1.4. Raises BadUri."""
    for index, old in enumerate(current):
        if old.contact == text:  # a refresh nearly always has the same spelling
            return index
    uri = Uri.parse(text)
    return next((index for index, old in enumerate(current) if Uri.parse(old.contact).same_as(uri)), None)


def _check_order(request: Request, binding: Binding) -> None:
    """ "If the value is higher than that of the existing binding, it MUST update or remove […] If not, […] fails." """
    if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
        raise _Refused(500, "CSeq out of order")


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return _MALFORMED_EXPIRES
    return min(int(text), _MAX_EXPIRES)


def _q_of(contact: NameAddr) -> float:
    text = contact.params.get("q")
    try:
        q = float(text) if text else 1.0
    except ValueError:
        return 1.0
    return q if 0.0 <= q <= 1.0 else 1.0


def _contact_value(binding: Binding, now: float) -> str:
    preference = "" if binding.q == 1.0 else f";q={binding.q:g}"
    return f"<{binding.contact}>;expires={max(0, round(binding.expires_at - now))}{preference}"
