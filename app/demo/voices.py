"""Voices that can be told apart byte by byte: every person of the play has a tone, every queue its music.

G.711 goes end to end unchanged, so a received frame is looked up, not analysed: who was heard is exact.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from app.demo.plan import Play
from media.rtp import FRAME_BYTES, PAYLOAD_TYPES, encode_audio
from media.sounds import SoundLibrary

__all__ = ["CODEC", "Voices", "agent_voice", "caller_voice", "music_voice", "voices_of"]

CODEC: Final = "PCMA"
PAYLOAD_TYPE: Final = PAYLOAD_TYPES[CODEC]
_RATE: Final = 8_000
_AMPLITUDE: Final = 6_000


def agent_voice(name: str) -> str:
    return f"agent:{name}"


def caller_voice(name: str) -> str:
    return f"caller:{name}"


def music_voice(sound: str) -> str:
    return f"music:{sound}"


def _tone_frames(frequency: int) -> list[bytes]:
    """One second: a whole number of periods, so that it repeats without a click."""
    step = 2 * math.pi * frequency / _RATE
    samples = [round(_AMPLITUDE * math.sin(step * index)) for index in range(_RATE)]
    coded = encode_audio(CODEC, samples)
    return [coded[at : at + FRAME_BYTES] for at in range(0, len(coded), FRAME_BYTES)]


class Voices:
    """Frames by voice, and the voice of a frame."""

    def __init__(self, frames: Mapping[str, list[bytes]]) -> None:
        self._frames = frames
        self._owner: dict[bytes, str] = {}
        shared: set[bytes] = set()
        for voice, own in frames.items():
            for frame in set(own):
                if self._owner.setdefault(frame, voice) != voice:
                    shared.add(frame)
        for frame in shared:  # silence, above all: it is nobody's
            del self._owner[frame]

    def frames(self, voice: str) -> list[bytes]:
        return self._frames[voice]

    def who(self, frame: bytes) -> str:
        """The voice that says this frame, "" where none does or several do."""
        return self._owner.get(frame, "")

    def recognisable(self, voice: str) -> float:
        """The share of a voice's frames that are its own alone."""
        own = self._frames[voice]
        return sum(self._owner.get(frame) == voice for frame in own) / len(own)


def voices_of(play: Play, sounds: Iterable[Path]) -> Voices:
    """Everybody's voice. Raises what ``SoundLibrary.get`` raises where a queue's music is missing."""
    library = SoundLibrary(sounds)
    frames = {agent_voice(agent.name): _tone_frames(agent.tone) for agent in play.agents}
    frames |= {caller_voice(caller.name): _tone_frames(caller.tone) for caller in play.callers}
    frames |= {music_voice(queue.music): library.get(queue.music).frames(CODEC) for queue in play.queues}
    return Voices(frames)
