"""RTP packets (RFC 3550 §5) and telephone-events (RFC 4733): built, parsed, and key presses told from them.

Pure: no sockets, no clock. Used by the media server and by anything else of ours that speaks RTP (simulated phones).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

__all__ = [
    "CODEC_NAMES", "DTMF_DIGITS", "FRAME_BYTES", "FRAME_SECONDS", "HEADER", "MARKER", "PAYLOAD_TYPES", "BadRtp",
    "EventCollector", "KeyPress", "RtpPacket", "RtpSender", "TelephoneEvent", "decode_audio", "encode_audio",
    "parse_rtp",
]  # fmt: skip


FRAME_SECONDS: Final = 0.02
FRAME_BYTES: Final = 160  # 20 ms of G.711; also the timestamp step of a packet
MARKER: Final = 0x80
HEADER: Final = struct.Struct(">BBHII")
PAYLOAD_TYPES: Final = {"PCMU": 0, "PCMA": 8}  # RFC 3551 §6
CODEC_NAMES: Final = {0: "PCMU", 8: "PCMA"}
DTMF_DIGITS: Final = "0123456789*#ABCD"  # RFC 4733 §3.2, event codes 0 to 15
_VERSION: Final = 0x80
_EVENT: Final = struct.Struct(">BBH")


class BadRtp(ValueError):  # noqa: N818 - named for what it says, as in sipcore
    """Not an RTP packet, or one cut short."""


class RtpPacket(NamedTuple):
    """One RTP packet without CSRCs or extension (they are skipped when parsing)."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        """The packet on the wire."""
        kind = self.payload_type | (MARKER if self.marker else 0)
        return (
            HEADER.pack(_VERSION, kind, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc) + self.payload
        )


def parse_rtp(data: bytes) -> RtpPacket:
    """The packet in a datagram (RFC 3550 §5.1); raises `BadRtp` where it is none (RTCP on the same port included)."""
    if len(data) < HEADER.size or data[0] >> 6 != 2:
        raise BadRtp("not RTP version 2")
    first, kind, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if 64 <= kind & 0x7F <= 95:  # RFC 5761 §4: these payload types are RTCP's packet types
        raise BadRtp("RTCP on the RTP port")
    start, end = HEADER.size + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if end < start + 4:
            raise BadRtp("header extension cut short")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    if first & 0x20:
        end -= data[-1] or len(data)
    if start > end:
        raise BadRtp("header or padding longer than the packet")
    return RtpPacket(kind & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(kind & MARKER))


class TelephoneEvent(NamedTuple):
    """The payload of a telephone-event packet (RFC 4733 §2.3). ``duration`` is in timestamp units (8 a millisecond)."""

    event: int
    end: bool
    duration: int
    volume: int = 10

    def encode(self) -> bytes:
        """The four bytes of the payload."""
        return _EVENT.pack(self.event, (0x80 if self.end else 0) | (self.volume & 0x3F), self.duration & 0xFFFF)

    @classmethod
    def parse(cls, payload: bytes) -> "TelephoneEvent":
        """The first event of a payload; raises `BadRtp` where it is too short."""
        if len(payload) < _EVENT.size:
            raise BadRtp("telephone-event cut short")
        event, flags, duration = _EVENT.unpack_from(payload)
        return cls(event, bool(flags & 0x80), duration, flags & 0x3F)


class KeyPress(NamedTuple):
    """One pressed key: ``digit`` from `DTMF_DIGITS` and how long it was held."""

    digit: str
    milliseconds: int


@dataclass(slots=True)
class EventCollector:
    """Makes one `KeyPress` of the many packets of an event, whichever of them are lost.

    All packets of an event carry the timestamp of its start (RFC 4733 §2.5.1.2). It is reported on the first packet
    with the end bit or, where all of these are lost, when the next event begins.
    """

    _timestamp: int = -1
    _event: int = -1
    _duration: int = 0
    _reported: bool = True

    def receive(self, packet: RtpPacket) -> list[KeyPress]:
        """Take a telephone-event packet; gives what became known to be complete. Raises `BadRtp`."""
        event = TelephoneEvent.parse(packet.payload)
        if event.event >= len(DTMF_DIGITS):
            return []
        pressed = []
        if (packet.timestamp, event.event) != (self._timestamp, self._event):
            if not self._newer(packet.timestamp):
                return []  # a late packet of an earlier event
            pressed += self._report()
            self._timestamp, self._event, self._duration, self._reported = packet.timestamp, event.event, 0, False
        self._duration = max(self._duration, event.duration)
        if event.end:
            pressed += self._report()
        return pressed

    def _newer(self, timestamp: int) -> bool:
        return self._timestamp < 0 or (timestamp - self._timestamp) & 0xFFFFFFFF < 0x80000000

    def _report(self) -> list[KeyPress]:
        if self._reported:
            return []
        self._reported = True
        return [KeyPress(DTMF_DIGITS[self._event], self._duration // 8)]


@dataclass(slots=True)
class RtpSender:
    """The counters of one outgoing stream, for senders that need no pacing loop (a simulated phone).

    Sequence, timestamp and SSRC are to be handed in at random (RFC 3550 §5.1).
    """

    ssrc: int
    sequence: int
    timestamp: int
    payload_type: int = 8
    _marker: bool = field(default=True)

    def audio(self, payload: bytes) -> bytes:
        """The next packet of G.711 audio; the first one carries the marker."""
        packet = RtpPacket(self.payload_type, self.sequence, self.timestamp, self.ssrc, payload, self._marker)
        self._marker = False
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + len(payload)) & 0xFFFFFFFF
        return packet.encode()

    def key(self, digit: str, payload_type: int, *, packets: int = 5) -> list[bytes]:
        """The packets of a key press of ``packets`` × 20 ms, the last one three times (RFC 4733 §2.5.1.4)."""
        event, out = DTMF_DIGITS.index(digit), []
        for number in range(packets + 2):
            duration = min(number + 1, packets) * FRAME_BYTES
            payload = TelephoneEvent(event, number + 1 >= packets, duration).encode()
            out.append(RtpPacket(payload_type, self.sequence, self.timestamp, self.ssrc, payload, number == 0).encode())
            self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + packets * FRAME_BYTES) & 0xFFFFFFFF
        return out


_ENCODERS: Final[dict[str, Callable[[list[int]], bytes]]] = {"PCMA": encode_alaw, "PCMU": encode_ulaw}


def encode_audio(codec: str, samples: list[int]) -> bytes:
    """16-bit samples at 8 kHz as ``codec`` (``PCMA`` or ``PCMU``)."""
    return _ENCODERS[codec](samples)


def decode_audio(payload_type: int, payload: bytes) -> list[int]:
    """The samples in a G.711 packet; empty for any other payload type."""
    if payload_type == PAYLOAD_TYPES["PCMA"]:
        return decode_alaw(payload).tolist()
    return decode_ulaw(payload).tolist() if payload_type == PAYLOAD_TYPES["PCMU"] else []
