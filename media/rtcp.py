"""RTCP (RFC 3550 §6): the compound packets a sender of one stream owes its receivers, and a reader for them. Pure."""

import struct
from typing import Final, NamedTuple

__all__ = [
    "BYE", "RECEIVER_REPORT", "SDES", "SENDER_REPORT", "BadRtcp", "RtcpPacket", "SenderInfo", "goodbye", "parse_rtcp",
    "report",
]  # fmt: skip

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SDES: Final = 202
BYE: Final = 203
_NTP_OFFSET: Final = 2_208_988_800  # seconds from 1900 to 1970
_HEADER: Final = struct.Struct(">BBH")
_SENDER: Final = struct.Struct(">IIIIII")


class BadRtcp(ValueError):  # noqa: N818 - named for what it says, as in sipcore
    """Not a compound RTCP packet."""


class SenderInfo(NamedTuple):
    """What a sender report tells: ``now`` (seconds since 1970) and ``timestamp`` name the same moment."""

    ssrc: int
    now: float
    timestamp: int
    packets: int
    octets: int


class RtcpPacket(NamedTuple):
    """One packet of a compound: its type, its count field (``items``) and the bytes after the header."""

    kind: int
    items: int
    body: bytes


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _sender_report(info: SenderInfo) -> bytes:
    seconds = int(info.now)
    fraction = int((info.now - seconds) * 2**32)
    return _packet(
        SENDER_REPORT,
        0,
        _SENDER.pack(
            info.ssrc,
            (seconds + _NTP_OFFSET) & 0xFFFFFFFF,
            fraction,
            info.timestamp & 0xFFFFFFFF,
            info.packets & 0xFFFFFFFF,
            info.octets & 0xFFFFFFFF,
        ),
    )


def _sdes(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    chunk = ssrc.to_bytes(4) + bytes((1, len(name))) + name
    return _packet(SDES, 1, chunk + bytes(4 - len(chunk) % 4))  # ends with one to four null octets (§6.5)


def report(info: SenderInfo, cname: str) -> bytes:
    """A sender report with the mandatory CNAME (RFC 3550 §6.1)."""
    return _sender_report(info) + _sdes(info.ssrc, cname)


def goodbye(info: SenderInfo, cname: str) -> bytes:
    """The last compound of a stream: report, CNAME, BYE (RFC 3550 §6.6)."""
    return report(info, cname) + _packet(BYE, 1, info.ssrc.to_bytes(4))


def parse_rtcp(data: bytes) -> list[RtcpPacket]:
    """The packets of a compound; raises `BadRtcp` where lengths do not add up or the first is no report."""
    packets, at = [], 0
    while at < len(data):
        if len(data) < at + 4 or data[at] >> 6 != 2:
            raise BadRtcp("not RTCP version 2")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if end > len(data):
            raise BadRtcp("packet cut short")
        packets.append(RtcpPacket(kind, first & 0x1F, data[at + 4 : end]))
        at = end
    if not packets or packets[0].kind not in {SENDER_REPORT, RECEIVER_REPORT}:
        raise BadRtcp("a compound begins with a report")
    return packets
