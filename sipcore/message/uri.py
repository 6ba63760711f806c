"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966): parse, build, compare."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from sipcore.errors import BadHeader, BadUri
from sipcore.message.grammar import Params, format_params, is_token, parse_host_port

__all__ = ["Uri"]

_SIGNIFICANT: Final = ("user", "ttl", "method", "maddr", "transport")
_TEL_DIGITS: Final = frozenset("0123456789-.()")
_LOCAL_DIGITS: Final = frozenset("0123456789ABCDEFabcdef*#-.()")
_USER_CHARS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,;?/%#"  # "#" is seen from phones
)
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_USUAL_URI: Final = re.compile(
    r"(sips?):(?:([A-Za-z0-9_.!~*()&=+$,-]+)@)?([A-Za-z0-9._-]+)"
    r"(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?(?:;transport=([A-Za-z]+))?"
).fullmatch
"""Matches nearly every URI on the wire: what it matches needs no further check."""

_FORBIDDEN: Final = frozenset(' \t<>"\r\n\0')


class Uri:
    """A parsed URI. Parts are kept escaped, as written; the host is without IPv6 brackets.

    For a tel URI ``user`` is the number and ``host`` is "". Parameter names are in lower case, order is kept.
    """

    __slots__ = ("headers", "host", "params", "password", "port", "scheme", "user")

    def __init__(
        self,
        scheme: str,
        user: str,
        host: str,
        port: int | None = None,
        *,
        params: Params | None = None,
        headers: str = "",
        password: str | None = None,
    ) -> None:
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.params: Params = {} if params is None else params
        self.headers = headers

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Raises BadUri: 400 for a URI against the grammar, 416 for a scheme that we do not read."""
        usual = _USUAL_URI(text)
        if usual is not None:
            scheme, user, host, port, transport = usual.groups()
            params: Params | None = {"transport": transport} if transport else None
            return Uri(scheme, user or "", host, int(port) if port else None, params=params)
        if not _FORBIDDEN.isdisjoint(text):
            raise BadUri("forbidden character in a URI")
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if not colon or not rest:
            raise BadUri("no scheme or nothing behind it")
        if scheme in ("sip", "sips"):
            return cls._parse_sip(scheme, rest)
        if scheme == "tel":
            return cls._parse_tel(rest)
        raise BadUri("unknown URI scheme", 416)

    @classmethod
    def _parse_sip(cls, scheme: str, rest: str) -> "Uri":
        # RFC 3261 §25.1 user-unreserved: the user part may hold ";" and "?", so the "@" is looked for first.
        userinfo, at, hostpart = rest.rpartition("@") if "@" in rest.partition("?")[0] else _at_in_user(rest)
        user, colon, password = userinfo.partition(":")
        if at and (not user or not _well_escaped(user, _USER_CHARS)):
            raise BadUri("bad user part")
        hostpart, _, headers = hostpart.partition("?")
        hostport, semicolon, tail = hostpart.partition(";")
        try:
            host, port = parse_host_port(hostport, "URI")
        except BadHeader as bad:
            raise BadUri(bad.reason) from None
        params = _uri_params(tail) if semicolon else {}
        return Uri(scheme, user, host, port, params=params, headers=headers, password=password if colon else None)

    @classmethod
    def _parse_tel(cls, rest: str) -> "Uri":
        number, semicolon, tail = rest.partition(";")
        digits, allowed = (number[1:], _TEL_DIGITS) if number[:1] == "+" else (number, _LOCAL_DIGITS)
        if not digits or not allowed.issuperset(digits) or not any(char.isalnum() or char in "*#" for char in digits):
            raise BadUri("bad telephone number")
        return Uri("tel", number, "", params=_uri_params(tail) if semicolon else {})

    @property
    def is_sip(self) -> bool:
        """Whether requests can be sent to it: ``sip`` or ``sips``."""
        return self.scheme != "tel"

    @property
    def host_port(self) -> str:
        """``host[:port]`` with IPv6 brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def username(self) -> str:
        """The user part with its escapes resolved."""
        return _unescape(self.user)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{format_params(self.params)}"
        password = "" if self.password is None else f":{self.password}"
        userinfo = f"{self.user}{password}@" if self.user else ""
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{userinfo}{self.host_port}{format_params(self.params)}{headers}"

    def __repr__(self) -> str:
        return f"Uri({self!s})"

    def same_as(self, other: "Uri") -> bool:
        """Equality of RFC 3261 §19.1.4 (RFC 3966 §5 for tel); not transitive, hence not ``__eq__``."""
        if self.scheme != other.scheme:
            return False
        if self.scheme == "tel":
            return _plain_number(self.user) == _plain_number(other.user) and _folded(self.params) == _folded(
                other.params
            )
        if _unescape(self.user) != _unescape(other.user) or (self.password or "") != (other.password or ""):
            return False
        if self.host.lower() != other.host.lower() or self.port != other.port:
            return False
        return _same_params(_folded(self.params), _folded(other.params)) and _same_headers(self.headers, other.headers)


def _at_in_user(rest: str) -> tuple[str, str, str]:
    """Split at the "@" when a "?" comes before it: it belongs to the user part only if no host could end there."""
    before, question, after = rest.partition("?")
    if "@" in after and "=" not in after.partition("@")[0]:
        user, at, host = after.rpartition("@")
        return before + question + user, at, host
    return "", "", rest


def _uri_params(text: str) -> Params:
    params: Params = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        name = name.lower()
        # paramchar is wider than token: "[]/:&+$" and escapes
        if not name or name in params or not is_token(name.translate(_PARAM_EXTRA)) or (equals and not value):
            raise BadUri(f"bad or repeated URI parameter {name[:32]!r}")
        params[name] = value if equals else None
    return params


_PARAM_EXTRA: Final = {ord(char): "x" for char in "[]/:&+$()"}


def _well_escaped(text: str, allowed: frozenset[str]) -> bool:
    if not text.isascii():
        # RFC 3261 wants UTF-8 escaped; peers that send it raw are let through untouched
        text = "".join([char for char in text if char.isascii()])
    if not allowed.issuperset(text):
        return False
    return "%" not in text or all(
        len(part) >= 2 and part[0] in _HEX and part[1] in _HEX for part in text.split("%")[1:]
    )


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _folded(params: Params) -> dict[str, str]:
    return {_unescape(name).lower(): _unescape(value or "").lower() for name, value in params.items()}


def _same_params(ours: dict[str, str], theirs: dict[str, str]) -> bool:
    if any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()):
        return False
    # "A user, ttl, or method uri-parameter appearing in only one URI never matches"; maddr and transport are in the
    # RFC's examples of URIs that are not equivalent.
    return all((name in ours) == (name in theirs) for name in _SIGNIFICANT)


def _same_headers(ours: str, theirs: str) -> bool:
    return _header_parts(ours) == _header_parts(theirs)


def _header_parts(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    parts = [part.partition("=") for part in text.split("&")]
    return sorted((_unescape(name).lower(), _unescape(value)) for name, _, value in parts)


def _plain_number(number: str) -> str:
    return "".join([char for char in number.lower() if char not in "-.()"])
