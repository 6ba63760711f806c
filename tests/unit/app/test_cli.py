"""The command line: what it prints, what it writes, how it fails."""

import json
import platform
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.cli import main
from app.release import build, release
from app.settings_page import settings_markdown
from tests.unit.app.files import SAMPLE


class FakeService(BaseHTTPRequestHandler):
    """Answers each POST with ``answer`` and remembers what it was sent."""

    answer: ClassVar[tuple[int, bytes]] = (200, b"")
    seen: ClassVar[list[tuple[str, str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        return


@pytest.fixture
def service() -> Iterator[str]:
    """The address of a fake service."""
    FakeService.seen.clear()
    server = HTTPServer(("127.0.0.1", 0), FakeService)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("URL", "KEY", "ADMIN_KEY", "DATA_DIR", "CONFIG"):
        monkeypatch.delenv(f"CALLYARD_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yard.yaml").write_text(SAMPLE)
    return "yard.yaml"


def test_version_and_settings_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    out = capsys.readouterr().out
    assert out == f"callyard {release()} ({build().kind}, Python {platform.python_version()})\n"
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == out
    assert main(["docs", "settings"]) == 0
    assert capsys.readouterr().out == settings_markdown()


def test_import_into_the_database(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "import", file]) == 0
    out = capsys.readouterr().out
    assert out.startswith("yard.yaml: 7 created, 0 changed, 0 unchanged; written to sqlite")
    assert main(["config", "import", file]) == 0
    assert "0 created, 0 changed, 7 unchanged" in capsys.readouterr().out


def test_import_through_a_running_service(
    file: str, service: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeService.answer = (200, b'{"created": 1, "changed": 2, "unchanged": 3}')
    monkeypatch.setenv("CALLYARD_URL", service)
    assert main(["config", "import", file, "--key", "k"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("yard.yaml: 1 created, 2 changed, 3 unchanged; imported by the service at")
    ((path, authorization, document),) = FakeService.seen
    assert (path, authorization) == ("/api/v1/config/import", "Bearer k")
    assert document["skills"] == ["billing", "french"]
    assert not Path("var").exists()


PROBLEM = {"detail": "d", "errors": [{"field": "queues[0].name", "message": "wrong"}, {"field": "", "message": "odd"}]}


@pytest.mark.parametrize(
    ("answer", "code", "lines"),
    [
        ((422, json.dumps(PROBLEM).encode()), 2, ["yard.yaml: queues[0].name: wrong", "yard.yaml: odd"]),
        ((403, b'{"detail": "no scope", "errors": []}'), 1, ["URL answered 403: no scope"]),
        ((502, b"<html>"), 1, ["URL answered 502, not as a Callyard service does"]),
    ],
)
def test_a_service_that_refuses(
    file: str,
    service: str,
    capsys: pytest.CaptureFixture[str],
    answer: tuple[int, bytes],
    code: int,
    lines: list[str],
) -> None:
    FakeService.answer = answer
    assert main(["config", "import", file, "--url", service, "--key", "k"]) == code
    told = capsys.readouterr().err.replace(service, "URL").splitlines()
    assert told == [f"callyard: {line}" for line in lines]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["config", "import", "none.yaml"], 2, "none.yaml: No such file or directory"),
        (["config", "import", "yard.yaml", "--max-calls", "0"], 2, "setting max_calls: Input should be greater"),
        (["config", "import", "yard.yaml", "--settings", "none.toml"], 2, "settings file none.toml: not found"),
        (["config", "import", "yard.yaml", "--url", "http://127.0.0.1:9"], 2, "--url needs an API key"),
        (["config", "import", "yard.yaml", "--data-dir", "/proc/none"], 1, "database folder /proc/none"),
        (["config", "import", "yard.yaml", "--database-url", "sqlite:///yard.yaml"], 1, "database sqlite"),
        (["api-key", "create", "x", "--scope", "agent"], 2, "a key of scope agent needs --agent"),
        (["api-key", "create", "x", "--scope", "agent", "--agent", "no"], 2, "There is no agent 'no'"),
        (["api-key", "revoke", "none"], 2, "there is no key with the id 'none'"),
        (["serve", "--sip-listen", "5060"], 2, "setting sip_listen: "),
    ],
)
def test_failures_are_one_line(
    file: str, arguments: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Path(file).exists()
    assert main(arguments) == code
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"callyard: {line}")


def test_keys_are_made_listed_and_revoked(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "import", file])
    capsys.readouterr()
    assert main(["api-key", "create", "crm", "--scope", "read", "--scope", "supervisor"]) == 0
    key = capsys.readouterr().out.strip()
    assert len(key) > 40
    assert main(["api-key", "create", "ana's phone", "--scope", "agent", "--agent", "ana"]) == 0
    capsys.readouterr()
    assert main(["api-key", "list"]) == 0
    out = capsys.readouterr().out
    assert key not in out
    first, second = out.splitlines()
    assert first.endswith("read,supervisor  crm")
    assert second.endswith("agent  ana's phone")
    assert main(["api-key", "revoke", first.split()[0]]) == 0
    main(["api-key", "list"])
    assert capsys.readouterr().out.splitlines() == [second]
