"""Who looks at the SIP messages that pass, and what each of them wants to see.

Costs nothing while nobody looks. A client that reads too slowly loses messages, told by their number, and holds up nobody.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from app.trace.mask import masked
from sipcore.packets import Hop, Send, Source

__all__ = ["Filter", "TraceFeed", "Traced", "Watcher"]

_CALL_ID: Final = re.compile(rb"(?im)^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)")
_PARTIES: Final = re.compile(rb"(?im)^(?:from|to|f|t|contact|m)[ \t]*:[^\r\n]*?(?:sips?|tel):([^@;>\r\n]*)")
_TARGET: Final = re.compile(rb"[A-Z]+ (?:sips?|tel):([^@; ]*)")


@dataclass(frozen=True, slots=True)
class Filter:
    """``call``: a SIP Call-ID, or the id of a live call of ours; ``user``: of From, To, Contact or Request-URI;
    ``address``: the peer's, with or without port. None: any.
    """

    call: str | None = None
    user: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Traced:
    """One message. ``lost``: messages before it that the client was too slow for."""

    time: float
    direction: Literal["in", "out"]
    transport: str
    peer: str
    message: str
    lost: int = 0


@dataclass(slots=True)
class Watcher:
    """One who looks: ``wake`` is set when there is something to ``take``."""

    wants: Filter
    feed: "TraceFeed"
    most: int
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    _waiting: deque[Traced] = field(default_factory=deque)
    _lost: int = 0

    def put(self, traced: Traced) -> None:
        if len(self._waiting) >= self.most:
            self._lost += 1
            return
        if self._lost:
            traced = Traced(
                traced.time, traced.direction, traced.transport, traced.peer, traced.message, self._lost
            )  # fmt: skip
            self._lost = 0
        self._waiting.append(traced)
        self.wake.set()

    def take(self) -> list[Traced]:
        self.wake.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def close(self) -> None:
        self.feed.watchers.discard(self)

    def __hash__(self) -> int:
        return id(self)


class TraceFeed:
    """``most_watchers`` look at once, ``backlog`` messages wait for each. ``call_ids``: those of a live call's legs."""

    def __init__(
        self, most_watchers: int = 5, backlog: int = 1000, call_ids: Callable[[str], Iterable[str]] = lambda _: ()
    ) -> None:
        self.watchers: set[Watcher] = set()
        self._most_watchers = most_watchers
        self._backlog = backlog
        self._call_ids = call_ids

    @property
    def full(self) -> bool:
        return len(self.watchers) >= self._most_watchers

    def watch(self, wants: Filter) -> Watcher:
        watcher = Watcher(wants, self, self._backlog)
        self.watchers.add(watcher)
        return watcher

    def close(self) -> None:
        """The service stops: nobody waits for more."""
        for watcher in list(self.watchers):
            watcher.ended = True
            watcher.wake.set()

    def received(self, packets: Iterable[tuple[bytes, Source]], now: float) -> None:
        """What came; to be called only while there are ``watchers``."""
        for data, source in packets:
            self._show(data, source.hop, "in", now)

    def sent(self, sends: Iterable[Send], now: float) -> None:
        """What leaves; as ``received``."""
        for send in sends:
            self._show(send.data, send.hop, "out", now)

    def _show(self, data: bytes, hop: Hop, direction: Literal["in", "out"], now: float) -> None:
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive
        wanted = [watcher for watcher in self.watchers if self._is_wanted(data, hop, watcher.wants)]
        if not wanted:
            return
        host = f"[{hop.host}]" if ":" in hop.host else hop.host
        traced = Traced(now, direction, hop.transport, f"{host}:{hop.port}", masked(data))
        for watcher in wanted:
            watcher.put(traced)

    def _is_wanted(self, data: bytes, hop: Hop, wants: Filter) -> bool:
        if wants.address is not None and wants.address not in (hop.host, f"{hop.host}:{hop.port}"):
            return False
        head = data.partition(b"\r\n\r\n")[0]
        if wants.user is not None:
            user = wants.user.encode()
            target = _TARGET.match(head)
            if user not in _PARTIES.findall(head) and (target is None or target[1] != user):
                return False
        if wants.call is None:
            return True
        found = _CALL_ID.search(head)
        call_id = found[1].decode("utf-8", "replace").strip() if found is not None else ""
        return call_id == wants.call or call_id in self._call_ids(wants.call)
