"""Session descriptions (RFC 4566): parse and build with unknown lines and their order kept.

What to answer to an offer is in ``sipcore.message.offer_answer``; a B2BUA leg's own description, passed on as bytes, in
``b2bua.session``.
"""

from dataclasses import dataclass, field
from typing import Final

from sipcore.errors import BadSdp

__all__ = [
    "DIRECTIONS", "Media", "Origin", "Sdp", "parse_sdp",
]  # fmt: skip

Line = tuple[str, str]
"""(type letter, value)."""

DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_MAX_SDP: Final = 65_535
_MAX_MEDIA: Final = 64
_EOL: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class Origin:
    """The ``o=`` line: ``sess_id`` stays for the life of a description, ``version`` grows by one with every change."""

    username: str
    sess_id: int
    version: int
    address: str
    net_type: str = "IN"

    def __str__(self) -> str:
        return f"{self.username} {self.sess_id} {self.version} {self.net_type} {_typed(self.address)}"


@dataclass(slots=True)
class Media:
    """One m= section. ``port`` 0: refused or unused. ``lines`` are those after m=, in order, unknown ones included."""

    kind: str
    port: int
    proto: str
    formats: list[str]
    lines: list[Line] = field(default_factory=list)
    port_count: int = 1

    @property
    def connection(self) -> str | None:
        """The section's own connection address; None: the session's holds (see ``Sdp.address_of``)."""
        return _connection(self.lines)

    @connection.setter
    def connection(self, address: str | None) -> None:
        _set_connection(self.lines, address)

    @property
    def attributes(self) -> list[str]:
        """The values of the a= lines."""
        return [value for letter, value in self.lines if letter == "a"]

    @property
    def direction(self) -> str | None:
        """The section's own direction attribute; None: the session's holds (see ``Sdp.direction_of``)."""
        return _direction(self.lines)

    @direction.setter
    def direction(self, direction: str) -> None:
        if direction not in DIRECTIONS:
            raise ValueError(f"no direction: {direction}")
        self.lines = [line for line in self.lines if line[0] != "a" or line[1] not in DIRECTIONS]
        self.lines.append(("a", direction))

    def attribute(self, name: str) -> str | None:
        """The value of the first ``a=name:value``, "" for a flag, None when absent."""
        return _attribute(self.lines, name)

    def add_attribute(self, text: str) -> None:
        """Append an a= line."""
        self.lines.append(("a", text))

    def rtpmap(self) -> dict[str, str]:
        """Payload type → ``name/clock[/channels]`` as the rtpmap attributes say."""
        found: dict[str, str] = {}
        for text in self.attributes:
            if text.startswith("rtpmap:"):
                payload, _, encoding = text[7:].partition(" ")
                found[payload] = encoding.strip()
        return found

    def fmtp(self, payload: str) -> str | None:
        """The format parameters of a payload type."""
        for text in self.attributes:
            if text.startswith(f"fmtp:{payload} "):
                return text[6 + len(payload) :].strip()
        return None

    def text(self) -> list[str]:
        """The section's lines."""
        port = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        first = f"m={self.kind} {port} {self.proto} {' '.join(self.formats)}"
        return [first, *[f"{letter}={value}" for letter, value in self.lines]]


@dataclass(slots=True)
class Sdp:
    """A session description: ``lines`` are the session's, in order, from ``v=`` on; ``media`` the m= sections."""

    lines: list[Line]
    media: list[Media] = field(default_factory=list)

    @classmethod
    def build(cls, origin: Origin, *, session_name: str = "-", connection: str | None = None) -> "Sdp":
        """A description without media; ``connection`` defaults to the origin's address."""
        address = origin.address if connection is None else connection
        lines = [("v", "0"), ("o", str(origin)), ("s", session_name), ("c", f"IN {_typed(address)}"), ("t", "0 0")]
        return cls(lines)

    @property
    def origin(self) -> Origin:
        """The o= line."""
        for letter, value in self.lines:
            if letter == "o":
                return _origin(value, 0)
        raise BadSdp("no o= line")

    @origin.setter
    def origin(self, origin: Origin) -> None:
        self.lines = [(letter, str(origin) if letter == "o" else value) for letter, value in self.lines]

    @property
    def session_name(self) -> str:
        """The s= line."""
        return next((value for letter, value in self.lines if letter == "s"), "-")

    @property
    def connection(self) -> str | None:
        """The session's connection address."""
        return _connection(self.lines)

    @connection.setter
    def connection(self, address: str | None) -> None:
        _set_connection(self.lines, address)

    def address_of(self, media: Media) -> str | None:
        """Where the media goes: the section's connection address, else the session's."""
        return media.connection or self.connection

    def direction_of(self, media: Media) -> str:
        """The direction from the description's owner's side: the section's, else the session's, else sendrecv."""
        own = media.direction or _direction(self.lines) or "sendrecv"
        # RFC 3264 §8.4, RFC 2543 hold: a connection address of all zeros means that nothing is to be sent there
        if self.address_of(media) == "0.0.0.0":  # noqa: S104 - an address on the wire, not one we bind
            return {"sendrecv": "sendonly", "recvonly": "inactive"}.get(own, own)
        return own

    def first(self, kind: str = "audio") -> Media | None:
        """The first section of this kind that is in use."""
        return next((media for media in self.media if media.kind == kind and media.port), None)

    def encode(self) -> bytes:
        """The description as bytes, lines ended by CRLF."""
        lines = [f"{letter}={value}" for letter, value in self.lines]
        for media in self.media:
            lines.extend(media.text())
        return (_EOL.join(lines) + _EOL).encode("utf-8", "surrogateescape")


