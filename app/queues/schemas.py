"""What clients send and see of queues. Durations are seconds; a skill is referred to by its name or id."""

from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.fields import Name, Seconds, SoundName, sip_uri
from app.queues.needs import NeedsFields
from app.queues.overflow_schemas import Cause, LimitsPart, OverflowPart
from app.requirements import Requirements
from app.resources import Body, View
from queues.rules.sticky import StickyScope
from queues.strategies import BUILT_IN, STRATEGIES

__all__ = ["QueueBody", "QueueView"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StickyPart(_Part):
    """The agent who talked with a caller last, within ``period_seconds``, comes first; a call waits ``wait_seconds`` for it.

    ``scope``: talks in this queue count, or in any.
    """

    period_seconds: Annotated[float, Field(gt=0, le=31_622_400)]
    wait_seconds: Seconds = 0.0
    scope: StickyScope = StickyScope.QUEUE


def _clock(value: str) -> str:
    try:
        time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no time of day such as 09:00") from None
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value!r}") from None
    return value


def _callback_uri(value: str) -> str:
    if "{number}" not in value:
        raise ValueError("the URI of customers holds {number}")
    sip_uri(value.replace("{number}", "number"))
    return value


Clock = Annotated[str, Field(pattern=r"^\d\d:\d\d$"), AfterValidator(_clock)]


class CallbackHoursPart(_Part):
    """Between these times of day, local to ``time_zone``, customers are dialled; or while ``calendar`` is open."""

    begin: Clock | None = None
    end: Clock | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    calendar: Name | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        times = [each for each in (self.begin, self.end) if each is not None]
        if len(times) != (2 if self.calendar is None else 0):
            raise ValueError("begin and end, or a calendar in their place")
        return self


class CallbackPart(_Part):
    """How customers are called back: ``uri`` with ``{number}``, the number ``shown`` to them, the ``key`` that asks for it.

    ``first``: who is rung before the other.
    """

    uri: Annotated[str, Field(max_length=512), AfterValidator(_callback_uri)]
    shown: Annotated[str, Field(pattern=r"^[A-Za-z0-9+*#._-]{1,64}$")] = "callyard"
    key: Annotated[str, Field(pattern=r"^[0-9*#A-D]$")] | None = None
    sound: SoundName | None = None
    ring_seconds: Annotated[float, Field(ge=5, le=180)] = 30.0
    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    retry_seconds: Annotated[float, Field(ge=60, le=86_400)] = 300.0
    expires_seconds: Annotated[float, Field(ge=60, le=2_678_400)] = 86_400.0
    hours: CallbackHoursPart | None = None
    first: Literal["customer", "agent"] = "customer"


class ServiceLevelPart(_Part):
    """``target``: the share of calls that should be answered within ``threshold_seconds``."""

    target: Annotated[float, Field(gt=0, le=1)] = 0.8
    threshold_seconds: Seconds = 20.0


class AnnouncementsPart(_Part):
    """What waiting callers hear between the music. ``comfort``: sounds, one each time, in turn. ``every_seconds`` null: once.

    With everything off there would be nothing to hear.
    """

    position: bool = False
    expected_wait: bool = False
    first_after_seconds: Seconds = 15.0
    every_seconds: Annotated[float, Field(ge=5, le=3600)] | None = 60.0
    comfort: Annotated[list[SoundName], Field(max_length=16)] = []

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.position or self.expected_wait or self.comfort):
            raise ValueError("position, expected_wait or comfort must say what to announce")
        return self


class DelaysPart(_Part):
    """Seconds that an agent is left alone after a failed offer, by cause."""

    busy: Seconds = 10.0
    rejected: Seconds = 10.0
    no_answer: Seconds = 15.0
    unreachable: Seconds = 30.0
    connect_failed: Seconds = 2.0


MissCause = Literal["busy", "rejected", "no_answer", "unreachable", "connect_failed"]


def _known(strategy: str) -> str:
    if strategy not in STRATEGIES:
        raise ValueError(f"there is no strategy {strategy!r}; known are {', '.join(sorted(STRATEGIES))}")
    return strategy


class _Fields(NeedsFields, BaseModel):
    name: Name
    strategy: Annotated[str, AfterValidator(_known), Field(examples=sorted(BUILT_IN))] = "longest-idle"
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    requirements: Requirements = []
    ring_seconds: Annotated[float, Field(ge=1, le=600)] = 20.0
    ring_at_most: Annotated[int, Field(ge=1, le=200)] = 20
    ring_step_seconds: Annotated[float, Field(ge=0.5, le=600)] = 5.0
    wrap_up_seconds: Seconds = 0.0
    max_wait: Annotated[float, Field(gt=0, le=86_400)] | None = 600.0
    max_length: Annotated[int, Field(ge=0)] | None = None
    overflow: OverflowPart = OverflowPart()
    overflow_on: dict[Cause, OverflowPart] = {}
    limits: LimitsPart = LimitsPart()
    calendar: Name | None = None
    at_close: Literal["keep", "overflow"] = "keep"
    place_return_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    delays: DelaysPart = DelaysPart()
    ageing: Annotated[float, Field(ge=0, le=1000)] = 0.0
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    max_wrap_up_seconds: Seconds | None = None
    disposition_required: bool = False
    pause_after_misses: Annotated[int, Field(ge=1, le=1000)] | None = None
    miss_causes: Annotated[list[MissCause], Field(max_length=5)] = ["no_answer", "rejected", "unreachable"]
    missed_pause_reason: Annotated[str, Field(min_length=1, max_length=64)] = "missed calls"
    sticky: StickyPart | None = None
    service_level: ServiceLevelPart = ServiceLevelPart()
    short_abandon_seconds: Seconds = 5.0
    music: SoundName = "music"
    greeting: SoundName | None = None
    early_media: bool = False
    early_media_max_seconds: Annotated[float, Field(ge=1, le=3600)] = 120.0
    announcements: AnnouncementsPart | None = None
    callback: CallbackPart | None = None


class QueueBody(_Fields, Body):
    pass


class QueueView(_Fields, View):
    pass
