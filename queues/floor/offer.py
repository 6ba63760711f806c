"""A pending offer: one agent rung for one ticket, until it is connected, fails or is withdrawn."""

from dataclasses import dataclass

from queues.agents.agent import Agent
from queues.lines.lines import Ticket
from queues.model import OfferId

__all__ = ["Offer"]


@dataclass(slots=True, eq=False)
class Offer:
    """``answered``: the agent accepted and the bridge is being built; ``timer`` is the ring time-out."""

    id: OfferId
    ticket: Ticket
    agent: Agent
    made_at: float
    ring_until: float
    timer: int
    answered: bool = False
