"""The agents' day as configuration in force: dispositions, phones that are nobody's own, and feature codes."""

import re
from dataclasses import dataclass
from typing import Final

from app.configuration import Disposition, FeatureCode, Phone
from sipcore.message import Uri

__all__ = ["Dialled", "Workplace", "place_of"]

_BEHIND: Final = re.compile(r"([0-9]*)(?:\*([0-9]+))?").fullmatch
_PORT: Final = 5060


@dataclass(frozen=True, slots=True)
class Dialled:
    """A feature code as it was dialled: the agent's ``number`` ("": the one at this phone) and ``pin`` behind it."""

    code: FeatureCode
    number: str
    pin: str | None


class Workplace:
    """Changes take effect with the next look-up."""

    def __init__(self) -> None:
        self.dispositions: dict[str, Disposition] = {}
        self._phones: dict[str, Phone] = {}
        self._by_user: dict[str, Phone] = {}
        self._codes: dict[str, FeatureCode] = {}
        self._longest_first: tuple[FeatureCode, ...] = ()

    def put(self, item: Disposition | Phone | FeatureCode) -> None:
        match item:
            case Disposition():
                self.dispositions[item.id] = item
            case Phone():
                self._phones[item.id] = item
            case FeatureCode():
                self._codes[item.id] = item
        self._index()

    def drop(self, item_id: str) -> None:
        """Ids of different kinds are never the same."""
        for kind in (self.dispositions, self._phones, self._codes):
            kind.pop(item_id, None)
        self._index()

    def _index(self) -> None:
        self._by_user = {phone.user: phone for phone in self._phones.values()}
        self._longest_first = tuple(sorted(self._codes.values(), key=lambda code: -len(code.code)))

    def ha1(self, user: str, algorithm: str) -> str | None:
        phone = self._by_user.get(user)
        return phone.ha1.get(algorithm) if phone is not None else None

    def disposition(self, ref: str) -> Disposition | None:
        """By name or id."""
        found = self.dispositions.get(ref)
        if found is not None:
            return found
        return next((each for each in self.dispositions.values() if each.name == ref), None)

    def dialled(self, user: str) -> Dialled | None:
        """The feature code that this user part is, if it is one."""
        if user[:1] not in ("*", "#"):
            return None
        for code in self._longest_first:
            behind = _BEHIND(user, len(code.code)) if user.startswith(code.code) else None
            if behind is not None:
                return Dialled(code, behind[1], behind[2])
        return None


def place_of(uri: Uri) -> str:
    """A URI elsewhere, so that two spellings of it are the same."""
    return f"{uri.username}@{uri.host.lower()}:{uri.port or _PORT}"
