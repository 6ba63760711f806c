"""Streams and the pacer in virtual time: what is sent, when, with which numbers; latching; what comes back."""

from pathlib import Path

import pytest

from media.pacer import SLOTS, Pacer
from media.playlist import Playlist
from media.rtcp import BYE, SENDER_REPORT, parse_rtcp
from media.rtp import KeyPress, RtpPacket, RtpSender, parse_rtp
from media.sockets import MemorySockets
from media.sounds import Sound
from media.stream import PlayFinished, RtpStream, StreamEvent, Target, plausible_source

START = 1_700_000_000.0
PEER = ("192.168.1.5", 4000)
TARGET = Target("PCMA", PEER, event_type=101)


def bits(count: int) -> int:
    return {32: 0xFFFFFF00, 16: 0xFFFE, 64: 0xABC}[count]


def sound(name: str, frames: int) -> Sound:
    """Every frame of it says which sound and which frame it is."""
    data = b"".join(bytes((ord(name), number)) * 80 for number in range(frames))
    return Sound(name, {"PCMA": data, "PCMU": data.swapcase()})


class Room:
    """A pacer in virtual time."""

    def __init__(self) -> None:
        self.now = START
        self.pacer = Pacer()
        self.events: list[StreamEvent] = []

    def stream(self, key: str = "s", target: Target = TARGET) -> tuple[RtpStream, MemorySockets]:
        sockets = MemorySockets(20000)
        stream = RtpStream(key, sockets, bits)
        stream.aim(target)
        self.pacer.update(stream, self.now)
        return stream, sockets

    def run(self, until: float) -> None:
        """Serve deadlines until ``until`` seconds after the start."""
        while (deadline := self.pacer.next_deadline()) is not None and deadline <= START + until + 1e-6:
            self.now = max(self.now, deadline)
            self.events += self.pacer.advance(self.now)
        self.now = START + until


def packets(sockets: MemorySockets) -> list[RtpPacket]:
    return [parse_rtp(data) for data, _ in sockets.sent]


def heard(sockets: MemorySockets) -> str:
    return "".join(chr(packet.payload[0]) for packet in packets(sockets))


def test_a_packet_every_twenty_milliseconds_with_numbers_that_run_on() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 3)], None))
    room.run(1.0)
    sent = packets(sockets)
    assert len(sent) == 50
    assert [packet.sequence for packet in sent] == [(0xFFFE + n) & 0xFFFF for n in range(50)]
    assert [packet.timestamp for packet in sent] == [(0xFFFFFF00 + 160 * n) & 0xFFFFFFFF for n in range(50)]
    assert [packet.marker for packet in sent] == [True] + [False] * 49
    assert {(packet.payload_type, packet.ssrc, len(packet.payload)) for packet in sent} == {(8, 0xFFFFFF00, 160)}
    assert [packet.payload[1] for packet in sent[:7]] == [0, 1, 2, 0, 1, 2, 0]
    assert {address for _, address in sockets.sent} == {PEER}


def test_the_end_of_a_list_is_told_once_and_silence_follows() -> None:
    room = Room()
    stream, sockets = room.stream()
    playlist = Playlist([sound("a", 2), sound("b", 1)], ident="7")
    stream.play(playlist)
    room.run(0.2)
    assert room.events == [PlayFinished("s", playlist)]
    assert heard(sockets) == "aab" + "\xd5" * 7


def test_sound_after_silence_begins_a_talkspurt() -> None:
    room = Room()
    stream, sockets = room.stream()
    room.run(0.1)
    stream.play(Playlist([sound("a", 2)]))
    room.run(0.2)
    assert [packet.marker for packet in packets(sockets)] == [True] + [False] * 4 + [True] + [False] * 4


def test_a_new_list_replaces_the_old_one_at_once() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 50)], None))
    room.run(0.1)
    stream.play(Playlist([sound("b", 50)], None))
    room.run(0.2)
    assert heard(sockets) == "aaaaabbbbb"
    assert len({packet.marker for packet in packets(sockets)[1:]}) == 1


def test_streams_are_spread_over_the_slots() -> None:
    room = Room()
    streams = [room.stream(str(number)) for number in range(10 * SLOTS)]
    for tick in range(1, SLOTS + 1):
        room.run(0.001 * tick)
        assert sum(len(sockets.sent) for _, sockets in streams) == 10 * tick
    assert [len(sockets.sent) for _, sockets in streams] == [1] * (10 * SLOTS)


