"""The small rules that header fields and URIs share: tokens, numbers, quoted strings, parameters, hosts (RFC 3261 §25)."""

from typing import Final

from sipcore.errors import BadHeader
from sipcore.message.headers import TOKEN_CHARS, end_of_quote

__all__ = [
    "Params", "format_params", "is_digits", "is_host", "is_ipv6", "is_token", "parse_host_port", "parse_params",
    "parse_port", "quote", "small_number", "split_quoted", "unquote",
]  # fmt: skip

Params = dict[str, str | None]
"""Parameter names in lower case → values as written, None for a flag."""

_MAX_PORT: Final = 65_535
_COMMON_PARAMS: Final = frozenset({"branch", "rport", "received", "tag", "lr", "transport", "expires", "q"})


def is_token(text: str) -> bool:
    """Whether the text is a ``token`` (RFC 3261 §25.1)."""
    return text.isascii() and (text.isalnum() or (text != "" and TOKEN_CHARS.issuperset(text)))


def is_digits(text: str) -> bool:
    """Whether the text is ``1*DIGIT``: ASCII only, unlike ``str.isdigit``."""
    return text.isascii() and text.isdigit()


def small_number(text: str, most: int) -> int:
    """``1*DIGIT`` up to ``most`` (below 10**10), leading zeros allowed; -1 for anything else."""
    if not is_digits(text):
        return -1
    if len(text) > 10:
        text = text.lstrip("0") or "0"
        if len(text) > 10:
            return -1
    number = int(text)
    return number if number <= most else -1


def quote(text: str) -> str:
    """The text as a quoted-string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\\0")
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
    while True:
        end, opening = text.find(separator, at), text.find('"', at)
        if end < 0:
            parts.append(text[start:])
            return parts
        if 0 <= opening < end:
            at = end_of_quote(text, opening)
        else:
            parts.append(text[start:end])
            start = at = end + 1


def parse_params(text: str, header: str) -> Params:
    """``a=1;b;c="x;y"`` → a dict, names in lower case, values as written (quotes kept).

    An empty parameter or one given twice is refused (RFC 3261 §7.3.1: "MUST NOT appear more than once").
    """
    if '"' in text or " " in text or "\t" in text:
        return _parse_odd_params(text, header)
    params: Params = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name not in _COMMON_PARAMS:
            name = name.lower()
            if not is_token(name):
                raise BadHeader(header, f"bad parameter {name[:32]!r}")
        if name in params:
            raise BadHeader(header, f"repeated parameter {name[:32]!r}")
        if value:
            params[name] = value
        elif equals:
            raise BadHeader(header, f"empty parameter {name[:32]!r}")
        else:
            params[name] = None
    return params


def _parse_odd_params(text: str, header: str) -> Params:
    """The same with quoted values, or white space around the separators."""
    params: Params = {}
    for part in split_quoted(text, ";"):
        name, equals, value = part.partition("=")
        name = name.strip(" \t").lower()
        if name in params or not is_token(name):
            raise BadHeader(header, f"bad or repeated parameter {name[:32]!r}")
        if not equals:
            params[name] = None
            continue
        value = value.strip(" \t")
        if not (_is_quoted(value) if value[:1] == '"' else _is_plain(value)):
            raise BadHeader(header, f"bad value of parameter {name[:32]!r}")
        params[name] = value
    return params


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[-1] == '"' and end_of_quote(value, 0) == len(value)


def _is_plain(value: str) -> bool:
    return value != "" and '"' not in value and " " not in value and "\t" not in value


def format_params(params: Params) -> str:
    """The parameters as they follow a value, each with its leading semicolon."""
    if not params:
        return ""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params.items()])


def parse_port(text: str, header: str) -> int:
    """A port, 1 to 65535."""
    if len(text) > 5 or not is_digits(text):
        text = text.strip(" \t")
        if len(text) > 5 or not is_digits(text):
            raise BadHeader(header, f"bad port {text[:12]!r}")
    port = int(text)
    if not 0 < port <= _MAX_PORT:
        raise BadHeader(header, f"bad port {text[:12]!r}")
    return port


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
    if text.isascii() and text.replace(".", "").isalnum():
        return True
    return text != "" and _HOST_CHARS.issuperset(text)


def is_ipv6(text: str) -> bool:
    """An IPv6 address, by its characters."""
    return text.count(":") >= 2 and len(text) <= 45 and _IPV6_CHARS.issuperset(text)
