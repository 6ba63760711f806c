"""The play: who works, who calls when, how long they talk, who loses patience. The same seed is the same play."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

__all__ = ["AgentPart", "CallerPart", "Play", "QueuePart", "configuration", "write_play"]

CALLERS: Final = 30
_ARRIVALS_SECONDS: Final = 25.0
_IMPATIENT: Final = frozenset({9, 12, 15, 18, 21, 24})  # they come when everybody is busy
_AGENT_TONES: Final = range(410, 700, 53)
_CALLER_TONES: Final = range(800, 2800, 61)


@dataclass(frozen=True, slots=True)
class QueuePart:
    """A queue of the play; ``needs`` is the skill and least level, ``music`` the sound its callers wait with."""

    name: str
    needs: tuple[str, int]
    music: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class AgentPart:
    """An agent. ``rings_for`` and ``hangs_up_after`` in seconds (None: leaves that to the caller)."""

    name: str
    password: str
    skills: Mapping[str, int]
    offer: str
    tone: int
    rings_for: float
    hangs_up_after: float | None = None


@dataclass(frozen=True, slots=True)
class CallerPart:
    """A caller. ``patience``: hangs up after so many seconds of waiting; None: waits as long as it takes."""

    name: str
    queue: str
    tone: int
    arrives_at: float
    talks_for: float
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    queues: tuple[QueuePart, ...]
    agents: tuple[AgentPart, ...]
    callers: tuple[CallerPart, ...]


_QUEUES: Final = (
    QueuePart("support", ("billing", 4), "music"),
    QueuePart("sales", ("products", 4), "music-sales", priority=1),
)
_AGENTS: Final = (
    ("ana", {"billing": 8, "french": 5}, "late", 0.8, None),
    ("bo", {"billing": 5}, "caller", 0.6, None),
    ("cem", {"billing": 6, "products": 4}, "late", 1.0, None),
    ("dora", {"products": 7}, "caller", 0.7, 3.0),
    ("emil", {"products": 5, "french": 3}, "late", 0.9, None),
)


def write_play(seed: int = 1) -> Play:
    """Two queues, five agents with different skills and levels, thirty callers."""
    chance = random.Random(seed)
    agents = tuple(
        AgentPart(name, f"{chance.getrandbits(64):016x}", skills, offer, tone, rings_for, hangs_up_after)
        for (name, skills, offer, rings_for, hangs_up_after), tone in zip(_AGENTS, _AGENT_TONES, strict=False)
    )
    callers = tuple(_caller(number, tone, chance) for number, tone in zip(range(CALLERS), _CALLER_TONES, strict=False))
    return Play(_QUEUES, agents, callers)


def _caller(number: int, tone: int, chance: random.Random) -> CallerPart:
    return CallerPart(
        name=f"caller{number + 1:02d}",
        queue="sales" if number % 5 in (1, 3) else "support",
        tone=tone,
        arrives_at=round(_ARRIVALS_SECONDS * (number + 0.8 * chance.random()) / CALLERS, 2),
        talks_for=round(chance.uniform(3.0, 5.0), 2),
        patience=round(chance.uniform(2.0, 3.0), 2) if number in _IMPATIENT else None,
    )


def configuration(play: Play) -> str:
    """The play's configuration file, as ``callyard config import`` takes it."""
    content: dict[str, Any] = {
        "skills": sorted({skill for agent in play.agents for skill in agent.skills}),
        "queues": [_queue(queue) for queue in play.queues],
        "agents": [_agent(agent) for agent in play.agents],
        "entry_points": [{"user": f"100{number}", "queue": queue.name} for number, queue in enumerate(play.queues)],
    }
    return yaml.safe_dump(content, sort_keys=False)


def _queue(queue: QueuePart) -> dict[str, Any]:
    skill, level = queue.needs
    return {
        "name": queue.name,
        "requirements": [{"skill": skill, "min_level": level}],
        "priority": queue.priority,
        "strategy": "longest-idle",
        "ring_seconds": 10,
        "wrap_up_seconds": 1,
        "max_wait": 120,
        "overflow": {"action": "hangup"},
        "service_level": {"target": 0.8, "threshold_seconds": 5},
        "short_abandon_seconds": 1,
        "music": queue.music,
    }


def _agent(agent: AgentPart) -> dict[str, Any]:
    return {
        "name": agent.name,
        "address": f"sip:{agent.name}@callyard",
        "password": agent.password,
        "skills": dict(agent.skills),
        "offer": agent.offer,
        "status": "available",
    }
