"""What was removed a while ago: an update that was on its way by then must not bring it back (as a sync may)."""

from collections import deque

from sipcore.binding import Binding

__all__ = ["Graves"]


class Graves:
    """Bindings as they were when they were removed, by ruid, for ``seconds``, at most ``most`` of them."""

    __slots__ = ("_by_ruid", "_most", "_order", "_seconds")

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._by_ruid: dict[str, Binding] = {}
        self._order: deque[tuple[float, Binding]] = deque()

    def __len__(self) -> int:
        return len(self._by_ruid)

    def bury(self, binding: Binding, now: float) -> None:
        """It is removed in this state, and so is whatever is older."""
        self._by_ruid[binding.ruid] = binding
        self._order.append((now + self._seconds, binding))
        while self._order and (self._order[0][0] <= now or len(self._order) > self._most):
            _, old = self._order.popleft()
            if self._by_ruid.get(old.ruid) is old:
                del self._by_ruid[old.ruid]

    def find(self, ruid: str) -> Binding | None:
        """As it was removed; None: it was not, or long ago."""
        return self._by_ruid.get(ruid)

    def rise(self, ruid: str) -> None:
        """It is back."""
        self._by_ruid.pop(ruid, None)
