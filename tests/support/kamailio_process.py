"""A Kamailio as a foreground child on loopback: what its configurations have in common, and its coming and going."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

from tests.support.service import ServiceError, cpu_seconds, descendants, wait_until

__all__ = ["HOST", "KamailioProcess", "answers_options"]

HOST: Final = "127.0.0.1"
_COMMON: Final = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
"""
_OPTIONS: Final = (
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKup{port}\r\nFrom: <sip:up@{host}>;tag=up\r\n"
    "To: <sip:{host}>\r\nCall-ID: up-{port}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(slots=True)
class KamailioProcess:
    """Use it as a context manager: inside it is up. ``shared_mb``: its shared memory."""

    shared_mb: ClassVar[int] = 64
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False, kw_only=True)

    @abstractmethod
    def config(self) -> str:
        """Sockets, modules and routes."""

    @abstractmethod
    def is_up(self) -> bool:
        """Its workers read. (Its pid file appears earlier.)"""

    def __enter__(self) -> Self:
        program = _program()
        assert program is not None, "kamailio is not installed: run scripts/system-packages.sh"
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "kamailio.cfg"
        config.write_text(_COMMON + self.config())
        command = [
            program,
            "-f",
            str(config),
            "-DD",
            "-E",
            "-m",
            str(self.shared_mb),
            "-M",
            "8",
            "-Y",
            str(self.folder),
        ]
        with (self.folder / "kamailio.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-P", str(self.folder / "kamailio.pid")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )  # fmt: skip
        try:
            wait_until(self._came_up, "kamailio to be up", log=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _came_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServiceError(f"kamailio ended with exit code {self._process.returncode}\n{self.log()}")
        return self.is_up()

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.crash()

    def crash(self) -> None:
        """``kill -9`` of all its processes: it says goodbye to nobody, and none of them stays behind."""
        assert self._process is not None
        for pid in (self._process.pid, *descendants(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process that started the others."""
        assert self._process is not None
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time of all its processes."""
        return cpu_seconds(self.pid)

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")


def _program() -> str | None:
    """Debian puts it where a user's PATH may not look."""
    return shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")


def answers_options(address: tuple[str, int]) -> bool:
    """Whether a Kamailio's workers read at ``address``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.bind((HOST, 0))
        host, port = asking.getsockname()
        asking.sendto(_OPTIONS.format(host=host, port=port).encode(), address)
        try:
            return asking.recv(4096).startswith(b"SIP/2.0 200")
        except OSError:
            return False
