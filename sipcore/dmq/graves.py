"""What was removed a while ago: an update that was on its way by then must not bring it back (as a sync may)."""

from collections import deque

from sipcore.binding import Binding, is_covered

__all__ = ["Graves"]


class Graves:
    """Bindings as they were when they were removed, for ``seconds``, at most ``most`` of them.

    By ruid, and by contact: nodes that a phone registered with at the same time have different names for it.
    """

    __slots__ = ("_by_contact", "_by_ruid", "_most", "_order", "_seconds")

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._by_ruid: dict[str, Binding] = {}
        self._by_contact: dict[tuple[str, str], Binding] = {}
        self._order: deque[tuple[float, Binding]] = deque()

    def __len__(self) -> int:
        return len(self._by_ruid)

    def bury(self, binding: Binding, now: float) -> None:
        """It is removed in this state, and so is whatever is older."""
        self._by_ruid[binding.ruid] = binding
        if not binding.reg_id and binding.contact:
            self._by_contact[binding.aor, binding.contact] = binding
        self._order.append((now + self._seconds, binding))
        while self._order and (self._order[0][0] <= now or len(self._order) > self._most):
            _, old = self._order.popleft()
            self._forget(old)

    def _forget(self, old: Binding) -> None:
        if self._by_ruid.get(old.ruid) is old:
            del self._by_ruid[old.ruid]
        if self._by_contact.get((old.aor, old.contact)) is old:
            del self._by_contact[old.aor, old.contact]

    def younger_than(self, seconds: float, now: float) -> list[Binding]:
        """Those that were removed since then, the latest first."""
        found: list[Binding] = []
        for until, binding in reversed(self._order):
            if until - self._seconds <= now - seconds:
                break
            if self._by_ruid.get(binding.ruid) is binding:
                found.append(binding)
        return found

    def find(self, binding: Binding) -> Binding | None:
        """What was removed that this is an older state of, or the same; None: nothing, or long ago."""
        removed = self._by_ruid.get(binding.ruid)
        if removed is not None:
            if is_covered(binding, removed):
                return removed
            self._forget(removed)  # it is back
        if binding.reg_id:
            return None
        removed = self._by_contact.get((binding.aor, binding.contact))
        return removed if removed is not None and is_covered(binding, removed) else None
