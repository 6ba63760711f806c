"""Digest as a client (RFC 3261 §22.2, §22.3; RFC 7616): a peer that challenges our requests is shown a proof from then on.

The secrets are handed in (``Secrets``): for which peers there are any is not decided here. Nothing of it is journalled; after
a restart the peer challenges once more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sipcore.digest import Challenge, answer, best_challenge, compute_ha1
from sipcore.errors import SipError
from sipcore.message import Response

__all__ = ["CHALLENGES", "Proof", "Secret", "Secrets", "no_secrets", "renewed"]


@dataclass(frozen=True, slots=True)
class Secret:
    username: str
    password: str = field(repr=False)


Secrets = Callable[[str, str], Secret | None]
"""``(host, realm)``: what the peer that our messages reach at ``host`` may be shown; None: nothing."""

_HEADERS: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
CHALLENGES: Final = frozenset(_HEADERS)
"""The statuses that ask for a proof."""


@dataclass(slots=True)
class Proof:
    """What one realm behind a leg is shown with every request. ``uses``: of its nonce."""

    header: str
    challenge: Challenge
    secret: Secret
    uses: int = 0

    def show(self, method: str, uri: str, cnonce: str) -> tuple[str, str]:
        """The header for the next request."""
        self.uses += 1
        secret, challenge = self.secret, self.challenge
        ha1 = compute_ha1(challenge.algorithm, secret.username, challenge.realm, secret.password)
        shown = answer(challenge, method, uri, username=secret.username, ha1=ha1, cnonce=cnonce, nc=self.uses)
        return self.header, str(shown)


class _Asked(NamedTuple):
    header: str
    challenge: Challenge


def no_secrets(_host: str, _realm: str) -> Secret | None:
    return None


def renewed(
    proofs: tuple[Proof, ...], response: Response, host: str, secrets: Secrets, *, again: bool
) -> tuple[Proof, ...] | None:
    """The proofs after a 401 or 407. None: the request is refused for good, for want of a secret or since it was wrong.

    ``again``: the request had been challenged before, so that a proof it already showed was a fresh one.
    """
    asked = _asked(response)
    if asked is None:
        return None
    known = [proof for proof in proofs if _is_for(proof, asked)]
    if any(proof.challenge.nonce == asked.challenge.nonce for proof in known):
        return None
    if known and again and not asked.challenge.stale:
        return None
    secret = secrets(host, asked.challenge.realm)
    if secret is None:
        return None
    others = tuple([proof for proof in proofs if not _is_for(proof, asked)])
    return (*others, Proof(asked.header, asked.challenge, secret))


def _is_for(proof: Proof, asked: _Asked) -> bool:
    return proof.header == asked.header and proof.challenge.realm == asked.challenge.realm


def _asked(response: Response) -> _Asked | None:
    """RFC 8760 §2.4: the topmost challenge that we can answer."""
    headers = _HEADERS.get(response.status)
    if headers is None:
        return None
    best = best_challenge(_challenges(response.get_all(headers[0]), headers[0]))
    return _Asked(headers[1], best) if best is not None else None


def _challenges(texts: Iterable[str], header: str) -> list[Challenge]:
    found: list[Challenge] = []
    for text in texts:
        try:
            found.append(Challenge.parse(text, header))
        except SipError:  # Basic, or no challenge at all
            continue
    return found
