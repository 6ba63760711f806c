"""How agents belong to queues, what calls require by where they come in, and priority rules.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agent_queues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("penalty", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("requirements", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "priority_rules",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("match", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("queue_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_priority_rules_queue_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_priority_rules_name")),
    )
    op.create_index(op.f("ix_priority_rules_queue_id"), "priority_rules", ["queue_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_priority_rules_queue_id"), table_name="priority_rules")
    op.drop_table("priority_rules")
    with op.batch_alter_table("entry_points", schema=None) as batch_op:
        batch_op.drop_column("requirements")
    with op.batch_alter_table("agent_queues", schema=None) as batch_op:
        batch_op.drop_column("enabled")
        batch_op.drop_column("position")
        batch_op.drop_column("penalty")
