"""RTP packets, telephone-events, RTCP: the bytes of the RFCs, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtcp import BYE, SDES, SENDER_REPORT, BadRtcp, SenderInfo, goodbye, parse_rtcp, report
from media.rtp import (
    BadRtp,
    EventCollector,
    KeyPress,
    RtpPacket,
    RtpSender,
    TelephoneEvent,
    decode_audio,
    encode_audio,
    parse_rtp,
)  # fmt: skip


def test_a_packet_on_the_wire() -> None:
    packet = RtpPacket(8, 0x1234, 0x01020304, 0xA0B0C0D0, b"\x55\x66", marker=True)
    assert packet.encode() == bytes.fromhex("80 88 1234 01020304 a0b0c0d0 5566")


@given(
    st.builds(
        RtpPacket,
        st.sampled_from([0, 8, 101]),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=200),
        st.booleans(),
    )
)
def test_what_is_built_is_parsed(packet: RtpPacket) -> None:
    assert parse_rtp(packet.encode()) == packet


def test_csrc_extension_and_padding_are_skipped() -> None:
    header = bytes.fromhex("b2 08 0001 00000000 00000001") + bytes(8)  # padding, extension, two CSRCs
    extension = bytes.fromhex("bede 0001 00000000")
    assert parse_rtp(header + extension + b"audio" + b"\0\0\x03").payload == b"audio"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        bytes.fromhex("40 08 0001 00000000 00000001"),  # version 1
        bytes.fromhex("80 c8 0001 00000000 00000001"),  # a sender report
        bytes.fromhex("90 08 0001 00000000 00000001 bede"),  # extension cut short
        bytes.fromhex("90 08 0001 00000000 00000001 bede00ff"),
        bytes.fromhex("8f 08 0001 00000000 00000001"),  # 15 CSRCs missing
        bytes.fromhex("a0 08 0001 00000000 00000001 61 00"),  # padding of no length
        bytes.fromhex("a0 08 0001 00000000 00000001 61 09"),  # padding longer than the payload
    ],
)
def test_what_is_no_rtp_is_refused(data: bytes) -> None:
    with pytest.raises(BadRtp):
        parse_rtp(data)


@given(st.binary(max_size=64))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadRtp):
        parse_rtp(data)


def test_a_telephone_event_on_the_wire() -> None:
    event = TelephoneEvent(5, end=True, duration=800, volume=10)
    assert event.encode() == bytes.fromhex("05 8a 0320")
    assert TelephoneEvent.parse(event.encode()) == event
    with pytest.raises(BadRtp):
        TelephoneEvent.parse(b"\x05\x8a")


def press(sender: RtpSender, digit: str) -> list[RtpPacket]:
    return [parse_rtp(data) for data in sender.key(digit, 101)]


def collect(collector: EventCollector, packets: list[RtpPacket]) -> list[KeyPress]:
    return [key for packet in packets for key in collector.receive(packet)]


def test_a_key_press_is_told_once() -> None:
    packets = press(RtpSender(1, 65534, 0xFFFFFF00), "5")
    assert [packet.marker for packet in packets] == [True] + [False] * 6
    assert collect(EventCollector(), packets) == [KeyPress("5", 100)]


def test_two_presses_of_one_key_are_two() -> None:
    sender = RtpSender(1, 1, 1000)
    assert collect(EventCollector(), press(sender, "#") + press(sender, "#")) == [KeyPress("#", 100)] * 2


def test_a_press_whose_end_is_lost_is_told_with_the_next() -> None:
    sender, collector = RtpSender(1, 1, 1000), EventCollector()
    assert collect(collector, press(sender, "1")[:3]) == []
    assert collect(collector, press(sender, "2")) == [KeyPress("1", 60), KeyPress("2", 100)]


def test_late_packets_of_an_earlier_press_do_not_count() -> None:
    sender, collector = RtpSender(1, 1, 1000), EventCollector()
    first, second = press(sender, "1"), press(sender, "2")
    assert collect(collector, first[:6] + second + first[6:]) == [KeyPress("1", 100), KeyPress("2", 100)]


def test_events_that_are_no_keys_are_ignored() -> None:
    packet = RtpPacket(101, 1, 1, 1, TelephoneEvent(32, end=True, duration=80).encode())
    assert EventCollector().receive(packet) == []


def test_a_sender_counts_on_over_the_edge() -> None:
    sender = RtpSender(7, 0xFFFF, 0xFFFFFFFF - 100)
    first, second = (parse_rtp(sender.audio(bytes(160))) for _ in range(2))
    assert (first.sequence, second.sequence) == (0xFFFF, 0)
    assert second.timestamp == 59
    assert (first.marker, second.marker) == (True, False)


def test_audio_there_and_back() -> None:
    samples = [0, 1000, -1000, 20000]
    for codec, payload_type in (("PCMA", 8), ("PCMU", 0)):
        decoded = decode_audio(payload_type, encode_audio(codec, samples))
        assert all(abs(was - now) <= max(abs(was) // 16, 8) for was, now in zip(samples, decoded, strict=True))
    assert decode_audio(101, b"1234") == []


INFO = SenderInfo(ssrc=0x01020304, now=1_000_000_000.5, timestamp=0x11223344, packets=250, octets=40000)


def test_a_sender_report_on_the_wire() -> None:
    data = report(INFO, "me")
    expected = (
        "80 c8 0006 01020304 bf454880 80000000 11223344 000000fa 00009c40" + "81 ca 0003 01020304 01 02 6d65 00000000"
    )
    assert data == bytes.fromhex(expected)


def test_goodbye_ends_with_a_bye() -> None:
    packets = parse_rtcp(goodbye(INFO, "cname"))
    assert [packet.kind for packet in packets] == [SENDER_REPORT, SDES, BYE]
    assert packets[-1].body == INFO.ssrc.to_bytes(4)


@given(st.text("abc", max_size=300))
def test_every_cname_gives_whole_words(cname: str) -> None:
    assert len(report(INFO, cname)) % 4 == 0
    assert [packet.kind for packet in parse_rtcp(report(INFO, cname))] == [SENDER_REPORT, SDES]


@pytest.mark.parametrize(
    "data", [b"", b"\x80", bytes.fromhex("80c80006"), bytes.fromhex("81ca0000"), bytes.fromhex("40c80000")]
)
def test_what_is_no_rtcp_is_refused(data: bytes) -> None:
    with pytest.raises(BadRtcp):
        parse_rtcp(data)
