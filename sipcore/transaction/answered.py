"""Requests other than INVITE that were answered in the turn they came in: the Completed state, without the machine.

RFC 3261 §17.2.2: "While in the 'Completed' state, the server transaction MUST pass the final response to the transport
layer for retransmission whenever a retransmission of the request is received." Until timer J fires that is all there is to
it, and J is the same for all: they end in the order in which they began.
"""

from collections import deque

from sipcore.packets import Send

__all__ = ["Answered", "AnsweredRequests"]


class Answered:
    """``key`` is the server transaction's, ``merge`` the identity of the request, ``fingerprint`` the hash of its bytes."""

    __slots__ = ("fingerprint", "key", "merge", "send", "until")

    def __init__(self, fingerprint: int, key: str, merge: str, send: Send, until: float) -> None:
        self.fingerprint = fingerprint
        self.key = key
        self.merge = merge
        self.send = send
        self.until = until


class AnsweredRequests:
    """Those whose timer J has not fired."""

    __slots__ = ("_by_merge", "_queue", "prints")

    def __init__(self) -> None:
        self.prints: dict[int, Answered] = {}
        self._by_merge: dict[str, Answered] = {}
        self._queue: deque[Answered] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def __contains__(self, merge: str) -> bool:
        return merge in self._by_merge

    def add(self, answered: Answered) -> None:
        """``until`` is not before that of the last one."""
        self.prints[answered.fingerprint] = answered
        self._by_merge[answered.merge] = answered
        self._queue.append(answered)

    def find(self, merge: str) -> Answered | None:
        """The request of this identity."""
        return self._by_merge.get(merge)

    def next(self) -> float | None:
        """When the first of them ends."""
        return self._queue[0].until if self._queue else None

    def expire(self, now: float) -> None:
        """Timer J."""
        queue = self._queue
        while queue and queue[0].until <= now:
            answered = queue.popleft()
            if self.prints.get(answered.fingerprint) is answered:
                del self.prints[answered.fingerprint]
            if self._by_merge.get(answered.merge) is answered:
                del self._by_merge[answered.merge]
