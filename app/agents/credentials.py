"""An agent's digest hashes: HA1 = H(user ":" realm ":" password), one for each algorithm (RFC 7616 §3.4.2); and its PIN's.

They are as good as the password itself (a PIN is guessed from its hash in no time), so they are kept from every answer
and log.
"""

import hashlib
import hmac
import secrets
from typing import Final

from sipcore.digest import compute_ha1
from sipcore.message import BadUri, Uri

__all__ = ["digest_hashes", "hash_pin", "is_pin", "user_of"]

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


def hash_pin(pin: str) -> str:
    """``salt$SHA-256``: cheap enough to be looked at between two datagrams."""
    salt = secrets.token_hex(16)
    return f"{salt}${_digest(salt, pin)}"


def is_pin(pin: str, stored: str) -> bool:
    """Is it the PIN that was hashed? Takes the same time whatever the answer."""
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(_digest(salt, pin), digest)


def _digest(salt: str, pin: str) -> str:
    return hashlib.sha256(f"{salt}:{pin}".encode()).hexdigest()
