"""Rows of ``agent_tables`` as the live core's frozen values: one by one, or all at start."""

from collections.abc import Mapping
from typing import Final, get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.configuration import ConfigObject, Disposition, FeatureAction, FeatureCode, Phone
from app.db.agent_tables import DispositionRow, FeatureCodeRow, PauseReasonRow, PhoneRow
from queues.rules.agent_rules import OnLimit, PauseReason, PauseReasonId

__all__ = [
    "disposition_object", "feature_code_object", "load_agents_day", "pause_reason_object", "phone_object",
]  # fmt: skip

_ACTIONS: Final[Mapping[str, FeatureAction]] = {action: action for action in get_args(FeatureAction)}


async def load_agents_day(session: AsyncSession) -> list[ConfigObject]:
    """All of them."""
    return [
        *map(pause_reason_object, await session.scalars(select(PauseReasonRow).order_by(col(PauseReasonRow.id)))),
        *map(disposition_object, await session.scalars(select(DispositionRow).order_by(col(DispositionRow.id)))),
        *map(phone_object, await session.scalars(select(PhoneRow).order_by(col(PhoneRow.id)))),
        *map(feature_code_object, await session.scalars(select(FeatureCodeRow).order_by(col(FeatureCodeRow.id)))),
    ]


def pause_reason_object(row: PauseReasonRow) -> PauseReason:
    return PauseReason(
        PauseReasonId(row.id), row.name, row.limit_seconds, OnLimit(row.on_limit), row.productive, row.max_agents,
        row.max_agents_per_queue,
    )  # fmt: skip


def disposition_object(row: DispositionRow) -> Disposition:
    return Disposition(row.id, row.name, None if row.queue_ids is None else frozenset(row.queue_ids))


def phone_object(row: PhoneRow) -> Phone:
    return Phone(row.id, row.user, dict(row.ha1))


def feature_code_object(row: FeatureCodeRow) -> FeatureCode:
    return FeatureCode(row.id, row.code, _ACTIONS[row.action], row.pause_reason, row.announcement)
