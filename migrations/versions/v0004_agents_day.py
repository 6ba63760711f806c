"""Pause reasons, dispositions, phones, feature codes; what befell agents and what came of calls.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_events",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("cause", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_events")),
    )
    with op.batch_alter_table("agent_events", schema=None) as batch_op:
        batch_op.create_index("ix_agent_events_agent_time", ["agent", "time"], unique=False)
        batch_op.create_index(batch_op.f("ix_agent_events_time"), ["time"], unique=False)

    op.create_table(
        "call_dispositions",
        sa.Column("call", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("agent", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_call_dispositions")),
    )
    op.create_table(
        "dispositions",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("queue_ids", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispositions")),
        sa.UniqueConstraint("name", name=op.f("uq_dispositions_name")),
    )
    op.create_table(
        "feature_codes",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("pause_reason", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("announcement", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_feature_codes_code")),
    )
    op.create_table(
        "pause_reasons",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("limit_seconds", sa.Float(), nullable=True),
        sa.Column("on_limit", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("productive", sa.Boolean(), nullable=False),
        sa.Column("max_agents", sa.Integer(), nullable=True),
        sa.Column("max_agents_per_queue", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause_reasons")),
        sa.UniqueConstraint("name", name=op.f("uq_pause_reasons_name")),
    )
    op.create_table(
        "phones",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("user", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("ha1", sa.JSON(), nullable=False),
        sa.Column("ha1_realm", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phones")),
        sa.UniqueConstraint("user", name=op.f("uq_phones_user")),
    )
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=True))
        batch_op.add_column(sa.Column("pin", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True))
        batch_op.create_index(batch_op.f("ix_agents_number"), ["number"], unique=True)

    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wrap_up_seconds", sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.drop_column("wrap_up_seconds")

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_number"))
        batch_op.drop_column("pin")
        batch_op.drop_column("number")

    op.drop_table("phones")
    op.drop_table("pause_reasons")
    op.drop_table("feature_codes")
    op.drop_table("dispositions")
    op.drop_table("call_dispositions")
    with op.batch_alter_table("agent_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_events_time"))
        batch_op.drop_index("ix_agent_events_agent_time")

    op.drop_table("agent_events")
