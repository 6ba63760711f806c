"""Calendars of business hours; each queue's part in a call that several queues had to do with.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calendars()
    _segments()
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("segments", sa.Integer(), nullable=False, server_default="1"))


def _calendars() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "calendars",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", text(length=64), nullable=False),
        sa.Column("time_zone", text(length=64), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("name", name=op.f("uq_calendars_name")),
    )


def _segments() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "queue_segments",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("call", text(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("queue", text(length=36), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", text(length=16), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("agent", text(length=36), nullable=True),
        sa.Column("to_queue", text(length=36), nullable=True),
        sa.Column("within_threshold", sa.Boolean(), nullable=True),
        sa.Column("short_abandon", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_segments")),
    )
    with op.batch_alter_table("queue_segments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_segments_call"), ["call"])
        batch_op.create_index(batch_op.f("ix_queue_segments_entered_at"), ["entered_at"])
        batch_op.create_index("ix_queue_segments_queue_entered_at", ["queue", "entered_at"])


def downgrade() -> None:
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("segments")
    op.drop_table("queue_segments")
    op.drop_table("calendars")
