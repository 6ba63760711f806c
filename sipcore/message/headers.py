"""Header lines, their names and lists: canonical spelling, compact forms, where a comma list splits (RFC 3261 §7.3, §20).

Knows names, not values: the grammars of single fields are in ``sipcore.message.fields``.
"""

from functools import lru_cache
from typing import Final

from sipcore.message import marks

__all__ = [
    "KNOWN", "LIST_HEADERS", "TOKEN_CHARS", "Header", "HeaderName", "canonical_name", "end_of_quote", "first_of",
    "has_bare_nul", "make_header", "split_list",
]  # fmt: skip


class Header:
    """One header line, not to be changed: messages share them. ``name`` is canonical, ``value`` without surrounding white
    space and folds, ``raw`` the line as it goes out, without its CRLF; ``mark``: see ``marks``.

    ``part`` and ``number`` are what is known of the value: the tag of From and To, the URI of a Contact in its usual form,
    method and number of CSeq, the number of Content-Length. None and -1: nobody has looked.
    """

    __slots__ = ("mark", "name", "number", "part", "raw", "value")

    def __init__(self, name: str, value: str, raw: str, mark: int = 0, part: str | None = None) -> None:
        self.name = name
        self.value = value
        self.raw = raw
        self.mark = mark
        self.part = part
        self.number = -1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Header):
            return NotImplemented
        return self.name == other.name and self.value == other.value and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"Header({self.raw!r})"


_COMPACT: Final = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition", "e": "Content-Encoding",
    "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported", "l": "Content-Length", "m": "Contact",
    "n": "Identity-Info", "o": "Event", "r": "Refer-To", "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via",
    "x": "Session-Expires", "y": "Identity",
}  # fmt: skip

_FULL: Final = (
    "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events",
    "Authentication-Info", "Authorization", "Call-ID", "Call-Info", "Contact", "Content-Disposition",
    "Content-Encoding", "Content-Language", "Content-Length", "Content-Type", "CSeq", "Date", "Diversion",
    "Error-Info", "Event", "Expires", "Feature-Caps", "Flow-Timer", "From", "Geolocation", "History-Info", "Identity",
    "Identity-Info", "In-Reply-To", "Info-Package", "Join", "Max-Breadth", "Max-Forwards", "MIME-Version",
    "Min-Expires", "Min-SE", "Organization", "P-Access-Network-Info",
    "P-Asserted-Identity", "P-Called-Party-ID", "P-Charging-Vector",
    "P-Early-Media", "P-Preferred-Identity", "Path", "Priority", "Privacy", "Proxy-Authenticate",
    "Proxy-Authorization", "Proxy-Require", "RAck", "Reason", "Record-Route", "Recv-Info", "Refer-Sub", "Refer-To",
    "Referred-By", "Reject-Contact", "Remote-Party-ID", "Replaces", "Reply-To", "Request-Disposition", "Require",
    "Retry-After", "Route", "RSeq", "Security-Client", "Security-Server", "Security-Verify", "Server",
    "Service-Route", "Session-Expires", "SIP-ETag", "SIP-If-Match", "Subject", "Subscription-State", "Supported",
    "Target-Dialog", "Timestamp", "To", "Unsupported", "User-Agent", "User-to-User", "Via", "Warning",
    "WWW-Authenticate",
)  # fmt: skip

LIST_HEADERS: Final = frozenset({
    "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events",
    "Call-Info", "Contact", "Content-Encoding", "Content-Language", "Diversion", "Error-Info", "Feature-Caps",
    "Geolocation", "History-Info", "In-Reply-To", "P-Asserted-Identity", "P-Preferred-Identity", "Path",
    "Proxy-Require", "Reason", "Record-Route", "Recv-Info", "Reject-Contact", "Require", "Route", "Security-Client",
    "Security-Server", "Security-Verify", "Service-Route", "Supported", "Unsupported", "User-to-User", "Via", "Warning",
})  # fmt: skip
"""Headers whose value may be a comma list; any other value is taken whole (a Date or a challenge has commas too)."""

