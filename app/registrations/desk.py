"""Registrations in the live core: the registrar and its store, pings of phones behind NAT, and whoever wants to know.

Every change of a binding, whatever its cause, passes ``_told`` once: presence, the writer to the database and a node that
replicates are observers. What another node did comes in by ``apply`` and ``withdraw``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.instants import earliest
from sipcore.authenticator import Ha1Lookup
from sipcore.binding import Binding, BindingChange, BindingChanged, Cause
from sipcore.digest import NonceMaker
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, ClientKey, ResponseReceived
from sipcore.familiar import Repeat
from sipcore.ids import Minter
from sipcore.location import MemoryLocations
from sipcore.message import BadUri, Request, Response, Uri
from sipcore.packets import Source
from sipcore.ping_wheel import PingWheel
from sipcore.registrar import Registrar, RegistrarConfig

__all__ = ["BindingObserver", "KeepAlive", "Registrations"]

BindingObserver = Callable[[BindingChanged, float], None]
"""Called with every change, and when it happened."""

_GONE: Final = (BindingChange.REMOVED, BindingChange.EXPIRED)
_FLOW_FAILED: Final = 430  # RFC 5626 §11.5
_NO_ANSWER: Final = (408, _FLOW_FAILED)  # a proxy's word that the phone said nothing


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """OPTIONS pings. ``whom``: contacts behind NAT, all, or none. ``misses`` in a row remove a contact."""

    whom: str = "nat"
    interval: int = 30
    misses: int = 3


class Registrations:
    """``ended`` counts bindings that went, by cause."""

    def __init__(
        self, config: RegistrarConfig, keep_alive: KeepAlive, endpoint: Endpoint, ha1: Ha1Lookup, *, nonces: NonceMaker,
        ids: Minter, host: str,
    ) -> None:  # fmt: skip
        self.store = MemoryLocations()
        self.registrar = Registrar(config, self.store, ha1, nonces=nonces, ids=ids)
        self.observers: list[BindingObserver] = []
        self.ended: Counter[str] = Counter()
        self.pings: Counter[str] = Counter()
        self._keep_alive = keep_alive
        self._wheel = PingWheel(keep_alive.interval, keep_alive.misses)
        self._asked: dict[ClientKey, tuple[str, str]] = {}  # AoR and ruid of those pinged and not heard of yet
        self._endpoint = endpoint
        endpoint.at_once = self
        self._ids = ids
        self._from = f"<sip:{host}>"
        self._domain = config.domains[0]

    def __len__(self) -> int:
        """How many bindings there are."""
        return len(self.store)

    # ------------------------------------------------------------------ SIP

    def register(self, request: Request, source: Source, now: float) -> Response:
        """Answer a REGISTER and tell of what it changed (``sipcore.endpoint.AtOnce``)."""
        response, changes = self.registrar.handle(request, source, now)
        self._told(changes, now)
        return response

    def recognise(self, data: bytes, source: Source) -> Repeat | None:
        """See ``sipcore.endpoint.AtOnce``."""
        return self.registrar.recognise(data, source)

    def answer(self, repeat: Repeat, now: float) -> tuple[int, bytes] | None:
        """See ``sipcore.endpoint.AtOnce``."""
        answer = self.registrar.answer(repeat, now)
        if answer is None:
            return None
        status, response, change = answer
        if change is not None:
            self._told((change,), now)
        return status, response

    def answered(self, event: ResponseReceived | ClientFailed, now: float) -> bool:
        """Whether the event belongs to a ping of ours."""
        asked = self._asked.get(event.transaction)
        if asked is None:
            return False
        if isinstance(event, ResponseReceived) and event.response.status < 200:
            return True
        del self._asked[event.transaction]
        aor, ruid = asked
        if isinstance(event, ResponseReceived) and event.response.status not in _NO_ANSWER:
            self.pings["answered"] += 1
            self._wheel.answered(ruid)
            return True
        self.pings["missed"] += 1
        if self._wheel.missed(ruid):
            self._told(self.registrar.remove(aor, [ruid], Cause.SILENCE), now)
        return True

    def flow_ended(self, flow: int, now: float) -> None:
        """A stream is gone: a contact that has no other way in is gone with it (RFC 5626 §6); others keep their address."""
        for binding in self.store.of_flow(flow):
            if binding.reg_id or binding.behind_nat():
                self._told(self.registrar.remove(binding.aor, [binding.ruid], Cause.FLOW), now)

    # ------------------------------------------------------------------ time

    def next_deadline(self) -> float | None:
        return earliest(self.registrar.next_deadline(), self._wheel.next_deadline())

    def expire(self, now: float) -> None:
        """What was not refreshed goes; who is due is pinged."""
        gone = self.registrar.expire(now)
        if gone:
            self._told(gone, now)
        for ruid, aor in self._wheel.due(now):
            binding = next((each for each in self.store.bindings(aor) if each.ruid == ruid), None)
            if binding is not None and binding.updated_at + self._keep_alive.interval <= now:
                self._ping(binding, now)

    def _ping(self, binding: Binding, now: float) -> None:
        headers = [("Route", route) for route in binding.path]
        headers += [("From", f"{self._from};tag={self._ids.tag()}"), ("To", f"<{binding.contact}>")]
        headers += [("Call-ID", self._ids.call_id()), ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")]
        hop, flow = binding.reach()
        request = Request("OPTIONS", binding.contact, headers)
        self._asked[self._endpoint.request(request, now, hop=hop, flow=flow)] = (binding.aor, binding.ruid)
        self.pings["sent"] += 1

    # ------------------------------------------------------------------ from outside

    def remove(self, aor: str, ruid: str | None, now: float) -> bool:
        """An operator's act: one binding, or all of ``aor``. False: there is none."""
        ruids = [each.ruid for each in self.store.bindings(aor)] if ruid is None else [ruid]
        changes = self.registrar.remove(aor, ruids, Cause.OPERATOR)
        self._told(changes, now)
        return bool(changes)

    def apply(self, binding: Binding, now: float) -> bool:
        """Another node has it so; False where ours is newer, or it has expired. Raises BadUri for its contact."""
        if binding.expires_at <= now:
            return False
        change = self.store.apply(binding)
        self._told([change] if change is not None else [], now)
        return change is not None

    def withdraw(self, binding: Binding, now: float) -> bool:
        """Another node removed it, as it was there; False where it is not here, or newer."""
        change = self.store.withdraw(binding)
        self._told([change] if change is not None else [], now)
        return change is not None

    def restore(self, bindings: Iterable[Binding], now: float) -> None:
        """At start: what was stored, but for what has expired since. Nobody is told."""
        of: dict[str, list[Binding]] = {}
        for binding in bindings:
            if binding.expires_at > now:
                of.setdefault(binding.aor, []).append(binding)
                self._watch(binding, now)
        for aor, each in of.items():
            self.store.replace(aor, each)

    # ------------------------------------------------------------------ reading (``app.services.RegistrationReader``)

    def canonical(self, text: str) -> str | None:
        """See RegistrationReader."""
        try:
            return self.registrar.aor_of(Uri.parse(text if ":" in text else f"sip:{text}@{self._domain}"))
        except BadUri:
            return None

    def bindings(self, aor: str) -> Sequence[Binding]:
        """See RegistrationReader."""
        return self.store.bindings(aor)

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        """See RegistrationReader."""
        return self.store.walk(after)

    # ------------------------------------------------------------------ telling

    def _told(self, changes: Iterable[BindingChanged], now: float) -> None:
        for change in changes:
            self._follow(change, now)
            for observer in self.observers:
                observer(change, now)

    def _follow(self, change: BindingChanged, now: float) -> None:
        binding, before = change.binding, change.before
        if change.change in _GONE:
            self.ended[change.cause.value] += 1
            self._wheel.forget(binding.ruid)
            return
        if before is None and binding.replicated:
            return  # most of what a sync brings
        if before is not None and before.ruid != binding.ruid:
            self._wheel.forget(before.ruid)
        elif before is not None and before.contact == binding.contact and before.source.same_as(binding.source):
            return
        self._watch(binding, now)

    def _watch(self, binding: Binding, now: float) -> None:
        """The node that took the REGISTER pings the phone: behind NAT nobody else could, and its word removes it."""
        whom = self._keep_alive.whom
        if not binding.replicated and (whom == "all" or (whom == "nat" and binding.behind_nat())):
            self._wheel.watch(binding.ruid, binding.aor, now)
        else:
            self._wheel.forget(binding.ruid)
