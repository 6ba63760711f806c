"""What each person of the play says afterwards, as it travels from the phones' process to the judge."""

from typing import Literal

import msgspec

__all__ = ["AgentView", "CallerEnd", "CallerView", "Message", "Ready", "decode", "encode"]

CallerEnd = Literal["talked", "gave_up", "refused", "failed"]


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Every agent is registered; the callers begin to arrive."""


class CallerView(msgspec.Struct, frozen=True, tag="caller"):
    """A caller's own view. Seconds count from its INVITE; ``heard`` are packets by voice.

    ``crossed``: an agent was put through at the very moment it gave up. ``music_seconds``: between the answer and the
    first word of the agent (None: it was put straight through).
    """

    name: str
    queue: str
    end: CallerEnd
    detail: str
    wait_seconds: float
    talk_seconds: float
    ended_by: Literal["caller", "agent", ""]
    agent: str
    music_seconds: float | None
    heard: dict[str, int]
    crossed: bool = False


class AgentView(msgspec.Struct, frozen=True, tag="agent"):
    """An agent's own view: how many calls it talked in, and which callers it heard."""

    name: str
    calls: int
    cancelled: int
    heard: dict[str, int]


Message = Ready | CallerView | AgentView

_decoder = msgspec.json.Decoder(Message)  # noqa: TID251 - classes of this module, which is not compiled


def encode(message: Message) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> Message:
    """Raises msgspec.DecodeError on anything else."""
    decoded: Message = _decoder.decode(line)
    return decoded
