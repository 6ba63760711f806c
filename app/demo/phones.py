"""The phones' process: ``python -m app.demo.phones --service HOST:PORT --seed N --sounds DIR``.

Registers the agents, lets the callers come as the play has it, and writes what everybody saw to standard output, a JSON
message a line (``app.demo.views``). Exits 0 when the play is over, however it went; judging is not its business.
"""

import argparse
import asyncio
import random
import sys
from pathlib import Path

from app.demo.agent import AgentPhone, RegistrationError
from app.demo.caller import Caller
from app.demo.ears import Ears
from app.demo.plan import CallerPart, Play, write_play
from app.demo.station import Station
from app.demo.views import CallerView, Message, Ready, encode
from app.demo.voices import voices_of
from sipcore.packets import Hop

__all__ = ["main", "perform"]


def _say(message: Message) -> None:
    sys.stdout.buffer.write(encode(message))
    sys.stdout.buffer.flush()


async def perform(play: Play, service: Hop, seed: int, sounds: Path) -> None:
    """The whole play. Raises RegistrationError, or what reading the sounds or binding a port raises."""
    chance = random.Random(seed)
    voices = voices_of(play, [sounds])
    station, ears = Station(service, chance), Ears(voices, chance)
    await station.open()
    agents = [AgentPhone(part, station, ears) for part in play.agents]
    for agent in agents:
        await agent.register()
    _say(Ready())
    await _calls(play, station, ears)
    for agent in agents:
        await agent.register(expires=0)
        _say(agent.view())
    await station.close()


async def _calls(play: Play, station: Station, ears: Ears) -> None:
    left = len(play.callers)
    over = asyncio.Event()

    def done(view: CallerView) -> None:
        nonlocal left
        left -= 1
        _say(view)
        if not left:
            over.set()

    def arrive(part: CallerPart) -> None:
        Caller(part, station, ears, done).call()

    for part in play.callers:
        station.loop.call_later(part.arrives_at, arrive, part)
    await over.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", required=True, help="SIP address of the service, HOST:PORT (UDP)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sounds", type=Path, required=True, help="folder of the queues' music")
    options = parser.parse_args()
    host, _, port = options.service.rpartition(":")
    try:
        asyncio.run(perform(write_play(options.seed), Hop("UDP", host, int(port)), options.seed, options.sounds))
    except (RegistrationError, OSError, LookupError, ValueError) as error:
        sys.stderr.write(f"phones: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
