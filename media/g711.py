"""G.711: A-law and µ-law to and from 16-bit linear samples (ITU-T G.711), by tables made once on first use.

Python 3.13 has no ``audioop``; a table look-up per sample is as fast here as it needs to be (sounds are encoded once).
"""

from array import array
from collections.abc import Iterable
from functools import cache
from typing import Final

__all__ = ["SILENCE", "alaw_to_linear", "decode_alaw", "decode_ulaw", "encode_alaw", "encode_ulaw", "ulaw_to_linear"]

SILENCE: Final = {"PCMA": 0xD5, "PCMU": 0xFF}
_BIAS: Final = 33  # µ-law's bias in 14-bit units
_ULAW_CLIP: Final = 8159 - _BIAS


def alaw_to_linear(code: int) -> int:
    """The 16-bit sample that an A-law byte stands for (the middle of its interval)."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def ulaw_to_linear(code: int) -> int:
    """The 16-bit sample that a µ-law byte stands for."""
    code = ~code & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    magnitude = ((((mantissa << 1) + _BIAS) << exponent) - _BIAS) << 2
    return -magnitude if code & 0x80 else magnitude


def _linear_to_alaw(sample: int) -> int:
    sign = 0x80
    magnitude = sample >> 4  # 11 bits of magnitude; −1 lies in the first negative interval
    if magnitude < 0:
        sign, magnitude = 0, ~magnitude
    exponent = max(magnitude.bit_length() - 4, 0)
    mantissa = (magnitude >> max(exponent - 1, 0)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _linear_to_ulaw(sample: int) -> int:
    sign = 0
    magnitude = sample >> 2
    if magnitude < 0:
        sign, magnitude = 0x80, -magnitude
    magnitude = min(magnitude, _ULAW_CLIP) + _BIAS
    exponent = magnitude.bit_length() - 6
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


# The tables for encoding are indexed by the sample itself: Python's negative indices reach the upper half. A-law does
# not look at the last four bits of a sample, µ-law not at the last two.
@cache
def _alaw_codes() -> bytes:
    return b"".join(bytes((_linear_to_alaw(s if s < 32768 else s - 65536),)) * 16 for s in range(0, 65536, 16))


@cache
def _ulaw_codes() -> bytes:
    return b"".join(bytes((_linear_to_ulaw(s if s < 32768 else s - 65536),)) * 4 for s in range(0, 65536, 4))


@cache
def _alaw_samples() -> tuple[int, ...]:
    return tuple(alaw_to_linear(code) for code in range(256))


@cache
def _ulaw_samples() -> tuple[int, ...]:
    return tuple(ulaw_to_linear(code) for code in range(256))


def encode_alaw(samples: Iterable[int]) -> bytes:
    """16-bit samples to A-law bytes."""
    return bytes(map(_alaw_codes().__getitem__, samples))


def encode_ulaw(samples: Iterable[int]) -> bytes:
    """16-bit samples to µ-law bytes."""
    return bytes(map(_ulaw_codes().__getitem__, samples))


def decode_alaw(data: bytes) -> "array[int]":
    """A-law bytes to 16-bit samples."""
    return array("h", map(_alaw_samples().__getitem__, data))


def decode_ulaw(data: bytes) -> "array[int]":
    """µ-law bytes to 16-bit samples."""
    return array("h", map(_ulaw_samples().__getitem__, data))
