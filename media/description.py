"""Our side's session description in one dialog (RFC 3264): one ``o=`` id, a version that counts changes. Pure.

The m= lines of a dialog are never removed or reordered: what the peer offered beside one audio stream stays refused.
"""

import ipaddress
from functools import lru_cache

from sipcore.errors import BadSdp
from sipcore.message.offer_answer import Agreed, agreed_from_answer, build_answer, build_offer
from sipcore.message.sdp import Origin, Sdp, parse_sdp

__all__ = ["Description"]

_USER = "callyard"


@lru_cache(maxsize=4096)
def _problem(text: str) -> str:
    """Why media cannot or must not go to that address (we ask no DNS); "" where it can."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return f"the media address {text[:100]} is no IP address"
    return "media is not sent to a group" if address.is_multicast or text == "255.255.255.255" else ""


def _checked(agreed: Agreed) -> Agreed:
    """Raises BadSdp where media is not to be sent there."""
    problem = _problem(agreed.address)
    if problem:
        raise BadSdp(problem)
    return agreed


def _content(sdp: Sdp) -> tuple[object, ...]:
    """All of a description but its origin."""
    return ([line for line in sdp.lines if line[0] != "o"], [media.text() for media in sdp.media])


class Description:
    """What we said last, and the next thing to say. ``address`` and ``port`` are where we receive."""

    __slots__ = ("_address", "_ident", "_last", "_port", "_version")

    def __init__(self, ident: int, address: str, port: int) -> None:
        self._ident, self._version = ident, ident
        self._address, self._port = address, port
        self._last: Sdp | None = None

    def answer(self, offer: bytes) -> tuple[bytes, Agreed]:
        """Our answer and what it comes to; raises BadSdp (488), then nothing has changed."""
        sdp = parse_sdp(offer)
        answer, agreed = build_answer(sdp, self._origin(), self._address, self._port)
        _checked(agreed)
        return self._say(answer), agreed

    def offer(self) -> bytes:
        """An offer of all that we can, at the place that our stream has in this dialog."""
        offer = build_offer(self._origin(), self._address, self._port)
        if self._last is not None:
            ours = offer.media[0]
            offer.media = [ours if media.port else media for media in self._last.media]
        return self._say(offer)

    def again(self) -> bytes:
        """What we said last, unchanged: for a refresh."""
        return self._last.encode() if self._last else self.offer()

    def accept(self, answer: bytes) -> Agreed:
        """What the peer's answer to our offer comes to; raises BadSdp."""
        return _checked(agreed_from_answer(parse_sdp(answer)))

    def _origin(self) -> Origin:
        return Origin(_USER, self._ident, self._version, self._address)

    def _say(self, sdp: Sdp) -> bytes:
        if self._last is not None and _content(sdp) != _content(self._last):
            self._version += 1
        sdp.origin = self._origin()
        self._last = sdp
        return sdp.encode()
