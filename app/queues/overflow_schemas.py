"""Limits of a queue and the actions of its overflow, as clients send and see them. Queues are referred to by name or id."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.fields import Name, SoundName, sip_uri
from app.forwarding import PLACEHOLDERS

__all__ = ["Cause", "CloseBody", "LimitsPart", "OverflowPart"]

Cause = Literal[
    "emergency", "holiday", "closed", "none_logged_in", "none_ready", "queue_full", "expected_wait", "max_wait"
]
"""Why a queue does not take a call, or lets a waiting one go."""

_NEEDS: Final = {"uri": "uri", "voicemail": "uri", "queue": "queue", "announcement": "sound"}


def _template(value: str) -> str:
    """A SIP URI that may hold placeholders in braces."""
    plain = value
    for name in PLACEHOLDERS:
        plain = plain.replace(f"{{{name}}}", "x")
    if "{" in plain or "}" in plain:
        raise ValueError(f"known placeholders are {', '.join(sorted(f'{{{name}}}' for name in PLACEHOLDERS))}")
    sip_uri(plain)
    return value


UriTemplate = Annotated[str, Field(max_length=512), AfterValidator(_template)]


class OverflowPart(BaseModel):
    """What becomes of a caller who does not get, or leaves, a place in the queue.

    ``uri`` goes with the actions uri and voicemail, ``queue`` with queue, ``sound`` with announcement.
    ``forward_ring_seconds``: how long a URI is rung. ``announcement_max_seconds``: when an announcement is cut off.
    """

    model_config = ConfigDict(extra="forbid")
    action: Literal["hangup", "uri", "queue", "announcement", "voicemail", "callback"] = "hangup"
    uri: UriTemplate | None = None
    queue: Name | None = None
    sound: SoundName | None = None
    forward_ring_seconds: Annotated[float, Field(ge=1, le=600)] = 60.0
    announcement_max_seconds: Annotated[float, Field(ge=1, le=3600)] = 120.0

    @model_validator(mode="after")
    def _what_the_action_needs(self) -> Self:
        needed = _NEEDS.get(self.action)
        for name in ("uri", "queue", "sound"):
            given = getattr(self, name) is not None
            if given != (name == needed):
                raise ValueError(f"action {self.action} " + (f"has no {name}" if given else f"needs a {name}"))
        return self


class LimitsPart(BaseModel):
    """Whom the queue does not take, besides ``max_length``; nobody logged in (or ready, which is available and reachable).

    ``also_waiting``: when the last one goes, those who wait leave, too.
    """

    model_config = ConfigDict(extra="forbid")
    max_expected_wait: Annotated[float, Field(gt=0, le=86_400)] | None = None
    none_logged_in: bool = False
    none_ready: bool = False
    also_waiting: bool = False


class CloseBody(BaseModel):
    """``action`` null: what the queue has for an emergency. ``also_waiting``: those who wait leave, too."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    reason: Annotated[str, Field(max_length=200)] = ""
    action: OverflowPart | None = None
    also_waiting: bool = False
