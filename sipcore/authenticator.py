"""Who sent a request: digest credentials for our realm, or the challenge to give some (RFC 3261 §22, RFC 7616, RFC 8760).

Pure: time and users' HA1 are handed in. An unknown user and a wrong password get the same answer after the same work.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from sipcore.digest import ALGORITHMS, Credentials, NonceMaker, Verdict, verify
from sipcore.message import Request
from sipcore.message.grammar import quote

__all__ = ["Authenticator", "Doubt", "Ha1Lookup", "Unproven"]

Ha1Lookup = Callable[[str, str, str], str | None]
"""(user, realm, algorithm) → HA1, None for a user that we do not know."""

_KNOWN: Final = frozenset(ALGORITHMS)


class Doubt(StrEnum):
    """Why a request is challenged."""

    NONE_GIVEN = "challenged"
    STALE = "stale"
    WRONG = "bad_credentials"


class Unproven:
    """A request whose sender is not proven. ``challenges``: WWW-Authenticate headers for a 401."""

    __slots__ = ("challenges", "doubt")

    def __init__(self, doubt: Doubt, challenges: list[tuple[str, str]]) -> None:
        self.doubt = doubt
        self.challenges = challenges


class Authenticator:
    """One realm. ``algorithms``: those of the challenges, in this order (RFC 8760 §2.4); credentials with any that we
    speak are taken.
    """

    __slots__ = ("_ends", "_ha1", "_nonces", "_realm", "_start")

    def __init__(self, realm: str, ha1: Ha1Lookup, nonces: NonceMaker, algorithms: tuple[str, ...]) -> None:
        self._realm = realm
        self._ha1 = ha1
        self._nonces = nonces
        self._start = f'Digest realm={quote(realm)}, nonce="'
        self._ends = [f'", algorithm={algorithm}, qop="auth"' for algorithm in algorithms]

    def check(self, request: Request, now: float, *, require_qop: bool) -> str | Unproven:
        """The user that the request proves to be from. Raises BadHeader (400) for credentials that cannot be read."""
        texts = request.get_all("Authorization")
        return self.judge(texts, request.method, request.uri, now, require_qop=require_qop)

    def judge(self, texts: Sequence[str], method: str, uri: str, now: float, *, require_qop: bool) -> str | Unproven:
        """The same for the values of its Authorization headers, its method and Request-URI."""
        credentials = self._credentials(texts)
        if credentials is None:
            return Unproven(Doubt.NONE_GIVEN, self._challenges(now, ""))
        user, algorithm = credentials.username, credentials.algorithm.upper()
        known = self._ha1(user, self._realm, algorithm) if algorithm in _KNOWN else None
        decoy = self._nonces.decoy(user, algorithm)
        verdict = verify(
            credentials, method, known or decoy, self._nonces, now, realm=self._realm, request_uri=uri,
            require_qop=require_qop,
        )  # fmt: skip
        if known is not None and verdict is Verdict.OK:
            return user
        if known is not None and verdict is Verdict.STALE:
            return Unproven(Doubt.STALE, self._challenges(now, ", stale=true"))
        return Unproven(Doubt.WRONG, self._challenges(now, ""))

    def _credentials(self, texts: Sequence[str]) -> Credentials | None:
        """Those for our realm: a request may carry others' (RFC 3261 §22.3)."""
        for text in texts:
            credentials = Credentials.parse(text)
            if credentials.realm == self._realm:
                return credentials
        return None

    def _challenges(self, now: float, stale: str) -> list[tuple[str, str]]:
        start = f"{self._start}{self._nonces.make(now)}"
        return [("WWW-Authenticate", f"{start}{end}{stale}") for end in self._ends]
