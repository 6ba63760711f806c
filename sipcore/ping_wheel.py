"""When to ping which contact: each once an interval, spread over its seconds, with one deadline for all (no timer each).

Knows names only: who pings, how, and what a contact is, is the owner's.
"""

from zlib import crc32

__all__ = ["PingWheel"]


class PingWheel:
    """``interval`` in whole seconds; ``misses`` pings in a row without an answer make a contact dead."""

    __slots__ = ("_count", "_missed", "_misses", "_next", "_slots")

    def __init__(self, interval: int, misses: int) -> None:
        self._slots: list[dict[str, str]] = [{} for _ in range(interval)]
        self._misses = misses
        self._missed: dict[str, int] = {}  # of those that missed their last ping
        self._count = 0
        self._next: int | None = None  # the second whose slot comes next

    def __len__(self) -> int:
        return self._count

    def watch(self, name: str, owner: str, now: float) -> None:
        """Ping ``name`` from now on; ``owner`` comes back with it."""
        slot = self._slots[self._place(name)]
        self._count += name not in slot
        slot[name] = owner
        if self._next is None:
            self._next = int(now) + 1

    def forget(self, name: str) -> None:
        """No more pings; nothing happens where it is not watched."""
        slot = self._slots[self._place(name)]
        if name in slot:
            del slot[name]
            self._count -= 1
            self._missed.pop(name, None)
            if not self._count:
                self._next = None

    def next_deadline(self) -> float | None:
        """When ``due`` is wanted."""
        return None if self._next is None else float(self._next)

    def due(self, now: float) -> list[tuple[str, str]]:
        """(name, owner) of those to ping now. After a long pause none comes twice."""
        if self._next is None or self._next > now:
            return []
        size = len(self._slots)
        seconds = range(max(self._next, int(now) - size + 1), int(now) + 1)
        self._next = int(now) + 1
        return [item for second in seconds for item in self._slots[second % size].items()]

    def answered(self, name: str) -> None:
        """It lives."""
        self._missed.pop(name, None)

    def missed(self, name: str) -> bool:
        """It did not answer; whether it is dead now."""
        if name not in self._slots[self._place(name)]:
            return False
        missed = self._missed[name] = self._missed.get(name, 0) + 1
        return missed >= self._misses

    def _place(self, name: str) -> int:
        return crc32(name.encode("utf-8", "surrogateescape")) % len(self._slots)
