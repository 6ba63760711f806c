"""Policies of queues and agents, in one column each.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes  # noqa: F401 - generated column types name it
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("agents", "queues"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("policies", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table in ("queues", "agents"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("policies")
