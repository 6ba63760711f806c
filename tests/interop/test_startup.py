"""What an operator sees when the service cannot start: one clear line, an exit code, soon, and nothing left behind."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.strategy_plugins import GROUP
from tests.interop.conftest import configuration
from tests.support.plugins import install
from tests.support.ports import free_port
from tests.support.service import CALLYARD, Service

pytestmark = pytest.mark.interop

StartService = Callable[..., Service]
PATIENCE = 20.0  # a bound for failures only


def refused(folder: Path, settings: Mapping[str, str], *arguments: str) -> tuple[int, list[str]]:
    """Exit code and stderr of a ``callyard serve`` that is meant to end by itself."""
    own = {
        "SIP_LISTEN": f"udp:127.0.0.1:{free_port()}",
        "HTTP_LISTEN": f"127.0.0.1:{free_port()}",
        "DATA_DIR": str(folder / "data"),
        "ADMIN_KEY": "a-key-of-this-test-only",
        "MEDIA_OWNER_SECONDS": "5",  # where it starts after all, and is killed
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLYARD_")}
    given = {f"CALLYARD_{name}": value for name, value in (own | dict(settings)).items()}
    run = subprocess.run(
        [str(CALLYARD), "serve", *arguments],
        cwd=folder, env=inherited | given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    return run.returncode, run.stderr.splitlines()


def complaint(folder: Path, settings: Mapping[str, str], *arguments: str, code: int) -> str:
    """The one line in which the service says why it does not start."""
    exit_code, lines = refused(folder, settings, *arguments)
    told = [line for line in lines if line.startswith("callyard: ")]
    assert (exit_code, len(told)) == (code, 1), lines
    assert lines[-1] == told[0], lines
    assert not [line for line in lines if "Traceback" in line or "ERROR" in line], lines
    assert not (folder / "data" / "media.json").exists()  # no media server was left behind
    return told[0].removeprefix("callyard: ")


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    """A port that somebody else holds."""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", free_port()))
        if kind is socket.SOCK_STREAM:
            holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize(("transport", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
def test_a_sip_port_in_use_is_named(tmp_path: Path, transport: str, kind: socket.SocketKind) -> None:
    with taken(kind) as port:
        line = complaint(tmp_path, {"SIP_LISTEN": f"{transport}:127.0.0.1:{port}"}, code=1)
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


def test_an_http_port_in_use_is_named(tmp_path: Path) -> None:
    with taken(socket.SOCK_STREAM) as port:
        line = complaint(tmp_path, {"HTTP_LISTEN": f"127.0.0.1:{port}"}, code=1)
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    port = free_port()
    line = complaint(tmp_path, {"DATABASE_URL": f"postgresql://ana:s3cret@127.0.0.1:{port}/callyard"}, code=1)
    assert "database" in line
    assert str(port) in line
    assert "s3cret" not in line


def test_a_database_file_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    line = complaint(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path}/taken/callyard.db"}, code=1)
    assert "taken" in line


def test_a_folder_of_sounds_that_is_not_there(tmp_path: Path) -> None:
    line = complaint(tmp_path, {"MEDIA_SOUNDS": str(tmp_path / "nothing")}, code=1)
    assert f"{tmp_path}/nothing is not a directory" in line


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    line = complaint(tmp_path, {}, code=1)
    assert str(tmp_path / "data") in line


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    line = complaint(tmp_path, {"MEDIA": "http://127.0.0.1/moh"}, code=2)
    assert "CALLYARD_MEDIA" in line
    assert "http://127.0.0.1/moh" in line


def test_a_wrong_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('realm = "x"\ncolour = "red"\n')
    line = complaint(tmp_path, {}, "--settings", "own.toml", code=2)
    assert "colour" in line
    assert "own.toml" in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("queues: [{name: support", "line"),
        ("queues: [{name: support, ring_seconds: fast}]", "ring_seconds"),
    ],
)
def test_a_wrong_file_of_configuration_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "calls.yaml").write_text(text)
    line = complaint(tmp_path, {"CONFIG": "calls.yaml"}, code=2)
    assert "calls.yaml" in line
    assert says in line


def test_a_second_instance_on_the_same_data(tmp_path: Path, start_service: StartService) -> None:
    """It says whose the folder is, and the first one does not notice."""
    service = start_service(config=configuration([]))
    data = service.folder / "data"
    exit_code, lines = refused(tmp_path, {"DATA_DIR": str(data)})
    assert (exit_code, len(lines)) == (1, 1), lines
    assert lines[0].startswith("callyard: ")
    assert f"in use by pid {service.process.pid}" in lines[0]
    assert service.client.get("/readyz").status_code == 200
    assert (data / "media.json").exists()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a strategy ``mine`` with this body of ``rank``."""

    def put(answer: str) -> None:
        source = f"class Mine:\n    def rank(self, agent, queue):\n        return {answer}\n"
        folder = install(tmp_path / "site", source, GROUP, {"mine": "acme_strategies:Mine"})
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))

    return put


def test_a_strategy_plug_in_that_does_not_rank(tmp_path: Path, plugin: Callable[[str], None]) -> None:
    plugin("'ana'")
    line = complaint(tmp_path, {}, code=1)
    assert line.startswith("strategy plug-in 'mine' (acme_strategies:Mine, of acme-strategies 1.2): ")
    assert "three numbers, not 'ana'" in line


def test_a_strategy_plug_in_serves_and_is_missed(
    tmp_path: Path, plugin: Callable[[str], None], start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is taken by the file and by REST; without it the service says what is missing."""
    before = os.environ.get("PYTHONPATH", "")
    plugin("(0, agent.idle_order, 0)")
    service = start_service(config=configuration([], queue={"strategy": "mine"}))
    assert service.by_name("/queues", "support")["strategy"] == "mine"
    body = {"name": "sales", "strategy": "mine"}
    assert service.client.post("/api/v1/queues", json=body).status_code == 201
    body = {"name": "other", "strategy": "yours"}
    refusal = service.client.post("/api/v1/queues", json=body).json()
    assert "there is no strategy 'yours'; known are" in refusal["detail"]
    assert "mine" in refusal["detail"]
    service.stop()
    monkeypatch.setenv("PYTHONPATH", before)
    line = complaint(tmp_path, {"DATABASE_URL": f"sqlite:///{service.folder}/data/callyard.db"}, code=1)
    assert line.startswith("queue 'sales' has the strategy 'mine', which is not installed (by-skill-level, ")
