"""Phones that say the same again: what their last REGISTER asked for, found by its bytes, and the answer's fixed parts.

A phone refreshes by sending its REGISTER once more with a new branch, From tag, CSeq number and credentials. What it asks
for was read and judged the first time; only the new parts are looked at after that. Bounded: the oldest is forgotten.
"""

from sipcore.binding import Binding
from sipcore.message import Request, marks
from sipcore.message.cut import Cut
from sipcore.packets import Hop, Source
from sipcore.registration import Asked, user_agent_of
from sipcore.routing import response_hop
from sipcore.transaction.layer import server_key

__all__ = ["Familiar", "FamiliarPhones", "Repeat"]

_BRANCH, _FROM_TAG, _TO_TAG, _CSEQ = range(4)


class Familiar:
    """One phone's REGISTER as it came over ``source``. ``hop``: where the answer goes; ``uri``: the Request-URI."""

    __slots__ = (
        "_order", "_parts", "aor", "asked", "call_id", "hop", "sent_by", "source", "uri", "user_agent",
    )  # fmt: skip

    def __init__(self, request: Request, source: Source, aor: str, asked: Asked) -> None:
        via = request.via
        self.aor = aor
        self.asked = asked
        self.uri = request.uri
        self.user_agent = user_agent_of(request)
        self.call_id = request.call_id
        self.source = source
        self.hop: Hop = response_hop(via, source)
        self.sent_by = server_key(via, request.method).removeprefix(via.branch)
        self._parts, self._order = _answer_parts(request)

    def answer(self, cut: Cut, status_line: str, to_tag: str, headers: str) -> bytes:
        """The response (RFC 3261 §8.2.6); ``headers`` are lines, each with its CRLF."""
        new = (cut.branch, cut.from_tag, to_tag, cut.cseq)
        a, b, c, d = self._order
        first, second, third, fourth, last = self._parts
        return (
            f"{status_line}\r\n{first}{new[a]}{second}{new[b]}{third}{new[c]}{fourth}{new[d]}{last}{headers}"
            "Content-Length: 0\r\n\r\n"
        ).encode("ascii")


class Repeat:
    """A request in familiar words, and the binding that it refreshes. ``key`` and ``merge``: see the transaction layer."""

    __slots__ = ("before", "cut", "familiar", "key", "merge")

    def __init__(self, familiar: Familiar, made: Cut, before: Binding) -> None:
        self.familiar = familiar
        self.cut = made
        self.before = before
        self.key = made.branch + familiar.sent_by
        self.merge = f"{familiar.call_id};{made.from_tag};{int(made.cseq)};REGISTER"


class FamiliarPhones:
    """By what they say. ``most``: 0 remembers none."""

    __slots__ = ("_by_rest", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_rest: dict[str, Familiar] = {}

    def __len__(self) -> int:
        return len(self._by_rest)

    def find(self, cut: Cut) -> Familiar | None:
        """The phone that said it before."""
        return self._by_rest.get(cut.rest)

    def remember(self, cut: Cut, request: Request, source: Source, aor: str, asked: Asked) -> None:
        """``cut`` was made of ``request``, which was understood."""
        if not self._most or not _is_cut_of(cut, request):
            return
        phones = self._by_rest
        phones.pop(cut.rest, None)
        if len(phones) >= self._most:
            del phones[next(iter(phones))]
        phones[cut.rest] = Familiar(request, source, aor, asked)


def _is_cut_of(cut: Cut, request: Request) -> bool:
    """Whether it was cut where the request has these parts, and could be put together to nothing else."""
    return (
        cut.branch == request.via.branch
        and cut.from_tag == request.from_tag
        and int(cut.cseq) == request.cseq.number
        and not request.to_tag
        and cut.credentials == (request.get("Authorization") or "")
        and "\r\n " not in cut.rest
        and "\r\n\t" not in cut.rest
    )


def _answer_parts(request: Request) -> tuple[tuple[str, str, str, str, str], tuple[int, int, int, int]]:
    """The copied headers around their four new parts, and the order in which these stand."""
    parts, order = [""], []
    for header in request.headers:
        mark, value, raw = header.mark, header.value, header.raw
        if not mark & marks.MANDATORY:
            continue
        if mark == marks.TO:
            before, after, place = f"To: {value};tag=", "", _TO_TAG
        elif mark == marks.FROM:
            before, after, place = *_around(raw, ";tag=", request.from_tag), _FROM_TAG
        elif mark == marks.CSEQ:
            before, after, place = *_around(raw, "CSeq: ", value.partition(" ")[0]), _CSEQ
        elif mark == marks.VIA and _BRANCH not in order:
            before, after, place = *_around(raw, ";branch=", request.via.branch), _BRANCH
        else:
            parts[-1] = f"{parts[-1]}{raw}\r\n"
            continue
        parts[-1] += before
        parts.append(f"{after}\r\n")
        order.append(place)
    first, second, third, fourth, last = parts
    a, b, c, d = order
    return (first, second, third, fourth, last), (a, b, c, d)


def _around(line: str, name: str, part: str) -> tuple[str, str]:
    """The line before and after ``part``, which follows the first ``name``."""
    before, _, after = line.partition(name)
    return before + name, after[len(part) :]
