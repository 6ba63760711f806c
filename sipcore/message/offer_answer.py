"""Offer and answer for telephone audio (RFC 3264): PCMU, PCMA and telephone-event (RFC 4733).

Decides what to say; sending and receiving media is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, NamedTuple

from sipcore.errors import BadSdp
from sipcore.message.sdp import Media, Origin, Sdp

__all__ = [
    "PCMA",
    "PCMU",
    "TELEPHONE_EVENT",
    "Agreed",
    "Codec",
    "agreed_from_answer",
    "build_answer",
    "build_offer",
    "choose",
]


class Codec(NamedTuple):
    """A codec by its rtpmap name, with the payload type that we offer it as."""

    name: str
    clock: int
    payload: int


PCMU: Final = Codec("PCMU", 8000, 0)
PCMA: Final = Codec("PCMA", 8000, 8)
TELEPHONE_EVENT: Final = Codec("telephone-event", 8000, 101)

_AUDIO: Final = (PCMU, PCMA)
_STATIC: Final = {"0": PCMU, "8": PCMA}  # RFC 3551 §6: may be used without an rtpmap
_PROTOS: Final = ("RTP/AVP", "RTP/AVPF")
_REVERSED: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_MAX_PTIME: Final = 200


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a media section comes to: send ``codec`` as payload type ``payload`` to ``address``:``port``.

    ``index`` is the m= line, ``dtmf`` the payload type of telephone-event (None: none), ``direction`` is from our side,
    ``ptime`` in milliseconds.
    """

    index: int
    codec: Codec
    payload: int
    dtmf: int | None
    address: str
    port: int
    direction: str
    ptime: int = 20


class _Choice(NamedTuple):
    codec: Codec
    payload: int
    dtmf: int | None


def _match(media: Media, codecs: Sequence[Codec]) -> _Choice | None:
    """The first format of the peer's order that we know."""
    rtpmap = media.rtpmap()
    known = {(codec.name.upper(), codec.clock): codec for codec in codecs}
    chosen: tuple[Codec, int] | None = None
    dtmf: int | None = None
    for payload in media.formats:
        if not (payload.isascii() and payload.isdigit() and len(payload) <= 3 and int(payload) < 128):
            continue
        encoding = rtpmap.get(payload)
        if encoding is None:
            codec = _STATIC.get(payload)
            codec = codec if codec in codecs else None
        else:
            name, clock = _encoding(encoding)
            codec = known.get((name, clock))
            if name == "TELEPHONE-EVENT" and clock == 8000 and dtmf is None:
                dtmf = int(payload)
        if codec is not None and chosen is None:
            chosen = (codec, int(payload))
    return None if chosen is None else _Choice(chosen[0], chosen[1], dtmf)


def _encoding(text: str) -> tuple[str, int]:
    """``PCMU/8000/1`` → ("PCMU", 8000); more than one channel matches nothing."""
    parts = text.split("/")
    if len(parts) < 2 or not (parts[1].isascii() and parts[1].isdigit()) or (len(parts) > 2 and parts[2] != "1"):
        return "", 0
    return parts[0].upper(), int(parts[1][:9])


def choose(sdp: Sdp, codecs: Sequence[Codec] = _AUDIO) -> Agreed | None:
    """The first audio section of the peer's description that we can serve, None when there is none.

    ``direction`` is ours: the reverse of what the peer said.
    """
    for index, media in enumerate(sdp.media):
        if media.kind != "audio" or not media.port or media.proto.upper() not in _PROTOS:
            continue
        choice = _match(media, codecs)
        address = sdp.address_of(media)
        if choice is not None and address is not None and _is_numeric(address):
            direction = _REVERSED[sdp.direction_of(media)]
            return Agreed(
                index, choice.codec, choice.payload, choice.dtmf, address, media.port, direction, _ptime(media)
            )
    return None


def _is_numeric(address: str) -> bool:
    """Names are legal in c=, yet looking one up would hold up whoever sends the media."""
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _ptime(media: Media) -> int:
    text = media.attribute("ptime") or ""
    whole = text.partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 4 and 0 < int(whole) <= _MAX_PTIME else 20


def build_answer(
    offer: Sdp,
    origin: Origin,
    address: str,
    port: int,
    *,
    codecs: Sequence[Codec] = _AUDIO,
    direction: str = "sendrecv",
) -> tuple[Sdp, Agreed]:
    """Our answer and what it comes to: one audio section accepted, every other refused at its place (RFC 3264 §6).

    ``direction`` is the most that we are willing to do. Raises BadSdp (488) when no audio section can be served.
    """
    agreed = choose(offer, codecs)
    if agreed is None:
        raise BadSdp("no audio that we know in the offer")
    allowed = _narrow(agreed.direction, direction)
    choice = _Choice(agreed.codec, agreed.payload, agreed.dtmf)
    answer = Sdp.build(origin, connection=address)
    answer.lines = [(letter, value) for letter, value in answer.lines if letter != "t"]
    answer.lines.extend(
        [line for line in offer.lines if line[0] == "t"] or [("t", "0 0")]
    )  # RFC 3264 §6: t= as offered
    for index, media in enumerate(offer.media):
        if index == agreed.index:
            answer.media.append(_audio(port, media.proto, choice, allowed))
        else:
            answer.media.append(Media(media.kind, 0, media.proto, media.formats.copy()))
    settled = Agreed(
        agreed.index, agreed.codec, agreed.payload, agreed.dtmf, agreed.address, agreed.port, allowed, agreed.ptime
    )
    return answer, settled


def _narrow(ours: str, willing: str) -> str:
    sends = ours in ("sendrecv", "sendonly") and willing in ("sendrecv", "sendonly")
    receives = ours in ("sendrecv", "recvonly") and willing in ("sendrecv", "recvonly")
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def _audio(port: int, proto: str, choice: _Choice, direction: str) -> Media:
    media = Media("audio", port, proto, [str(choice.payload)])
    media.add_attribute(f"rtpmap:{choice.payload} {choice.codec.name}/{choice.codec.clock}")
    if choice.dtmf is not None:
        _add_events(media, choice.dtmf)
    media.add_attribute("ptime:20")
    media.direction = direction
    return media


def _add_events(media: Media, payload: int) -> None:
    media.formats.append(str(payload))
    media.add_attribute(f"rtpmap:{payload} telephone-event/8000")
    media.add_attribute(f"fmtp:{payload} 0-16")


def build_offer(
    origin: Origin, address: str, port: int, *, codecs: Sequence[Codec] = _AUDIO, direction: str = "sendrecv"
) -> Sdp:
    """An offer of one audio section with the codecs in order of preference, and telephone-event."""
    offer = Sdp.build(origin, connection=address)
    media = Media("audio", port, "RTP/AVP", [str(codec.payload) for codec in codecs])
    for codec in codecs:
        media.add_attribute(f"rtpmap:{codec.payload} {codec.name}/{codec.clock}")
    _add_events(media, TELEPHONE_EVENT.payload)
    media.add_attribute("ptime:20")
    media.direction = direction
    offer.media.append(media)
    return offer


def agreed_from_answer(answer: Sdp, codecs: Sequence[Codec] = _AUDIO) -> Agreed:
    """What the peer's answer to our offer comes to. Raises BadSdp (488) when it took no audio."""
    agreed = choose(answer, codecs)
    if agreed is None:
        raise BadSdp("no audio that we know in the answer")
    return agreed
