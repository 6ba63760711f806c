"""Kamailio as a plain stateful proxy, a foreground child on a free port: the yardstick of the benchmarks.

Everything that reaches it is relayed to one address (or, for certain users, to another), as a trunk-side proxy does; no
record-routing is needed for that.
"""

import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.support.ports import free_port
from tests.support.service import ServiceError, cpu_seconds, wait_until

__all__ = ["Kamailio", "answers_options", "find_kamailio"]

_HOST: Final = "127.0.0.1"
_CONFIG: Final = """\
#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
request_route {{
    if (method == "OPTIONS") {{ sl_send_reply("200", "OK"); exit; }}
    if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    $du = "sip:{to_host}:{to_port}";
{routes}    t_relay();
}}
"""
_OPTIONS: Final = (
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKup{port}\r\nFrom: <sip:up@{host}>;tag=up\r\n"
    "To: <sip:{host}>\r\nCall-ID: up-{port}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


def find_kamailio() -> str | None:
    """Debian puts it where a user's PATH may not look."""
    return shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")


@dataclass(slots=True)
class Kamailio:
    """A running Kamailio. Use it as a context manager. ``users`` maps a user part to a loopback port of its own."""

    folder: Path
    target: tuple[str, int]
    users: Mapping[str, int] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)

    @property
    def sip(self) -> tuple[str, int]:
        return _HOST, self.port

    def __enter__(self) -> Self:
        program = find_kamailio()
        assert program is not None, "kamailio is not installed: run scripts/system-packages.sh"
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "kamailio.cfg"
        to_host, to_port = self.target
        routes = "".join(
            f'    if ($rU == "{user}") {{ $du = "sip:{_HOST}:{port}"; }}\n' for user, port in self.users.items()
        )
        text = _CONFIG.format(host=_HOST, port=self.port, to_host=to_host, to_port=to_port, routes=routes)
        config.write_text(text)
        command = [program, "-f", str(config), "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(self.folder)]
        with (self.folder / "kamailio.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-P", str(self.folder / "kamailio.pid")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )  # fmt: skip
        try:
            wait_until(self._up, "kamailio to be up", log=self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _up(self) -> bool:
        """It answers: its workers read. (Its pid file appears earlier.)"""
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServiceError(f"kamailio ended with exit code {self._process.returncode}\n{self.log()}")
        return answers_options(self.sip)

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """CPU time of all its processes."""
        assert self._process is not None
        return cpu_seconds(self._process.pid)

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")


def answers_options(address: tuple[str, int]) -> bool:
    """Whether a Kamailio's workers read at ``address``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.bind((_HOST, 0))
        host, port = asking.getsockname()
        asking.sendto(_OPTIONS.format(host=host, port=port).encode(), address)
        try:
            return asking.recv(4096).startswith(b"SIP/2.0 200")
        except OSError:
            return False
