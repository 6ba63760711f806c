"""A PostgreSQL server of a test's own: a fresh cluster in a temporary folder, on a free loopback port, as an ordinary user.

The server refuses to run as root; then it runs as ``postgres`` (made by Debian's package), or as ``nobody``.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.support.ports import free_port

__all__ = ["Postgres"]

_HOST: Final = "127.0.0.1"
_SERVER_USERS: Final = ("postgres", "nobody")
# Speed before safety: the cluster is thrown away. (A kill of our service is no crash of the database.)
_OPTIONS: Final = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=30 -c shared_buffers=16MB"
)


@dataclass(slots=True)
class Postgres:
    """Use it as a context manager; ``stop`` and ``start`` in between are an outage, the data stays."""

    port: int = field(default_factory=free_port)
    folder: Path = field(init=False)
    _as_user: list[str] = field(init=False, default_factory=list)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://callyard@{_HOST}:{self.port}/postgres"

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="callyard-pg-"))
        if os.geteuid() == 0:
            user = next(name for name in _SERVER_USERS if _exists(name))
            shutil.chown(self.folder, user)
            self._as_user = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
        self._run("initdb", "-U", "callyard", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses={_HOST} -k {self.folder} {_OPTIONS}"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """At once, as a crash: connections are cut."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, name: str, *arguments: str) -> None:
        command = [*self._as_user, _program(name), "-D", str(self.folder / "data"), *arguments]
        log = self.folder / f"{name}.log"
        with log.open("wb") as told:  # no pipe: the server would keep it open
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, cwd=self.folder, check=False, timeout=60
            )
        assert done.returncode == 0, log.read_text(errors="replace")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the PATH."""
    places = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(places))
    assert found is not None, f"{name} is not installed: run scripts/system-packages.sh"
    return found
