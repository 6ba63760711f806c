"""Facts keyed as they are read, each in as few trees as that takes.

Revision 0009, after 0008. On SQLite the tables are written anew: some seconds for a million rows, once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_QUEUED = sa.text("kind = 'queued'")
_ONE_TREE = {"sqlite_with_rowid": False}


def upgrade() -> None:
    with op.batch_alter_table("call_events", schema=None, recreate="auto", table_kwargs=_ONE_TREE) as batch_op:
        batch_op.drop_index("ix_call_events_call_time")
        batch_op.drop_index(batch_op.f("ix_call_events_time"))
        batch_op.drop_constraint("pk_call_events", type_="primary")
        batch_op.create_primary_key("pk_call_events", ["call", "time", "id"])
        batch_op.create_index("ix_call_events_queued", ["time"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    with op.batch_alter_table("agent_intervals", schema=None, recreate="auto", table_kwargs=_ONE_TREE) as batch_op:
        batch_op.drop_index("ix_agent_intervals_agent_start")
        batch_op.drop_index(batch_op.f("ix_agent_intervals_start"))
        batch_op.drop_constraint("pk_agent_intervals", type_="primary")
        batch_op.create_primary_key("pk_agent_intervals", ["agent", "start", "id"])
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_constraint("uq_calls_id", type_="unique")


def downgrade() -> None:
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_unique_constraint("uq_calls_id", ["id"])
    with op.batch_alter_table("agent_intervals", schema=None, recreate="auto") as batch_op:
        batch_op.drop_constraint("pk_agent_intervals", type_="primary")
        batch_op.create_primary_key("pk_agent_intervals", ["id"])
        batch_op.create_index("ix_agent_intervals_agent_start", ["agent", "start"])
        batch_op.create_index(batch_op.f("ix_agent_intervals_start"), ["start"])
    with op.batch_alter_table("call_events", schema=None, recreate="auto") as batch_op:
        batch_op.drop_index("ix_call_events_queued")
        batch_op.drop_constraint("pk_call_events", type_="primary")
        batch_op.create_primary_key("pk_call_events", ["id"])
        batch_op.create_index("ix_call_events_call_time", ["call", "time"])
        batch_op.create_index(batch_op.f("ix_call_events_time"), ["time"])
