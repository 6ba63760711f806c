"""The registrar: REGISTER in, response and changes out (RFC 3261 §10.3, RFC 3327, RFC 5626; digest: ``authenticator``).

Pure: time, tags, nonces and users' HA1 are handed in. An unknown user and a wrong password get the same answer.
"""

from collections.abc import Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from sipcore.authenticator import Authenticator, Ha1Lookup, Unproven
from sipcore.binding import Binding, BindingChange, BindingChanged, Cause, place_of, written_at
from sipcore.digest import NonceMaker
from sipcore.errors import SipError
from sipcore.familiar import FamiliarPhones, Repeat
from sipcore.ids import Minter
from sipcore.location import LocationStore
from sipcore.message import NameAddr, Request, Response, Uri, marks, respond_to
from sipcore.message.cut import Cut, cut
from sipcore.message.headers import Header
from sipcore.packets import Source
from sipcore.registration import (
    Asked,
    RegisterRefused,
    RegistrarConfig,
    asked_of,
    binding_of,
    check_extensions,
    contact_value,
    outbound_of,
    path_of,
    user_agent_of,
)  # fmt: skip

__all__ = ["OUTCOMES", "Ha1Lookup", "Registrar", "RegistrarConfig"]

OUTCOMES: Final = (
    "added", "refreshed", "removed", "fetched", "challenged", "stale", "bad_credentials", "forbidden", "bad_request",
    "not_found", "bad_extension", "interval_too_brief", "first_hop_lacks_outbound", "out_of_order",
    "too_many_contacts", "full",
)  # fmt: skip
"""What a REGISTER comes to, as it is counted."""

_DONE: Final = (BindingChange.ADDED, BindingChange.REFRESHED, BindingChange.REMOVED)
_SPECIAL: Final = ("Require", "Path")
_BY_STATUS: Final = {404: "not_found"}


