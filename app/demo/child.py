"""The demo's two child processes: the service as an operator runs it, and the simulated phones."""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final, Self

import httpx
import msgspec

import media
from app.demo.views import Message, decode

__all__ = ["DemoError", "ServiceChild", "perform_phones"]

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_SOUNDS: Final = Path(media.__file__).parent / "sounds"


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


def _free_port() -> int:
    """A port that is free for UDP and TCP now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((_HOST, 0))
            port: int = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, contextlib.suppress(OSError):
                datagram.bind((_HOST, port))
                return port


def _tail(path: Path, lines: int = 40) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


async def _end(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, and SIGKILL where that is not enough; the exit code."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()


class ServiceChild:
    """``callyard serve`` on free loopback ports, with SQLite and the built-in media server, its data in ``folder``."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self._folder = folder
        self._configuration = configuration
        self._key = secrets.token_urlsafe(24)
        self._process: asyncio.subprocess.Process | None = None
        self.sip_port, self.http_port = _free_port(), _free_port()

    @property
    def sip(self) -> str:
        return f"{_HOST}:{self.sip_port}"

    @property
    def http(self) -> str:
        return f"http://{_HOST}:{self.http_port}"

    def client(self) -> httpx.AsyncClient:
        """A REST client with the admin key."""
        headers = {"Authorization": f"Bearer {self._key}"}
        return httpx.AsyncClient(base_url=self.http, headers=headers, timeout=10.0, trust_env=False)

    def _environment(self) -> Mapping[str, str]:
        config = self._folder / "demo.yaml"
        config.write_text(self._configuration)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLYARD_")}
        return inherited | {
            "CALLYARD_SIP_LISTEN": f"udp:{self.sip},tcp:{self.sip}",
            "CALLYARD_HTTP_LISTEN": f"{_HOST}:{self.http_port}",
            "CALLYARD_DATA_DIR": str(self._folder / "data"),
            "CALLYARD_ADMIN_KEY": self._key,
            "CALLYARD_CONFIG": str(config),
        }

    async def __aenter__(self) -> Self:
        with (self._folder / "service.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("callyard")),
                "serve",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment(),
            )
        try:
            async with asyncio.timeout(_START_SECONDS), self.client() as client:
                while not await self._ready(client):  # noqa: ASYNC110 - another process cannot set an Event
                    await asyncio.sleep(0.05)
        except BaseException as error:
            await _end(self._process)
            if isinstance(error, TimeoutError):
                raise DemoError(f"the service was not ready after {_START_SECONDS:g} s\n{self.log()}") from None
            raise
        return self

    async def _ready(self, client: httpx.AsyncClient) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise DemoError(f"the service ended with exit code {self._process.returncode}\n{self.log()}")
        try:
            answer = await client.get("/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._process is not None
        code = await _end(self._process)
        if code != 0 and kind is None:
            raise DemoError(f"the service did not stop cleanly: exit code {code}\n{self.log()}")

    def log(self, lines: int = 40) -> str:
        """The end of what the service logged."""
        return _tail(self._folder / "service.log", lines)


async def perform_phones(service: ServiceChild, seed: int, log: Path) -> AsyncIterator[Message]:
    """Runs the phones' process and yields what it says. Raises DemoError where it fails."""
    command = ["-m", "app.demo.phones", "--service", service.sip, "--seed", str(seed), "--sounds", str(_SOUNDS)]
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            yield decode(line)
        code = await process.wait()
    except msgspec.DecodeError as error:
        raise DemoError(f"the phones said something strange: {error}") from None
    finally:
        if process.returncode is None:
            await _end(process)
    if code != 0:
        raise DemoError(f"the phones ended with exit code {code}\n{_tail(log)}")
