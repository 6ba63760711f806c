"""How many messages an endpoint received or sent: requests by method, responses by the first digit of their status."""

from typing import Final

__all__ = ["Traffic"]

_METHODS: Final = (
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "REFER", "UPDATE", "NOTIFY", "SUBSCRIBE", "MESSAGE",
    "KDMQ",
)  # fmt: skip
_PLACES: Final = {method: place for place, method in enumerate(_METHODS)}
_OTHER: Final = len(_METHODS)  # nothing that a peer sends becomes a name
_RESPONSES: Final = _OTHER + 1
_NAMES: Final = (*[method.lower() for method in _METHODS], "other", *[f"{digit}xx" for digit in range(7)])


class Traffic:
    """One direction's."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * len(_NAMES)

    def request(self, method: str) -> None:
        """One more."""
        self._counts[_PLACES.get(method, _OTHER)] += 1

    def response(self, status: int) -> None:
        """One more. ``status`` is below 700."""
        self._counts[_RESPONSES + status // 100] += 1

    def named(self, direction: str) -> dict[str, int]:
        """Those that there were, as ``sent_invite`` or ``received_4xx``."""
        return {f"{direction}_{name}": count for name, count in zip(_NAMES, self._counts, strict=True) if count}
