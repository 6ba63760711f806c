"""Configuration rows as the live core's frozen values (``app.configuration``): one by one, or all at start."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calendars.rows import calendar_object
from app.configuration import Agent, ConfigObject, EntryPoint, MediaServer, PriorityRule, Queue, ServiceLevel, Trunk
from app.db.agents_day import load_agents_day
from app.db.policies import policies_of
from app.db.tables import (
    AgentQueueRow,
    AgentRow,
    AgentSkillRow,
    CalendarRow,
    EntryPointRow,
    MediaServerRow,
    PriorityRuleRow,
    QueueRequirementRow,
    QueueRow,
    TrunkRow,
)
from app.journal.building import converted
from app.trunks.secrets import read_secret
from b2bua.proof import Secret
from queues.model import (
    AgentConfig,
    AgentId,
    Delays,
    Overflow,
    QueueConfig,
    QueueId,
    Requirement,
)
from queues.rules.requirements import Membership

__all__ = [
    "agent_objects", "agents_of_other_realms", "entry_point_object", "load_configuration", "media_server_object",
    "priority_rule_object", "queue_objects", "strategies_in_use", "trunk_object",
]  # fmt: skip

_log = logging.getLogger("callyard")
Status = Literal["available", "paused", "logged_out"]
_STATUSES: Final[Mapping[str, Status]] = {status: status for status in get_args(Status)}
_PLAIN: Final = Membership()
_FEW: Final = 200  # up to so many rows their relatives are asked for by id, above it the whole table is read


async def load_configuration(session: AsyncSession) -> list[ConfigObject]:
    """Everything the live core is told at start, queues first. Skills are known by their ids, which never change."""
    queues = (await session.scalars(select(QueueRow).order_by(col(QueueRow.id)))).all()
    agents = (await session.scalars(select(AgentRow).order_by(col(AgentRow.id)))).all()
    return [
        *map(calendar_object, await session.scalars(select(CalendarRow).order_by(col(CalendarRow.id)))),
        *await queue_objects(session, queues),
        *await agent_objects(session, agents),
        *map(entry_point_object, await session.scalars(select(EntryPointRow).order_by(col(EntryPointRow.id)))),
        *map(priority_rule_object, await session.scalars(select(PriorityRuleRow).order_by(col(PriorityRuleRow.id)))),
        *map(trunk_object, await session.scalars(select(TrunkRow).order_by(col(TrunkRow.id)))),
        *map(media_server_object, await session.scalars(select(MediaServerRow).order_by(col(MediaServerRow.id)))),
        *await load_agents_day(session),
    ]


async def strategies_in_use(session: AsyncSession) -> list[tuple[str, str]]:
    """Every queue's name and strategy."""
    query = select(col(QueueRow.name), col(QueueRow.strategy)).order_by(col(QueueRow.name))
    return [(name, strategy) for name, strategy in await session.execute(query)]


async def agents_of_other_realms(session: AsyncSession, realm: str) -> list[str]:
    """Names of agents whose stored password hashes are for another realm: they cannot register any more."""
    query = select(col(AgentRow.name)).where(col(AgentRow.ha1_realm) != realm).order_by(col(AgentRow.name))
    return list(await session.scalars(query))


async def queue_objects(session: AsyncSession, rows: Sequence[QueueRow]) -> list[Queue]:
    query = select(QueueRequirementRow).order_by(col(QueueRequirementRow.skill_id))
    if len(rows) <= _FEW:
        query = query.where(col(QueueRequirementRow.queue_id).in_([row.id for row in rows]))
    needs: dict[str, list[Requirement]] = defaultdict(list)
    for need in await session.scalars(query):
        needs[need.queue_id].append(Requirement(need.skill_id, need.min_level))
    return [_queue(row, tuple(needs[row.id])) for row in rows]


def _queue(row: QueueRow, requirements: tuple[Requirement, ...]) -> Queue:
    routing = QueueConfig(
        id=QueueId(row.id),
        name=row.name,
        requirements=requirements,
        priority=row.priority,
        strategy=row.strategy,
        ring_seconds=row.ring_seconds,
        wrap_up_seconds=row.wrap_up_seconds,
        max_wait=row.max_wait,
        max_length=row.max_length,
        overflow=converted(row.overflow, Overflow),
        delays=Delays(**row.delays),
        **policies_of(QueueConfig, row.policies),
    )
    return Queue(
        routing=routing,
        service_level=ServiceLevel(**row.service_level),
        short_abandon_seconds=row.short_abandon_seconds,
        music=row.music,
        greeting=row.greeting,
        early_media=row.early_media,
        early_media_max_seconds=row.early_media_max_seconds,
        **policies_of(Queue, row.policies),
    )


async def agent_objects(session: AsyncSession, rows: Sequence[AgentRow]) -> list[Agent]:
    skill_query, queue_query = select(AgentSkillRow), select(AgentQueueRow)
    if len(rows) <= _FEW:
        ids = [row.id for row in rows]
        skill_query = skill_query.where(col(AgentSkillRow.agent_id).in_(ids))
        queue_query = queue_query.where(col(AgentQueueRow.agent_id).in_(ids))
    skills: dict[str, dict[str, int]] = defaultdict(dict)
    for skill in await session.scalars(skill_query):
        skills[skill.agent_id][skill.skill_id] = skill.level
    queues: dict[str, dict[QueueId, Membership]] = defaultdict(dict)
    for member in await session.scalars(queue_query):
        membership = Membership(member.penalty, member.position, member.enabled)
        queues[member.agent_id][QueueId(member.queue_id)] = membership
    return [_agent(row, skills[row.id], queues[row.id]) for row in rows]


def _agent(row: AgentRow, skills: dict[str, int], members: dict[QueueId, Membership]) -> Agent:
    routing = AgentConfig(
        id=AgentId(row.id),
        name=row.name,
        skills=skills,
        queues=None if row.serves_all else frozenset(members),
        capacity=row.capacity,
        members={queue: how for queue, how in members.items() if how != _PLAIN},
        **policies_of(AgentConfig, row.policies),
    )
    return Agent(
        routing=routing,
        address=row.address,
        offer="caller" if row.offer == "caller" else "late",
        ha1=dict(row.ha1),
        initial_status=_STATUSES.get(row.initial_status, "logged_out"),
        number=row.number,
        pin=row.pin,
    )


def entry_point_object(row: EntryPointRow) -> EntryPoint:
    return EntryPoint(
        row.id, row.user, row.queue_id, row.priority, row.wrap_up_seconds, _requirements(row.requirements)
    )


def priority_rule_object(row: PriorityRuleRow) -> PriorityRule:
    needs = _requirements(row.requirements)
    return PriorityRule(row.id, row.name, row.priority, **row.match, requirements=needs, queue=row.queue_id)


def _requirements(stored: Sequence[Mapping[str, Any]]) -> tuple[Requirement, ...]:
    return tuple(Requirement(part["skill"], part["min_level"]) for part in stored)


def trunk_object(row: TrunkRow) -> Trunk:
    """With the password that it refers to, as that is now; where there is none the log says so."""
    return Trunk(row.id, row.name, tuple(row.addresses), _secret(row), row.realm)


def _secret(row: TrunkRow) -> Secret | None:
    if row.username is None or row.password_from is None:
        return None
    try:
        return Secret(row.username, read_secret(row.password_from))
    except ValueError as error:
        _log.warning("trunk %s: %s; it will not be answered when it challenges a call", row.name, error)
        return None


def media_server_object(row: MediaServerRow) -> MediaServer:
    return MediaServer(row.id, row.name, row.uri, row.position)
