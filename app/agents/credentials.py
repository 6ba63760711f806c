"""An agent's digest hashes: HA1 = H(user ":" realm ":" password), one for each algorithm (RFC 7616 §3.4.2).

They are as good as the password itself, so they are kept from every answer and log.
"""

from typing import Final

from sipcore.digest import compute_ha1
from sipcore.message import BadUri, Uri

__all__ = ["digest_hashes", "user_of"]

# As challenges spell them. Many phones know nothing but MD5.
_ALGORITHMS: Final = ("MD5", "SHA-256")


def digest_hashes(user: str, realm: str, password: str) -> dict[str, str]:
    """HA1 by algorithm name."""
    return {algorithm: compute_ha1(algorithm, user, realm, password) for algorithm in _ALGORITHMS}


def user_of(address: str) -> str:
    """The user part of an agent's address, "" where it has none."""
    try:
        return Uri.parse(address).user
    except BadUri:
        return ""
