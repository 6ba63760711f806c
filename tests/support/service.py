"""The service as a child process, the way an operator runs it: ``callyard serve``, settings by environment.

``Service(folder)`` starts on free loopback ports with SQLite in ``folder``; ``kill()`` is ``kill -9``; ``start()``
again restarts it on the same data and the same ports. Needs nothing of the service but its outside contract.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx

from tests.support.ports import free_port

__all__ = ["CALLYARD", "Service", "ServiceError", "cpu_seconds", "descendants", "wait_until"]

CALLYARD: Final = Path(sys.executable).parent / "callyard"
_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 15.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class ServiceError(AssertionError):
    """The service did not do what was asked; the message ends with its log."""


def wait_until(
    done: Callable[[], bool], what: str, *, seconds: float = 20.0, log: Callable[[], str] | None = None
) -> None:
    """Polls ``done`` until it is true. The bound is for failures only: no test passes by it."""
    limit = time.monotonic() + seconds
    while not done():
        if time.monotonic() > limit:
            raise ServiceError(f"not within {seconds:g} s: {what}\n{log() if log else ''}")
        time.sleep(0.02)


def cpu_seconds(root: int) -> float:
    """CPU time (user and system) of the live process ``root`` and all its live descendants."""
    parents, ticks = _processes()
    return sum(used for pid, used in ticks.items() if _descends(pid, root, parents)) / _TICKS


def descendants(root: int) -> list[int]:
    """The live processes that ``root`` started, and theirs."""
    parents, _ = _processes()
    return [pid for pid in parents if pid != root and _descends(pid, root, parents)]


def _processes() -> tuple[dict[int, int], dict[int, int]]:
    """The parent of every live process, and the clock ticks that it used."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    return parents, ticks


def _descends(pid: int, root: int, parents: Mapping[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


@dataclass(slots=True)
class Service:
    """A running service. Use it as a context manager; leaving it stops the service, which must end cleanly."""

    folder: Path
    config: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    sip_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    admin_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    program: Path = CALLYARD
    report_from: str = ""  # calls of before are another test's
    start_seconds: float = _START_SECONDS
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)
    _client: httpx.Client | None = field(init=False, default=None, repr=False)

    def environment(self) -> dict[str, str]:
        own = {
            "CALLYARD_SIP_LISTEN": f"udp:{_HOST}:{self.sip_port},tcp:{_HOST}:{self.sip_port}",
            "CALLYARD_HTTP_LISTEN": f"{_HOST}:{self.http_port}",
            "CALLYARD_DATA_DIR": str(self.folder / "data"),
            "CALLYARD_ADMIN_KEY": self.admin_key,
        }
        if self.config:
            own["CALLYARD_CONFIG"] = str(self.folder / "config.yaml")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLYARD_")}
        return {**inherited, **own, **{f"CALLYARD_{name}": value for name, value in self.settings.items()}}

    def start(self) -> Self:
        """Starts the service and waits until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.config:
            (self.folder / "config.yaml").write_text(self.config)
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program), "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )
        wait_until(self._ready, "the service to be ready", seconds=self.start_seconds, log=self.log)
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise ServiceError(f"callyard serve ended with exit code {self.process.returncode}\n{self.log()}")
        try:
            return self.client.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def client(self) -> httpx.Client:
        """A REST client with the admin key; paths start with ``/api/v1``."""
        if self._client is None:
            headers = {"Authorization": f"Bearer {self.admin_key}"}
            self._client = httpx.Client(base_url=self.http, headers=headers, timeout=10.0, trust_env=False)
        return self._client

    @property
    def http(self) -> str:
        return f"http://{_HOST}:{self.http_port}"

    @property
    def sip(self) -> tuple[str, int]:
        return _HOST, self.sip_port

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON of ``GET /api/v1{path}``; raises ServiceError on any other answer than 200."""
        answer = self.client.get(f"/api/v1{path}", params=params)
        if answer.status_code != httpx.codes.OK:
            raise ServiceError(f"GET {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def items(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            more: dict[str, str | int] = {"cursor": cursor} if cursor else {}
            page = self.get(path, limit=200, **params, **more)
            found += page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return found

    def by_name(self, path: str, name: str) -> dict[str, Any]:
        return next(item for item in self.items(path) if item["name"] == name)

    def set_state(self, agent: str, status: str) -> httpx.Response:
        """``PUT /agents/{id}/state`` for the agent of that name."""
        path = f"/api/v1/agents/{self.by_name('/agents', agent)['id']}/state"
        return self.client.put(path, json={"status": status})

    def internals(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/internals")
        return found

    def stop(self) -> None:
        """SIGTERM; the service must end cleanly (exit code 0) within a few seconds."""
        process = self.process
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceError(f"the service did not stop on SIGTERM\n{self.log()}") from None
        self._disconnect()
        if code != 0:
            raise ServiceError(f"the service stopped with exit code {code}\n{self.log()}")

    def kill(self) -> None:
        """``kill -9``: the journal and the data folder stay as they are."""
        self.process.kill()
        self.process.wait()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def log(self, lines: int = 80) -> str:
        path = self.folder / "service.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def cpu_seconds(self) -> float:
        """CPU time of the service and the processes that it started."""
        return cpu_seconds(self.process.pid)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            if self._process is not None and self._process.poll() is None:
                with contextlib.suppress(ServiceError):
                    self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process is None or self._process.poll() is not None:
            self._disconnect()
        elif kind is None:
            self.stop()
        else:
            # Not at once with kill -9: its media server would outlive it. What it says matters no more.
            with contextlib.suppress(ServiceError):
                self.stop()
