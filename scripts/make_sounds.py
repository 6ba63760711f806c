#!/usr/bin/env python3
"""Make the sound files that the media server ships with: 8 kHz mono 16-bit WAV in ``media/sounds/``.

The music is composed here and synthesised in plain Python, so it belongs to the project; the prompts are spoken by
espeak-ng (the only program needed besides Python) and resampled here. Nothing is fetched and nothing is random: the
same espeak-ng gives the same files.

    .venv/bin/python scripts/make_sounds.py [DIRECTORY]
"""

from __future__ import annotations

import array
import math
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.announcements import PROMPTS as ANNOUNCED
from media.g711 import encode_ulaw

RATE: Final = 8000
PROMPTS: Final = {
    "greeting": "Thank you for calling. Your call is important to us.",
    "please-wait": "Please hold the line. The next free agent will take your call.",
    "all-agents-busy": "All our agents are busy at the moment. Please stay on the line.",
    "goodbye": "We are sorry that nobody could take your call. Goodbye.",
}
FEATURES: Final = {
    "agent-available": "You are available.",
    "agent-paused": "You are on pause.",
    "agent-logged-out": "You are logged out.",
}
# A bar is a chord (MIDI notes, lowest first); its arpeggio runs through it in the pattern's order.
SUPPORT_BARS: Final = [
    (48, 60, 64, 67, 71), (45, 57, 60, 64, 67), (41, 57, 60, 65, 69), (43, 59, 62, 67, 69),
    (40, 59, 64, 67, 71), (45, 60, 64, 67, 72), (38, 57, 62, 65, 69), (43, 55, 59, 62, 67),
]  # fmt: skip
SALES_BARS: Final = [
    (50, 62, 66, 69, 74), (47, 59, 62, 66, 71), (43, 59, 62, 67, 71), (45, 61, 64, 69, 73),
    (50, 62, 66, 69, 76), (42, 61, 66, 69, 73), (43, 62, 67, 71, 74), (45, 57, 61, 64, 69),
]  # fmt: skip
SUPPORT_PATTERN: Final = (1, 2, 3, 4, 3, 2, 3, 2)
SALES_PATTERN: Final = (1, 3, 2, 4, 2, 3)


def frequency(note: int) -> float:
    """Hertz of a MIDI note (69 is 440 Hz)."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def pluck(mix: list[float], start: float, note: int, seconds: float, level: float) -> None:
    """Add a softly struck string at ``start`` seconds; its tail wraps round, so that the loop has no seam."""
    step = 2 * math.pi * frequency(note) / RATE
    for n in range(int(seconds * RATE)):
        at = n / RATE
        envelope = min(1.0, at / 0.008) * math.exp(-3.2 * at / seconds) * level
        phase = step * n
        tone = math.sin(phase) + 0.35 * math.sin(2 * phase) * math.exp(-3 * at) + 0.12 * math.sin(3 * phase)
        mix[(int(start * RATE) + n) % len(mix)] += envelope * tone


def compose(bars: Sequence[tuple[int, ...]], pattern: tuple[int, ...], bar_seconds: float) -> list[float]:
    """An arpeggio over a held bass note, one chord a bar."""
    mix = [0.0] * int(len(bars) * bar_seconds * RATE)
    beat = bar_seconds / len(pattern)
    for number, chord in enumerate(bars):
        start = number * bar_seconds
        pluck(mix, start, chord[0] + 12, bar_seconds * 1.2, 0.7)
        for place, voice in enumerate(pattern):
            pluck(mix, start + place * beat, chord[voice], beat * 3, 0.5 if place else 0.62)
    return mix


def resample(samples: array.array[int], rate: int) -> list[float]:
    """Down to 8 kHz with a windowed-sinc low-pass at 3.6 kHz."""
    cutoff, half = 3600 / rate, 32
    out = []
    for n in range(int(len(samples) * RATE / rate)):
        centre = n * rate / RATE
        first = math.floor(centre) - half + 1
        total = 0.0
        for k in range(max(first, 0), min(first + 2 * half, len(samples))):
            x = k - centre
            sinc = 2 * cutoff if abs(x) < 1e-9 else math.sin(2 * math.pi * cutoff * x) / (math.pi * x)
            total += samples[k] * sinc * (0.5 + 0.5 * math.cos(math.pi * x / half))
        out.append(total)
    return out


def speak(text: str) -> list[float]:
    """The text as espeak-ng says it."""
    program = shutil.which("espeak-ng")
    if program is None:
        sys.exit("espeak-ng is not installed (scripts/system-packages.sh installs it)")
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "spoken.wav"
        subprocess.run([program, "-v", "en-gb", "-s", "150", "-p", "45", "-w", str(spoken), text], check=True)
        with wave.open(str(spoken)) as source:
            return resample(array.array("h", source.readframes(source.getnframes())), source.getframerate())


def write_small(path: Path, samples: list[float], peak: float) -> None:
    """As µ-law, half the size of ``write``: the wave module knows only linear samples."""
    loudest = max(abs(s) for s in samples)
    data = encode_ulaw([round(s / loudest * peak * 32767) for s in samples])
    form = struct.pack("<HHIIHHH", 7, 1, RATE, RATE, 1, 8, 0)
    fact = struct.pack("<I", len(data))
    data += b"\xff" * (len(data) % 2)
    chunks = b"".join(
        name + struct.pack("<I", len(chunk)) + chunk
        for name, chunk in ((b"fmt ", form), (b"fact", fact), (b"data", data))
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    print(f"{path}: {len(samples) / RATE:.1f} s, {path.stat().st_size} bytes")


def trimmed(samples: list[float]) -> list[float]:
    """Without the silence at both ends but for a twentieth of a second, so that words follow one another."""
    loudest = max(abs(s) for s in samples)
    heard = [n for n, s in enumerate(samples) if abs(s) > loudest / 50]
    pause = RATE // 20
    return samples[max(0, heard[0] - pause) : heard[-1] + pause]


def write(path: Path, samples: list[float], peak: float) -> None:
    """Scale to ``peak`` (0…1) and write."""
    loudest = max(abs(s) for s in samples)
    pcm = array.array("h", (round(s / loudest * peak * 32767) for s in samples))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.tobytes())
    print(f"{path}: {len(samples) / RATE:.1f} s, {path.stat().st_size} bytes")


def main(arguments: list[str]) -> None:
    """Write every file into the directory named, by default the one that is shipped."""
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent / "media" / "sounds"
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "music.wav", compose(SUPPORT_BARS, SUPPORT_PATTERN, 3.2), 0.5)
    write(folder / "music-sales.wav", compose(SALES_BARS, SALES_PATTERN, 2.7), 0.5)
    for name, text in PROMPTS.items():
        write(folder / f"{name}.wav", speak(text), 0.7)
    for name, text in (FEATURES | ANNOUNCED).items():
        write_small(folder / f"{name}.wav", trimmed(speak(text)), 0.7)


if __name__ == "__main__":
    main(sys.argv[1:])
