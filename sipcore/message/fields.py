"""The structured header values: name-addr, Via, CSeq (RFC 3261 §20, §25; RFC 3581 for ``rport``).

Each parser raises ``BadHeader`` naming the header that it was given.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from sipcore.errors import BadHeader
from sipcore.message.grammar import (
    Params,
    format_params,
    is_digits,
    is_host,
    is_token,
    parse_host_port,
    parse_params,
    parse_port,
    quote,
    unquote,
)  # fmt: skip
from sipcore.message.headers import end_of_quote

__all__ = ["USUAL_ADDRESS", "USUAL_CONTACT", "CSeq", "NameAddr", "Via", "usual_address"]

_USUAL: Final = r'(?:"[^"\\]*"|[^"<>,;\\]*) ?<(?P<uri>sips?:[^<>" \t]+)>'
USUAL_ADDRESS: Final = re.compile(rf"{_USUAL}(?:;tag=(?P<tag>[A-Za-z0-9_.+~!*%'`-]+))?").fullmatch
USUAL_CONTACT: Final = re.compile(rf"{_USUAL}(?:;expires=[0-9]+)?").fullmatch
"""Match nearly every From, To and Contact on the wire: what they match ``NameAddr.parse`` takes.

One match costs a quarter of parsing; most messages are never asked for more than the tags.
"""

_LONGEST_REMEMBERED: Final = 256


def usual_address(text: str) -> tuple[str, str] | None:
    """URI and tag ("": none) of what ``USUAL_ADDRESS`` matches, else None. A call's come again in each of its messages."""
    return _known_address(text) if len(text) <= _LONGEST_REMEMBERED else _usual_address(text)


def _usual_address(text: str) -> tuple[str, str] | None:
    match = USUAL_ADDRESS(text)
    return None if match is None else (match[1], match[2] or "")


_known_address: Final = lru_cache(maxsize=4096)(_usual_address)

MAX_CSEQ: Final = 2**31  # RFC 3261 §8.1.1.5: "less than 2**31"
_VIA_PREFIX: Final = "SIP/2.0/"
_TRANSPORTS: Final = {f"{_VIA_PREFIX}{name}": name for name in ("UDP", "TCP", "TLS", "WS", "WSS", "SCTP")}
_COMMON_METHODS: Final = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "INFO", "UPDATE"})
_LONGEST_USUAL_HEAD: Final = 64  # of a Via, up to its parameters
_LONGEST_USUAL_CSEQ: Final = 24  # 10 digits, a space, SUBSCRIBE and some: what is longer is not remembered


class CSeq(NamedTuple):
    """RFC 3261 §20.16: the number orders the requests of a dialog, the method tells a CANCEL or ACK from its INVITE."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Raises BadHeader."""
        return _usual_cseq(text) if len(text) <= _LONGEST_USUAL_CSEQ else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> "CSeq":
        digits, _, method = text.partition(" ")
        if method not in _COMMON_METHODS or len(digits) > 10 or not is_digits(digits):
            digits, method = cls._odd(text)
        if len(digits) > 10 or int(digits) >= MAX_CSEQ:
            raise BadHeader("CSeq", "the number is 2**31 or more")
        return cls(int(digits), method)

    @staticmethod
    def _odd(text: str) -> tuple[str, str]:
        parts = text.split()
        if len(parts) != 2 or not is_digits(parts[0]) or not is_token(parts[1]):
            raise BadHeader("CSeq", "not a number and a method")
        return parts[0].lstrip("0") or "0", parts[1]


_usual_cseq: Final = lru_cache(maxsize=4096)(CSeq._parse)  # noqa: SLF001 - its own memory: "1 INVITE" comes all day


