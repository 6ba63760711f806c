"""A call that is sent on to a SIP URI: the URI with its placeholders filled, and headers that say where the call was and why.

RFC 5806 (Diversion) is what voicemail systems and carriers read, RFC 7044 (History-Info) its successor, RFC 4458 the
``target`` and ``cause`` parameters of a voicemail URI.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from app.live_call import LiveCall
from queues.model import OverflowCause

__all__ = ["PLACEHOLDERS", "diversion", "filled", "voicemail_uri"]

PLACEHOLDERS: Final = frozenset({"caller", "called", "queue", "call", "cause"})
"""What a URI may hold in braces."""

# RFC 5806 §9.2 names the reasons; RFC 4458 §7 and RFC 3398 the causes.
_REASONS: Final[Mapping[OverflowCause, tuple[str, int]]] = {
    OverflowCause.QUEUE_FULL: ("user-busy", 486),
    OverflowCause.MAX_WAIT: ("no-answer", 408),
    OverflowCause.EXPECTED_WAIT: ("user-busy", 486),
    OverflowCause.NONE_LOGGED_IN: ("unavailable", 480),
    OverflowCause.NONE_READY: ("unavailable", 480),
    OverflowCause.CLOSED: ("time-of-day", 480),
    OverflowCause.HOLIDAY: ("time-of-day", 480),
    OverflowCause.EMERGENCY: ("out-of-service", 480),
}


def filled(uri: str, call: LiveCall, queue: str, cause: OverflowCause) -> str:
    """The URI with its placeholders; ``queue``: the name of the queue that sends the call on."""
    if "{" not in uri:
        return uri
    values = {"caller": call.caller, "called": call.called, "queue": queue, "call": call.id, "cause": cause.value}
    for name, value in values.items():
        uri = uri.replace(f"{{{name}}}", _escaped(value))
    return uri


def voicemail_uri(uri: str, call: LiveCall, host: str, cause: OverflowCause) -> str:
    """With RFC 4458's parameters, unless the URI has a ``cause`` or ``target`` of its own."""
    if ";cause=" in uri or ";target=" in uri or "?" in uri:
        return uri
    return f"{uri};target={_escaped(_origin(call, host))};cause={_REASONS[cause][1]}"


def diversion(target: str, call: LiveCall, host: str, cause: OverflowCause) -> tuple[tuple[str, str], ...]:
    """Diversion and History-Info of a call that ``target`` gets instead of us."""
    reason, status = _REASONS[cause]
    origin = _origin(call, host)
    history = f"<{origin}?Reason=SIP%3Bcause%3D{status}>;index=1, <{target}>;index=1.1;mp=1"
    return ("Diversion", f"<{origin}>;reason={reason};counter=1"), ("History-Info", history)


def _origin(call: LiveCall, host: str) -> str:
    user = _escaped(call.called)
    return f"sip:{user}@{host}" if user else f"sip:{host}"


def _escaped(value: str) -> str:
    """A peer's word, which need not be UTF-8, as a URI takes it."""
    return quote(value, safe="+", errors="surrogateescape")
