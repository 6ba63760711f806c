"""Who may call in: a new INVITE from a trusted address, or with the digest of an agent or phone (RFC 3261 §22.2); anyone
else hears 403.

The decision, as a response to send or who may come in. Knows no transactions.
"""

from app.directory import Directory
from sipcore.digest import Challenge, Credentials, NonceMaker, Verdict, verify
from sipcore.errors import SipError
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to

__all__ = ["Admission"]


class Admission:
    def __init__(
        self, directory: Directory, realm: str, nonces: NonceMaker, ids: Minter, algorithms: tuple[str, ...]
    ) -> None:
        self._directory = directory
        self._realm = realm
        self._nonces = nonces
        self._ids = ids
        self._algorithms = algorithms

    def judge(self, request: Request, now: float, *, trusted: bool) -> Response | str | None:
        """The response that keeps this INVITE out, or the user that digest proved, or None: ``trusted`` is enough."""
        if trusted:
            return None
        try:
            given = self._credentials(request)
        except SipError:
            return self._answer(request, 400)
        if given is None:
            return self._challenge(request, now, stale=False)
        ha1 = self._directory.ha1(given.username, self._realm, given.algorithm.upper())
        if ha1 is None:
            return self._answer(request, 403)
        verdict = verify(given, "INVITE", ha1, self._nonces, now, realm=self._realm, request_uri=request.uri)
        if verdict is Verdict.OK:
            return given.username
        return self._challenge(request, now, stale=True) if verdict is Verdict.STALE else self._answer(request, 403)

    def _credentials(self, request: Request) -> Credentials | None:
        for text in request.get_all("Authorization"):
            credentials = Credentials.parse(text)
            if credentials.realm == self._realm:
                return credentials
        return None

    def _challenge(self, request: Request, now: float, *, stale: bool) -> Response:
        nonce = self._nonces.make(now)
        challenges = [
            ("WWW-Authenticate", str(Challenge(self._realm, nonce, algorithm, stale=stale)))
            for algorithm in self._algorithms
        ]
        return respond_to(request, 401, to_tag=self._ids.tag(), headers=challenges)

    def _answer(self, request: Request, status: int) -> Response:
        return respond_to(request, status, to_tag=self._ids.tag())
