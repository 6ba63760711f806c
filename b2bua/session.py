"""Each leg's own session description (RFC 4566, RFC 3264): one ``o=`` identity, its version one up per change, m-lines
never removed or reordered (unused: port 0).

Descriptions pass from leg to leg as bytes; only their ``o=`` line and the set of m-lines are ours. Knows no SIP.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["LegSession", "described", "restored", "same_media", "still_reaches", "unheld"]

_OURS: Final = b"callyard"
_LONGEST_VERSION: Final = 10  # digits
_DIRECTIONS: Final = (b"a=sendrecv", b"a=sendonly", b"a=recvonly", b"a=inactive")
_USUAL_KINDS: Final = frozenset({b"audio", b"video", b"text", b"application", b"message", b"image"})


@dataclass(slots=True)
class LegSession:
    """What we said to this peer last (``said``, and under which version) and what it said last (``remote``, as received).

    ``said`` is without the ``o=`` line that it gets as it is sent (``local``): mostly the very bytes that another leg has as
    its ``remote``, so that a call that waits has each description once.
    ``before``: what we had said until the offer that the peer has not answered yet; it holds again if that is refused.
    """

    id: int
    version: int = 0
    said: bytes = b""
    remote: bytes = b""
    said_as: int = 0
    before: bytes = b""
    before_as: int = 0

    @property
    def local(self) -> bytes:
        """What we said last, as sent."""
        return _with_origin(self.said, self.id, self.said_as)

    def offer(self, description: bytes) -> bytes:
        """``description`` as our offer to this peer: every m-line of the session so far keeps its place.

        RFC 3264 §8: "…the number of "m=" lines in the new SDP MUST be at least as many as in the previous SDP."
        """
        self.before, self.before_as = self.said, self.said_as
        return self._say(_aligned(description, self.said or self.remote, extend=True))

    def accepted(self, description: bytes) -> None:
        """The peer's answer to our offer (empty: it said nothing new)."""
        self.remote = description or self.remote
        self.before = b""

    def refused(self) -> None:
        """RFC 3261 §14.1: "…the session parameters MUST remain unchanged, as if no re-INVITE had been issued"."""
        if self.before:
            self.said, self.said_as = self.before, self.before_as
        self.before = b""

    def answer(self, description: bytes) -> bytes:
        """``description`` as our answer to ``remote``: as many m-lines as that offer has, in its order (§6)."""
        return self._say(_aligned(description, self.remote, extend=False))

    def refusal(self, offer: bytes) -> bytes:
        """An answer to ``offer`` (empty: to none) that takes none of its media: it ends an exchange that leads nowhere."""
        self.remote = offer
        return self._say(_rejected(offer)) if offer else b""

    def _say(self, body: bytes) -> bytes:
        if self.said or not body:
            known = self.local
            if _with_origin(body, self.id, self.version) == known:
                return known  # nothing new
        self.version += 1
        self.said, self.said_as = body, self.version
        return self.local

    def kept(self) -> tuple[int, int, bytes, bytes]:
        """What the journal keeps of it, see ``restored``."""
        return self.id, self.version, self.said if self.said_as == self.version else self.local, self.remote


def restored(session: int, version: int, said: bytes, remote: bytes) -> LegSession:
    """A session out of the journal. Where ``said`` has our ``o=`` line (an offer after it was refused, or an earlier release
    wrote it), that tells under which version it was said.
    """
    number = said.partition(b"\no=%s %d " % (_OURS, session))[2].partition(b" ")[0]
    known = number.isdigit() and len(number) <= _LONGEST_VERSION and int(number) <= version
    return LegSession(session, version, said, remote, int(number) if known else version)


def described(body: bytes) -> bytes:
    """``body`` if it is a session description with media, else nothing: peers send all sorts of things."""
    return body if body.startswith(b"v=0") and body.find(b"\nm=") > 0 else b""


def _rejected(offer: bytes) -> bytes:
    session, sections = _split(offer)
    return session + b"".join(_unused(section) for section in sections)


def same_media(one: bytes, other: bytes) -> bool:
    """Whether a peer that knows ``one`` need not be told ``other``: addresses, ports, codecs and direction agree."""
    return _essence(one) == _essence(other)


