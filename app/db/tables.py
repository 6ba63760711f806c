"""The tables: configuration (authority: this database) and facts (shipped here from the journal).

- Ids are UUIDv7 strings: they sort by time of creation, which is what cursors go by.
- Instants are integer **milliseconds since the epoch, UTC** (``BIGINT``; the same on SQLite and PostgreSQL, cheap to
  bucket); durations are integer milliseconds named ``…_ms``, or float seconds named ``…_seconds`` in configuration.
- Every configuration row has a ``version``, the source of its ETag; each change adds one.
- Fact tables hold the fields of ``app.facts`` under their names. They refer to configuration by id without a foreign
  key: a fact outlives the queue or agent it speaks of. Primary keys make their insertion idempotent.
"""

import time
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel
from uuid_utils import uuid7

__all__ = [
    "QUEUED", "AgentIntervalRow", "AgentQueueRow", "AgentRow", "AgentSkillRow", "ApiKeyRow", "CalendarRow", "CallEventRow",
    "CallRow", "ConfigRow", "EntryPointRow", "MediaServerRow", "PriorityRuleRow", "QueueRequirementRow", "QueueRow",
    "QueueSegmentRow", "SecretRow", "SkillRow", "TrunkRow", "metadata", "new_id",
]  # fmt: skip

metadata: sa.MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_NAME = 64
_URI = 512
_ID = 36
_EMPTY = {"server_default": "{}"}
_ONE_TREE = {"sqlite_with_rowid": False}  # the table is its primary key's index: a row is put into one tree, not two
QUEUED: sa.ColumnElement[bool] = sa.literal_column("kind") == sa.literal_column("'queued'")
"""Said without a parameter: only so does the planner see that the index of those events is meant."""


def new_id() -> str:
    """A UUIDv7; those minted by one process sort in the order of minting."""
    return str(uuid7())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class ConfigRow(SQLModel):
    """What every configuration object has."""

    __tablename__: ClassVar[Any]
    id: str = Field(default_factory=new_id, primary_key=True, max_length=_ID)
    version: int = Field(default=1)
    created_at: int = Field(default_factory=_now_ms, sa_type=sa.BigInteger)
    updated_at: int = Field(default_factory=_now_ms, sa_type=sa.BigInteger)


class SkillRow(ConfigRow, table=True):
    __tablename__ = "skills"
    name: str = Field(max_length=_NAME, unique=True)


class QueueRow(ConfigRow, table=True):
    __tablename__ = "queues"
    name: str = Field(max_length=_NAME, unique=True)
    strategy: str = Field(max_length=32)
    priority: int
    ring_seconds: float
    wrap_up_seconds: float
    max_wait: float | None
    max_length: int | None
    overflow: dict[str, Any] = Field(sa_type=sa.JSON)
    delays: dict[str, float] = Field(sa_type=sa.JSON)
    service_level: dict[str, float] = Field(sa_type=sa.JSON)
    short_abandon_seconds: float
    music: str = Field(max_length=_NAME)
    greeting: str | None = Field(max_length=_NAME)
    early_media: bool
    early_media_max_seconds: float
    policies: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs=_EMPTY)


class QueueRequirementRow(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "queue_requirements"
    queue_id: str = Field(foreign_key="queues.id", ondelete="CASCADE", primary_key=True, max_length=_ID)
    skill_id: str = Field(foreign_key="skills.id", ondelete="RESTRICT", primary_key=True, max_length=_ID, index=True)
    min_level: int


class AgentRow(ConfigRow, table=True):
    """``serves_all``: no membership list, every queue whose requirements the agent meets.

    ``ha1``: digest hashes by algorithm, for the user of ``address`` in ``ha1_realm``; they are as good as the password
    and never leave the service.
    """

    __tablename__ = "agents"
    name: str = Field(max_length=_NAME, unique=True)
    address: str = Field(max_length=_URI)
    offer: str = Field(max_length=8)
    capacity: int
    serves_all: bool
    initial_status: str = Field(max_length=16)
    ha1: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, repr=False)
    ha1_realm: str | None = Field(default=None, max_length=128)
    number: str | None = Field(default=None, max_length=32, unique=True, index=True)
    pin: str | None = Field(default=None, max_length=128, repr=False)  # salted hash
    policies: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs=_EMPTY)


