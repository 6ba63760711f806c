"""How able an agent is for a queue's calls."""

from queues.model import QueueConfig
from queues.strategies.port import Standing

__all__ = ["levels"]


def levels(agent: Standing, queue: QueueConfig) -> int:
    """The sum of the agent's levels in the skills that the queue requires."""
    skills = agent.config.skills
    return sum(skills.get(requirement.skill, 0) for requirement in queue.requirements)