class NameAddr:
    """``"Display" <uri>;params`` or the bare ``uri;params`` (RFC 3261 §20.10): From, To, Contact, Route and the like.

    ``display`` is unquoted; ``uri`` is text as received; ``params`` are the header's (names in lower case).
    """

    __slots__ = ("display", "params", "uri")

    def __init__(self, uri: str, display: str = "", params: Params | None = None) -> None:
        self.display = display
        self.uri = uri
        self.params: Params = {} if params is None else params

    @property
    def tag(self) -> str:
        """The tag, "" when absent (RFC 3261 §19.3)."""
        return self.params.get("tag") or ""

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    def __repr__(self) -> str:
        return f"NameAddr({self!s})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NameAddr):
            return NotImplemented
        return self.uri == other.uri and self.display == other.display and self.params == other.params

    __hash__ = None  # type: ignore[assignment]  # mutable

    @classmethod
    def parse(cls, text: str, header: str = "name-addr") -> "NameAddr":
        """Raises BadHeader naming ``header``."""
        left = text.find("<")
        if left == 0:
            display = ""
        elif left > 0 and '"' not in text:
            display = text[:left].rstrip(" \t")
            if "," in display or ";" in display:
                raise BadHeader(header, "bad display name")
        elif text[:1] == '"':
            display, left = cls._quoted_display(text, header)
        else:
            return cls._bare(text, header)
        right = text.find(">", left)
        uri = text[left + 1 : right]
        if right < 0 or not _looks_like_uri(uri):
            raise BadHeader(header, "no URI between < and >")
        if right + 1 == len(text):
            return cls(uri, display)
        rest = text[right + 1 :].lstrip(" \t")
        if rest[:1] != ";":
            raise BadHeader(header, "text after >")
        return cls(uri, display, parse_params(rest[1:], header))

    @staticmethod
    def _quoted_display(text: str, header: str) -> tuple[str, int]:
        """The display name and where the "<" after it is."""
        if "\\" not in text:
            end = text.find('"', 1)
            if end > 0 and text[end + 1 : end + 3] == " <":
                return text[1:end], end + 2
        end = end_of_quote(text, 0)
        if end < 2 or text[end - 1] != '"':
            raise BadHeader(header, "unterminated quoted string")
        left = text.find("<", end)
        if left < 0 or (left > end and text[end:left].strip(" \t")):
            raise BadHeader(header, "no < after the display name")
        return unquote(text[:end]), left

    @classmethod
    def _token_display(cls, text: str, header: str) -> "NameAddr":
        """``Alice <uri>;param="quoted"``: quotes, but not around the display name."""
        display, _, rest = text.partition("<")
        if "," in display or ";" in display:
            raise BadHeader(header, "bad display name")
        address = cls.parse(f"<{rest}", header)
        address.display = display.rstrip(" \t")
        return address

    @classmethod
    def _bare(cls, text: str, header: str) -> "NameAddr":
        if "<" in text.partition('"')[0]:
            return cls._token_display(text, header)
        uri, semicolon, rest = text.partition(";")
        uri = uri.rstrip(" \t")
        # RFC 3261 §20.10: "Even if the display-name is empty, the name-addr form MUST be used if the addr-spec
        # contains a comma, semicolon, or question mark."
        if not _looks_like_uri(uri) or "?" in uri or "," in uri or ">" in uri:
            raise BadHeader(header, "no URI")
        return cls(uri, "", parse_params(rest, header) if semicolon else None)


def _looks_like_uri(text: str) -> bool:
    """Enough to carry it on: a scheme, something behind it, and nothing that breaks out of angle brackets."""
    if " " in text or "<" in text or '"' in text or "\t" in text:
        return False
    if text[:4] == "sip:":
        return len(text) > 4
    scheme, _, rest = text.partition(":")
    return rest != "" and is_token(scheme)


class Via:
    """One Via element (RFC 3261 §20.42). ``host`` is without the brackets of an IPv6 reference; ``port`` None: default.

    ``branch`` is "" when absent (RFC 2543 peers). ``params`` holds every parameter, ``branch`` among them.
    """

    __slots__ = ("host", "params", "port", "transport")

    def __init__(self, transport: str, host: str, port: int | None = None, params: Params | None = None) -> None:
        self.transport = transport
        self.host = host
        self.port = port
        self.params: Params = {} if params is None else params

    @property
    def branch(self) -> str:
        """The branch parameter, "" when absent."""
        return self.params.get("branch") or ""

    @property
    def sent_by(self) -> str:
        """``host[:port]`` as it stands in the header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def received(self) -> str:
        """The address the request really came from, "" when not noted (RFC 3261 §18.2.1)."""
        return (self.params.get("received") or "").strip("[]")

    @property
    def rport(self) -> int | None:
        """The port the request really came from (RFC 3581), None when absent or still empty."""
        value = self.params.get("rport")
        return int(value) if value else None

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{format_params(self.params)}"

    def __repr__(self) -> str:
        return f"Via({self!s})"

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Raises BadHeader."""
        head, semicolon, tail = text.partition(";")
        transport, host, port = _usual_via_head(head) if len(head) <= _LONGEST_USUAL_HEAD else _via_head(head)
        if tail[:7] == "branch=" and '"' not in tail and " " not in tail and "\t" not in tail:
            branch, more, rest = tail[7:].partition(";")
            if branch and (rest == "rport" or not more):
                return cls(transport, host, port, {"branch": branch, "rport": None} if more else {"branch": branch})
        params = parse_params(tail, "Via") if semicolon else {}
        if params.get("rport"):
            parse_port(params["rport"] or "", "Via")
        return cls(transport, host, port, params)


def _via_head(head: str) -> tuple[str, str, int | None]:
    """Transport, host and port."""
    protocol, _, sent_by = head.partition(" ")
    transport = _TRANSPORTS.get(protocol)
    if transport is None or not sent_by:
        transport, sent_by = _odd_protocol(head)
    host, colon, digits = sent_by.partition(":")
    if is_host(host):
        return transport, host, parse_port(digits, "Via") if colon else None
    return transport, *parse_host_port(sent_by.strip(" \t"), "Via")


_usual_via_head: Final = lru_cache(maxsize=4096)(_via_head)  # a peer's is the same in every message


def _odd_protocol(head: str) -> tuple[str, str]:
    """``SIP / 2.0 / UDP host``: white space is allowed around the slashes, and tabs everywhere; case does not count."""
    parts = head.split("/")
    if len(parts) != 3 or parts[0].strip(" \t").upper() != "SIP" or parts[1].strip(" \t") != "2.0":
        raise BadHeader("Via", "not SIP/2.0")
    words = parts[2].split(None, 1)
    if len(words) != 2 or not is_token(words[0]):
        raise BadHeader("Via", "no transport or no sent-by")
    return words[0].upper(), words[1]
