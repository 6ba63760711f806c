"""The structured header values: parameters, name-addr, Via, CSeq (RFC 3261 §20, §25; RFC 3581 for ``rport``).

Each parser raises ``BadHeader`` naming the header that it was given.
"""

from typing import Final, NamedTuple

from sipcore.errors import BadHeader
from sipcore.message.headers import TOKEN_CHARS, end_of_quote

__all__ = ["CSeq", "NameAddr", "Via", "format_params", "is_token", "parse_params", "quote", "unquote"]

Params = dict[str, str | None]

MAX_CSEQ: Final = 2**31  # RFC 3261 §8.1.1.5: "less than 2**31"
_MAX_PORT: Final = 65_535
_VIA_PREFIX: Final = "SIP/2.0/"


def is_token(text: str) -> bool:
    """Whether the text is a ``token`` (RFC 3261 §25.1)."""
    return text.isascii() and (text.isalnum() or (text != "" and TOKEN_CHARS.issuperset(text)))


def is_digits(text: str) -> bool:
    """Whether the text is ``1*DIGIT``: ASCII only, unlike ``str.isdigit``."""
    return text.isascii() and text.isdigit()


def quote(text: str) -> str:
    """The text as a quoted-string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """What a quoted-string says; any other text is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    out: list[str] = []
    escaped = False
    for char in inner:
        if char == "\\" and not escaped:
            escaped = True
        else:
            out.append(char)
            escaped = False
    return "".join(out)


def split_quoted(text: str, separator: str) -> list[str]:
    """Split at a one-character separator that is not within a quoted string."""
    if '"' not in text:
        return text.split(separator)
    parts: list[str] = []
    start = at = 0
    while at < len(text):
        char = text[at]
        if char == '"':
            at = end_of_quote(text, at)
            continue
        if char == separator:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return parts


def parse_params(text: str, header: str) -> Params:
    """``a=1;b;c="x;y"`` → a dict, names in lower case, values as written (quotes kept).

    An empty parameter or one given twice is refused (RFC 3261 §7.3.1: "MUST NOT appear more than once").
    """
    params: Params = {}
    for part in split_quoted(text, ";"):
        name, equals, value = part.partition("=")
        name = name.strip(" \t").lower()
        if name in params or not is_token(name):
            raise BadHeader(header, f"bad or repeated parameter {name!r}")
        if not equals:
            params[name] = None
            continue
        value = value.strip(" \t")
        if not value or (value[0] == '"') != (value[-1] == '"') or (" " in value and value[0] != '"'):
            raise BadHeader(header, f"bad value of parameter {name!r}")
        if value[0] == '"' and (len(value) < 2 or end_of_quote(value, 0) != len(value)):
            raise BadHeader(header, f"bad value of parameter {name!r}")
        params[name] = value
    return params


def format_params(params: Params) -> str:
    """The parameters as they follow a value, each with its leading semicolon."""
    if not params:
        return ""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params.items()])


def parse_port(text: str, header: str) -> int:
    """A port, 1 to 65535."""
    if not is_digits(text) or len(text) > 5 or not 0 < int(text) <= _MAX_PORT:
        raise BadHeader(header, f"bad port {text[:12]!r}")
    return int(text)


