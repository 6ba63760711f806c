"""An agent's digest hashes: HA1 = H(user ":" realm ":" password), one for each algorithm (RFC 7616 §3.4.2).

They are as good as the password itself, so they are kept from every answer and log.
"""

import hashlib

from sipcore.message import BadUri, Uri

__all__ = ["digest_hashes", "user_of"]


def digest_hashes(user: str, realm: str, password: str) -> dict[str, str]:
    """HA1 by algorithm name, as challenges spell it."""
    secret = f"{user}:{realm}:{password}".encode()
    return {
        "MD5": hashlib.md5(secret, usedforsecurity=False).hexdigest(),  # many phones know nothing else
        "SHA-256": hashlib.sha256(secret).hexdigest(),
    }


def user_of(address: str) -> str:
    """The user part of an agent's address, "" where it has none."""
    try:
        return Uri.parse(address).user
    except BadUri:
        return ""
