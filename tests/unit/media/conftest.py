"""A media server with two short sounds, ``a`` and ``b``, whose every byte is their name, and an unusable one."""

from pathlib import Path

import pytest

from tests.unit.media.house import House
from tests.unit.media.sounds import write_wav


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for name in "ab":
        write_wav(tmp_path / f"{name}.wav", name.encode() * 1600, tag=6, bits=8)  # 0.2 s
    write_wav(tmp_path / "stereo.wav", bytes(320), channels=2)
    return tmp_path


@pytest.fixture
def house(sounds: Path) -> House:
    return House(sounds)
