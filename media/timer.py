"""The session timer of a dialog (RFC 4028): what is agreed, when we refresh, when the session is over. Pure."""

from dataclasses import dataclass
from typing import Final

from sipcore.deadlines import NEVER
from sipcore.message import Message, Request

__all__ = ["MIN_SE", "IntervalTooBrief", "SessionTimer"]

MIN_SE: Final = 90  # §4: "the minimum value for the Min-SE header field is 90 seconds"
_LONGEST: Final = 86_400
_MARGIN: Final = 32


class IntervalTooBrief(ValueError):  # noqa: N818 - the name of SIP status 422
    """The peer's Session-Expires is below our minimum: to be answered 422 with Min-SE."""


def _interval(text: str | None) -> tuple[int, str]:
    """Session-Expires' seconds (0: absent or unreadable) and refresher."""
    number, _, params = (text or "").partition(";")
    number = number.strip()
    seconds = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
    for param in params.split(";"):
        name, _, value = param.partition("=")
        if name.strip().lower() == "refresher":
            return seconds, value.strip().lower()
    return seconds, ""


def _supports(message: Message) -> bool:
    options = [*message.get_all("Supported"), *message.get_all("Require")]
    return any(option.strip().lower() == "timer" for option in options)


@dataclass(slots=True)
class SessionTimer:
    """One dialog's timer. ``ours``: we are the refresher. ``refreshed`` is when it was last started."""

    interval: int
    minimum: int = MIN_SE
    ours: bool = True
    refreshed: float = 0.0
    refresh_at: float = NEVER  # when a refresh of ours is due

    def answer(self, request: Request, now: float) -> list[tuple[str, str]]:
        """Agree with an INVITE or UPDATE of the peer (§9) and start anew; gives the headers of the 2xx.

        Raises `IntervalTooBrief`.
        """
        wanted, refresher = _interval(request.get("Session-Expires"))
        able = _supports(request)
        if wanted and wanted < self.minimum and able:
            raise IntervalTooBrief
        lower = max(_interval(request.get("Min-SE"))[0], self.minimum)
        if wanted:
            self.interval = min(max(wanted, lower), _LONGEST)  # "MUST NOT increase" holds from a peer that can (§9)
        self.interval = max(self.interval, min(lower, _LONGEST))
        self.ours = not able or refresher == "uas"  # Table 2: where the choice is ours, the one who asked refreshes
        self._start(now)
        headers = [("Session-Expires", f"{self.interval};refresher={'uas' if self.ours else 'uac'}")]
        if not self.ours:
            headers.append(("Require", "timer"))  # §9: "…and the refresher parameter is set to 'uac'"
        return headers

    def ask(self) -> list[tuple[str, str]]:
        """The headers of a refresh of ours (§7.4)."""
        self.refresh_at = NEVER
        return [
            ("Supported", "timer"),
            ("Session-Expires", f"{self.interval};refresher=uac"),
            ("Min-SE", str(self.minimum)),
        ]

    def accepted(self, response: Message, now: float) -> None:
        """Our refresh got a 2xx (§7.2): its Session-Expires holds; without one we go on refreshing alone."""
        seconds, refresher = _interval(response.get("Session-Expires"))
        if seconds:
            self.interval = min(max(seconds, MIN_SE), _LONGEST)
        self.ours = refresher != "uas"
        self._start(now)

    def alive(self, now: float) -> None:
        """The peer answered within the dialog, whatever it said: it is there."""
        self._start(now)

    def too_small(self, response: Message) -> None:
        """422 to our refresh (§7.3): try again with the Min-SE it names."""
        self.minimum = min(max(_interval(response.get("Min-SE"))[0], self.minimum), _LONGEST)
        self.interval = max(self.interval, self.minimum)

    def retry(self, at: float) -> None:
        """Try our refresh again at ``at``."""
        self.refresh_at = at

    @property
    def ends_at(self) -> float:
        """When the session is over without a refresh (§10: "min(32, interval/3)" before the interval ends)."""
        return self.refreshed + self.interval - min(_MARGIN, self.interval / 3)

    @property
    def deadline(self) -> float:
        """When to look at it again."""
        return min(self.refresh_at, self.ends_at)

    def _start(self, now: float) -> None:
        self.refreshed = now
        self.refresh_at = now + self.interval / 2 if self.ours else NEVER  # §10: "half of the session interval"
