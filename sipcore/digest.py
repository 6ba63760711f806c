"""Digest authentication (RFC 7616, RFC 8760 for SIP): MD5 and SHA-256, ``qop=auth``, both sides, as pure functions.

Works on HA1 (password-equivalent: never log or show it), never on passwords. The secret of the nonces, the time and the
client's cnonce are handed in. Session algorithms (``-sess``) and ``auth-int`` are not spoken.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b, md5, sha256
from hmac import compare_digest
from typing import Final

from sipcore.errors import BadHeader, BadUri, SipError
from sipcore.message.grammar import is_digits, is_token, quote, split_quoted, unquote
from sipcore.message.uri import Uri

__all__ = [
    "ALGORITHMS", "Challenge", "Credentials", "NonceMaker", "Verdict", "answer", "best_challenge", "compute_ha1",
    "verify",
]  # fmt: skip


class Verdict(StrEnum):
    """What a nonce or a set of credentials is worth."""

    OK = "ok"
    STALE = "stale"  # right, but the nonce is too old: challenge again with stale=true (RFC 7616 §3.3)
    BAD = "bad"


def _md5(text: str) -> str:
    return md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


_HASHES: Final[dict[str, Callable[[str], str]]] = {"SHA-256": _sha256, "MD5": _md5}
ALGORITHMS: Final = tuple(_HASHES)
"""What we speak, the stronger one first."""

_PARAM: Final = r'([a-z]+)=(?:"([^"\\]*)"|([^\s",;]+))(?:, ?|$)'
_PARAMS: Final = re.compile(_PARAM).findall
_USUAL_PARAMS: Final = re.compile(f"(?:{_PARAM})+").fullmatch
"""Matches nearly all parameters of nearly every phone: what it matches needs no further check."""


def _hash_of(algorithm: str) -> Callable[[str], str]:
    found = _HASHES.get(algorithm.upper())
    if found is None:
        raise SipError(f"digest algorithm {algorithm[:16]!r} is not spoken")
    return found


def compute_ha1(algorithm: str, user: str, realm: str, password: str) -> str:
    """H(user:realm:password), RFC 7616 §3.4.2. Raises SipError for an algorithm that we do not speak."""
    return _hash_of(algorithm)(f"{user}:{realm}:{password}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """The value of a WWW-Authenticate or Proxy-Authenticate header. ``qop`` () for a peer of RFC 2069."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ("auth",)
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str, header: str = "WWW-Authenticate") -> "Challenge":
        """Raises BadHeader naming ``header``."""
        params = _auth_params(text, header)
        qop = params.get("qop", "")
        return cls(
            realm=_needed(params, "realm", header),
            nonce=_needed(params, "nonce", header),
            algorithm=params.get("algorithm", "MD5"),
            qop=tuple([part.strip().lower() for part in qop.split(",") if part.strip()]),
            opaque=params.get("opaque"),
            stale=params.get("stale", "").lower() == "true",
        )

    @property
    def supported(self) -> bool:
        """Whether ``answer`` can be given to it."""
        return self.algorithm.upper() in _HASHES and (not self.qop or "auth" in self.qop)

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}", f"algorithm={self.algorithm}"]
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.stale:
            parts.append("stale=true")
        return f"Digest {', '.join(parts)}"


