"""configuration and facts

Revision 0001, the first.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # generated from app.db.tables
    op.create_table(
        "agent_intervals",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("call", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_intervals")),
    )
    with op.batch_alter_table("agent_intervals", schema=None) as batch_op:
        batch_op.create_index("ix_agent_intervals_agent_start", ["agent", "start"], unique=False)
        batch_op.create_index(batch_op.f("ix_agent_intervals_start"), ["start"], unique=False)

    op.create_table(
        "agents",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=512), nullable=False),
        sa.Column("offer", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("serves_all", sa.Boolean(), nullable=False),
        sa.Column("initial_status", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("ha1", sa.JSON(), nullable=False),
        sa.Column("ha1_realm", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("name", name=op.f("uq_agents_name")),
    )
    op.create_table(
        "call_events",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("call", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("offer", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("called", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
    )
    with op.batch_alter_table("call_events", schema=None) as batch_op:
        batch_op.create_index("ix_call_events_call_time", ["call", "time"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_events_time"), ["time"], unique=False)

    op.create_table(
        "calls",
        sa.Column("call", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("sip_call_id", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("ring_ms", sa.BigInteger(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("wrap_up_ms", sa.BigInteger(), nullable=True),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("within_threshold", sa.Boolean(), nullable=True),
        sa.Column("short_abandon", sa.Boolean(), nullable=False),
        sa.Column("ended_by", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_calls")),
        sa.UniqueConstraint("id", name=op.f("uq_calls_id")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_agent_arrived_at", ["agent", "arrived_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_calls_arrived_at"), ["arrived_at"], unique=False)
        batch_op.create_index("ix_calls_queue_queued_at", ["queue", "queued_at"], unique=False)

    op.create_table(
        "media_servers",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("uri", sqlmodel.sql.sqltypes.AutoString(length=512), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_servers")),
        sa.UniqueConstraint("name", name=op.f("uq_media_servers_name")),
    )
    op.create_table(
        "queues",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("strategy", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("ring_seconds", sa.Float(), nullable=False),
        sa.Column("wrap_up_seconds", sa.Float(), nullable=False),
        sa.Column("max_wait", sa.Float(), nullable=True),
        sa.Column("max_length", sa.Integer(), nullable=True),
        sa.Column("overflow", sa.JSON(), nullable=False),
        sa.Column("delays", sa.JSON(), nullable=False),
        sa.Column("service_level", sa.JSON(), nullable=False),
        sa.Column("short_abandon_seconds", sa.Float(), nullable=False),
        sa.Column("music", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("greeting", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("early_media", sa.Boolean(), nullable=False),
        sa.Column("early_media_max_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
        sa.UniqueConstraint("name", name=op.f("uq_queues_name")),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "skills",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
        sa.UniqueConstraint("name", name=op.f("uq_skills_name")),
    )
    op.create_table(
        "trunks",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunks")),
        sa.UniqueConstraint("name", name=op.f("uq_trunks_name")),
    )
    op.create_table(
        "agent_queues",
        sa.Column("agent_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("queue_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_queues_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_agent_queues_queue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", "queue_id", name=op.f("pk_agent_queues")),
    )
    with op.batch_alter_table("agent_queues", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_queues_queue_id"), ["queue_id"], unique=False)

    op.create_table(
        "agent_skills",
        sa.Column("agent_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("skill_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_skills_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["skill_id"], ["skills.id"], name=op.f("fk_agent_skills_skill_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("agent_id", "skill_id", name=op.f("pk_agent_skills")),
    )
    with op.batch_alter_table("agent_skills", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_skills_skill_id"), ["skill_id"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("agent_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("bootstrap", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_api_keys_agent_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "entry_points",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("user", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("queue_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_entry_points_queue_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_points")),
        sa.UniqueConstraint("user", name=op.f("uq_entry_points_user")),
    )
    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entry_points_queue_id"), ["queue_id"], unique=False)

    op.create_table(
        "queue_requirements",
        sa.Column("queue_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("skill_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("min_level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_queue_requirements_queue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["skill_id"], ["skills.id"], name=op.f("fk_queue_requirements_skill_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("queue_id", "skill_id", name=op.f("pk_queue_requirements")),
    )
    with op.batch_alter_table("queue_requirements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_requirements_skill_id"), ["skill_id"], unique=False)


def downgrade() -> None:
    # generated from app.db.tables
    with op.batch_alter_table("queue_requirements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queue_requirements_skill_id"))

    op.drop_table("queue_requirements")
    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entry_points_queue_id"))

    op.drop_table("entry_points")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_agent_id"))

    op.drop_table("api_keys")
    with op.batch_alter_table("agent_skills", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_skills_skill_id"))

    op.drop_table("agent_skills")
    with op.batch_alter_table("agent_queues", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_queues_queue_id"))

    op.drop_table("agent_queues")
    op.drop_table("trunks")
    op.drop_table("skills")
    op.drop_table("secrets")
    op.drop_table("queues")
    op.drop_table("media_servers")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_queue_queued_at")
        batch_op.drop_index(batch_op.f("ix_calls_arrived_at"))
        batch_op.drop_index("ix_calls_agent_arrived_at")

    op.drop_table("calls")
    with op.batch_alter_table("call_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_events_time"))
        batch_op.drop_index("ix_call_events_call_time")

    op.drop_table("call_events")
    op.drop_table("agents")
    with op.batch_alter_table("agent_intervals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_intervals_start"))
        batch_op.drop_index("ix_agent_intervals_agent_start")

    op.drop_table("agent_intervals")
