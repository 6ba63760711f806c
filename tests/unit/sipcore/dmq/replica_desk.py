"""A replica of the channel ``usrloc`` between peers that a test plays."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sipcore.binding import Binding, BindingChange, BindingChanged, Cause
from sipcore.dmq.channel import Done
from sipcore.dmq.peer import Peer
from sipcore.dmq.replica import Replica, ReplicaConfig
from sipcore.dmq.usrloc import SYNC_REQUEST, UPDATE, Usrloc, UsrlocConfig, batch
from sipcore.location import MemoryLocations
from sipcore.message import Request
from sipcore.packets import ANY_LISTENER, Hop, Source

USRLOC: Final = UsrlocConfig(("callyard",))

__all__ = ["NOW", "THERE", "UDP", "USRLOC", "Desk", "body_of", "bound", "one"]

UDP: Final = Source(Hop("UDP", "192.0.2.1", 5060))
THERE: Final = Source(Hop("UDP", "192.0.2.1", 5060), ANY_LISTENER)
NOW: Final = 1000.0


def bound(user: str = "ana", number: int = 0, **more: Any) -> Binding:
    fields: dict[str, Any] = {"ruid": f"{user}-{number}", "updated_at": 900.0, **more}
    contact = f"sip:{user}@192.0.2.1:{5060 + number}"
    return Binding(f"sip:{user}@callyard", contact, 5000.0, f"call-{user}", 1, fields.pop("source", UDP), **fields)


class Desk:
    """A replica with a store, between peers that say nothing by themselves: what it sends waits in ``sent``."""

    def __init__(self, **config: Any) -> None:
        self.store = MemoryLocations()
        self.sent: list[tuple[Peer, bytes, Done | None, bool]] = []
        self.answers: list[int] = []
        self.replica = Replica(ReplicaConfig(**config), USRLOC, self, self)

    # a Sender

    def send(
        self, peer: Peer, channel: str, content_type: str, body: bytes, now: float, *, done: Done | None = None,
        once: bool = False,
    ) -> None:  # fmt: skip
        assert (channel, content_type) == ("usrloc", "application/json")
        self.sent.append((peer, body, done, once))

    def active(self) -> Sequence[Peer]:
        return []

    # Bindings

    def apply(self, binding: Binding, now: float) -> bool:
        return self._told(self.store.apply(binding), now)

    def withdraw(self, binding: Binding, now: float) -> bool:
        return self._told(self.store.withdraw(binding), now)

    def _told(self, change: BindingChanged | None, now: float) -> bool:
        if change is not None:
            self.replica.note(change, now)
        return change is not None

    def bindings(self, aor: str) -> Sequence[Binding]:
        return self.store.bindings(aor)

    def walk(self, after: str = "") -> Iterator[tuple[str, Sequence[Binding]]]:
        return self.store.walk(after)

    def __len__(self) -> int:
        return len(self.store)

    # what tests do

    def peer(self, number: int = 1, *, now: float = NOW) -> Peer:
        peer = Peer(f"sip:192.0.2.{number}:5060", Hop("UDP", f"192.0.2.{number}", 5060))
        self.replica.joined(peer, now)
        return peer

    def register(self, *bindings: Binding, now: float = NOW) -> None:
        for binding in bindings:
            before = [each for each in self.store.bindings(binding.aor) if each.ruid == binding.ruid]
            others = [each for each in self.store.bindings(binding.aor) if each.ruid != binding.ruid]
            self.store.replace(binding.aor, [*others, binding])
            change = BindingChange.REFRESHED if before else BindingChange.ADDED
            self.replica.note(BindingChanged(change, binding, before[0] if before else None), now)

    def remove(self, binding: Binding, now: float = NOW, cause: Cause = Cause.REGISTER) -> None:
        self.store.replace(
            binding.aor, [each for each in self.store.bindings(binding.aor) if each.ruid != binding.ruid]
        )
        self.replica.note(BindingChanged(BindingChange.REMOVED, binding, binding, cause), now)

    def hear(self, body: bytes, peer: Peer | None, now: float = NOW) -> None:
        request = Request("KDMQ", "sip:usrloc@192.0.2.9", [], body)
        self.replica.take(request, peer, lambda answer, _: self.answers.append(answer.status), now)

    def told(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """Peer, and (action, ruid) of each contact of what was sent since the last look; 0, "" asks for all."""
        found = []
        for peer, body, _, once in self.sent:
            if body == SYNC_REQUEST:
                assert once
                found.append((peer.address, [(0, "")]))
                continue
            whole = json.loads(body)
            members = whole["multi"].values() if "multi" in whole else [whole]
            found.append((peer.address, [(member["action"], member["ruid"]) for member in members]))
        self.waiting = [done for _, body, done, _ in self.sent if body != SYNC_REQUEST]
        self.sent = []
        return found

    def answer(self, status: int | None = 200, now: float = NOW) -> None:
        """All that was sent and waits."""
        waiting, self.sent = self.sent, []
        for _, _, done, _ in waiting:
            assert done is not None
            done(status, now)

    def settle(self, now: float = NOW) -> list[tuple[str, list[tuple[int, str]]]]:
        """Whatever is left to do is done, and answered; all that was sent."""
        found = []
        while self.sent or self.replica.next_deadline() == 0.0:
            sent = list(self.sent)
            found += self.told()
            self.sent = sent
            self.answer(now=now)
            if self.replica.next_deadline() == 0.0:
                self.replica.expire(now)
        return found


def one(peer: Peer, *changes: tuple[int, str]) -> tuple[str, list[tuple[int, str]]]:
    return peer.address, list(changes)


def body_of(*bindings: Binding, action: int = UPDATE) -> bytes:
    codec = Usrloc(USRLOC)
    return batch([codec.contact(binding, action) for binding in bindings], 60_000)[0]