@dataclass(slots=True)
class Credentials:
    """The value of an Authorization or Proxy-Authorization header. ``qop`` "": none (RFC 2069), then ``nc`` is 0."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = ""
    nc: int = 0
    cnonce: str = ""
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str, header: str = "Authorization") -> "Credentials":
        """Raises BadHeader naming ``header``."""
        params = _auth_params(text, header)
        count = params.get("nc", "")
        qop = params.get("qop", "").lower()
        if qop and (len(count) != 8 or not _is_hex(count) or "cnonce" not in params):
            raise BadHeader(header, "qop without a valid nc and cnonce")
        return cls(
            username=_needed(params, "username", header),
            realm=_needed(params, "realm", header),
            nonce=_needed(params, "nonce", header),
            uri=_needed(params, "uri", header),
            response=_needed(params, "response", header),
            algorithm=params.get("algorithm", "MD5"),
            qop=qop,
            nc=int(count, 16) if qop else 0,
            cnonce=params.get("cnonce", ""),
            opaque=params.get("opaque"),
        )

    def __str__(self) -> str:
        parts = [
            f"username={quote(self.username)}", f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}",
            f"uri={quote(self.uri)}", f"response={quote(self.response)}", f"algorithm={self.algorithm}",
        ]  # fmt: skip
        if self.qop:
            parts.extend([f"qop={self.qop}", f"nc={self.nc:08x}", f"cnonce={quote(self.cnonce)}"])
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        return f"Digest {', '.join(parts)}"


class NonceMaker:
    """Nonces that need no memory to be known again: the time they were made and a keyed hash of it.

    ``secret`` has at least 16 bytes and is shared by all workers that are to accept each other's nonces; ``lifetime``
    is in seconds. Each use has to count higher than the last (RFC 7616 §3.4, ``nc``): the counts of ``tracked`` nonces
    are kept. Where one is forgotten to make room, unused nonces of its age and older are stale from then on: nothing
    that was said once is ever taken again.
    """

    __slots__ = ("_horizon", "_key", "_lifetime", "_serial", "_tracked", "_used")

    def __init__(self, secret: bytes, lifetime: float = 300.0, tracked: int = 100_000) -> None:
        if len(secret) < 16:
            raise ValueError("the secret has at least 16 bytes")
        self._key = sha256(secret).digest()
        self._lifetime = lifetime
        self._tracked = tracked
        self._serial = 0
        self._used: OrderedDict[str, int] = OrderedDict()  # the highest count, in the order of first use
        self._horizon = -1  # milliseconds: what was made by then and is not in ``_used`` may have been used

    def __len__(self) -> int:
        """The nonces whose counts are kept."""
        return len(self._used)

    def make(self, now: float) -> str:
        """A nonce made at ``now`` (seconds), unlike any other of this process."""
        self._serial += 1
        stamp = f"{int(now * 1000):x}-{self._serial:x}"
        return f"{stamp}-{self._sign(stamp, 16)}"

    def validate(self, nonce: str, now: float) -> Verdict:
        """BAD: not one of ours, or from the future; STALE: older than the lifetime."""
        stamp, _, signature = nonce.rpartition("-")
        if not compare_digest(self._sign(stamp, 16).encode(), signature.encode("utf-8", "surrogateescape")):
            return Verdict.BAD
        age = now - _made(nonce) / 1000
        if age < -1.0:  # clocks of several workers may differ by a little
            return Verdict.BAD
        return Verdict.OK if age <= self._lifetime else Verdict.STALE

    def accept(self, nonce: str, count: int, now: float) -> Verdict:
        """Use a nonce for the ``count``-th time (0: its peer does not count, it has one use). STALE also for a replay."""
        verdict = self.validate(nonce, now)
        if verdict is not Verdict.OK:
            return verdict
        count = count or 1
        last = self._used.get(nonce)
        if last is None:
            if _made(nonce) <= self._horizon:
                return Verdict.STALE
            self._make_room(now)
        elif count <= last:
            return Verdict.STALE
        self._used[nonce] = count
        return Verdict.OK

    def distrust_before(self, now: float) -> None:
        """After a restart: what was used by then is not known any more."""
        self._horizon = max(self._horizon, int(now * 1000) - 1)

    def decoy(self, user: str, algorithm: str) -> str:
        """An HA1 that no password has, always the same for one user: judged in the place of an unknown user's."""
        return self._sign(f"{algorithm}:{user}", 16 if algorithm == "MD5" else 32)

    def _make_room(self, now: float) -> None:
        """Forget the oldest where it has expired, or where there is no room for one more."""
        if not self._used:
            return
        oldest = next(iter(self._used))
        made = _made(oldest)
        if now - made / 1000 > self._lifetime:
            del self._used[oldest]
        elif len(self._used) >= self._tracked:
            del self._used[oldest]
            self._horizon = max(self._horizon, made)

    def _sign(self, text: str, size: int) -> str:
        """A keyed hash (RFC 7693 §2.9: made for this, and a third of HMAC's cost)."""
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=size, key=self._key).hexdigest()


def _made(nonce: str) -> int:
    """Milliseconds, of a nonce of ours."""
    return int(nonce.partition("-")[0], 16)


