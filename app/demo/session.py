"""A simulated phone's session description: PCMA on one port, offers and answers (RFC 3264)."""

from typing import Final

from app.demo.ears import Ear
from sipcore.message import Message
from sipcore.message.offer_answer import PCMA, Agreed, agreed_from_answer, build_answer, build_offer
from sipcore.message.sdp import Origin, parse_sdp

__all__ = ["SDP_TYPE", "Session"]

SDP_TYPE: Final = "application/sdp"
_HOST: Final = "127.0.0.1"


class Session:
    """Speaks for one ear: what it says in SDP, and where it is told to speak to."""

    def __init__(self, username: str, sess_id: int, ear: Ear) -> None:
        self._username = username
        self._sess_id = sess_id
        self._version = 0
        self._ear = ear

    def offer(self) -> bytes:
        return build_offer(self._next_origin(), _HOST, self._ear.port, codecs=(PCMA,)).encode()

    def answer(self, message: Message) -> bytes:
        """Our answer to the offer in ``message``. Raises BadSdp."""
        answer, agreed = build_answer(
            parse_sdp(message.body), self._next_origin(), _HOST, self._ear.port, codecs=(PCMA,)
        )  # fmt: skip
        self._aim(agreed)
        return answer.encode()

    def respond(self, message: Message) -> bytes:
        """The body for our 2xx to an INVITE: an answer to its offer, or an offer where it has none. Raises BadSdp."""
        return self.answer(message) if message.body else self.offer()

    def take_answer(self, message: Message) -> None:
        """The answer to our offer. Raises BadSdp."""
        self._aim(agreed_from_answer(parse_sdp(message.body), codecs=(PCMA,)))

    def take_answer_if_any(self, message: Message) -> None:
        """An ACK has a body only where its INVITE had none."""
        if message.body:
            self.take_answer(message)

    def _aim(self, agreed: Agreed) -> None:
        sends = agreed.direction in ("sendrecv", "sendonly") and agreed.port
        self._ear.aim((agreed.address, agreed.port) if sends else None)

    def _next_origin(self) -> Origin:
        self._version += 1
        return Origin(self._username, self._sess_id, self._version, _HOST)