_REPEATING: Final = frozenset({
    "Accept", "Accept-Encoding", "Accept-Language", "Allow", "Allow-Events", "Call-ID", "Contact", "Content-Disposition",
    "Content-Length", "Content-Type", "CSeq", "Event", "Expires", "From", "Max-Forwards", "Min-SE", "Organization",
    "P-Early-Media", "Privacy", "Record-Route", "Require", "Route", "Server", "Session-Expires", "Supported", "To",
    "User-Agent",
})  # fmt: skip

TOKEN_CHARS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")


class HeaderName:
    """A name that we know. ``repeats``: whole lines of it come again and again, within a call or whoever calls whom."""

    __slots__ = ("mark", "repeats", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.mark = marks.BY_NAME.get(text, 0)
        self.repeats = text in _REPEATING


def _known_names() -> dict[str, HeaderName]:
    known: dict[str, HeaderName] = {}
    for full in _FULL:
        known[full] = known[full.lower()] = known[full.upper()] = known[full.title()] = HeaderName(full)
    for short, full in _COMPACT.items():
        known[short] = known[short.upper()] = known[full]
    return known


KNOWN: Final = _known_names()
"""Every usual spelling → its name: one look-up for nearly every header on the wire."""


def canonical_name(spelling: str) -> str:
    """The canonical form of any spelling; names that we do not know become ``Title-Case``.

    Raises ValueError when it is no token (RFC 3261 §25.1).
    """
    known = KNOWN.get(spelling)
    return known.text if known is not None else _odd_name(spelling)


@lru_cache(maxsize=1024)
def _odd_name(spelling: str) -> str:
    name = spelling.rstrip(" \t")  # HCOLON allows white space before the colon
    if not name or not TOKEN_CHARS.issuperset(name):
        raise ValueError("a header name is a token")
    known = KNOWN.get(name) or KNOWN.get(name.lower())
    return known.text if known is not None else name.title()


def make_header(name: str, value: str) -> Header:
    """A header of our own. Raises ValueError for a bad name or a value that would break the line."""
    if "\r" in value or "\n" in value or ("\0" in value and has_bare_nul(value)):
        raise ValueError(f"line break in the value of {name}")
    known = KNOWN.get(name)
    if known is not None:
        return Header(known.text, value, f"{known.text}: {value}", known.mark)
    canonical = canonical_name(name)
    known = KNOWN.get(canonical)
    return Header(canonical, value, f"{name.rstrip()}: {value}", known.mark if known is not None else 0)


def has_bare_nul(text: str) -> bool:
    """Whether a NUL is there that is not a quoted-pair, the only place where the grammar has one (RFC 3261 §25.1)."""
    return text.count("\0") != text.count("\\\0")


def split_list(value: str) -> list[str]:
    """The elements of a comma list; commas within quotes or angle brackets do not split. Empty ones are left out."""
    if "," not in value:
        return [value] if value else []
    if '"' not in value and "<" not in value:
        return [part for part in map(str.strip, value.split(",")) if part]
    parts: list[str] = []
    start = at = 0
    size = len(value)
    while at < size:
        char = value[at]
        if char == '"':
            at = end_of_quote(value, at)
        elif char == "<":
            closing = value.find(">", at)
            at = size if closing < 0 else closing + 1
        else:
            at += 1
            if char == ",":
                parts.append(value[start : at - 1].strip(" \t"))
                start = at
    parts.append(value[start:].strip(" \t"))
    return [part for part in parts if part]


def first_of(value: str) -> str:
    """The first element of a comma list, "" of an empty one."""
    parts = split_list(value)
    return parts[0] if parts else ""


def end_of_quote(text: str, at: int) -> int:
    """The index after the quoted string that opens at ``at``; the end of the text when it is never closed."""
    closing = text.find('"', at + 1)
    if closing < 0:
        return len(text)
    if "\\" not in text[at:closing]:
        return closing + 1
    size = len(text)
    at += 1
    while at < size:
        char = text[at]
        if char == '"':
            return at + 1
        at += 2 if char == "\\" else 1
    return min(at, size)
