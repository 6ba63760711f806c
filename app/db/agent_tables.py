"""Tables of the agents' day: pause reasons, dispositions, phones, feature codes; and the facts about it.

The rules of ``app.db.tables`` hold here too.
"""

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.db.tables import ConfigRow

__all__ = [
    "AgentEventRow", "CallDispositionRow", "DispositionRow", "FeatureCodeRow", "PauseReasonRow", "PhoneRow",
]  # fmt: skip

_NAME = 64
_ID = 36


class PauseReasonRow(ConfigRow, table=True):
    __tablename__ = "pause_reasons"
    name: str = Field(max_length=_NAME, unique=True)
    limit_seconds: float | None
    on_limit: str = Field(max_length=16)
    productive: bool
    max_agents: int | None
    max_agents_per_queue: int | None


class DispositionRow(ConfigRow, table=True):
    """``queue_ids`` null: for calls of every queue. An id of a queue that was deleted means nothing."""

    __tablename__ = "dispositions"
    name: str = Field(max_length=_NAME, unique=True)
    queue_ids: list[str] | None = Field(default=None, sa_type=sa.JSON)


class PhoneRow(ConfigRow, table=True):
    """A phone that registers and is nobody's own. ``ha1`` as for agents: as good as the password."""

    __tablename__ = "phones"
    user: str = Field(max_length=_NAME, unique=True)
    ha1: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, repr=False)
    ha1_realm: str | None = Field(default=None, max_length=128)


class FeatureCodeRow(ConfigRow, table=True):
    __tablename__ = "feature_codes"
    code: str = Field(max_length=_NAME, unique=True)
    action: str = Field(max_length=16)
    pause_reason: str | None = Field(default=None, max_length=_NAME)
    announcement: str | None = Field(default=None, max_length=_NAME)


class AgentEventRow(SQLModel, table=True):
    """What befell an agent (``app.facts.AgentEvent``)."""

    __tablename__: ClassVar[Any] = "agent_events"
    __table_args__: ClassVar[Any] = (sa.Index("ix_agent_events_agent_time", "agent", "time"),)
    id: str = Field(primary_key=True, max_length=_ID)
    time: int = Field(sa_type=sa.BigInteger, index=True)
    kind: str = Field(max_length=16)
    agent: str = Field(max_length=_ID)
    status: str | None = Field(default=None, max_length=16)
    pause_reason: str | None = Field(default=None, sa_type=sa.Text)
    queue: str | None = Field(default=None, max_length=_ID)
    cause: str | None = Field(default=None, max_length=16)
    misses: int | None = None
    actor: str | None = Field(default=None, sa_type=sa.Text)
    address: str | None = Field(default=None, sa_type=sa.Text)


class CallDispositionRow(SQLModel, table=True):
    """What came of a call (``app.facts.Disposition``): the last word counts."""

    __tablename__: ClassVar[Any] = "call_dispositions"
    call: str = Field(primary_key=True, max_length=_ID)
    id: str = Field(max_length=_ID)
    time: int = Field(sa_type=sa.BigInteger)
    queue: str = Field(max_length=_ID)
    agent: str = Field(max_length=_ID)
    code: str = Field(sa_type=sa.Text)
    note: str | None = Field(default=None, sa_type=sa.Text)
