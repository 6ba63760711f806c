"""The built-in media server's keeper: starts it, watches it by OPTIONS, restarts it with back-off, adopts one that still runs.

It outlives us (DESIGN: "The media server is not killed with the service"): its SIP port stands in the data folder.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.settings import Settings

__all__ = ["MediaError", "MediaKeeper"]

_log = logging.getLogger(__name__)
_PING_EVERY = 5.0
_START_LIMIT = 30.0
_LOST_AFTER = 2  # pings in a row without an answer
_BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class MediaError(Exception):
    """The built-in media server does not start; the text says why, in one line."""


class Pinger(Protocol):
    def __call__(self, uri: str, answered: Callable[[bool], None]) -> None: ...


class MediaKeeper:
    """``ping`` sends OPTIONS; ``moved`` is told the server's SIP URI template, and whether it is a new process."""

    def __init__(self, settings: Settings, ping: Pinger, moved: Callable[[str, bool], None]) -> None:
        self._settings = settings
        self._ping = ping
        self._moved = moved
        self._port_file = settings.data_dir / "media.json"
        self._log_file = settings.data_dir / "media.log"
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._address = ""
        self._missed = 0
        self.restarts = 0

    async def start(self) -> None:
        """Adopt the one that runs, or start one. Raises MediaError."""
        if not await self._adopt():
            await self._launch()
            await self._answers(self._address)  # it learns whose it is
        self._task = asyncio.create_task(self._watch(), name="media-keeper")

    async def stop(self, *, end: bool) -> None:
        """Stop watching; ``end``: nobody needs the server any more, so it ends too."""
        if self._task is not None:
            self._task.cancel()
        pid = self._read_pid()
        if end and pid:
            _signal(pid, 15)
            if self._process is not None:
                await self._process.wait()

    @property
    def is_up(self) -> bool:
        return self._missed < _LOST_AFTER and bool(self._address)

    # ------------------------------------------------------------------

    async def _adopt(self) -> bool:
        address = self._read_address()
        if not address or not await self._answers(address):
            return False
        _log.info("built-in media server at %s taken up again", address)
        self._at(address, fresh=False)
        return True

    async def _launch(self) -> None:
        self._port_file.unlink(missing_ok=True)
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media", *self._arguments(),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = asyncio.get_running_loop().time() + _START_LIMIT
        while not self._read_address():
            if self._process.returncode is not None:
                raise MediaError(f"the built-in media server ended at once: {_last_line(self._log_file)}")
            if asyncio.get_running_loop().time() > deadline:
                raise MediaError(f"the built-in media server did not come up within {_START_LIMIT:g} s")
            await asyncio.sleep(0.02)
        self._at(self._read_address(), fresh=True)

    def _arguments(self) -> list[str]:
        settings = self._settings
        host, port = settings.media_listen.host, settings.media_listen.port or 0
        shown = f"[{host}]" if ":" in host else host
        arguments = ["--listen", f"udp:{shown}:{port}", "--rtp-host", host]
        arguments += ["--rtp-ports", str(settings.media_rtp_ports), "--port-file", str(self._port_file)]
        arguments += ["--idle-exit", str(settings.media_owner_seconds)]
        arguments += ["--orphan-seconds", str(settings.media_orphan_seconds)]
        arguments += ["--max-sessions", str(settings.media_max_sessions)]
        if settings.media_advertise:
            arguments += ["--rtp-advertise", settings.media_advertise]
        if settings.media_sounds:
            arguments += ["--sounds", ",".join(str(path) for path in settings.media_sounds)]
        return arguments

    def _at(self, address: str, *, fresh: bool) -> None:
        self._address, self._missed = address, 0
        self._moved(f"sip:annc@{address};play={{sound}};repeat={{repeat}}", fresh)

    def _read_address(self) -> str:
        said = self._read()
        host, port = said.get("host"), said.get("port")
        shown = f"[{host}]" if host and ":" in str(host) else host
        return f"{shown}:{port}" if host and port else ""

    def _read_pid(self) -> int:
        pid = self._read().get("pid")
        return pid if isinstance(pid, int) else 0

    def _read(self) -> dict[str, object]:
        try:
            said = json.loads(Path(self._port_file).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    # ------------------------------------------------------------------ watching

    async def _answers(self, address: str) -> bool:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def answered(came: bool) -> None:  # noqa: FBT001 - the answer itself
            if not future.done():
                future.set_result(came)

        self._ping(f"sip:{address}", answered)
        try:
            return await asyncio.wait_for(future, 2.0)
        except TimeoutError:
            return False

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_PING_EVERY if self._process is None or self._process.returncode is None else 0.1)
            ended = self._process is not None and self._process.returncode is not None
            if not ended and await self._answers(self._address):
                self._missed = 0
                continue
            self._missed += 1
            if ended or self._missed >= _LOST_AFTER:
                await self._restart()

    async def _restart(self) -> None:
        pid = self._read_pid()
        if pid:
            _signal(pid, 9)
        for pause in [*_BACK_OFF, *[_BACK_OFF[-1]] * 1000]:
            self.restarts += 1
            try:
                await self._launch()
            except MediaError as failure:
                _log.error("%s; again in %g s", failure, pause)
                await asyncio.sleep(pause)
            else:
                _log.warning("built-in media server restarted at %s", self._address)
                return


def _signal(pid: int, number: int) -> None:
    """Only a process that is a media server of ours."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return
    if b"media" in command.split(b"\0"):
        os.kill(pid, number)


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return "no reason given"
    return lines[-1] if lines else "no reason given"
