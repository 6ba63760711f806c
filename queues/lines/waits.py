"""What a queue learns from the waits that were: the estimator AvgC-LES (average conditional on length, last to enter service).

Per (queue, priority class) and length met on arrival: an exponentially decayed mean of the waits of the calls that met it
and were connected. With too few of them, the wait of the last call that entered service; and while the queue has stalled,
never less than what its head has waited. (Ibrahim and Whitt on delay estimators; Thiongane, Chan and L'Ecuyer on
multi-skill ones.) Knows nothing of tickets: ``expected_wait`` does. Seconds throughout.
"""

from dataclasses import dataclass, field
from math import log2
from typing import Final

__all__ = ["AT_ONCE", "UNSEEN", "ClassWaits", "Mean", "QueueWaits", "bin_of"]

AT_ONCE: Final = 0
"""The length that a call meets for whom an agent is open; with nobody open it is 1 and up: the call's own position."""

UNSEEN: Final = -1
"""The length of a call that nothing can be learnt from."""

_DECAY: Final = 0.95
_ENOUGH: Final = 5  # samples of one length before their mean is trusted
_EXACT: Final = 16  # lengths up to here have a mean each
_BINS_AN_OCTAVE: Final = 8  # longer ones share: 9 % apart at most
_MAX_CLASSES: Final = 32  # priorities told apart in a queue; further ones count with their neighbour
_STALLED_AFTER: Final = 8.0  # usual gaps between two calls entering service; by chance one in e⁸
_SAVE_EVERY: Final = 10.0  # seconds: what a crash may forget


def bin_of(length: int) -> int:
    """Which mean calls of this length share."""
    if length <= _EXACT:
        return length
    return _EXACT + 1 + int(_BINS_AN_OCTAVE * log2(length / (_EXACT + 1)))


@dataclass(slots=True)
class Mean:
    """A plain mean of the first samples, an exponentially decayed one from then on."""

    value: float = 0.0
    samples: int = 0

    def add(self, sample: float) -> None:
        self.samples += 1
        self.value += max(1.0 / self.samples, 1.0 - _DECAY) * (sample - self.value)


@dataclass(slots=True)
class ClassWaits:
    """What was learnt of one priority class: the last wait, and the mean by bin of lengths."""

    last: float
    means: dict[int, Mean] = field(default_factory=dict)
    saved_at: float = 0.0


class QueueWaits:
    """``gap``: the time between two calls entering service while somebody waited; ``served_at``: the last such instant."""

    __slots__ = ("classes", "gap", "last", "served_at")

    def __init__(self) -> None:
        self.classes: dict[int, ClassWaits] = {}
        self.gap = Mean()
        self.last: float | None = None
        self.served_at = 0.0

    def class_of(self, priority: int) -> int:
        """The class that stands for this priority: itself, or its neighbour where there are too many."""
        if priority in self.classes or len(self.classes) < _MAX_CLASSES:
            return priority
        return min(self.classes, key=lambda other: (abs(other - priority), other))

    def expected(self, priority: int, length: int, head_joined_at: float | None, now: float) -> float | None:
        """Seconds until a call that meets ``length`` is connected; None where nothing is known.

        ``head_joined_at``: of the call that would be served first, None when nobody waits.
        """
        found = self.classes.get(self.class_of(priority))
        if length == AT_ONCE:
            mean = found.means.get(AT_ONCE) if found is not None else None
            return mean.value if mean is not None else 0.0
        estimate = self._learnt(found, length)
        if head_joined_at is None or not self._stalled(head_joined_at, now):
            return estimate
        return max(estimate or 0.0, now - head_joined_at)

    def learn(self, priority: int, length: int, entered_at: float, now: float) -> int | None:
        """A call that met ``length`` when it entered is connected. Returns the class if its row is due to be saved."""
        wait = now - entered_at
        key = self.class_of(priority)
        found = self.classes.get(key)
        if found is None:
            found = self.classes[key] = ClassWaits(wait)
        if length != AT_ONCE:  # a call served on arrival says nothing of those who wait
            self.gap.add(max(0.0, now - max(self.served_at, entered_at)))
            found.last = self.last = wait
        self.served_at = now
        bin_ = bin_of(length)
        mean = found.means.get(bin_)
        if mean is None:
            mean = found.means[bin_] = Mean()
        mean.add(wait)
        if now - found.saved_at < _SAVE_EVERY:
            return None
        found.saved_at = now
        return key

    def _learnt(self, found: ClassWaits | None, length: int) -> float | None:
        if found is None:
            return self.last
        mean = found.means.get(bin_of(length))
        return mean.value if mean is not None and mean.samples >= _ENOUGH else found.last

    def _stalled(self, head_joined_at: float, now: float) -> bool:
        if self.gap.samples < _ENOUGH:
            return True
        return now - max(self.served_at, head_joined_at) > _STALLED_AFTER * self.gap.value