class CSeq(NamedTuple):
    """RFC 3261 §20.16: the number orders the requests of a dialog, the method tells a CANCEL or ACK from its INVITE."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Raises BadHeader."""
        parts = text.split()
        if len(parts) != 2 or not is_digits(parts[0]) or len(parts[0]) > 10 or not is_token(parts[1]):
            raise BadHeader("CSeq", "a number and a method")
        number = int(parts[0])
        if number >= MAX_CSEQ:
            raise BadHeader("CSeq", "the number is 2**31 or more")
        return cls(number, parts[1])


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
        display = ""
        start = 0
        if text[:1] == '"':
            start = end_of_quote(text, 0)
            if text[start - 1] != '"' or start < 2:
                raise BadHeader(header, "unterminated quoted string")
            display = unquote(text[:start])
        left = text.find("<", start)
        if left < 0:
            return cls._bare(text, header)
        between = text[start:left].strip(" \t")
        if between:
            if start or '"' in between or "," in between or ";" in between:
                raise BadHeader(header, "bad display name")
            display = between
        right = text.find(">", left)
        uri = text[left + 1 : right]
        if right < 0 or not _looks_like_uri(uri):
            raise BadHeader(header, "no URI between < and >")
        rest = text[right + 1 :].lstrip(" \t")
        if not rest:
            return cls(uri, display)
        if rest[0] != ";":
            raise BadHeader(header, "text after >")
        return cls(uri, display, parse_params(rest[1:], header))

    @classmethod
    def _bare(cls, text: str, header: str) -> "NameAddr":
        uri, semicolon, rest = text.partition(";")
        uri = uri.rstrip(" \t")
        # RFC 3261 §20.10: "Even if the display-name is empty, the name-addr form MUST be used if the addr-spec
        # contains a comma, semicolon, or question mark."
        if not _looks_like_uri(uri) or "?" in uri or "," in uri or ">" in uri:
            raise BadHeader(header, "no URI")
        return cls(uri, "", parse_params(rest, header) if semicolon else None)


def _looks_like_uri(text: str) -> bool:
    """Enough to carry it on: a scheme, something behind it, and nothing that breaks out of angle brackets."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or not scheme.isascii() or " " in text or "<" in text or '"' in text or "\t" in text:
        return False
    return scheme.isalpha() or is_token(scheme)


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
        protocol, _, sent_by = head.partition(" ")
        if protocol[:8] != _VIA_PREFIX or not sent_by:
            protocol, sent_by = _loose_protocol(head)
        transport = protocol[8:]
        if not is_token(transport):
            raise BadHeader("Via", "no transport")
        host, port = parse_host_port(sent_by.strip(" \t"), "Via")
        params = parse_params(tail, "Via") if semicolon else {}
        rport = params.get("rport")
        if rport:
            parse_port(rport, "Via")
        return cls(transport if transport.isupper() else transport.upper(), host, port, params)


def _loose_protocol(head: str) -> tuple[str, str]:
    """``SIP / 2.0 / UDP host``: white space is allowed around the slashes, and tabs everywhere; case does not count."""
    parts = head.split("/")
    if len(parts) != 3 or parts[0].strip(" \t").upper() != "SIP" or parts[1].strip(" \t") != "2.0":
        raise BadHeader("Via", "not SIP/2.0")
    words = parts[2].split(None, 1)
    if len(words) != 2:
        raise BadHeader("Via", "no sent-by")
    return _VIA_PREFIX + words[0], words[1]


def parse_host_port(text: str, header: str) -> tuple[str, int | None]:
    """``host``, ``host:port``, ``[v6]``, ``[v6]:port`` → the host without brackets and the port or None."""
    if text[:1] == "[":
        host, bracket, rest = text[1:].partition("]")
        rest = rest.lstrip(" \t")
        if not bracket or not is_ipv6(host) or (rest and rest[0] != ":"):
            raise BadHeader(header, "bad IPv6 reference")
        return host, parse_port(rest[1:].strip(" \t"), header) if rest else None
    host, colon, port = text.partition(":")
    host = host.rstrip(" \t")
    if not is_host(host):
        raise BadHeader(header, f"bad host {host[:64]!r}")
    return host, parse_port(port.strip(" \t"), header) if colon else None


_HOST_CHARS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")
_IPV6_CHARS: Final = frozenset("0123456789abcdefABCDEF:.")


def is_host(text: str) -> bool:
    """A name or an IPv4 address, by its characters (names with an underscore are seen in the field)."""
    return text != "" and _HOST_CHARS.issuperset(text)


def is_ipv6(text: str) -> bool:
    """An IPv6 address, by its characters."""
    return text.count(":") >= 2 and len(text) <= 45 and _IPV6_CHARS.issuperset(text)