class AgentSkillRow(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "agent_skills"
    agent_id: str = Field(foreign_key="agents.id", ondelete="CASCADE", primary_key=True, max_length=_ID)
    skill_id: str = Field(foreign_key="skills.id", ondelete="RESTRICT", primary_key=True, max_length=_ID, index=True)
    level: int


class AgentQueueRow(SQLModel, table=True):
    """A queue that the agent belongs to, and how; of one that serves every queue: where that is not the default way."""

    __tablename__: ClassVar[Any] = "agent_queues"
    agent_id: str = Field(foreign_key="agents.id", ondelete="CASCADE", primary_key=True, max_length=_ID)
    queue_id: str = Field(foreign_key="queues.id", ondelete="CASCADE", primary_key=True, max_length=_ID, index=True)
    penalty: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    position: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    enabled: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})


class EntryPointRow(ConfigRow, table=True):
    __tablename__ = "entry_points"
    user: str = Field(max_length=_NAME, unique=True)
    queue_id: str = Field(foreign_key="queues.id", ondelete="RESTRICT", max_length=_ID, index=True)
    priority: int
    wrap_up_seconds: float | None = None
    requirements: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )


class CalendarRow(ConfigRow, table=True):
    """Business hours: ``hours``, ``holidays`` and ``exceptions`` as REST has them."""

    __tablename__ = "calendars"
    name: str = Field(max_length=_NAME, unique=True)
    time_zone: str = Field(max_length=_NAME)
    hours: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    holidays: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    exceptions: list[dict[str, Any]] = Field(sa_type=sa.JSON)


class PriorityRuleRow(ConfigRow, table=True):
    """``match``: caller, caller_prefix or header and value. ``priority`` null: the number in the header."""

    __tablename__ = "priority_rules"
    name: str = Field(max_length=_NAME, unique=True)
    match: dict[str, Any] = Field(sa_type=sa.JSON)
    priority: int | None
    requirements: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    queue_id: str | None = Field(foreign_key="queues.id", ondelete="RESTRICT", max_length=_ID, index=True)


class TrunkRow(ConfigRow, table=True):
    """``password_from``: where the password is, never itself."""

    __tablename__ = "trunks"
    name: str = Field(max_length=_NAME, unique=True)
    addresses: list[str] = Field(sa_type=sa.JSON)
    username: str | None = Field(default=None, max_length=128)
    password_from: str | None = Field(default=None, max_length=512)
    realm: str | None = Field(default=None, max_length=128)


class MediaServerRow(ConfigRow, table=True):
    __tablename__ = "media_servers"
    name: str = Field(max_length=_NAME, unique=True)
    uri: str = Field(max_length=_URI)
    position: int


class ApiKeyRow(SQLModel, table=True):
    """``hash``: SHA-256 of the key, hex. ``agent_id``: the one agent that a key of scope ``agent`` speaks for."""

    __tablename__: ClassVar[Any] = "api_keys"
    id: str = Field(default_factory=new_id, primary_key=True, max_length=_ID)
    name: str = Field(max_length=_NAME)
    hash: str = Field(max_length=64, unique=True, repr=False)
    scopes: list[str] = Field(sa_type=sa.JSON)
    agent_id: str | None = Field(default=None, foreign_key="agents.id", ondelete="CASCADE", max_length=_ID, index=True)
    bootstrap: bool = False
    created_at: int = Field(default_factory=_now_ms, sa_type=sa.BigInteger)


class SecretRow(SQLModel, table=True):
    """A secret that the service made for itself (the digest nonce key, for one)."""

    __tablename__: ClassVar[Any] = "secrets"
    name: str = Field(primary_key=True, max_length=_NAME)
    value: bytes = Field(repr=False)
    created_at: int = Field(default_factory=_now_ms, sa_type=sa.BigInteger)


