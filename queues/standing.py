"""What a strategy is told of an agent, and the rank that it answers with."""

from collections.abc import Callable
from dataclasses import dataclass

from queues.model import AgentConfig

__all__ = ["Rank", "Standing"]

Rank = tuple[float, float, float]
"""Sorts the agents open for a call of a queue: the smallest is offered it first."""


@dataclass(slots=True)
class Standing:
    """An agent who is open for a call of a queue, at the instant of becoming so.

    - ``occupied``: slots in use (calls, offers, a wrap-up) of its ``config.capacity``.
    - ``idle_since``, ``idle_order``: since when the agent is idle; the latter counts up with every agent that becomes idle
      and settles equal instants.
    - ``calls``, ``talk_seconds``: calls taken and time talked in calls that are over, both since the agent logged in.
    - ``last_offer``: counts up with every offer that is made; that of the last one to this agent in this queue, 0 for none.
    - ``position``: the agent's place in the queue's list, ``listed`` the order in which agents were made known: it settles
      equal positions.
    - ``draw()``: a number in [0, 1), another one each time: the only chance there is.
    - ``clock``: the first number of the rank of the agent of this tier whom the queue picked last (never falls). A strategy
      by chance draws from here on, see ``chance``.
    """

    config: AgentConfig
    occupied: int
    idle_since: float
    idle_order: int
    calls: int
    talk_seconds: float
    last_offer: int
    position: int
    listed: int
    draw: Callable[[], float]
    clock: float = 0.0