def test_a_few_streams_share_a_slot() -> None:
    room = Room()
    for number in range(20):
        room.stream(str(number))
    room.run(1.0)
    assert room.pacer.counters["slots_run"] == 3 * 50


def test_one_turn_runs_a_few_slots_only() -> None:
    room = Room()
    streams = [room.stream(str(number)) for number in range(10 * SLOTS)]
    room.pacer.advance(START + 0.02)
    assert sum(len(sockets.sent) for _, sockets in streams) == 4 * 10
    assert room.pacer.next_deadline() == pytest.approx(START + 0.005)


def test_a_short_delay_is_made_good_and_a_long_one_is_left_out() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 100)], None))
    room.run(0.1)
    room.now = START + 0.115  # 15 ms late
    room.run(0.2)
    assert len(sockets.sent) == 10
    room.now = START + 0.311  # more than four rounds late
    room.run(0.4)
    assert len(sockets.sent) == 16
    assert room.pacer.counters["rounds_skipped"] == room.pacer.counters["packets_skipped"] == 4
    before, after = packets(sockets)[9:11]
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 5 * 160
    assert after.marker
    assert after.payload[1] == before.payload[1] + 1  # the music waits for its listener


def test_timers_that_come_late_leave_nothing_out() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 100)], None))
    for wake in range(50):
        room.now = START + 0.02 * wake + 0.0215
        room.pacer.advance(room.now)
    assert room.pacer.counters["rounds_skipped"] == 0
    assert [packet.marker for packet in packets(sockets)] == [True] + [False] * 49


def test_held_and_resumed_the_timestamp_has_gone_on() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 100)], None))
    room.run(0.1)
    stream.aim(Target("PCMA", PEER, event_type=101, sending=False))
    room.pacer.update(stream, room.now)
    assert len(room.pacer) == 0
    assert room.pacer.next_deadline() is None
    room.run(10.1)
    assert len(sockets.sent) == 5
    stream.aim(TARGET)
    room.pacer.update(stream, room.now)
    room.run(10.2)
    before, after = packets(sockets)[4:6]
    assert room.pacer.counters["rounds_skipped"] == 0
    assert after.sequence == before.sequence + 1
    assert (after.timestamp - before.timestamp) // 160 in (500, 501, 502)
    assert after.marker


def test_another_codec_goes_on_at_the_same_place() -> None:
    room = Room()
    stream, sockets = room.stream()
    stream.play(Playlist([sound("a", 100)], None))
    room.run(0.1)
    stream.aim(Target("PCMU", PEER, event_type=101))
    room.run(0.12)
    last = packets(sockets)[-1]
    assert (last.payload_type, last.payload[:2]) == (0, b"A\x05")


def test_a_codec_may_have_a_number_of_its_own() -> None:
    room = Room()
    _, sockets = room.stream(target=Target("PCMA", PEER, payload_type=97))
    room.run(0.02)
    assert packets(sockets)[0].payload_type == 97


def test_reports_every_five_seconds_and_a_goodbye() -> None:
    room = Room()
    stream, sockets = room.stream()
    room.run(15.0)
    assert [address for _, address in sockets.control] == [(PEER[0], PEER[1] + 1)] * 3
    first, second, third = (parse_rtcp(data)[0] for data, _ in sockets.control)
    assert first.kind == SENDER_REPORT
    counts = [int.from_bytes(packet.body[16:20]) for packet in (first, second, third)]
    assert [counts[1] - counts[0], counts[2] - counts[1]] == [250, 250]
    assert int.from_bytes(third.body[20:24]) == 160 * counts[2]
    stream.close(room.now)
    assert [packet.kind for packet in parse_rtcp(sockets.control[-1][0])][-1] == BYE
    assert sockets.closed


def test_who_never_sent_says_no_goodbye() -> None:
    stream, sockets = Room().stream()
    stream.close(START)
    assert sockets.control == []
    assert sockets.closed


