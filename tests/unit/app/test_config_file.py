"""Importing a file: idempotent, nothing half-done, and errors that name file, path and what is wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy.engine import make_url

from app.config_file.document import ConfigFileError
from app.config_file.importer import _SECTIONS, ImportReport, import_file
from app.configuration import Agent, EntryPoint, MediaServer, Queue
from app.db.configuration import load_configuration
from app.db.engine import Database
from app.settings import Settings
from tests.support.migrated import migrated_database
from tests.unit.app.files import SAMPLE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await migrated_database(Path(make_url(settings.database_url).database or ""))
    yield database
    await database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "yard.yaml"
    write(path, SAMPLE)
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_a_file_is_imported_once(database: Database, settings: Settings, file: Path) -> None:
    assert await import_file(database, settings, file) == ImportReport(created=7)
    assert await import_file(database, settings, file) == ImportReport(unchanged=7)
    async with database.read() as session:
        queue, ana, bo, entry, server = await load_configuration(session)
    assert isinstance(queue, Queue)
    assert isinstance(ana, Agent)
    assert isinstance(bo, Agent)
    assert isinstance(entry, EntryPoint)
    assert isinstance(server, MediaServer)
    assert (queue.routing.name, queue.routing.priority, queue.routing.wrap_up_seconds) == ("support", 5, 10.0)
    assert (ana.initial_status, set(ana.ha1), bo.offer, bo.ha1) == ("available", {"MD5", "SHA-256"}, "caller", {})
    assert (entry.user, entry.queue, server.uri) == ("1000", queue.routing.id, "sip:moh@192.0.2.7:5060")


async def test_an_empty_file_is_fine(database: Database, settings: Settings, file: Path) -> None:
    for text in ("", "# nothing\n", "queues:\n"):
        write(file, text)
        assert await import_file(database, settings, file) == ImportReport()


WRONG = [
    ("queues: [{name: support, colour: red}]", "queues[0].colour: there is no such field"),
    ("queues: [{priority: 5}]", "queues[0].name: this field is required, as text (quote a number)"),
    ("queues: [{name: 5}]", "queues[0].name: this field is required, as text (quote a number)"),
    ("queues: {name: support}", "queues: this is a list"),
    ("queues: [support]", "queues[0]: this is an object with fields (name: …)"),
    ("queues: [{name: a}, {name: b, requirements: [{skill: x}]}]", "queues[1].requirements[0].skill: there is no skill 'x'"),
    ("queues: [{name: a}, {name: a}]", "queues[1].name: 'a' stands twice in this section"),
    ("agents: [{name: ana, address: 'sip:ana@x', status: asleep}]",
     "agents[0].status: Input should be 'available', 'paused' or 'logged_out'"),
    ("agents: [{name: ana, address: 'sip:ana@x', queues: [none]}]", "agents[0].queues[0]: there is no queue 'none'"),
    ("agents: [{name: ana, address: 'sip:ana@x', 5: 6}]", "agents[0]: field names are text"),
    ("entry_points: [{user: 1000, queue: support}]", "entry_points[0].user: this field is required, as text (quote a number)"),
    ("entry_points: [{user: '1000', queue: support}]", "entry_points[0].queue: there is no queue 'support'"),
    ("trunks: [{name: t, addresses: [example.com]}]", "trunks[0].addresses[0]: 'example.com' is no IP address or network"),
    ("queus: []", f"queus: there is no such section; known are {', '.join(_SECTIONS)}"),
    ("- a\n- b", "the file holds sections (skills:, queues:, agents: …), not a list"),
    ("hello", "the file holds sections (skills:, queues:, agents: …), not a single value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
async def test_a_wrong_file_is_told_by_place(
    text: str, message: str, database: Database, settings: Settings, file: Path
) -> None:
    write(file, text)
    with pytest.raises(ConfigFileError) as caught:
        await import_file(database, settings, file)
    assert caught.value.lines == (f"{file}: {message}",)
    async with database.read() as session:
        assert await load_configuration(session) == []


BROKEN = [
    ("queues: [", "line 1, column 10"),
    ("queues:\n  - {name: a, name: b}", "line 2, column 15: the key 'name' stands twice"),
    ("skills: []\nskills: []", "line 2, column 1: the key 'skills' stands twice"),
    ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor for the tag"),
    ("\tqueues: []", "line 1, column 1"),
]


@pytest.mark.parametrize(("text", "part"), BROKEN)
async def test_broken_yaml_is_told_by_line(
    text: str, part: str, database: Database, settings: Settings, file: Path
) -> None:
    write(file, text)
    with pytest.raises(ConfigFileError) as caught:
        await import_file(database, settings, file)
    (line,) = caught.value.lines
    assert line.startswith(str(file))
    assert part in line


async def test_files_that_cannot_be_read(database: Database, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"skills: [caf\xe9]")
    for name, reason in (("none.yaml", "No such file"), (".", "Is a directory"), ("latin.yaml", "no UTF-8")):
        with pytest.raises(ConfigFileError, match=reason):
            await import_file(database, settings, tmp_path / name)


async def test_every_error_of_a_section_is_told(database: Database, settings: Settings, file: Path) -> None:
    write(file, yaml.safe_dump({"skills": ["a"], "trunks": [{"name": "t"}, {"name": "u", "addresses": []}]}))
    with pytest.raises(ConfigFileError) as caught:
        await import_file(database, settings, file)
    assert [line.split(": ")[1] for line in caught.value.lines] == ["trunks[0].addresses", "trunks[1].addresses"]
    write(file, "skills: [a]")
    assert (await import_file(database, settings, file)).created == 1
