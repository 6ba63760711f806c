"""Alembic's environment. Runs on the connection that ``app.db.migrate`` hands over in ``config.attributes``."""

from alembic import context

from app.db import agent_tables, registration_table  # noqa: F401 - their tables are in the metadata
from app.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
