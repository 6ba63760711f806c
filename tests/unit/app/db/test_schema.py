"""The database: migrations lead to the tables, SQLite behaves, failures are one line."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from app.db.engine import Database, DatabaseError
from app.db.migrate import _config, migrate
from app.db.server_secrets import server_secret
from app.db.tables import QUEUED, AgentRow, AgentSkillRow, CallEventRow, SkillRow, metadata, new_id


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/a/b.db")
    await migrate(database)
    yield database
    await database.close()


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrations_lead_to_the_tables_and_can_be_repeated(database: Database) -> None:
    await migrate(database)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


_FACTS = (
    "INSERT INTO call_events (id, time, kind, call) VALUES ('e1', 5, 'queued', 'c1'), ('e2', 6, 'ended', 'c1')",
    "INSERT INTO agent_intervals (id, agent, state, start, \"end\") VALUES ('i1', 'a1', '', 1, 2), ('i2', 'a1', '', 2, 3)",
    """INSERT INTO calls (call, id, sip_call_id, caller, called, arrived_at, ended_at, outcome, cause, wait_ms, ring_ms,
    talk_ms, offers, priority, short_abandon, ended_by)
    VALUES ('c1', 'r1', '', '', '', 5, 6, 'answered', '', 0, 0, 1, 1, 0, false, '')""",
)
_COUNTED = ("call_events", "agent_intervals", "calls")


async def test_facts_stay_when_they_are_keyed_anew(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/old.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), "0008"))
        for statement in _FACTS:
            await connection.execute(text(statement))
        before = [await _sorted(connection, table) for table in _COUNTED]
    await migrate(database)
    async with database.read() as session:
        assert [await _sorted(await session.connection(), table) for table in _COUNTED] == before
    await database.close()


async def _sorted(connection: Any, table: str) -> list[Any]:
    return sorted(tuple(row) for row in await connection.execute(text(f"SELECT * FROM {table}")))


async def test_calls_that_were_queued_are_found_by_their_index(database: Database) -> None:
    query = select(CallEventRow.__table__.c.call).where(QUEUED, CallEventRow.__table__.c.time >= 0)  # type: ignore[attr-defined]  # SQLModel sets it
    async with database.read() as session:
        plan = (await session.execute(text(f"EXPLAIN QUERY PLAN {query}"), {"time_1": 0})).all()
    assert "ix_call_events_queued" in str(plan)


async def test_a_newer_release_s_database_is_refused(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="9999") as caught:
        await migrate(database)
    assert "\n" not in str(caught.value)


def test_the_tables_are_portable() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert len(str(index.name)) <= 63
            assert str(CreateIndex(index).compile(dialect=dialect))
        assert all(constraint.name for constraint in table.constraints)


async def test_sqlite_is_tuned(database: Database) -> None:
    async with database.read() as session:
        for pragma, value in (
            ("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10_000), ("wal_autocheckpoint", 4000),
        ):  # fmt: skip
            assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(AgentSkillRow(agent_id="none", skill_id="none", level=1))


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            session.add(SkillRow(name="billing"))
            await session.flush()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is the one raised above
        await fail()
    async with database.read() as session:
        assert (await session.scalars(select(SkillRow))).all() == []


async def test_writers_wait_for_each_other(database: Database) -> None:
    """Each reads, yields, then writes what it read plus one: none is lost, none fails for being second."""
    async with database.write() as session:
        skill = SkillRow(name="billing")
        session.add(skill)

    async def add() -> None:
        async with database.write() as session:
            row = await session.get_one(SkillRow, skill.id)
            await asyncio.sleep(0)
            row.version += 1

    await asyncio.gather(*(add() for _ in range(4)))
    async with database.read() as session:
        assert (await session.get_one(SkillRow, skill.id)).version == 5


async def test_readers_see_one_state(database: Database) -> None:
    async with database.read() as session:
        assert (await session.scalars(select(SkillRow))).all() == []
        async with database.write() as writer:
            writer.add(SkillRow(name="billing"))
        assert (await session.scalars(select(SkillRow))).all() == []


async def test_secrets_are_made_once(database: Database) -> None:
    first = await server_secret(database, "nonce")
    assert len(first) == 32
    assert await server_secret(database, "nonce") == first
    assert await server_secret(database, "other") != first


def test_ids_sort_by_creation() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(set(ids))


def test_hashes_stay_out_of_reprs() -> None:
    row = AgentRow(
        name="a", address="sip:a@b", offer="late", capacity=1, serves_all=True, initial_status="paused",
        ha1={"MD5": "deadbeef"},
    )  # fmt: skip
    assert "deadbeef" not in repr(row)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:////proc/none/x.db", "postgresql+asyncpg://u:secret@127.0.0.1:1/d"])
async def test_a_database_that_cannot_be_opened_is_one_line(url: str) -> None:
    async def attempt() -> None:
        database = Database(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    with pytest.raises(DatabaseError) as caught:
        await attempt()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
