"""Sound files: WAV at 8 kHz, mono, as 16-bit linear, A-law or µ-law, cut into 20 ms frames of either G.711 codec.

Names come from the network, so they are names only: never a path. What was read stays in memory up to a limit (the
least recently used goes first) and is read again when the file has changed.
"""

import os
import stat
import string
import struct
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from media.g711 import SILENCE, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from media.rtp import FRAME_BYTES

__all__ = ["BadSound", "Sound", "SoundLibrary", "UnknownSound", "load_sound", "valid_name"]

_NAME_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + "_-.")
_PCM, _ALAW, _ULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_RATE: Final = 8000
_MAX_NAME: Final = 100


class BadSound(ValueError):  # noqa: N818 - named for what it says, as in sipcore
    """A sound file that cannot be played; says which file and why."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class UnknownSound(LookupError):  # noqa: N818 - named for what it says, as in sipcore
    """No sound of this name in any directory (or the name is none)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no sound named {name!r}")
        self.name = name


class Sound:
    """One sound as frames of 160 bytes, made per codec on first use and shared by all streams."""

    __slots__ = ("_coded", "_frames", "name")

    def __init__(self, name: str, coded: dict[str, bytes]) -> None:
        """``coded`` has the whole sound in at least one codec."""
        self.name = name
        self._coded = coded
        self._frames: dict[str, list[bytes]] = {}

    @classmethod
    def silence(cls) -> "Sound":
        """A second of silence."""
        return cls("", {codec: bytes((value,)) * _RATE for codec, value in SILENCE.items()})

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(next(iter(self._coded.values()))) / _RATE

    @property
    def size(self) -> int:
        """Bytes it may take in memory with both codecs framed."""
        return 2 * len(next(iter(self._coded.values())))

    def frames(self, codec: str) -> list[bytes]:
        """The frames in ``codec`` (``PCMA`` or ``PCMU``), the last one filled up with silence."""
        frames = self._frames.get(codec)
        if frames is None:
            data = self._coded.get(codec) or self._transcode(codec)
            frames = [data[at : at + FRAME_BYTES] for at in range(0, len(data), FRAME_BYTES)]
            frames[-1] = frames[-1].ljust(FRAME_BYTES, bytes((SILENCE[codec],)))
            self._frames[codec] = frames
        return frames

    def _transcode(self, codec: str) -> bytes:
        if codec == "PCMA":
            return encode_alaw(decode_ulaw(self._coded["PCMU"]))
        return encode_ulaw(decode_alaw(self._coded["PCMA"]))


class _Format(NamedTuple):
    tag: int
    channels: int
    rate: int
    bits: int


def _chunks(path: Path, data: bytes) -> dict[bytes, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadSound(path, "not a WAV file")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.setdefault(data[at : at + 4], data[at + 8 : at + 8 + size])
        at += 8 + size + (size & 1)
    return chunks


def _format(path: Path, chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise BadSound(path, "no format chunk")
    tag, channels, rate, _bytes_a_second, _align, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    return _Format(tag, channels, rate, bits)


def _coded(path: Path, form: _Format, data: bytes) -> dict[str, bytes]:
    if (form.tag, form.bits) == (_ALAW, 8):
        return {"PCMA": data}
    if (form.tag, form.bits) == (_ULAW, 8):
        return {"PCMU": data}
    if (form.tag, form.bits) == (_PCM, 16):
        samples = array("h", data[: len(data) & ~1])
        return {"PCMA": encode_alaw(samples), "PCMU": encode_ulaw(samples)}
    raise BadSound(path, f"format {form.tag} with {form.bits} bits: 16-bit linear, A-law or µ-law is needed")


def load_sound(path: Path, max_seconds: float = 900.0) -> Sound:
    """Read a WAV file; raises `BadSound` naming the file and what is wrong, or OSError."""
    if path.stat().st_size > max_seconds * _RATE * 2 + 4096:
        raise BadSound(path, f"longer than {max_seconds:g} s")
    chunks = _chunks(path, path.read_bytes())
    form = _format(path, chunks.get(b"fmt ", b""))
    if form.rate != _RATE:
        raise BadSound(path, f"sampled at {form.rate} Hz: 8000 Hz is needed")
    if form.channels != 1:
        raise BadSound(path, f"{form.channels} channels: one is needed")
    coded = _coded(path, form, chunks.get(b"data", b""))
    if not all(coded.values()):
        raise BadSound(path, "no samples")
    return Sound(path.stem, coded)


def valid_name(name: str) -> bool:
    """Whether ``name`` can name a sound: ASCII letters, digits, ``_ - .``, no leading dot, no path."""
    return 0 < len(name) <= _MAX_NAME and name[0] != "." and _NAME_CHARACTERS.issuperset(name)


class _Entry(NamedTuple):
    path: str
    stamp: tuple[int, int]
    sound: Sound


class SoundLibrary:
    """Sounds of some directories (the first that has a name wins), read when asked for, kept up to ``max_bytes``."""

    def __init__(self, directories: Iterable[Path], max_bytes: int = 256 * 1024 * 1024) -> None:
        self._directories = tuple(directories)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, _Entry] = OrderedDict()

    def get(self, name: str) -> Sound:
        """The sound (``name`` with or without ``.wav``); raises `UnknownSound`, `BadSound` or OSError."""
        name = name.removesuffix(".wav")
        path, stamp = self._find(name)
        entry = self._kept.get(name)
        if entry is None or (entry.path, entry.stamp) != (path, stamp):
            self._forget(name)
            entry = _Entry(path, stamp, load_sound(Path(path)))
            self._keep(name, entry)
        self._kept.move_to_end(name)
        return entry.sound

    def preload(self) -> list[BadSound]:
        """Read every sound that fits, framed in both codecs, so that no call waits for it; gives the unusable files."""
        problems = []
        for name in self.names():
            try:
                sound = self.get(name)
            except BadSound as problem:
                problems.append(problem)
                continue
            for codec in SILENCE:
                sound.frames(codec)
            if self._bytes > self._max_bytes * 3 // 4:
                break
        return problems

    def names(self) -> list[str]:
        """The names there are, sorted."""
        files = (path for directory in self._directories for path in directory.glob("*.wav"))
        return sorted({path.stem for path in files if valid_name(path.stem)})

    def _find(self, name: str) -> tuple[str, tuple[int, int]]:
        """The file of that name, and what tells one version of it from another."""
        if valid_name(name):
            for directory in self._directories:
                path = f"{directory}/{name}.wav"
                try:
                    status = os.stat(path)  # noqa: PTH116 - asked for every call: several times faster than a Path
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    return path, (status.st_mtime_ns, status.st_size)
        raise UnknownSound(name)

    def _forget(self, name: str) -> None:
        entry = self._kept.pop(name, None)
        if entry is not None:
            self._bytes -= entry.sound.size

    def _keep(self, name: str, entry: _Entry) -> None:
        self._kept[name] = entry
        self._bytes += entry.sound.size
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))
