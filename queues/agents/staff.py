"""Who of the agents is logged in, and who of those is ready: as bits, and counted by queue.

An agent is ready who is available, reachable and has no pause pending; also one who talks or wraps up, who will be free.
"""

from typing import Final

from queues.model import QueueId

__all__ = ["ABSENT", "Presence", "Staff"]

Presence = tuple[tuple[QueueId, ...], bool, bool]
"""Of an agent: the queues it serves; is it logged in, and ready?"""

ABSENT: Final[Presence] = ((), False, False)


class Staff:
    """``everybody``: who is logged in, ``all_ready``: who is ready. ``emptied``: queues that lost their last agent who was
    logged in or ready since they were last taken.
    """

    __slots__ = ("_logged_in", "_ready", "all_ready", "emptied", "everybody")

    def __init__(self) -> None:
        self.everybody = 0
        self.all_ready = 0
        self._logged_in: dict[QueueId, int] = {}
        self._ready: dict[QueueId, int] = {}
        self.emptied: dict[QueueId, None] = {}

    def logged_in(self, queue: QueueId) -> int:
        return self._logged_in.get(queue, 0)

    def ready(self, queue: QueueId) -> int:
        return self._ready.get(queue, 0)

    def change(self, bit: int, before: Presence, now: Presence) -> None:
        """The agent of this bit, who was counted so before, is so now."""
        self._add(now, 1)
        self._add(before, -1)
        _, logged_in, ready = now
        self.everybody = self.everybody | bit if logged_in else self.everybody & ~bit
        self.all_ready = self.all_ready | bit if ready else self.all_ready & ~bit

    def take_emptied(self) -> list[QueueId]:
        emptied = list(self.emptied)
        self.emptied.clear()
        return emptied

    def _add(self, presence: Presence, sign: int) -> None:
        queues, logged_in, ready = presence
        for queue in queues:
            if logged_in:
                self._change(self._logged_in, queue, sign)
            if ready:
                self._change(self._ready, queue, sign)

    def _change(self, counts: dict[QueueId, int], queue: QueueId, sign: int) -> None:
        left = counts.get(queue, 0) + sign
        if left:
            counts[queue] = left
        else:
            del counts[queue]
            self.emptied[queue] = None
