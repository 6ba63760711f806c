"""One outgoing RTP stream and what comes back on its socket: sequence, timestamp, marker, latching, telephone-events.

Pure but for the sockets handed in. The pacer (`media.pacer`) sends the packets between two sounds itself, straight from
these attributes; whatever is not plain "next frame" happens in `RtpStream.turn`.
"""

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from media import rtcp
from media.playlist import Playlist
from media.rtp import (
    CODEC_NAMES,
    FRAME_BYTES,
    HEADER,
    MARKER,
    PAYLOAD_TYPES,
    BadRtp,
    EventCollector,
    KeyPress,
    parse_rtp,
)  # fmt: skip
from media.sockets import Address, Sockets
from media.sounds import Sound

__all__ = ["DigitPressed", "PlayFinished", "RtpStream", "StreamEvent", "Target", "plausible_source"]

_SILENCE: Final = Sound.silence()


class PlayFinished(NamedTuple):
    """The playlist of stream ``key`` came to its end; silence is sent from now on."""

    key: str
    playlist: Playlist


class DigitPressed(NamedTuple):
    """The peer of stream ``key`` pressed a key."""

    key: str
    press: KeyPress


StreamEvent = PlayFinished | DigitPressed


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stream goes and how: what the session descriptions agreed on.

    ``address`` None: nowhere (held, or not yet known). ``payload_type`` None: the codec's own. ``event_type``: the
    payload type of telephone-events, if any.
    """

    codec: str
    address: Address | None = None
    control: Address | None = None
    payload_type: int | None = None
    event_type: int | None = None
    sending: bool = True


def plausible_source(described: Address, source: Address) -> bool:
    """Whether packets from ``source`` may redirect a stream that the peer's SDP directs to ``described``.

    The same host on another port always (a NAT changes ports); another host only where the description names a private
    address, which a NAT must have replaced. Anything else is somebody else's packet.
    """
    if described[0] == source[0]:
        return True
    return ipaddress.ip_address(described[0]).is_private


class RtpStream:
    """One stream. ``random`` gives that many random bits (RFC 3550 §5.1: SSRC, first sequence and timestamp)."""

    __slots__ = (
        "_collector", "_counted_from", "_current", "_latched", "_left_at", "_packets", "_playlist", "_silent",
        "_target", "address", "bad_packets", "cname", "control", "count", "frames", "index", "key", "payload_type",
        "places", "sendto", "sequence", "sockets", "ssrc", "timestamp",
    )  # fmt: skip

    def __init__(self, key: str, sockets: Sockets, random: Callable[[int], int]) -> None:
        self.key = key
        self.sockets = sockets
        self.sendto = sockets.sendto
        self.ssrc, self.sequence, self.timestamp = random(32), random(16), random(32)
        self.cname = f"{random(64):016x}"
        self.payload_type = PAYLOAD_TYPES["PCMA"]
        self.frames: list[bytes] = []
        self.index = self.count = 0
        self.address: Address = ("", 0)
        self.control: Address = ("", 0)
        self.places: tuple[list[RtpStream], list[RtpStream]] | None = None  # in the pacer: its slot, its report round
        self._left_at: int | None = None
        self.bad_packets = 0
        self._target = Target("PCMA", sending=False)
        self._playlist: Playlist | None = None
        self._silent = True
        self._current: Sound | None = None
        self._latched = False
        self._counted_from, self._packets = self.sequence, 0
        self._collector = EventCollector()

    @property
    def active(self) -> bool:
        """Whether it has somewhere to send to and may."""
        return self._target.sending and self._target.address is not None

    @property
    def latched(self) -> bool:
        """Whether packets have confirmed where the peer is."""
        return self._latched

    def aim(self, target: Target) -> None:
        """Go by a new session description. An unchanged address keeps what latching has found."""
        previous, self._target = self._target, target
        if target.address is not None and target.address != previous.address:
            self.address = target.address
            self.control = target.control or (target.address[0], target.address[1] + 1)
            self._unlatch()
        if target.codec != previous.codec:
            self._recode(target.codec)
        if target.event_type != previous.event_type and self._latched:
            self.sockets.let_in(target.event_type)
        own = PAYLOAD_TYPES[target.codec]
        self.payload_type = own if target.payload_type is None else target.payload_type

    def play(self, playlist: Playlist | None) -> None:
        """Replace at once what is playing; None: silence."""
        self._playlist = playlist
        self.frames, self.index, self.count = [], 0, 0

    def elapse(self, rounds: int) -> None:
        """Let ``rounds`` × 20 ms go by unsent: the timestamp keeps to the clock, the next packet begins a talkspurt."""
        self.timestamp = (self.timestamp + rounds * FRAME_BYTES) & 0xFFFFFFFF
        self.count = 0  # the next packet takes the way of `turn`

    def join(self, slot: list["RtpStream"], reports: list["RtpStream"], round_: int) -> None:
        """Enter the pacer's lists at its ``round_`` (a count of 20 ms); time since `leave` has gone by."""
        slot.append(self)
        reports.append(self)
        self.places = (slot, reports)
        if self._left_at is not None:
            self.elapse(max(round_ - self._left_at, 0))

    def leave(self, round_: int) -> None:
        """Leave the pacer's lists."""
        for place in self.places or ():
            place.remove(self)
        self.places, self._left_at = None, round_

    def turn(self, events: list[StreamEvent]) -> None:
        """Send the first packet of a sound, or of a talkspurt; may raise OSError like any sending."""
        marker = self.index < len(self.frames)  # in the middle of a sound only because of `elapse`
        if not marker:
            marker = self._next_sound(events) or self._packets_sent() == 0
        self.count = len(self.frames)
        kind = self.payload_type | (MARKER if marker else 0)
        packet = HEADER.pack(0x80, kind, self.sequence, self.timestamp, self.ssrc) + self.frames[self.index]
        self.index += 1
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + FRAME_BYTES) & 0xFFFFFFFF
        self.sendto(packet, self.address)

    def receive(self, data: bytes, source: Address) -> list[KeyPress]:
        """Take a datagram that came in on the RTP port; gives the keys it completes."""
        if self._target.address is None or (self._latched and source != self.address):
            return []
        try:
            packet = parse_rtp(data)
            is_event = packet.payload_type == self._target.event_type
            if not is_event and packet.payload_type not in CODEC_NAMES and packet.payload_type != self.payload_type:
                return []
            if not self._latched and not self._latch(source):
                return []
            return self._collector.receive(packet) if is_event else []
        except BadRtp:
            self.bad_packets += 1
            return []

    def sender_info(self, now: float) -> rtcp.SenderInfo:
        """What a sender report says of this stream at ``now``."""
        packets = self._packets_sent()
        return rtcp.SenderInfo(self.ssrc, now, self.timestamp, packets, packets * FRAME_BYTES)

    def report(self, now: float) -> None:
        """Send a sender report; may raise OSError."""
        self.sockets.send_control(rtcp.report(self.sender_info(now), self.cname), self.control)

    def close(self, now: float) -> None:
        """Say goodbye (RFC 3550 §6.3.7: only who has sent anything does) and give the ports back."""
        if self._packets_sent():
            with suppress(OSError):  # it is a courtesy
                self.sockets.send_control(rtcp.goodbye(self.sender_info(now), self.cname), self.control)
        self.sockets.close()

    def _packets_sent(self) -> int:
        # From the sequence number, so that the pacer need not count; called far more often than every 2^16 packets.
        self._packets += (self.sequence - self._counted_from) & 0xFFFF
        self._counted_from = self.sequence
        return self._packets

    def _next_sound(self, events: list[StreamEvent]) -> bool:
        """Turn to what plays next; True where sound begins after silence."""
        was_silent, self.index = self._silent, 0
        sound = self._playlist.next() if self._playlist else None
        if sound is None and self._playlist is not None:
            events.append(PlayFinished(self.key, self._playlist))
            self._playlist = None
        self._silent = sound is None
        self.frames = (sound or _SILENCE).frames(self._target.codec)
        self._current = sound
        return was_silent and not self._silent

    def _recode(self, codec: str) -> None:
        if self.frames:
            self.frames = (self._current or _SILENCE).frames(codec)

    def _latch(self, source: Address) -> bool:
        if source != self.address:
            if not plausible_source(self.address, source):
                return False
            self.address, self.control = source, (source[0], source[1] + 1)
        self._latched = True
        self.sockets.let_in(self._target.event_type)
        return True

    def _unlatch(self) -> None:
        if self._latched:
            self._latched = False
            self.sockets.let_all_in()
