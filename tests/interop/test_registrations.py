"""Registrations by other people's programs, on SQLite and PostgreSQL, over kill -9 and a database's outage."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import yaml
from httpx import Response
from sqlalchemy import text

from app.db.engine import Database
from app.db.migrate import migrate
from tests.support import written_behind
from tests.support.baresip import Baresip
from tests.support.postgres import Postgres
from tests.support.registering_phone import RegisteringPhone
from tests.support.service import CALLYARD, Service, wait_until
from tests.support.sipp import Sipp

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
USERS = [f"u{number}" for number in range(20)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture
async def on_postgres(postgres: Postgres) -> AsyncIterator[Database]:
    database = Database(postgres.url)
    await migrate(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM registrations"))
    yield database
    await database.close()


async def test_everything_comes_back_on_postgresql(on_postgres: Database) -> None:
    await written_behind.everything_comes_back(on_postgres)


async def test_only_the_latest_is_written_on_postgresql(on_postgres: Database) -> None:
    await written_behind.only_the_latest_is_written(on_postgres)


async def test_an_outage_of_postgresql_is_ridden_out(on_postgres: Database, postgres: Postgres) -> None:
    await written_behind.outage(
        on_postgres, lambda: asyncio.to_thread(postgres.stop), lambda: asyncio.to_thread(postgres.start)
    )


def agents(*users: str) -> str:
    each = [
        {"name": user, "address": f"sip:{user}@callyard", "password": "s3cret", "status": "available"} for user in users
    ]
    return yaml.safe_dump({"queues": [{"name": "support"}], "agents": each})


def registered(service: Service) -> dict[str, list[str]]:
    return {
        each["aor"]: [contact["contact"] for contact in each["contacts"]] for each in service.items("/registrations")
    }


def metric(service: Service, line: str) -> float:
    page = service.client.get("/metrics").text
    return next((float(each.rpartition(" ")[2]) for each in page.splitlines() if each.startswith(line)), -1.0)


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_sipp_registers_with_digest(tmp_path: Path, start_service: StartService, transport: str) -> None:
    """Challenge, 200 with the granted time, fetch, removal of all; 100 times, none left. SIPp 3.6 knows MD5 only."""
    service = start_service(config=agents(*USERS), settings={"REGISTER_DIGEST": "MD5"})
    lines = [f"{user};[authentication username={user} password=s3cret]\n" for user in USERS]
    (tmp_path / "users.csv").write_text("SEQUENTIAL\n" + "".join(lines))
    options = {"call_count": 100, "rate": 50, "limit": 10, "info_file": str(tmp_path / "users.csv")}
    with Sipp("uac_register", tmp_path / "sipp", remote=service.sip, transport=transport, options=options) as phones:
        stats = phones.wait()
    assert (stats.successful, stats.unexpected) == (100, 0)
    assert registered(service) == {}
    outcomes = {name: metric(service, f'callyard_registrar_requests_total{{outcome="{name}"}}') for name in OUTCOMES}
    assert outcomes == OUTCOMES


OUTCOMES = {"added": 100.0, "removed": 100.0, "challenged": 200.0, "stale": 0.0, "bad_credentials": 0.0}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_registrations_survive_kill_9(start_service: StartService, kind: str, request: pytest.FixtureRequest) -> None:
    """What was acknowledged a flush ago is there after the restart, with its time; agents are reachable at once."""
    settings = {"REGISTER_FLUSH_SECONDS": "0.1"}
    if kind == "postgresql":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres").url
    service = start_service(config=agents(*USERS), settings=settings)
    phones = [RegisteringPhone(service.sip, user, "s3cret") for user in USERS]
    for phone in phones:
        assert phone.register(600) == 200
    assert phones[0].register(0) == 200
    wait_until(lambda: metric(service, "callyard_registrations_unwritten") == 0.0, "the registrations to be written")
    before = {each["aor"]: each for each in service.items("/registrations")}
    assert len(before) == len(USERS) - 1
    service.kill()
    service.start()
    after = {each["aor"]: each for each in service.items("/registrations")}
    assert {aor: stable(each) for aor, each in after.items()} == {aor: stable(each) for aor, each in before.items()}
    states = {each["name"]: service.get(f"/agents/{each['id']}/state") for each in service.items("/agents")}
    assert {name for name, state in states.items() if state["routing_state"] == "unreachable"} == {"u0"}
    assert phones[1].register(600) == 200  # the nonce from before is stale now, no more
    assert len(registered(service)) == len(USERS) - 1


def stable(registration: dict[str, object]) -> object:
    contacts = registration["contacts"]
    assert isinstance(contacts, list)
    changing = {"expires_seconds"}
    return [{name: value for name, value in contact.items() if name not in changing} for contact in contacts]


def test_an_outage_of_the_database_is_caught_up(start_service: StartService, postgres: Postgres) -> None:
    """Phones register as ever; the database has it all as soon as it is back."""
    settings = {"REGISTER_FLUSH_SECONDS": "0.1", "DATABASE_URL": postgres.url}
    service = start_service(config=agents(*USERS), settings=settings)
    phones = [RegisteringPhone(service.sip, user, "s3cret", contact_user="again") for user in USERS]
    assert phones[0].register(600) == 200
    postgres.stop()
    for _ in range(2):
        for phone in phones:
            assert phone.register(600) == 200
    assert phones[0].register(0) == 200
    wait_until(lambda: metric(service, "callyard_registrations_unwritten") >= len(USERS), "the backlog")
    postgres.start()
    wait_until(lambda: metric(service, "callyard_registrations_unwritten") == 0.0, "the registrations to be written")
    service.kill()
    service.start()
    contacts = [each for each in registered(service).values() if any("again" in contact for contact in each)]
    assert len(contacts) == len(USERS) - 1


def test_baresip_comes_back_after_a_restart(tmp_path: Path, start_service: StartService) -> None:
    """A real phone registers by UDP, the service is killed, the phone is known and then refreshes."""
    service = start_service(config=agents("cy"), settings={"REGISTER_DIGEST": "MD5", "REGISTER_FLUSH_SECONDS": "0.05"})
    with Baresip(tmp_path / "cy", service.sip, "cy", "s3cret") as phone:
        wait_until(lambda: len(registered(service)) == 1, "cy's registration", log=phone.log)
        wait_until(lambda: metric(service, "callyard_registrations_unwritten") == 0.0, "the registration to be written")
        service.kill()
        service.start()
        (found,) = service.items("/registrations", user_agent="baresip")
        assert found["aor"] == "sip:cy@callyard"
        answer: Response = service.client.delete("/api/v1/registrations/cy")
        assert answer.status_code == 204
        assert registered(service) == {}


def test_sip_trace_shows_a_registration_without_its_secret(tmp_path: Path, start_service: StartService) -> None:
    service = start_service(config=agents("ana", "bo"))
    command = [str(CALLYARD), "sip", "trace", "--user", "ana", "--url", service.http, "--key", service.admin_key]
    output = tmp_path / "trace.txt"
    with output.open("wb") as written:
        tracing = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, cwd=tmp_path)
    try:
        bo, ana = (RegisteringPhone(service.sip, user, "s3cret") for user in ("bo", "ana"))

        def seen() -> bool:
            """The trace has begun at some time: phones refresh until it shows."""
            assert bo.register(600) == ana.register(600) == 200
            return "-> UDP" in output.read_text()

        wait_until(seen, "the trace", log=lambda: output.read_text() + service.log())
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait(10)
    text = output.read_text()
    assert f"<- UDP 127.0.0.1:{ana.port}\nREGISTER sip:callyard SIP/2.0\n" in text
    assert f"127.0.0.1:{bo.port}" not in text
    assert "response=" not in text