class Registrar:
    """Decides on REGISTER requests and keeps the bindings in ``store``. ``counters`` only grow."""

    __slots__ = (
        "_aliases", "_aor", "_authenticator", "_config", "_cut", "_date", "_domains", "_familiar", "_ids",
        "_is_ours", "_is_trusted", "_plan", "_realm", "_store", "counters",
    )  # fmt: skip

    def __init__(
        self, config: RegistrarConfig, store: LocationStore, ha1: Ha1Lookup, *, nonces: NonceMaker, ids: Minter
    ) -> None:
        self._config = config
        self._store = store
        self._ids = ids
        self._domains = frozenset(domain.lower() for domain in config.domains)
        self._realm = config.domains[0]
        self._aliases = dict(config.aliases)
        self._authenticator = Authenticator(self._realm, ha1, nonces, config.algorithms)
        self._date = (0, "")
        self._familiar = FamiliarPhones(config.familiar)
        self._cut: Cut | None = None  # of the request that is being received
        self.counters: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        # Phones ask for the same again and again: what their URIs say is remembered, within bounds.
        self._is_trusted = lru_cache(maxsize=4096)(self._is_in_trusted_network)
        self._is_ours = lru_cache(maxsize=1024)(self._is_our_domain)
        self._aor = lru_cache(maxsize=16_384)(self._aor_of_text)
        self._plan = lru_cache(maxsize=16_384)(self._plan_of)

    def handle(self, request: Request, source: Source, now: float) -> tuple[Response, list[BindingChanged]]:
        """Answer one REGISTER; the changes are in the store already. Never raises on what the request holds."""
        try:
            plain = self._plain_one(request)
            if plain is None:
                aor = self._address_of_record(request)
                check_extensions(request)
            else:
                aor = plain[0]
            if self._config.digest and not self._is_trusted(source.hop.host):
                self._authenticate(request, aor, now)
            if plain is not None:
                change = self._single(request, plain[1], aor, source, now)
                if change is not None:
                    return self._listed(request, change, now), [change]
            changes, headers = self._register(request, plain and plain[1], aor, source, now)
        except RegisterRefused as refused:
            self.counters[refused.outcome] += 1
            return self._answer(request, refused.status, refused.reason, refused.headers), []
        except SipError as error:
            self.counters[_BY_STATUS.get(error.status, "bad_request")] += 1
            return self._answer(request, error.status, None, ()), []
        done = {change.change for change in changes}
        self.counters[next((each.value for each in _DONE if each in done), "fetched")] += 1
        headers += [("Contact", contact_value(binding, now)) for binding in self._store.bindings(aor)]
        headers.append(("Date", self._date_text(int(now))))
        return self._answer(request, 200, None, headers), changes

    # -- nearly every REGISTER: one contact, known or the first of its user

    def _plain_one(self, request: Request) -> tuple[str, Asked] | None:
        """Address-of-record and contact of a request with one contact and nothing special; None: look at all of it."""
        to = contact = expires = None
        for header in request.headers:
            name, value = header.name, header.value
            if name == "Contact":
                if contact is not None or "," in value:
                    return None
                contact = value
            elif name == "To":
                to = value
            elif name == "Expires":
                expires = value
            elif name in _SPECIAL:
                return None
        if to is None or contact is None:
            return None
        return self._plan(request.uri, to, contact, expires)

    def _plan_of(self, uri: str, to: str, contact: str, expires: str | None) -> tuple[str, Asked] | None:
        """The same texts come all day: remembered, within bounds."""
        try:
            aor = self._aor(NameAddr.parse(to, "To").uri) if self._is_ours(uri) else None
            (asked,) = asked_of([contact], expires, self._config)
        except (SipError, RegisterRefused):
            return None
        if aor is None or asked.reg_id or not asked.seconds or aor.startswith("sip:@") or not aor.isprintable():
            return None
        return aor, asked

    def _single(self, request: Request, asked: Asked, aor: str, source: Source, now: float) -> BindingChanged | None:
        """The binding of this very contact, refreshed, or the first one of its user; None: the long way."""
        call_id, cseq = request.call_id, request.cseq.number
        if not self._store.bindings(aor):
            return self._first(request, asked, aor, source, now)
        before = self._current(aor, asked.uri, call_id, cseq)
        if before is None or (call_id != before.call_id and not call_id.isprintable()):
            return None
        if self._cut is not None:
            self._familiar.remember(self._cut, request, source, aor, asked)
        return self._renew(before, asked, call_id, cseq, source, user_agent_of(request), now)

    def _first(self, request: Request, asked: Asked, aor: str, source: Source, now: float) -> BindingChanged | None:
        full = len(self._store) >= self._config.max_bindings or self._config.max_contacts < 1
        if full or len(asked.uri) > self._config.max_contact_bytes or not request.call_id.isprintable():
            return None
        binding = binding_of(request, aor, asked, (), source, self._ids.tag(), now, now)
        self._store.replace(aor, (binding,))
        return BindingChanged(BindingChange.ADDED, binding)

    def _current(self, aor: str, contact: str, call_id: str, cseq: int) -> Binding | None:
        """The binding that such a request may refresh."""
        for each in self._store.bindings(aor):
            if each.contact == contact and not each.reg_id:
                return None if call_id == each.call_id and cseq <= each.cseq else each
        return None

    def _renew(
        self, before: Binding, asked: Asked, call_id: str, cseq: int, source: Source, user_agent: str, now: float
    ) -> BindingChanged:
        binding = Binding(
            before.aor, asked.uri, now + asked.seconds, call_id, cseq, source, asked.q, (), user_agent,
            asked.instance, 0, before.ruid, written_at(before, call_id, now),
        )  # fmt: skip
        self._store.renew(before, binding)
        return BindingChanged(BindingChange.REFRESHED, binding, before)

    def _listed(self, request: Request, change: BindingChanged, now: float) -> Response:
        """The 200 with all that is bound now."""
        self.counters["refreshed" if change.change is BindingChange.REFRESHED else "added"] += 1
        response = respond_to(request, 200, to_tag=self._ids.tag())
        for binding in self._store.bindings(change.binding.aor):
            contact = contact_value(binding, now)
            response.headers.append(Header("Contact", contact, f"Contact: {contact}", marks.CONTACT))
        date = self._date_text(int(now))
        response.headers.append(Header("Date", date, f"Date: {date}"))
        return response

    # -- and nearly every one of these says what the phone said before, to the letter (``AtOnce`` of the endpoint)

    def recognise(self, data: bytes, source: Source) -> Repeat | None:
        """The refresh that these bytes are, if we know them; nothing is done yet."""
        self._cut = made = cut(data)
        familiar = self._familiar.find(made) if made is not None else None
        if made is None or familiar is None or not familiar.source.same_as(source):
            return None
        before = self._current(familiar.aor, familiar.asked.uri, familiar.call_id, int(made.cseq))
        return Repeat(familiar, made, before) if before is not None else None

    def answer(self, repeat: Repeat, now: float) -> tuple[int, bytes, BindingChanged | None] | None:
        """Do it: status, answer and what changed. None: take the long way; nothing has been done."""
        familiar, made = repeat.familiar, repeat.cut
        if self._config.digest and not self._is_trusted(familiar.source.hop.host):
            texts = [made.credentials] if made.credentials else []
            try:
                proven = self._authenticator.judge(texts, "REGISTER", familiar.uri, now, require_qop=False)
            except SipError:
                return None
            if isinstance(proven, Unproven):
                self.counters[proven.doubt.value] += 1
                lines = "".join([f"{name}: {value}\r\n" for name, value in proven.challenges])
                return 401, familiar.answer(made, "SIP/2.0 401 Unauthorized", self._ids.tag(), lines), None
            if familiar.aor != self._aor_of_proven(proven):
                return None
        asked, cseq = familiar.asked, int(made.cseq)
        change = self._renew(repeat.before, asked, familiar.call_id, cseq, familiar.source, familiar.user_agent, now)
        self.counters["refreshed"] += 1
        contacts = [f"Contact: {contact_value(each, now)}\r\n" for each in self._store.bindings(familiar.aor)]
        lines = f"{''.join(contacts)}Date: {self._date_text(int(now))}\r\n"
        return 200, familiar.answer(made, "SIP/2.0 200 OK", self._ids.tag(), lines), change

    # -- time, and what others do

    def next_deadline(self) -> float | None:
        """When the next binding expires."""
        return self._store.next_deadline()

    def expire(self, now: float) -> list[BindingChanged]:
        """Remove the bindings that were not refreshed in time."""
        gone = self._store.expire(now)
        return [BindingChanged(BindingChange.EXPIRED, binding, binding, Cause.TIME) for binding in gone]

    def remove(self, aor: str, ruids: Iterable[str], cause: Cause) -> list[BindingChanged]:
        """Remove bindings of ``aor`` by their names; those that are not there are no matter."""
        wanted = set(ruids)
        current = self._store.bindings(aor)
        gone = [binding for binding in current if binding.ruid in wanted]
        if gone:
            self._store.replace(aor, [binding for binding in current if binding.ruid not in wanted])
        return [BindingChanged(BindingChange.REMOVED, binding, binding, cause) for binding in gone]

    def aor_of(self, uri: Uri) -> str | None:
        """The canonical address-of-record (§10.3 step 5), None when its domain is not ours.

        All our domains are one: a phone that registers at our address and an agent addressed by our name meet.
        """
        if uri.scheme not in ("sip", "sips") or uri.host.lower() not in self._domains:
            return None
        user = uri.username
        return f"sip:{self._aliases.get(user, user)}@{self._realm}"

    def aor_of_user(self, user: str) -> str:
        """The address-of-record of a user of ours."""
        return f"sip:{user}@{self._realm}"

    def _address_of_record(self, request: Request) -> str:
        if not self._is_ours(request.uri):
            raise RegisterRefused(404, "not_found", "Not a domain of this registrar")
        aor = self._aor(request.to.uri)
        if aor is None or aor.startswith("sip:@") or not aor.isprintable():
            raise RegisterRefused(404, "not_found")
        return aor

    def _is_in_trusted_network(self, host: str) -> bool:
        networks = self._config.trusted
        return bool(networks) and any(ip_address(host) in network for network in networks)

    def _is_our_domain(self, text: str) -> bool:
        return Uri.parse(text).host.lower() in self._domains

    def _aor_of_text(self, text: str) -> str | None:
        return self.aor_of(Uri.parse(text))

    def _date_text(self, second: int) -> str:
        if self._date[0] != second or not self._date[1]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    def _authenticate(self, request: Request, aor: str, now: float) -> None:
        # Old phones answer without qop: their nonces have a single use.
        proven = self._authenticator.check(request, now, require_qop=False)
        if isinstance(proven, Unproven):
            raise RegisterRefused(401, proven.doubt.value, None, *proven.challenges)
        if aor != self._aor_of_proven(proven):
            raise RegisterRefused(403, "forbidden")

    def _aor_of_proven(self, user: str) -> str:
        return f"sip:{self._aliases.get(user, user)}@{self._realm}"

    def _register(
        self, request: Request, plain: Asked | None, aor: str, source: Source, now: float
    ) -> tuple[list[BindingChanged], list[tuple[str, str]]]:
        """Steps 6 and 7: the changes, and headers of the answer. Nothing is stored unless all of it can be."""
        texts = request.get_all("Contact")
        if not texts:
            return [], []
        current = list(self._store.bindings(aor))
        if "*" in texts:
            changes = self._remove_all(request, texts, current)
            self._store.replace(aor, [])
            return changes, []
        asked = [plain] if plain is not None else asked_of(texts, request.get("Expires"), self._config)
        path = path_of(request, self._config)
        outbound = outbound_of(request, asked, path)
        if not request.call_id.isprintable():
            raise RegisterRefused(400, "bad_request", "Call-ID: odd characters")
        changes = []
        for contact in asked:
            self._bind(request, aor, contact, path, source, current, changes, now)
        self._check_room(current, changes)
        if changes:
            self._store.replace(aor, current)
        headers = [("Path", value) for value in path]
        if outbound:
            headers.append(("Require", "outbound"))  # RFC 5626 §6
        return changes, headers

    def _remove_all(self, request: Request, texts: list[str], current: list[Binding]) -> list[BindingChanged]:
        if len(texts) > 1 or request.get("Expires") != "0":
            raise RegisterRefused(400, "bad_request", "Contact: * stands alone and with Expires: 0")
        for binding in current:
            _check_order(request, binding)
        return [BindingChanged(BindingChange.REMOVED, binding, binding) for binding in current]

    def _bind(
        self,
        request: Request,
        aor: str,
        asked: Asked,
        path: tuple[str, ...],
        source: Source,
        current: list[Binding],
        changes: list[BindingChanged],
        now: float,
    ) -> None:
        """Add, refresh or remove one contact in ``current``."""
        place = place_of(current, asked.uri, asked.instance, asked.reg_id)
        before = current[place] if place >= 0 else None
        if before is not None:
            _check_order(request, before)
        if asked.seconds == 0:
            if before is not None:
                changes.append(BindingChanged(BindingChange.REMOVED, current.pop(place), before))
            return
        if len(asked.uri) + sum(map(len, path)) > self._config.max_contact_bytes:
            raise RegisterRefused(400, "bad_request", "Contact too long")
        ruid = before.ruid if before is not None else self._ids.tag()
        at = now if before is None else written_at(before, request.call_id, now)
        binding = binding_of(request, aor, asked, path, source, ruid, now, at)
        if before is None:
            current.append(binding)
            changes.append(BindingChanged(BindingChange.ADDED, binding))
        else:
            current[place] = binding
            changes.append(BindingChanged(BindingChange.REFRESHED, binding, before))

    def _check_room(self, current: list[Binding], changes: list[BindingChanged]) -> None:
        """No more contacts than a user may have, no more bindings than we hold."""
        fresh = [change.binding for change in changes if change.change is BindingChange.ADDED]
        if not fresh:
            return
        surplus = len(current) - self._config.max_contacts
        old = [binding for binding in current if binding not in fresh]
        if surplus > 0 and (not self._config.replace_oldest or surplus > len(old)):
            raise RegisterRefused(403, "too_many_contacts", "Too many contacts")
        for _ in range(surplus):
            first = min(old, key=_expiry)
            old.remove(first)
            current.remove(first)
            changes.append(BindingChanged(BindingChange.REMOVED, first, first))
        if len(self._store) + len(fresh) > self._config.max_bindings:
            raise RegisterRefused(503, "full", None, ("Retry-After", "60"))

    def _answer(
        self, request: Request, status: int, reason: str | None, headers: Sequence[tuple[str, str]]
    ) -> Response:
        return respond_to(request, status, reason, to_tag=self._ids.tag(), headers=headers)


def _expiry(binding: Binding) -> float:
    return binding.expires_at


def _check_order(request: Request, binding: Binding) -> None:
    """ "If the value is higher than that of the existing binding, it MUST update or remove […] If not, […] fails." """
    if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
        raise RegisterRefused(500, "out_of_order", "CSeq out of order")
