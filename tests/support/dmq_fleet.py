"""Nodes of ours that share registrations, in virtual time, over a network that delays, loses, repeats and overtakes."""

import random
from heapq import heappop, heappush
from ipaddress import ip_network
from typing import Final

from app.registrations.desk import KeepAlive, Registrations
from app.replication.sharing import share
from sipcore.binding import Binding, BindingChange, BindingChanged
from sipcore.config import EndpointConfig, Listener
from sipcore.digest import NonceMaker
from sipcore.dmq.bus import Bus
from sipcore.dmq.config import BusConfig
from sipcore.dmq.replica import ReplicaConfig
from sipcore.endpoint import Endpoint
from sipcore.events import ClientFailed, Event, RequestReceived, ResponseReceived
from sipcore.ids import Minter
from sipcore.message import Request
from sipcore.packets import Hop, Source
from sipcore.registrar import RegistrarConfig

__all__ = ["Fleet", "FleetNode"]

_HOST: Final = "127.0.0.1"
_GONE: Final = (BindingChange.REMOVED, BindingChange.EXPIRED)


class FleetNode:
    """One of ours: the endpoint, the bus, the registrar; ``stored`` is its database, which is never behind."""

    def __init__(self, fleet: "Fleet", number: int, stored: dict[str, Binding], config: ReplicaConfig) -> None:
        self.hop = Hop("UDP", _HOST, 5060 + number)
        self.stored = stored
        self.started_at = fleet.now
        self._fleet = fleet
        ids = Minter(number, 0, lambda: f"{fleet.random.getrandbits(64):016x}")
        registrar = RegistrarConfig(("callyard",), min_expires=1, digest=False)
        self.endpoint = Endpoint(EndpointConfig((Listener("UDP", _HOST, self.hop.port),)), ids)
        self.registrations = Registrations(
            registrar, KeepAlive("none"), self.endpoint, lambda *_: None, nonces=NonceMaker(b"0123456789abcdef"), ids=ids,
            host=_HOST,
        )  # fmt: skip
        self.registrations.restore(stored.values(), fleet.now)
        self.registrations.observers.append(self._store)
        others = tuple(f"sip:{_HOST}:{5060 + each}" for each in range(1, fleet.size + 1) if each != number)
        networks = (ip_network("127.0.0.0/8"),)
        self.bus = Bus(
            BusConfig(f"sip:{_HOST}:{self.hop.port}", others, networks, ping_interval=5.0), self.endpoint, ids
        )
        self.replica = share(self.registrations, self.bus, config, registrar, number)
        self.bus.join(fleet.now)

    def _store(self, change: BindingChanged, _now: float) -> None:
        """As the writer does: another node's name for a binding takes the place of ours."""
        if change.before is not None:
            self.stored.pop(change.before.ruid, None)
        if change.change in _GONE:
            self.stored.pop(change.binding.ruid, None)
        else:
            self.stored[change.binding.ruid] = change.binding

    def take(self, events: list[Event], now: float) -> None:
        for event in events:
            if isinstance(event, RequestReceived):
                self.bus.receive(event, now)
            elif isinstance(event, ResponseReceived | ClientFailed):
                assert self.bus.answered(event, now)

    def expire(self, now: float) -> None:
        self.take(self.endpoint.expire(now), now)
        self.registrations.expire(now)
        self.bus.expire(now)

    def deadline(self) -> float | None:
        """0.0, where there is work left, is now."""
        times = (self.endpoint.next_deadline(), self.registrations.next_deadline(), self.bus.next_deadline())
        return min((time for time in times if time is not None), default=None)

    def register(self, user: str, contact: str, call_id: str, cseq: int, expires: int) -> int:
        """A phone's REGISTER, as it arrives; the status of its answer."""
        now = self._fleet.now
        headers = [
            ("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{call_id}{cseq}"), ("From", f"<sip:{user}@callyard>;tag=t"),
            ("To", f"<sip:{user}@callyard>"), ("Call-ID", call_id), ("CSeq", f"{cseq} REGISTER"), ("Contact", contact),
            ("Expires", str(expires)),
        ]  # fmt: skip
        request = Request("REGISTER", "sip:callyard", headers)
        return self.registrations.register(request, Source(Hop("UDP", "192.0.2.1", 5060)), now).status

    def contents(self) -> dict[str, list[tuple[str, str, int, int, float]]]:
        """Every binding, by AoR: what each node must agree on."""
        return {
            aor: sorted(
                (each.contact, each.call_id, each.cseq, int(each.updated_at), float(int(each.expires_at)))
                for each in bindings
            )
            for aor, bindings in self.registrations.walk()
        }


class Fleet:
    """``size`` nodes. Datagrams take up to ``delay`` seconds, each its own; ``loss`` of them are lost; nothing reaches or
    leaves the nodes in ``isolated``."""

    def __init__(self, size: int = 3, seed: int = 1, config: ReplicaConfig | None = None) -> None:
        self.size = size
        self.now = 1_000_000.0
        self.random = random.Random(seed)
        self.loss = 0.0
        self.delay = 0.05
        self.isolated: set[int] = set()
        self.sent = 0  # requests of the channel ``usrloc``
        self._config = config or ReplicaConfig()
        self._wire: list[tuple[float, int, bytes, Hop, Hop]] = []
        self._serial = 0
        self.nodes = {number: FleetNode(self, number, {}, self._config) for number in range(1, size + 1)}
        self._carry()

    def restart(self, number: int) -> None:
        """``kill -9``: memory is gone, the database is there."""
        self.nodes[number] = FleetNode(self, number, dict(self.nodes[number].stored), self._config)
        self._carry()

    def say(self, number: int, user: str, contact: str, call_id: str, cseq: int, expires: int) -> None:
        """A phone's REGISTER reaches a node."""
        self.nodes[number].register(user, contact, call_id, cseq, expires)
        self._carry()

    def wait(self, seconds: float) -> None:
        """Let time pass, datagram by datagram and deadline by deadline."""
        until = self.now + seconds
        while True:
            times = [self._wire[0][0]] if self._wire else []
            times += [due for node in self.nodes.values() if (due := node.deadline()) is not None]
            due = min(times, default=until + 1)
            if due > until:
                break
            self.now = max(self.now, due)
            self._step()
        self.now = until

    def _step(self) -> None:
        while self._wire and self._wire[0][0] <= self.now:
            _, _, data, origin, to = heappop(self._wire)
            number = to.port - 5060
            if number not in self.isolated and origin.port - 5060 not in self.isolated:
                node = self.nodes[number]
                node.take(node.endpoint.receive(data, Source(origin), self.now), self.now)
        for node in self.nodes.values():
            due = node.deadline()
            if due is not None and due <= self.now:
                node.expire(self.now)
        self._carry()

    def _carry(self) -> None:
        for node in self.nodes.values():
            sends, node.endpoint.sends = node.endpoint.sends, []
            for send in sends:
                self.sent += send.data.startswith(b"KDMQ sip:usrloc@")
                copies = 2 if self.loss and self.random.random() < 0.05 else 1
                for _ in range(copies):
                    if self.random.random() >= self.loss:
                        self._serial += 1
                        at = self.now + self.random.random() * self.delay
                        heappush(self._wire, (at, self._serial, send.data, node.hop, send.hop))
