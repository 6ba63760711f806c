"""A ticket kept for one agent: nobody else is offered it while that lasts."""

from dataclasses import dataclass

from queues.model import AgentId

__all__ = ["Reservation"]


@dataclass(slots=True, eq=False)
class Reservation:
    """``until`` None: as long as the ticket waits. ``first``: it is the agent's next call, whoever else waits; else its
    place in line decides among the calls that the agent may take. ``holds``: the agent, too, is kept free for it.
    ``seconds``: they begin when the ticket is ready.
    """

    agent: AgentId
    until: float | None
    first: bool
    holds: bool
    timer: int = 0
    seconds: float | None = None