def still_reaches(known: bytes, now: bytes, spoken: bytes) -> bool:
    """Whether a peer that knows ``known`` and speaks as in ``spoken`` still reaches one that is ``now`` described so:
    address, ports and direction are the same, and the codecs that it would send are still taken."""
    if same_media(known, now):
        return True
    if [place[:4] for place in _places(known)] != [place[:4] for place in _places(now)]:
        return False
    return all(
        here[4][:1] == [] or here[4][0] in there[4]
        for here, there in zip(_places(spoken), _places(now), strict=False)
        if there[1] != b"0"
    )


def unheld(spoken: bytes, known: bytes) -> bytes:
    """What a peer said (``spoken``) without the hold that what it was told (``known``) put it in (RFC 3264 §8.4).

    A peer that itself holds, by an offer of its own, stays so: it was told sendrecv or recvonly.
    """
    if b"\na=sendonly" not in known and b"\na=inactive" not in known:
        return spoken
    return spoken.replace(b"\na=recvonly", b"\na=sendrecv").replace(b"\na=inactive", b"\na=sendrecv")


_Place = tuple[bytes, bytes, bytes, bytes, list[bytes]]


def _places(body: bytes) -> list[_Place]:
    """(kind, port, connection, direction, formats) of each m-line."""
    session, sections = _split(body)
    own = _settings(session, b"", b"a=sendrecv")
    places: list[_Place] = []
    for section in sections:
        kind, _, rest = section.partition(b"\r\n")[0].partition(b" ")
        port, _, formats = rest.partition(b" ")
        places.append((kind, port, *_settings(section, *own), formats.split()[1:]))
    return places


def _settings(part: bytes, connection: bytes, direction: bytes) -> tuple[bytes, bytes]:
    for line in part.splitlines():
        if line.startswith(b"c="):
            connection = line
        elif line in _DIRECTIONS:
            direction = line
    return connection, direction


def _essence(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if line[:2] in (b"c=", b"m=", b"a=")]


def _with_origin(body: bytes, session: int, version: int) -> bytes:
    before, found, rest = body.partition(b"\no=")
    origin, ended, after = rest.partition(b"\n")
    if not found or not ended:
        return body
    address = (b"o=" + origin).split()[3:]
    where = b" ".join(address) if len(address) == 3 else b"IN IP4 0.0.0.0"
    return b"%s\no=%s %d %d %s\r\n%s" % (before, _OURS, session, version, where, after)


def _kinds(body: bytes) -> list[bytes]:
    if body.find(b"\rm=") < 0 and not body.startswith(b"m="):
        kinds = [part.partition(b" ")[0] for part in body.split(b"\nm=")[1:]]
        if _USUAL_KINDS.issuperset(kinds):  # no line without a blank
            return kinds
    return [line[2:].split(b" ", 1)[0] for line in _media_lines(body)]


def _media_lines(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if line.startswith(b"m=")]


def _aligned(body: bytes, pattern: bytes, *, extend: bool) -> bytes:
    """``body`` with the m-lines of ``pattern`` in their places; those that it lacks are refused there."""
    kinds = _kinds(pattern) if pattern else []
    if not kinds or _kinds(body) == kinds:
        return body
    session, sections = _split(body)
    placed = [_take(sections, kind) or _unused(line) for kind, line in zip(kinds, _media_lines(pattern), strict=True)]
    return session + b"".join(placed) + (b"".join(sections) if extend else b"")


def _take(sections: list[bytes], kind: bytes) -> bytes | None:
    """The first section of this kind, taken out of ``sections``: the n-th audio answers the n-th audio."""
    for index, section in enumerate(sections):
        if section[2:].split(b" ", 1)[0] == kind:
            return sections.pop(index)
    return None


def _split(body: bytes) -> tuple[bytes, list[bytes]]:
    """The session part, and each media section from its m-line on."""
    session: list[bytes] = []
    sections: list[bytes] = []
    for line in body.splitlines():
        if line.startswith(b"m="):
            sections.append(line + b"\r\n")
        elif sections:
            sections[-1] += line + b"\r\n"
        else:
            session.append(line + b"\r\n")
    return b"".join(session), sections


def _unused(section: bytes) -> bytes:
    kind, _, proto, formats = (section.splitlines()[0] + b"   ").split(b" ", 3)
    return b"%s 0 %s %s\r\n" % (kind, proto or b"RTP/AVP", formats.strip() or b"0")
