"""WAV files for tests."""

import struct
from array import array
from pathlib import Path

from media.g711 import encode_alaw, encode_ulaw
from tests.support.tone import tone

__all__ = ["write_tone", "write_wav"]


def write_wav(path: Path, data: bytes, *, tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16) -> Path:
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    chunks = (
        b"fmt "
        + struct.pack("<I", len(form))
        + form
        + b"LIST\x03\0\0\0abc\0"
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def write_tone(path: Path, frequency: float, seconds: float = 1.0, *, law: str = "") -> Path:
    samples = tone(frequency, round(seconds * 8000))
    if law:
        coded = (encode_alaw if law == "a" else encode_ulaw)(samples)
        return write_wav(path, coded, tag=6 if law == "a" else 7, bits=8)
    return write_wav(path, array("h", samples).tobytes())
