"""Bindings as rows of the table ``registrations``, on SQLite and PostgreSQL: upsert, delete, load."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db.engine import Database
from app.db.registration_table import RegistrationRow
from app.db.statement import Statement, Values
from app.instants import to_ms
from sipcore.binding import Binding
from sipcore.packets import Hop, Source

__all__ = ["RegistrationStore", "row_of"]

_TABLE: Final[sa.Table] = RegistrationRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_AT_ONCE: Final = 2000  # rows read between two turns of the loop


class RegistrationStore:
    """Writes through a connection that is in a transaction."""

    def __init__(self, dialect: sa.Dialect) -> None:
        upsert = (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(_TABLE)
        kept: dict[str, Any] = {name: upsert.excluded[name] for name in _TABLE.columns.keys() if name != "ruid"}  # noqa: SIM118 - no mapping
        self._upsert = Statement(
            upsert.on_conflict_do_update(index_elements=["ruid"], set_=kept), dialect, _TABLE.columns.keys()
        )
        self._delete = Statement(sa.delete(_TABLE).where(_TABLE.c.ruid == sa.bindparam("gone")), dialect, ("gone",))

    def write(self, connection: sa.Connection, kept: Iterable[Values], gone: Iterable[str]) -> None:
        """The rows ``kept`` (``row_of``), and none for ``gone`` (ruids). May be repeated."""
        self._delete.many(connection, [(ruid,) for ruid in gone])
        self._upsert.many(connection, kept)

    @staticmethod
    def forget_expired(connection: sa.Connection, now: float) -> None:
        connection.execute(sa.delete(_TABLE).where(_TABLE.c.expires_at <= to_ms(now)))

    @staticmethod
    async def load(database: Database) -> AsyncIterator[Sequence[Binding]]:
        """All that is stored, in batches."""
        after = ""
        while True:
            query = sa.select(_TABLE).where(_TABLE.c.ruid > after).order_by(_TABLE.c.ruid).limit(_AT_ONCE)
            async with database.engine.connect() as connection:
                rows = (await connection.execute(query)).all()
            yield [_binding(row) for row in rows]
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].ruid


def row_of(binding: Binding) -> Values:
    """In the order of the table's columns."""
    (transport, host, port), listener = binding.source.hop, binding.source.listener
    return (
        binding.ruid, binding.aor, binding.contact, to_ms(binding.expires_at), binding.q, binding.call_id, binding.cseq,
        "\n".join(binding.path), binding.user_agent, binding.instance, binding.reg_id, transport, host, port, listener,
        to_ms(binding.updated_at),
    )  # fmt: skip


def _binding(row: sa.Row[Any]) -> Binding:
    """An open stream did not survive us: the phone is reached at its address until it reconnects."""
    source = Source(Hop(row.transport, row.host, row.port), row.listener)
    path = tuple(row.path.split("\n")) if row.path else ()
    return Binding(
        row.aor, row.contact, row.expires_at / 1000, row.call_id, row.cseq, source, row.q, path, row.user_agent,
        row.instance, row.reg_id, row.ruid, row.updated_at / 1000,
    )  # fmt: skip