def test_an_error_in_sending_is_counted_and_stops_nothing() -> None:
    def fail(data: bytes, address: tuple[str, int]) -> int:
        raise OSError("no route")

    room = Room()
    stream, _ = room.stream()
    _, sockets = room.stream("other")
    stream.sendto = fail
    room.run(1.0)
    assert room.pacer.counters["send_errors"] == 50
    assert len(sockets.sent) == 50


# -- what comes back


def test_the_first_packet_from_behind_a_nat_redirects_the_stream_once() -> None:
    room = Room()
    stream, sockets = room.stream()
    caller = RtpSender(1, 1, 1)
    stream.receive(caller.audio(bytes(160)), ("203.0.113.7", 31000))
    assert stream.latched
    assert sockets.only == 101
    stream.receive(caller.audio(bytes(160)), ("203.0.113.8", 31000))
    room.run(0.04)
    assert {address for _, address in sockets.sent} == {("203.0.113.7", 31000)}


def test_a_stranger_does_not_redirect_a_public_stream() -> None:
    stream, sockets = Room().stream(target=Target("PCMA", ("8.8.8.8", 4000), event_type=101))
    stream.receive(RtpSender(1, 1, 1).audio(bytes(160)), ("198.51.100.1", 4000))
    assert not stream.latched
    assert stream.address == ("8.8.8.8", 4000)
    assert sockets.only == "all"


@pytest.mark.parametrize(
    ("described", "source", "plausible"),
    [
        (("8.8.8.8", 4000), ("8.8.8.8", 4002), True),
        (("8.8.8.8", 4000), ("198.51.100.1", 4000), False),
        (("10.0.0.1", 4000), ("8.8.8.8", 4000), True),
    ],
)
def test_plausible(described: tuple[str, int], source: tuple[str, int], plausible: bool) -> None:
    assert plausible_source(described, source) is plausible


def test_what_is_no_audio_does_not_latch() -> None:
    stream, _ = Room().stream()
    for data in (b"", b"\x80\x03" * 6, RtpPacket(13, 1, 1, 1, b"\x40").encode(), bytes(200)):
        assert stream.receive(data, PEER) == []
    assert not stream.latched
    assert stream.bad_packets == 2


def test_a_new_address_opens_the_filter_until_it_is_confirmed() -> None:
    stream, sockets = Room().stream()
    stream.receive(RtpSender(1, 1, 1).audio(bytes(160)), PEER)
    stream.aim(Target("PCMA", ("192.168.1.9", 4000), event_type=101))
    assert (sockets.only, stream.latched, stream.address) == ("all", False, ("192.168.1.9", 4000))
    stream.receive(RtpSender(1, 1, 1).audio(bytes(160)), ("192.168.1.9", 4000))
    assert sockets.only == 101


def test_an_unchanged_address_keeps_what_latching_found() -> None:
    stream, sockets = Room().stream()
    stream.receive(RtpSender(1, 1, 1).audio(bytes(160)), ("203.0.113.7", 31000))
    stream.aim(Target("PCMA", PEER, event_type=96))
    assert (stream.latched, stream.address, sockets.only) == (True, ("203.0.113.7", 31000), 96)


def test_keys_are_collected_from_the_peer_only() -> None:
    stream, _ = Room().stream()
    caller = RtpSender(1, 1, 1)
    pressed = [key for data in caller.key("9", 101) for key in stream.receive(data, PEER)]
    assert pressed == [KeyPress("9", 100)]
    assert [stream.receive(data, ("203.0.113.1", 1)) for data in caller.key("8", 101)] == [[]] * 7
    short = RtpPacket(101, 900, 90000, 1, b"\x01").encode()
    assert stream.receive(short, PEER) == []


def test_without_telephone_events_nothing_is_let_in() -> None:
    stream, sockets = Room().stream(target=Target("PCMU", PEER))
    stream.receive(RtpSender(1, 1, 1, 0).audio(bytes(160)), PEER)
    assert sockets.only is None


def test_sounds_on_disk_are_what_is_sent(tmp_path: Path) -> None:
    room = Room()
    stream, sockets = room.stream(target=Target("PCMU", PEER))
    stream.play(Playlist([Sound("x", {"PCMU": b"\x11" * 170})]))
    room.run(0.06)
    assert [packet.payload for packet in packets(sockets)] == [
        b"\x11" * 160,
        b"\x11" * 10 + b"\xff" * 150,
        b"\xff" * 160,
    ]