def parse_sdp(body: bytes | str) -> Sdp:
    """Raises BadSdp naming the line. Lines may end in LF alone (RFC 4566 §5: "SHOULD be tolerant")."""
    text = body if isinstance(body, str) else body.decode("utf-8", "surrogateescape")
    if len(text) > _MAX_SDP:
        raise BadSdp("too large")
    sdp = Sdp([])
    lines = sdp.lines
    for number, line in enumerate(text.replace(_EOL, "\n").rstrip("\n").split("\n"), 1):
        if line[1:2] != "=" or not line[0].isascii() or not line[0].isalpha() or "\r" in line or "\0" in line:
            raise BadSdp("not of the form x=value", number)
        letter, value = line[0], line[2:]
        if letter == "m":
            media = _media(value, number)
            sdp.media.append(media)
            lines = media.lines
            if len(sdp.media) > _MAX_MEDIA:
                raise BadSdp("too many media sections", number)
            continue
        _check(letter, value, number)
        lines.append((letter, value))
    _check_session(sdp)
    return sdp


def _check(letter: str, value: str, number: int) -> None:
    if number == 1 and (letter, value.strip()) != ("v", "0"):
        raise BadSdp("does not begin with v=0", number)
    if letter == "o":
        _origin(value, number)
    elif letter == "c" and len(value.split()) != 3:
        raise BadSdp("bad connection line", number)


def _check_session(sdp: Sdp) -> None:
    letters = [letter for letter, _ in sdp.lines]
    if letters[:1] != ["v"]:
        raise BadSdp("does not begin with v=0", 1)
    if letters.count("o") != 1:
        raise BadSdp("one o= line is needed")
    if sdp.connection is None and any(media.port and media.connection is None for media in sdp.media):
        raise BadSdp("media without a connection address")


def _media(value: str, number: int) -> Media:
    parts = value.split()
    if len(parts) < 4:
        raise BadSdp("bad media line", number)
    port, slash, count = parts[1].partition("/")
    if not _number(port, 65_535) or (slash and not _number(count, 65_535)):
        raise BadSdp("bad media port", number)
    return Media(parts[0], int(port), parts[2], parts[3:], port_count=int(count) if slash else 1)


def _origin(value: str, number: int) -> Origin:
    parts = value.split()
    if len(parts) != 6 or not _number(parts[1], 10**30) or not _number(parts[2], 10**30):
        raise BadSdp("bad origin line", number)
    return Origin(parts[0], int(parts[1]), int(parts[2]), parts[5], parts[3])


def _number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 30 and int(text) <= most


def _typed(address: str) -> str:
    return f"{'IP6' if ':' in address else 'IP4'} {address}"


def _connection(lines: list[Line]) -> str | None:
    for letter, value in lines:
        if letter == "c":
            return value.split()[-1].partition("/")[0]
    return None


def _set_connection(lines: list[Line], address: str | None) -> None:
    kept = [line for line in lines if line[0] != "c"]
    if address is not None:
        after = 0
        for index, (letter, _) in enumerate(kept):
            if letter in "vosiuep":
                after = index + 1
        kept.insert(after, ("c", f"IN {_typed(address)}"))
    lines[:] = kept


def _direction(lines: list[Line]) -> str | None:
    for letter, value in lines:
        if letter == "a" and value in DIRECTIONS:
            return value
    return None


def _attribute(lines: list[Line], name: str) -> str | None:
    for letter, value in lines:
        if letter == "a":
            key, _, rest = value.partition(":")
            if key == name:
                return rest
    return None
