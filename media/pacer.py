"""One clock for all streams: a packet of each every 20 ms, streams spread over twenty slots of 1 ms.

Sans-I/O in the shape of the house: `next_deadline`, `advance(now)`. A loop that has fallen behind by a whole round
leaves the missed rounds out (and counts them): no peer ever gets more than one late packet.
"""

from collections import Counter
from typing import Final

from media.rtp import FRAME_BYTES, HEADER
from media.stream import RtpStream, StreamEvent

__all__ = ["SLOTS", "Pacer"]

SLOTS: Final = 20
_TICKS_A_SECOND: Final = 1000
_SMALL_BURST: Final = 8  # packets that go out in well under 0.1 ms: fewer do not deserve a wake-up of their own
_ROUNDING: Final = 1e-3  # of a tick: a deadline handed back as ``now`` is due, whatever its last bits say


class Pacer:
    """The streams that are being sent. ``counters``: slots_run, rounds_skipped, packets_skipped, send_errors."""

    def __init__(self, report_seconds: float = 5.0, slots_a_turn: int = 4) -> None:
        """``slots_a_turn``: how many slots one `advance` may run, so that signalling gets its turn under load."""
        self._slots: list[list[RtpStream]] = [[] for _ in range(SLOTS)]
        self._reports: list[list[RtpStream]] = [[] for _ in range(max(round(report_seconds * 50), 1))]
        self._slots_a_turn = slots_a_turn
        self._base = 0.0
        self._tick = 0
        self._active = 0
        self.counters: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._active

    def update(self, stream: RtpStream, now: float) -> None:
        """Take the stream in or out, as it is active or not."""
        if stream.active != (stream.places is not None):
            (self._join if stream.active else self._leave)(stream, now)

    def remove(self, stream: RtpStream, now: float) -> None:
        """Take the stream out for good."""
        if stream.places is not None:
            self._leave(stream, now)

    def next_deadline(self) -> float | None:
        """When the next slot with a stream in it is due."""
        return self._base + self._occupied() / _TICKS_A_SECOND if self._active else None

    def advance(self, now: float) -> list[StreamEvent]:
        """Send what is due; call again where `next_deadline` is still in the past."""
        if not self._active:
            return []
        due = self._due(now)
        late = due - self._occupied()  # not since ``_tick``: an empty slot misses nothing
        if late >= SLOTS:
            self._skip(late // SLOTS)
        events: list[StreamEvent] = []
        left = self._slots_a_turn
        while self._tick <= due and left:
            slot = self._slots[self._tick % SLOTS]
            if slot:
                self._send(slot, events)
                left -= 1
            if self._tick % SLOTS == 0:
                self._report(self._reports[self._tick // SLOTS % len(self._reports)], now)
            self._tick += 1
        return events

    def _send(self, slot: list[RtpStream], events: list[StreamEvent]) -> None:
        # The hot loop: 50 rounds a second through every stream. It reads and writes the streams' attributes on purpose.
        pack = HEADER.pack
        self.counters["slots_run"] += 1
        for stream in slot:
            index, sequence, timestamp = stream.index, stream.sequence, stream.timestamp
            try:
                if index >= stream.count:
                    stream.turn(events)
                    continue
                stream.index = index + 1
                stream.sequence = (sequence + 1) & 0xFFFF
                stream.timestamp = (timestamp + FRAME_BYTES) & 0xFFFFFFFF
                stream.sendto(
                    pack(0x80, stream.payload_type, sequence, timestamp, stream.ssrc) + stream.frames[index],
                    stream.address,
                )
            except OSError:
                self.counters["send_errors"] += 1

    def _report(self, streams: list[RtpStream], now: float) -> None:
        for stream in streams:
            try:
                stream.report(now)
            except OSError:
                self.counters["send_errors"] += 1

    def _occupied(self) -> int:
        """The next tick whose slot has a stream in it; there must be one."""
        tick = self._tick
        while not self._slots[tick % SLOTS]:
            tick += 1
        return tick

    def _due(self, now: float) -> int:
        return int((now - self._base) * _TICKS_A_SECOND + _ROUNDING)

    def _skip(self, rounds: int) -> None:
        self._tick += rounds * SLOTS
        self.counters["rounds_skipped"] += rounds
        self.counters["packets_skipped"] += rounds * self._active
        for slot in self._slots:
            for stream in slot:
                stream.elapse(rounds)

    def _join(self, stream: RtpStream, now: float) -> None:
        if not self._active:  # the clock stood still while there was nothing to send
            self._base = self._base or now
            self._tick = max(self._tick, self._due(now) + 1)
        stream.join(self._place(), min(self._reports, key=len), self._tick // SLOTS)
        self._active += 1

    def _place(self) -> list[RtpStream]:
        """The slot for one more stream: the fullest of those with room in a small burst, else the emptiest."""
        small = [slot for slot in self._slots if len(slot) < _SMALL_BURST]
        return max(small, key=len) if small else min(self._slots, key=len)

    def _leave(self, stream: RtpStream, now: float) -> None:
        stream.leave(max(self._tick, self._due(now)) // SLOTS)
        self._active -= 1