def _response(ha1: str, method: str, credentials: Credentials) -> str:
    """RFC 7616 §3.4.1; without qop the form of RFC 2069."""
    hashed = _hash_of(credentials.algorithm)
    ha2 = hashed(f"{method}:{credentials.uri}")
    if not credentials.qop:
        return hashed(f"{ha1}:{credentials.nonce}:{ha2}")
    return hashed(f"{ha1}:{credentials.nonce}:{credentials.nc:08x}:{credentials.cnonce}:{credentials.qop}:{ha2}")


def answer(
    challenge: Challenge, method: str, uri: str, *, username: str, ha1: str, cnonce: str, nc: int = 1
) -> Credentials:
    """A client's credentials. ``ha1`` is for the challenge's algorithm and realm, ``cnonce`` random.

    ``nc`` counts how often this nonce was used by us. Raises SipError when the challenge is not ``supported``.
    """
    if not challenge.supported:
        raise SipError(f"cannot answer {challenge.algorithm[:16]!r} with qop {challenge.qop}")
    unsigned = Credentials(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop="auth" if challenge.qop else "",
        nc=nc if challenge.qop else 0,
        cnonce=cnonce if challenge.qop else "",
        opaque=challenge.opaque,
    )
    return replace(unsigned, response=_response(ha1, method, unsigned))


def best_challenge(challenges: Iterable[Challenge]) -> Challenge | None:
    """RFC 8760 §2.4: "the topmost header field that it supports"; None when there is none."""
    return next((challenge for challenge in challenges if challenge.supported), None)


def verify(
    credentials: Credentials,
    method: str,
    ha1: str,
    nonces: NonceMaker,
    now: float,
    *,
    realm: str,
    request_uri: str | None = None,
    require_qop: bool = True,
) -> Verdict:
    """A server's judgement. ``ha1`` is the user's for ``credentials.algorithm`` and ``realm``.

    STALE only where the response is right, so that an attacker learns nothing: the nonce is too old, was used before or
    was never ours (RFC 7616 §3.3: "the nonce is invalid"). ``request_uri`` given: the credentials have to be for it
    (§3.4.6). An unknown user is judged with a made-up HA1 (``NonceMaker.decoy``), to take the same time.
    """
    if credentials.algorithm.upper() not in _HASHES or credentials.realm != realm:
        return Verdict.BAD
    if credentials.qop != "auth" and (credentials.qop or require_qop):
        return Verdict.BAD
    expected = _response(ha1, method, credentials)
    if not compare_digest(expected.encode(), credentials.response.lower().encode("utf-8", "surrogateescape")):
        return Verdict.BAD
    if request_uri is not None and not _same_uri(credentials.uri, request_uri):
        return Verdict.BAD
    fresh = nonces.accept(credentials.nonce, credentials.nc, now)
    return Verdict.OK if fresh is Verdict.OK else Verdict.STALE


def _same_uri(claimed: str, requested: str) -> bool:
    if claimed == requested:
        return True
    try:
        return Uri.parse(claimed).same_as(Uri.parse(requested))
    except BadUri:
        return False


def _auth_params(text: str, header: str) -> dict[str, str]:
    """The parameters, their values unquoted."""
    scheme, _, rest = text.strip(" \t").partition(" ")
    if scheme != "Digest" and scheme.lower() != "digest":
        raise BadHeader(header, "not Digest")
    if _USUAL_PARAMS(rest) is None:
        return _odd_params(rest, header)
    found = _PARAMS(rest)
    params = {name: quoted or plain for name, quoted, plain in found}
    if len(params) != len(found):
        raise BadHeader(header, "repeated parameter")
    return params


def _odd_params(text: str, header: str) -> dict[str, str]:
    """The same with escapes within quotes, unusual names or white space."""
    params: dict[str, str] = {}
    for part in split_quoted(text, ","):
        name, equals, value = part.partition("=")
        name = name.strip(" \t").lower()
        value = value.strip(" \t")
        if not name and not equals:
            continue  # "#auth-param" allows empty elements
        if (
            not is_token(name)
            or name in params
            or not value
            or (value[0] == '"' and (len(value) < 2 or value[-1] != '"'))
        ):
            raise BadHeader(header, f"bad or repeated parameter {name[:32]!r}")
        params[name] = unquote(value)
    return params


def _needed(params: dict[str, str], name: str, header: str) -> str:
    value = params.get(name)
    if value is None:
        raise BadHeader(header, f"no {name}")
    return value


def _is_hex(text: str) -> bool:
    return is_digits(text) or (text.isascii() and all(char in "0123456789abcdefABCDEF" for char in text))
