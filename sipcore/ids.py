"""Branches, tags, Call-IDs and Contact users that carry node and worker: any receiver can forward what is not its own.

Randomness is handed in. Form: ``<node>.<worker>.<16 or more hex digits>``; a branch has the magic cookie before it
(RFC 3261 §8.1.1.7).
"""

from collections.abc import Callable
from typing import Final

__all__ = ["MAGIC_COOKIE", "Minter"]

MAGIC_COOKIE: Final = "z9hG4bK"
_HEX: Final = frozenset("0123456789abcdef")
_MAX_OWNER_DIGITS: Final = 6
_TOKEN: Final = 16


class Minter:
    """Makes identifiers. ``more`` returns random hex digits in lower case, 16 of them or many times 16.

    They are the security of tags and Call-IDs. Raises ValueError where they are too few.
    """

    __slots__ = ("_branch_prefix", "_digits", "_more", "_prefix", "_used", "node", "worker")

    def __init__(self, node: int, worker: int, more: Callable[[], str]) -> None:
        if not 0 <= node < 10**_MAX_OWNER_DIGITS or not 0 <= worker < 10**_MAX_OWNER_DIGITS:
            raise ValueError("node and worker are 0 to 999999")
        self.node = node
        self.worker = worker
        self._more = more
        self._digits = ""
        self._used = 0
        self._prefix = f"{node}.{worker}."
        self._branch_prefix = f"{MAGIC_COOKIE}{node}.{worker}."

    def branch(self) -> str:
        """A branch, unique over space and time."""
        return self._branch_prefix + self._token()

    def tag(self) -> str:
        """A From or To tag (RFC 3261 §19.3)."""
        return self._prefix + self._token()

    def call_id(self) -> str:
        """A Call-ID; names no host, so that it tells nothing of our network."""
        return self._prefix + self._token()

    def contact_user(self) -> str:
        """The user part of a Contact."""
        return self._prefix + self._token()

    def _token(self) -> str:
        """16 digits that were not used yet."""
        at = self._used
        if at == len(self._digits):
            self._digits = self._more()
            at = 0
            if not self._digits or len(self._digits) % _TOKEN:
                raise ValueError("random digits come by the 16")
        self._used = at + _TOKEN
        return self._digits[at : at + _TOKEN]

    @staticmethod
    def owner_of(text: str) -> tuple[int, int] | None:
        """(node, worker) of an identifier in our form, None for anyone else's."""
        parts = text.removeprefix(MAGIC_COOKIE).split(".", 2)
        if len(parts) != 3 or len(parts[2]) < _TOKEN or not _HEX.issuperset(parts[2]):
            return None
        node, worker = parts[0], parts[1]
        if len(node) > _MAX_OWNER_DIGITS or len(worker) > _MAX_OWNER_DIGITS:
            return None
        if not (node.isascii() and node.isdigit() and worker.isascii() and worker.isdigit()):
            return None
        return int(node), int(worker)