class CallRow(SQLModel, table=True):
    """A finished call (``app.facts.CallRecord``); ``wrap_up_ms`` is set later, by ``WrapUp``."""

    __tablename__: ClassVar[Any] = "calls"
    __table_args__: ClassVar[Any] = (
        sa.Index("ix_calls_queue_queued_at", "queue", "queued_at"),
        sa.Index("ix_calls_agent_arrived_at", "agent", "arrived_at"),
    )
    call: str = Field(primary_key=True, max_length=_ID)
    id: str = Field(max_length=_ID)
    sip_call_id: str = Field(sa_type=sa.Text)
    caller: str = Field(sa_type=sa.Text)
    called: str = Field(sa_type=sa.Text)
    queue: str | None = Field(default=None, max_length=_ID)
    agent: str | None = Field(default=None, max_length=_ID)
    arrived_at: int = Field(sa_type=sa.BigInteger, index=True)
    queued_at: int | None = Field(default=None, sa_type=sa.BigInteger)
    answered_at: int | None = Field(default=None, sa_type=sa.BigInteger)
    ended_at: int = Field(sa_type=sa.BigInteger)
    outcome: str = Field(max_length=16)
    cause: str = Field(sa_type=sa.Text)
    wait_ms: int = Field(sa_type=sa.BigInteger)
    ring_ms: int = Field(sa_type=sa.BigInteger)
    talk_ms: int = Field(sa_type=sa.BigInteger)
    wrap_up_ms: int | None = Field(default=None, sa_type=sa.BigInteger)
    offers: int
    priority: int
    within_threshold: bool | None = None
    short_abandon: bool = False
    ended_by: str = Field(max_length=16)
    expected_wait_ms: int | None = Field(default=None, sa_type=sa.BigInteger)
    segments: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    overflow_cause: str | None = Field(default=None, max_length=32)


class QueueSegmentRow(SQLModel, table=True):
    """One queue's part in a call of several segments (``app.facts.QueueSegment``)."""

    __tablename__: ClassVar[Any] = "queue_segments"
    __table_args__: ClassVar[Any] = (sa.Index("ix_queue_segments_queue_entered_at", "queue", "entered_at"),)
    id: str = Field(primary_key=True, max_length=_ID)
    call: str = Field(max_length=_ID, index=True)
    number: int
    queue: str = Field(max_length=_ID)
    entered_at: int = Field(sa_type=sa.BigInteger, index=True)
    left_at: int = Field(sa_type=sa.BigInteger)
    outcome: str = Field(max_length=16)
    cause: str = Field(sa_type=sa.Text)
    wait_ms: int = Field(sa_type=sa.BigInteger)
    talk_ms: int = Field(sa_type=sa.BigInteger)
    agent: str | None = Field(default=None, max_length=_ID)
    to_queue: str | None = Field(default=None, max_length=_ID)
    within_threshold: bool | None = None
    short_abandon: bool = False


class CallEventRow(SQLModel, table=True):
    """One step of a call's life (``app.facts.CallEvent``)."""

    __tablename__: ClassVar[Any] = "call_events"
    __table_args__: ClassVar[Any] = (
        sa.PrimaryKeyConstraint("call", "time", "id"),
        sa.Index("ix_call_events_queued", "time", sqlite_where=QUEUED, postgresql_where=QUEUED),
        _ONE_TREE,
    )
    id: str = Field(max_length=_ID)
    time: int = Field(sa_type=sa.BigInteger)
    kind: str = Field(max_length=16)
    call: str = Field(max_length=_ID)
    queue: str | None = Field(default=None, max_length=_ID)
    agent: str | None = Field(default=None, max_length=_ID)
    offer: str | None = Field(default=None, max_length=_ID)
    cause: str | None = Field(default=None, sa_type=sa.Text)
    position: int | None = None
    caller: str | None = Field(default=None, sa_type=sa.Text)
    called: str | None = Field(default=None, sa_type=sa.Text)
    priority: int | None = None


class AgentIntervalRow(SQLModel, table=True):
    """A closed segment of an agent's timeline (``app.facts.AgentInterval``), ``[start, end)``."""

    __tablename__: ClassVar[Any] = "agent_intervals"
    __table_args__: ClassVar[Any] = (sa.PrimaryKeyConstraint("agent", "start", "id"), _ONE_TREE)
    id: str = Field(max_length=_ID)
    agent: str = Field(max_length=_ID)
    state: str = Field(max_length=32)
    start: int = Field(sa_type=sa.BigInteger)
    end: int = Field(sa_type=sa.BigInteger)
    pause_reason: str | None = Field(default=None, sa_type=sa.Text)
    call: str | None = Field(default=None, max_length=_ID)
