"""Who may call in: a new INVITE from a trusted address, or with the digest of an agent or phone (RFC 3261 §22.2); anyone
else hears 403.

The decision, as a response to send or who may come in. Knows no transactions.
"""

from app.directory import Directory
from sipcore.authenticator import Authenticator, Doubt
from sipcore.digest import NonceMaker
from sipcore.errors import SipError
from sipcore.ids import Minter
from sipcore.message import Request, Response, respond_to

__all__ = ["Admission"]


class Admission:
    def __init__(
        self, directory: Directory, realm: str, nonces: NonceMaker, ids: Minter, algorithms: tuple[str, ...]
    ) -> None:
        self._authenticator = Authenticator(realm, directory.ha1, nonces, algorithms)
        self._ids = ids

    def judge(self, request: Request, now: float, *, trusted: bool) -> Response | str | None:
        """The response that keeps this INVITE out, or the user that digest proved, or None: ``trusted`` is enough."""
        if trusted:
            return None
        try:
            proven = self._authenticator.check(request, now, require_qop=True)
        except SipError:
            return respond_to(request, 400, to_tag=self._ids.tag())
        if isinstance(proven, str):
            return proven
        if proven.doubt is Doubt.WRONG:
            return respond_to(request, 403, to_tag=self._ids.tag())
        return respond_to(request, 401, to_tag=self._ids.tag(), headers=proven.challenges)
