"""Drawing lots among agents who come and go: each open agent's chance is its weight over the sum of all weights.

Ranks are drawn once, when an agent becomes open, and the smallest is picked: with plain numbers whoever was passed over
once would keep its bad lot. Instead everybody's rank is the instant at which an alarm clock of its own goes off, set at the
present of the queue's ``clock`` and running for an exponentially distributed time of mean 1/weight. Such clocks have no
memory: of those still running each is as good as new, and the first to go off is agent i with probability wᵢ / Σw.
"""

from math import log

from queues.strategies.port import Standing

__all__ = ["chance"]


def chance(agent: Standing, weight: float = 1.0) -> float:
    """The first number of the rank of an agent of this weight (above 0)."""
    return agent.clock - log(1.0 - agent.draw()) / weight
