"""The RTP side of a simulated phone: says its voice every 20 ms and notes which voices it hears."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from app.demo.voices import PAYLOAD_TYPE, Voices
from media.rtp import FRAME_SECONDS, BadRtp, RtpSender, parse_rtp
from media.sockets import Address, UdpPorts, UdpSockets

__all__ = ["Ear", "Ears"]

_FIRST_PORT, _LAST_PORT = 40_000, 49_999
_HOST: Final = "127.0.0.1"


class Ear:
    """One call's RTP. ``heard`` counts packets by voice; ``listener`` is told each voice when it is first heard."""

    def __init__(self, voice: str, voices: Voices, chance: random.Random) -> None:
        self._frames = voices.frames(voice)
        self._voices = voices
        self._at = 0
        self._sender = RtpSender(chance.getrandbits(32), chance.getrandbits(16), chance.getrandbits(32), PAYLOAD_TYPE)
        self._target: Address | None = None
        self._sockets: UdpSockets | None = None
        self.heard: Counter[str] = Counter()
        self.listener: Callable[[str], None] | None = None

    def attach(self, sockets: UdpSockets) -> None:
        self._sockets = sockets

    @property
    def port(self) -> int:
        assert self._sockets is not None, "closed"
        return self._sockets.port

    def aim(self, target: Address | None) -> None:
        """Where the peer's session description wants our voice; None: nowhere."""
        self._target = target

    def speak(self) -> None:
        if self._target is None or self._sockets is None:
            return
        packet = self._sender.audio(self._frames[self._at])
        self._at = (self._at + 1) % len(self._frames)
        self._sockets.sendto(packet, self._target)

    def receive(self, data: bytes) -> None:
        try:
            voice = self._voices.who(parse_rtp(data).payload)
        except BadRtp:
            return
        self.heard[voice] += 1
        if self.heard[voice] == 1 and self.listener is not None:
            self.listener(voice)

    def close(self) -> None:
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None


class Ears:
    """All ears of this process, and their one clock."""

    def __init__(self, voices: Voices, chance: random.Random) -> None:
        self._loop = asyncio.get_running_loop()
        self._voices = voices
        self._chance = chance
        span = (_FIRST_PORT, _LAST_PORT)
        self._ports = UdpPorts(_HOST, span, self._loop, self._deliver, start=chance.randrange(5_000))
        self._open: dict[str, Ear] = {}
        self._due = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def open(self, key: str, voice: str) -> Ear:
        """An ear on a port of its own; raises ``NoPortFree``."""
        ear = Ear(voice, self._voices, self._chance)
        ear.attach(self._ports.open(key))
        self._open[key] = ear
        if self._timer is None:
            self._due = self._loop.time()
            self._tick()
        return ear

    def close(self, key: str) -> None:
        ear = self._open.pop(key, None)
        if ear is not None:
            ear.close()

    def _deliver(self, key: str, data: bytes, _source: Address) -> None:
        ear = self._open.get(key)
        if ear is not None:
            ear.receive(data)

    def _tick(self) -> None:
        if not self._open:
            self._timer = None
            return
        for ear in self._open.values():
            ear.speak()
        # By the clock, not by the last wake-up: no drift; what was missed is left out.
        self._due = max(self._due + FRAME_SECONDS, self._loop.time())
        self._timer = self._loop.call_at(self._due, self._tick)
