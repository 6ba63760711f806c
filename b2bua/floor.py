"""Where actions stand: the desk, the signalling and the media port, and what brought the action about."""

from collections.abc import Callable
from dataclasses import dataclass

from b2bua.call import Call
from b2bua.commands import Command, Dial, Park, Play, Reject, Repark
from b2bua.desk import Desk
from b2bua.leg import CalleeLeg, Leg
from b2bua.leg_table import LegInput, LegOutcome
from b2bua.legs import advance
from b2bua.media.port import MediaPort
from b2bua.session import described
from b2bua.signalling import Signalling
from sipcore.events import ClientKey
from sipcore.message import Request, Response

__all__ = ["Action", "Cause", "Floor"]


@dataclass(slots=True)
class Cause:
    """What an action is about: a leg and the message that it got, or a command."""

    leg: Leg | None = None
    response: Response | None = None
    request: Request | None = None
    command: Command | None = None
    key: ClientKey | None = None
    outcome: LegOutcome = LegOutcome.NONE
    status: int = 0

    @property
    def body(self) -> bytes:
        """The session description that the message brings; nothing if it is none."""
        message = self.response if self.response is not None else self.request
        return described(message.body) if message is not None else b""

    def callee(self) -> CalleeLeg:
        if not isinstance(self.leg, CalleeLeg):
            raise TypeError(f"not a callee's leg: {self.leg!r}")
        return self.leg

    def park(self) -> Park | Play:
        if not isinstance(self.command, Park | Play):
            raise TypeError(f"not a Park: {self.command!r}")
        return self.command

    def repark(self) -> Repark:
        if not isinstance(self.command, Repark):
            raise TypeError(f"not a Repark: {self.command!r}")
        return self.command

    def dial(self) -> Dial:
        if not isinstance(self.command, Dial):
            raise TypeError(f"not a Dial: {self.command!r}")
        return self.command

    def reject(self) -> Reject:
        if not isinstance(self.command, Reject):
            raise TypeError(f"not a Reject: {self.command!r}")
        return self.command


@dataclass(slots=True)
class Floor:
    desk: Desk
    signalling: Signalling
    media: MediaPort

    def advance(self, call: Call, leg: Leg, leg_input: LegInput, now: float, reason: str = "") -> LegOutcome:
        return advance(self.desk, self.signalling, call, leg, leg_input, now, reason)

    def drop(self, call: Call, leg: CalleeLeg, now: float, reason: str = "") -> None:
        """The call has no more use for this callee: cancelled, or ACKed and hung up, as its state needs."""
        call.legs.pop(leg.id, None)
        if call.winner == leg.id:
            call.winner = None
        self.advance(call, leg, LegInput.END, now, reason)


Action = Callable[[Floor, Call, Cause, float], None]
"""What a call does: ``(floor, call, cause, now)``."""
